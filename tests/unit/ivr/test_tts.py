"""How texts are given to the speech program, and what happens when it is missing or fails."""

import shutil
import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.vocabulary import Language
from ivr import tts
from ivr.texts import CATALOGUE, NAMES, PromptText

# Checked by a reader; a syllable read wrongly (chang2 as zhang3) would be heard by every caller.
PINYIN = {
    "recording_notice": "nin2 hao3, huan1 ying2 zhi4 dian4 yi1 er4 san1 si4 wu3 zheng4 wu4 fu2 wu4 bian4 "
    "min2 re4 xian4. wei4 le5 ti2 gao1 fu2 wu4 zhi4 liang4, ben3 ci4 tong1 hua4 jiang1 hui4 lu4 yin1.",
    "surge": "mu4 qian2 lai2 dian4 jiao4 duo1, nin2 ke3 neng2 xu1 yao4 duo1 deng3 hou4 yi1 duan4 shi2 jian1. "
    "qing3 nin2 bu2 yao4 gua4 ji1, wo3 men5 hui4 an4 zhao4 lai2 dian4 de5 xian1 hou4 shun4 xu4 wei4 nin2 "
    "jie1 ting1.",
    "surge_heating": "mu4 qian2 zheng4 zhi2 gong1 nuan3 chu1 qi1, fan3 ying4 gong1 nuan3 wen4 ti2 de5 lai2 "
    "dian4 jiao4 duo1, nin2 ke3 neng2 xu1 yao4 duo1 deng3 hou4 yi1 duan4 shi2 jian1. qing3 nin2 bu2 yao4 "
    "gua4 ji1, wo3 men5 hui4 an4 zhao4 lai2 dian4 de5 xian1 hou4 shun4 xu4 wei4 nin2 jie1 ting1.",
    "please_rate": "qing3 nin2 dui4 ben3 ci4 fu2 wu4 zuo4 chu1 ping2 jia4. man3 yi4 qing3 an4 yi1, ji1 ben3 "
    "man3 yi4 qing3 an4 er4, bu4 man3 yi4 qing3 an4 san1.",
    "invalid_key": "dui4 bu4 qi3, nin2 de5 shu1 ru4 you3 wu4.",
    "no_key": "dui4 bu4 qi3, mei2 you3 shou1 dao4 nin2 de5 ping2 jia4.",
    "thank_you": "gan3 xie4 nin2 de5 ping2 jia4, zhu4 nin2 sheng1 huo2 yu2 kuai4, zai4 jian4.",
    "goodbye": "gan3 xie4 nin2 de5 lai2 dian4, zhu4 nin2 sheng1 huo2 yu2 kuai4, zai4 jian4.",
    "greeting_heating": "zhe4 li3 shi4 gong1 re4 fu2 wu4 zhuan1 xian4. qing3 nin2 zhun3 bei4 hao3 xiao3 "
    "qu1 ming2 cheng1 he2 lou2 men2 hao4 ma3, fang1 bian4 wo3 men5 jin3 kuai4 pai4 ren2 shang4 men2.",
    "greeting_business": "zhe4 li3 shi4 qi3 ye4 fu2 wu4 zhuan1 xian4, you2 shu2 xi1 hui4 qi3 zheng4 ce4 de5 "
    "zuo4 xi2 wei4 nin2 jie1 ting1.",
    "agents_only": "dui4 bu4 qi3, ben3 hua4 ji1 jin3 yong4 yu2 jie1 ting1 shi4 min2 lai2 dian4, bu4 neng2 "
    "bo1 da3 qi2 ta1 hao4 ma3.",
    "position_before": "nin2 mu4 qian2 pai2 zai4 di4",
    "position_after": "wei4.",
    "wait_below_a_minute": "yu4 ji4 deng3 hou4 shi2 jian1 bu2 dao4 yi4 fen1 zhong1.",
    "wait_at_most": "yu4 ji4 deng3 hou4 shi2 jian1 bu4 chao1 guo4",
    "wait_between": "yu4 ji4 deng3 hou4 shi2 jian1 zai4",
    "wait_and": "dao4",
    "wait_minutes": "fen1 zhong1.",
    "message_closed": "nin2 hao3, xian4 zai4 bu2 shi4 ben3 xian4 lu4 de5 ren2 gong1 fu2 wu4 shi2 jian1,"
    " qing3 nin2 zai4 fu2 wu4 shi2 jian1 nei4 zai4 ci4 lai2 dian4. gan3 xie4 nin2 de5"
    " lai2 dian4, zai4 jian4.",
    "message_full": "fei1 chang2 bao4 qian4, mu4 qian2 deng3 hou4 de5 shi4 min2 guo4 duo1, zan4 shi2 "
    "wu2 fa3 wei4 nin2 jie1 ru4. qing3 nin2 shao1 hou4 zai4 ci4 lai2 dian4, gan3 xie4"
    " nin2 de5 li3 jie3, zai4 jian4.",
    "message_empty": "fei1 chang2 bao4 qian4, mu4 qian2 mei2 you3 ke2 yi3 wei4 nin2 fu2 wu4 de5 hua4 "
    "wu4 yuan2. qing3 nin2 shao1 hou4 zai4 ci4 lai2 dian4, gan3 xie4 nin2 de5 li3 "
    "jie3, zai4 jian4.",
    "message_overflow": "fei1 chang2 bao4 qian4, rang4 nin2 jiu3 deng3 le5, mu4 qian2 zan4 shi2 wu2 fa3 "
    "wei4 nin2 jie1 ru4. wo3 men5 yi3 jing1 ji4 lu4 nin2 de5 lai2 dian4, qing3 nin2 "
    "shao1 hou4 zai4 ci4 lai2 dian4, zai4 jian4.",
    "voicemail": "nin2 hao3, qing3 zai4 ti2 shi4 yin1 hou4 liu2 yan2, shuo1 ming2 nin2 de5 su4 "
    "qiu2, di4 dian3 he2 lian2 xi4 fang1 shi4. liu2 yan2 jie2 shu4 hou4 qing3 an4 "
    "jing3 hao4 jian4 huo4 zhi2 jie1 gua4 ji1, wo3 men5 hui4 jin3 kuai4 wei4 nin2 "
    "ban4 li3.",
    "voicemail_thanks": "nin2 de5 liu2 yan2 yi3 jing1 shou1 dao4, wo3 men5 hui4 jin3 kuai4 wei4 nin2 ban4"
    " li3, zai4 jian4.",
    "call_back_offer": "nin2 ke2 yi3 bu2 bi4 zai4 xian4 deng3 hou4. an4 yi1 jian4, wo3 men5 jiang1 an4 nin2 "
    "xian4 zai4 de5 pai2 dui4 shun4 xu4, bo1 da3 nin2 lai2 dian4 de5 hao4 ma3 gei3 nin2 hui2 dian4. ji4 xu4 "
    "deng3 hou4, qing3 bu2 yao4 an4 jian4.",
    "call_back_accepted": "hao3 de5, lun2 dao4 nin2 shi2 wo3 men5 hui4 gei3 nin2 hui2 dian4, qing3 bao3 chi2 "
    "dian4 hua4 chang4 tong1. zai4 jian4.",
    "policy_voice_service": "nin2 hao3, nin2 de5 lai2 dian4 yi3 jing1 shou1 dao4, zheng4 zai4 wei4 nin2 "
    "zhuan3 jie1 ren2 gong1 fu2 wu4, qing3 shao1 hou4. nin2 ye3 ke2 yi3 tong1 guo4 zheng4 wu4 fu2 wu4 wang3 "
    "zhan4 huo4 zhe3 shou3 ji1 ying4 yong4 ti2 jiao1 su4 qiu2. ru2 xu1 liu2 yan2, qing3 an4 yi1.",
    "policy_warning": "nin2 hao3, wei4 le5 bao3 zheng4 re4 xian4 zheng4 chang2 fu2 wu4, ben3 ci4 tong1 hua4 "
    "ji2 jiang1 jie2 shu4. nin2 fan3 ying4 de5 qing2 kuang4 yi3 jing1 ji4 lu4, ru2 you3 xin1 de5 su4 qiu2, "
    "huan1 ying2 nin2 zai4 ci4 lai2 dian4.",
    "policy_goodbye": "ben3 ci4 tong1 hua4 dao4 ci3 jie2 shu4, zai4 jian4.",
    **dict(
        zip(
            (f"number_{value}" for value in (*range(1, 21), *range(30, 100, 10))),
            (
                *("yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3", "shi2"),
                *("shi2 yi1", "shi2 er4", "shi2 san1", "shi2 si4", "shi2 wu3", "shi2 liu4", "shi2 qi1"),
                *("shi2 ba1", "shi2 jiu3", "er4 shi2", "san1 shi2", "si4 shi2", "wu3 shi2", "liu4 shi2"),
                *("qi1 shi2", "ba1 shi2", "jiu3 shi2"),
            ),
            strict=True,
        )
    ),
}


@pytest.mark.parametrize("prompt", CATALOGUE, ids=NAMES)
def test_every_chinese_prompt_is_read_as_a_speaker_would(prompt: PromptText) -> None:
    assert tts.written(prompt.chinese, Language.CHINESE) == PINYIN[prompt.name]


def test_english_is_given_as_it_is_with_figures_in_words() -> None:
    assert tts.written("If 1, press 12.", Language.ENGLISH) == "If one, press one two."


@pytest.mark.parametrize("text", ["请按A键", "热线TEL", "百分之%"])
def test_what_has_no_pinyin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no pinyin for"):
        tts.pinyin(text)


def test_a_missing_program_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ConfigurationError, match="apt-get install espeak-ng"):
        tts.speak("再见", Language.CHINESE)


def _program(folder: Path, script: str) -> str:
    path = folder / "espeak-ng"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'no such voice' >&2; exit 1", "espeak-ng failed: no such voice"),
        ("cat >/dev/null", "espeak-ng failed:"),
        ("exec sleep 60", "espeak-ng did not run"),
    ],
)
def test_a_failing_program_is_an_error_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    program = _program(tmp_path, script)
    monkeypatch.setattr(shutil, "which", lambda _: program)
    monkeypatch.setattr(tts, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(ConfigurationError, match=message):
        tts.speak("Goodbye.", Language.ENGLISH)
