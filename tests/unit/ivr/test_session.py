"""The flows on a channel that answers from a script."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.ports import CallerGone
from core.surge import SurgeNotice
from core.vocabulary import CallId, Language
from ivr.prompts import Prompts
from ivr.session import IvrSessions

CALL_ID = "0b0f5a7e-3a2b-4c1d-9e8f-001122334455"
SOUNDS = "/srv/prompts/zh"


class ScriptedChannel:
    """A caller who presses what the script says, one entry for each sound or pause; ``None`` hangs up."""

    def __init__(
        self, script: Iterable[str | None], accountcode: str = CALL_ID, say: str | None = None
    ) -> None:
        self._script = iter(script)
        self._accountcode = accountcode
        self._say = say
        self.heard: list[str] = []
        self.set: dict[str, str] = {}

    @property
    def variables(self) -> dict[str, str]:
        arguments = {} if self._say is None else {"arg_1": self._say}
        return {"accountcode": self._accountcode, "callerid": "unknown", **arguments}

    async def play(self, sound: str, interrupt_digits: str = "") -> str:
        self.heard.append(sound)
        key = self._next()
        return key if key in interrupt_digits else ""

    async def wait_digit(self, seconds: float) -> str:
        self.heard.append(f"({seconds:.0f} s)")
        return self._next()

    async def set_variable(self, name: str, value: str) -> None:
        self.set[name] = value

    async def get_variable(self, name: str) -> str:
        return self.set.get(name, "")

    def _next(self) -> str:
        key = next(self._script)
        if key is None:
            raise CallerGone
        return key


class Ratings:
    def __init__(self) -> None:
        self.given: list[tuple[CallId, int, float]] = []

    def __call__(self, call_id: CallId, digit: int, at: float) -> None:
        self.given.append((call_id, digit, at))


@pytest.fixture
def ratings() -> Ratings:
    return Ratings()


def _clock() -> Iterator[float]:
    now = 1_700_000_000.25
    while True:
        yield now
        now += 1.0


def _sessions(ratings: Ratings, surge_notice: str | None = None) -> IvrSessions:
    clock = _clock()
    prompts = Prompts(Path("/srv/prompts"))
    return IvrSessions(prompts, Language.CHINESE, lambda: next(clock), ratings, surge_notice)


def _sounds(*names: str) -> list[str]:
    return [name if name.startswith("(") else f"{SOUNDS}/{name}" for name in names]


def test_handlers_are_found_by_the_path_of_the_request(ratings: Ratings) -> None:
    sessions = _sessions(ratings)
    assert sessions.handlers() == {
        "announcement": sessions.announcement,
        "holding": sessions.holding,
        "rating": sessions.rating,
    }


async def test_the_notice_is_noted_with_microseconds_when_it_has_been_played(ratings: Ratings) -> None:
    channel = ScriptedChannel([""])
    await _sessions(ratings).announcement(channel)
    assert channel.heard == _sounds("recording_notice")
    assert channel.set == {"HOTLINE_NOTICE_AT": "1700000001.250000"}


async def test_a_key_does_not_cut_the_notice_short(ratings: Ratings) -> None:
    channel = ScriptedChannel(["1", ""])
    await _sessions(ratings, "surge").announcement(channel)
    assert channel.heard == _sounds("recording_notice", "surge")
    assert "HOTLINE_NOTICE_AT" in channel.set


async def test_who_hangs_up_during_the_notice_has_not_heard_it(ratings: Ratings) -> None:
    channel = ScriptedChannel([None])
    with pytest.raises(CallerGone):
        await _sessions(ratings).announcement(channel)
    assert channel.set == {}


async def test_the_notice_counts_for_who_hangs_up_during_the_surge_notice(ratings: Ratings) -> None:
    channel = ScriptedChannel(["", None])
    with pytest.raises(CallerGone):
        await _sessions(ratings, "surge").announcement(channel)
    assert channel.set == {"HOTLINE_NOTICE_AT": "1700000001.250000"}


@pytest.mark.parametrize("key", ["1", "#"])
async def test_a_key_ends_the_surge_notice(ratings: Ratings, key: str) -> None:
    channel = ScriptedChannel(["", key])
    await _sessions(ratings, "surge_heating").announcement(channel)
    assert channel.heard == _sounds("recording_notice", "surge_heating")
    assert ratings.given == []


def test_a_surge_notice_that_does_not_exist_is_refused_at_the_start(ratings: Ratings) -> None:
    with pytest.raises(ConfigurationError, match="no prompt is named 'surge_school'"):
        _sessions(ratings, "surge_school")


RATING_CASES = [
    # what the caller does, what he hears, what is reported
    (["1", ""], ["please_rate", "thank_you"], 1),
    (["", "3", ""], ["please_rate", "(5 s)", "thank_you"], 3),
    (["9", "2", ""], ["please_rate", "invalid_key", "thank_you"], 2),
    (["9", "9", "2", ""], ["please_rate", "invalid_key", "please_rate", "thank_you"], 2),
    (["9", "", "7", ""], ["please_rate", "invalid_key", "please_rate", "goodbye"], None),
    (["", "", "", "1", ""], ["please_rate", "(5 s)", "no_key", "please_rate", "thank_you"], 1),
    (
        ["", "", "", "", "", ""],
        ["please_rate", "(5 s)", "no_key", "please_rate", "(5 s)", "goodbye"],
        None,
    ),
    (
        ["", "*", "", "", "2", ""],
        ["please_rate", "(5 s)", "invalid_key", "please_rate", "(5 s)", "thank_you"],
        2,
    ),
]


@pytest.mark.parametrize(("script", "heard", "digit"), RATING_CASES)
async def test_the_rating_as_the_caller_hears_it(
    ratings: Ratings, script: list[str | None], heard: list[str], digit: int | None
) -> None:
    channel = ScriptedChannel(script)
    await _sessions(ratings).rating(channel)
    assert channel.heard == _sounds(*heard)
    assert [given[1] for given in ratings.given] == ([] if digit is None else [digit])


async def test_a_rating_carries_the_call_and_the_moment_of_the_key(ratings: Ratings) -> None:
    channel = ScriptedChannel(["", "2", ""], accountcode=CALL_ID.upper())
    await _sessions(ratings).rating(channel)
    assert ratings.given == [(CALL_ID, 2, 1_700_000_001.25)]


@pytest.mark.parametrize("heard_before", range(3))
async def test_hanging_up_instead_of_rating_reports_nothing(ratings: Ratings, heard_before: int) -> None:
    channel = ScriptedChannel([*[""] * heard_before, None])
    with pytest.raises(CallerGone):
        await _sessions(ratings).rating(channel)
    assert len(channel.heard) == heard_before + 1
    assert ratings.given == []


async def test_hanging_up_during_the_thanks_keeps_the_rating(ratings: Ratings) -> None:
    with pytest.raises(CallerGone):
        await _sessions(ratings).rating(ScriptedChannel(["3", None]))
    assert [digit for _, digit, _ in ratings.given] == [3]


@pytest.mark.parametrize("accountcode", ["", "1001", CALL_ID[:-1], "x" * 36])
async def test_a_call_without_an_id_hears_the_notice_but_is_not_asked(
    ratings: Ratings, accountcode: str
) -> None:
    notice = ScriptedChannel([""], accountcode)
    question = ScriptedChannel(["1", ""], accountcode)
    sessions = _sessions(ratings)
    await sessions.announcement(notice)
    await sessions.rating(question)
    assert notice.heard == _sounds("recording_notice")
    assert "HOTLINE_NOTICE_AT" in notice.set
    assert question.heard == []
    assert ratings.given == []


def _holding(*notices: SurgeNotice) -> IvrSessions:
    return IvrSessions(
        Prompts(Path("/srv/prompts")),
        Language.CHINESE,
        lambda: 100.0,
        lambda *_: None,
        notices=lambda: notices,
    )


HEATING = SurgeNotice(7, "queue:heating", "/surge/7", since=50.0, until=150.0)


async def test_a_waiting_caller_is_told_what_the_engine_asks_for() -> None:
    channel = ScriptedChannel(["", "", ""], say="position:2::")
    await _holding().holding(channel)
    assert channel.heard == _sounds("position_before", "number_2", "position_after")


async def test_a_surge_notice_is_heard_once_before_anything_else() -> None:
    channel = ScriptedChannel([""] * 9, say="position:1::")
    channel.set = {"HOTLINE_QUEUE": "heating", "HOTLINE_DIALLED": "12345"}
    sessions = _holding(HEATING)
    await sessions.holding(channel)
    await sessions.holding(channel)
    assert channel.heard.count("/surge/7") == 1
    assert channel.heard[0] == "/surge/7"
    assert channel.set["HOTLINE_SURGE"] == "7"


async def test_new_callers_hear_the_notice_after_the_recording_notice_and_not_again_while_waiting() -> None:
    channel = ScriptedChannel([""] * 4, say="position:::")
    channel.set = {"HOTLINE_QUEUE": "heating", "HOTLINE_DIALLED": "12345"}
    sessions = _holding(HEATING)
    await sessions.announcement(channel)
    assert channel.heard == [*_sounds("recording_notice"), "/surge/7"]
    await sessions.holding(channel)
    assert channel.heard == [*_sounds("recording_notice"), "/surge/7"]


@pytest.mark.parametrize(
    "notice",
    [
        SurgeNotice(7, "queue:other", "/surge/7", 50.0, 150.0),
        SurgeNotice(7, "all", "/surge/7", 50.0, 100.0),
        SurgeNotice(7, "all", "/surge/7", 101.0, 150.0),
    ],
)
async def test_a_notice_for_others_or_of_another_time_is_not_heard(notice: SurgeNotice) -> None:
    channel = ScriptedChannel([], say="surge")
    channel.set = {"HOTLINE_QUEUE": "heating", "HOTLINE_DIALLED": "12345"}
    await _holding(notice).holding(channel)
    assert channel.heard == []


@pytest.mark.parametrize("say", ["", "nonsense", "nonsense:1", None])
async def test_what_is_not_known_is_silence(say: str | None) -> None:
    channel = ScriptedChannel([], say=say)
    await _holding().holding(channel)
    assert channel.heard == []


async def test_the_greeting_of_a_line_follows_the_notice(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "greeting_of_ours.wav").touch()
    sessions = IvrSessions(Prompts(tmp_path), Language.CHINESE, lambda: 1.0, Ratings())
    for name, heard in (
        ("greeting_of_ours", [f"{tmp_path}/zh/recording_notice", f"{tmp_path}/zh/greeting_of_ours"]),
        ("greeting_heating", [f"{tmp_path}/zh/recording_notice", f"{tmp_path}/zh/greeting_heating"]),
        ("greeting_unknown", [f"{tmp_path}/zh/recording_notice"]),
        ("../secret", [f"{tmp_path}/zh/recording_notice"]),
        ("", [f"{tmp_path}/zh/recording_notice"]),
    ):
        channel = GreetedChannel(["", ""], name)
        await sessions.announcement(channel)
        assert channel.heard == heard


class GreetedChannel(ScriptedChannel):
    """A caller of a line with a greeting."""

    def __init__(self, script: Iterable[str | None], greeting: str) -> None:
        super().__init__(script)
        self._greeting = greeting

    @property
    def variables(self) -> dict[str, str]:
        return {**super().variables, "arg_1": self._greeting}
