"""Every pair of a seat and a phone, each way of asking."""

import pytest

from agents.seating import AWAY, REFUSALS, TABLE, Holder, OwnSeat, Seating, Wish, seating, wish_of
from core.vocabulary import AgentState

# own seat, other holder of the phone: plain, take_over, take_over by somebody in charge
GRID = """
none                 nobody   sit             sit               sit
none                 away     phone_taken     phone_taken       replace
none                 at_work  phone_taken     phone_taken       phone_taken
here                 nobody   stay            stay              stay
elsewhere            nobody   already_seated  move              move
elsewhere            away     already_seated  phone_taken       move_and_replace
elsewhere            at_work  already_seated  phone_taken       phone_taken
elsewhere_in_a_call  nobody   already_seated  call_in_progress  call_in_progress
elsewhere_in_a_call  away     already_seated  call_in_progress  call_in_progress
elsewhere_in_a_call  at_work  already_seated  call_in_progress  call_in_progress
"""

ROWS = [line.split() for line in GRID.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_pair_leads_where_the_grid_says(row: list[str]) -> None:
    own, holder = OwnSeat(row[0]), Holder(row[1])
    assert [seating(own, holder, wish) for wish in Wish] == [Seating(word) for word in row[2:]]


def test_the_grid_holds_every_pair_that_can_be() -> None:
    impossible = {(OwnSeat.HERE, Holder.AWAY), (OwnSeat.HERE, Holder.AT_WORK)}
    pairs = {(own, holder) for own in OwnSeat for holder in Holder} - impossible
    assert {(OwnSeat(row[0]), Holder(row[1])) for row in ROWS} == pairs == set(TABLE)


def test_what_is_no_seat_is_a_refusal_with_its_sentence() -> None:
    seats = {Seating.SIT, Seating.STAY, Seating.MOVE, Seating.REPLACE, Seating.MOVE_AND_REPLACE}
    assert set(REFUSALS) == set(Seating) - seats


def test_nobody_who_works_rests_in_the_stress_room_or_has_a_call_is_away() -> None:
    assert {AgentState.BREAK, AgentState.NOT_RESPONDING} == AWAY


@pytest.mark.parametrize(
    ("take_over", "in_charge", "wish"),
    [
        (False, False, Wish.PLAIN),
        (False, True, Wish.PLAIN),
        (True, False, Wish.TAKE_OVER),
        (True, True, Wish.TAKE_OVER_IN_CHARGE),
    ],
)
def test_how_it_is_asked(take_over: bool, in_charge: bool, wish: Wish) -> None:  # noqa: FBT001 - parameters
    assert wish_of(take_over=take_over, in_charge=in_charge) is wish
