import pytest

from acd.talk_model import TRANSITIONS, Talk, TalkInput, TalkState, next_talk, recorded

GRID = """
           hold resume    consult cancel    confer     call_in    give      give_out third_answered third_left
connected  held .         asking  .         .          conference .         outside  .              .
held       .    connected asking  .         .          conference .         outside  .              .
asking     .    .         .       connected .          .          .         .        consulting     held
consulting .    .         .       connected conference .          connected outside  .              held
conference .    .         .       connected .          .          connected outside  conference     connected
outside    .    .         .       .         .          .          .         .        outside        .
"""


def cells() -> list[tuple[TalkState, TalkInput, TalkState | None]]:
    header, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (TalkState(row[0]), TalkInput(given), None if cell == "." else TalkState(cell))
        for row in rows
        for given, cell in zip(header, row[1:], strict=True)
    ]


@pytest.mark.parametrize(("state", "given", "expected"), cells())
def test_every_pair_leads_where_the_grid_says(
    state: TalkState, given: TalkInput, expected: TalkState | None
) -> None:
    assert next_talk(state, given) is expected


def test_the_grid_holds_every_pair_once() -> None:
    pairs = [(state, given) for state, given, _ in cells()]
    assert sorted(pairs) == sorted((state, given) for state in TalkState for given in TalkInput)
    assert len(TRANSITIONS) == sum(target is not None for *_, target in cells())


def test_the_recording_grows_only_while_both_are_connected() -> None:
    talk = Talk(recorded=4.0, recording_since=10.0)
    assert recorded(talk, 12.5) == 6.5
    assert recorded(talk, 9.0) == 4.0
    talk.recording_since = None
    assert recorded(talk, 100.0) == 4.0
