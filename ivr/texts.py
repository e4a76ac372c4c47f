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


_ENGLISH = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
    *("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)
_CHINESE = "一二三四五六七八九"
_VALUES = (*range(1, 21), *range(30, 100, 10))


def _chinese(value: int) -> str:
    """A number from 1 to 99 in characters."""
    tens, ones = divmod(value, 10)
    return (
        ("" if tens < 2 else _CHINESE[tens - 1])  # noqa: PLR2004 - ten is not "one ten"
        + ("十" if tens else "")
        + (_CHINESE[ones - 1] if ones else "")
    )


_NUMBERS = [(value, _chinese(value), word) for value, word in zip(_VALUES, _ENGLISH, strict=True)]
"""1 to 20, then the tens: ``ivr.holding.number`` puts the others together."""

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
        "greeting_heating",
        "这里是供热服务专线。请您准备好小区名称和楼门号码，方便我们尽快派人上门。",
        "This is the heating line. Please have the name of your estate and the number of your building "
        "ready, so that somebody can come quickly.",
    ),
    PromptText(
        "greeting_business",
        "这里是企业服务专线，由熟悉惠企政策的座席为您接听。",
        "This is the line for businesses. An agent who knows the rules for businesses will take your call.",
    ),
    PromptText(
        "agents_only",
        "对不起，本话机仅用于接听市民来电，不能拨打其他号码。",
        "Sorry, this telephone is for answering citizens' calls only. It can not call other numbers.",
    ),
    PromptText("position_before", "您目前排在第", "You are number"),
    PromptText("position_after", "位。", "in the queue."),
    PromptText(
        "wait_below_a_minute", "预计等候时间不到一分钟。", "The expected wait is less than one minute."
    ),
    PromptText("wait_at_most", "预计等候时间不超过", "The expected wait is at most"),
    PromptText("wait_between", "预计等候时间在", "The expected wait is between"),
    PromptText("wait_and", "到", "and"),
    PromptText("wait_minutes", "分钟。", "minutes."),
    PromptText(
        "message_closed",
        "您好，现在不是本线路的人工服务时间，请您在服务时间内再次来电。感谢您的来电，再见。",
        "This line is not staffed at the moment. Please call again during its opening hours. "
        "Thank you for calling. Goodbye.",
    ),
    PromptText(
        "message_full",
        "非常抱歉，目前等候的市民过多，暂时无法为您接入。请您稍后再次来电，感谢您的理解，再见。",
        "We are sorry. Too many people are waiting, and your call can not be taken now. "
        "Please call again a little later. Goodbye.",
    ),
    PromptText(
        "message_empty",
        "非常抱歉，目前没有可以为您服务的话务员。请您稍后再次来电，感谢您的理解，再见。",
        "We are sorry. There is nobody here who can take your call now. Please call again later. Goodbye.",
    ),
    PromptText(
        "message_overflow",
        "非常抱歉，让您久等了，目前暂时无法为您接入。我们已经记录您的来电，请您稍后再次来电，再见。",
        "We are sorry that you had to wait so long. Your call can not be taken at the moment. "
        "It has been noted. Please call again later. Goodbye.",
    ),
    PromptText(
        "voicemail",
        "您好，请在提示音后留言，说明您的诉求、地点和联系方式。留言结束后请按井号键或直接挂机，我们会尽快为您办理。",
        "Please leave a message after the tone. Tell us what it is about, where it is, and how to reach you. "
        "Press the hash key or hang up when you have finished. We will deal with it as soon as we can.",
    ),
    PromptText(
        "voicemail_thanks",
        "您的留言已经收到，我们会尽快为您办理，再见。",
        "We have received your message and will deal with it as soon as we can. Goodbye.",
    ),
    PromptText(
        "policy_voice_service",
        "您好，您的来电已经收到，正在为您转接人工服务，请稍候。您也可以通过政务服务网站或者手机应用提交诉求。如需留言，请按1。",
        "Your call has been received and is being passed on to a person. Please hold the line. "
        "You may also write to us on the city's web site or in its app. To leave a message, press 1.",
    ),
    PromptText(
        "policy_warning",
        "您好，为了保证热线正常服务，本次通话即将结束。您反映的情况已经记录，如有新的诉求，欢迎您再次来电。",
        "To keep this line open for everybody, this call is about to be ended. What you have told us has "
        "been noted. You are welcome to call again with any other request.",
    ),
    PromptText(
        "call_back_offer",
        "您可以不必在线等候。按1键，我们将按您现在的排队顺序，拨打您来电的号码给您回电。继续等候，请不要按键。",
        "You need not hold. Press 1, and we call you back at the number you are calling from, in your turn. "
        "To keep holding, press nothing.",
    ),
    PromptText(
        "call_back_accepted",
        "好的，轮到您时我们会给您回电，请保持电话畅通。再见。",
        "We call you back when it is your turn. Please keep your phone free. Goodbye.",
    ),
    PromptText("policy_goodbye", "本次通话到此结束，再见。", "This call ends here. Goodbye."),
    *(PromptText(f"number_{n}", zh, en) for n, zh, en in _NUMBERS),
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
