import pytest

from acd.phases import TRANSITIONS, CallInput, Phase, next_phase

GRID = """
              queue    fall_back  offer     offer_lost  missing    answer   pick_up   talk_end  hang_up
announcement  waiting  fallback   .         .           .          talking  .         .         ended
waiting       .        fallback   offering  .           uncertain  talking  dialling  .         ended
offering      waiting  fallback   .         uncertain   .          talking  dialling  .         ended
uncertain     waiting  fallback   offering  .           .          talking  dialling  .         ended
fallback      waiting  .          offering  .           .          talking  .         .         ended
dialling      .        .          .         .           .          talking  .         .         ended
talking       waiting  .          offering  uncertain   .          .        .         rating    ended
rating        waiting  .          .         .           .          talking  .         .         ended
ended         .        .          .         .           .          .        .         .         .
"""


def cells() -> list[tuple[Phase, CallInput, Phase | None]]:
    header, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (Phase(row[0]), CallInput(given), None if cell == "." else Phase(cell))
        for row in rows
        for given, cell in zip(header, row[1:], strict=True)
    ]


@pytest.mark.parametrize(("phase", "given", "expected"), cells())
def test_every_pair_leads_where_the_grid_says(phase: Phase, given: CallInput, expected: Phase | None) -> None:
    assert next_phase(phase, given) is expected


def test_the_grid_holds_every_pair_once() -> None:
    pairs = [(phase, given) for phase, given, _ in cells()]
    assert sorted(pairs) == sorted((phase, given) for phase in Phase for given in CallInput)
    assert len(TRANSITIONS) == sum(target is not None for _, _, target in cells())


def test_every_live_phase_can_end() -> None:
    for phase in Phase:
        if phase is not Phase.ENDED:
            assert next_phase(phase, CallInput.HANG_UP) is Phase.ENDED
