"""Every text that a caller or an agent's phone may hear, in each language. Pure data.

``ivr.flow`` and the dialplan name them; ``ivr.prompts`` turns them into sounds. Figures are written as
figures and read digit by digit (``spoken``).
"""

from dataclasses import dataclass

from core.vocabulary import Language


@dataclass(frozen=True, slots=True)
class PromptText:
    """One named text in both languages."""

    name: str
    chinese: str
    english: str

    def text(self, language: Language) -> str:
        """As it is printed."""
        return self.chinese if language is Language.CHINESE else self.english


CATALOGUE: tuple[PromptText, ...] = (
    PromptText(
        "recording_notice",
        "您好，欢迎致电12345政务服务便民热线。为了提高服务质量，本次通话将会录音。",
        "Hello, and welcome to the 12345 citizen hotline. "
        "To help us improve our service, this call will be recorded.",
    ),
    PromptText(
        "surge",
        "目前来电较多，您可能需要多等候一段时间。请您不要挂机，我们会按照来电的先后顺序为您接听。",
        "We are receiving many calls at the moment, and you may have to wait longer than usual. "
        "Please stay on the line. Calls are answered in the order in which they came in.",
    ),
    PromptText(
        "surge_heating",
        "目前正值供暖初期，反映供暖问题的来电较多，您可能需要多等候一段时间。请您不要挂机，我们会按照来电的先后顺序为您接听。",
        "The heating season has just begun, and many people are calling about their heating. "
        "You may have to wait longer than usual. "
        "Please stay on the line. Calls are answered in the order in which they came in.",
    ),
    PromptText(
        "please_rate",
        "请您对本次服务作出评价。满意请按1，基本满意请按2，不满意请按3。",
        "Please rate the service you received. If you are satisfied, press 1. "
        "If you are fairly satisfied, press 2. If you are dissatisfied, press 3.",
    ),
    PromptText("invalid_key", "对不起，您的输入有误。", "Sorry, that is not one of the choices."),
    PromptText("no_key", "对不起，没有收到您的评价。", "Sorry, we did not receive your rating."),
    PromptText("thank_you", "感谢您的评价，祝您生活愉快，再见。", "Thank you for your rating. Goodbye."),
    PromptText("goodbye", "感谢您的来电，祝您生活愉快，再见。", "Thank you for calling. Goodbye."),
    PromptText(
        "agents_only",
        "对不起，本话机仅用于接听市民来电，不能拨打其他号码。",
        "Sorry, this telephone is for answering citizens' calls only. It can not call other numbers.",
    ),
)

NAMES: tuple[str, ...] = tuple(prompt.name for prompt in CATALOGUE)

_DIGITS = {
    Language.CHINESE: tuple("零一二三四五六七八九"),
    Language.ENGLISH: ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_BETWEEN = {Language.CHINESE: "", Language.ENGLISH: " "}


def spoken(text: str, language: Language) -> str:
    """As it is read aloud: every figure digit by digit."""
    words: list[str] = []
    for place, char in enumerate(text):
        follows_digit = place > 0 and text[place - 1].isdigit()
        words.append(_BETWEEN[language] if char.isdigit() and follows_digit else "")
        words.append(_DIGITS[language][int(char)] if char.isdigit() else char)
    return "".join(words)
