import pytest

from agents.rules import ASKS, IN_A_CALL, NEXT_STATE_ALLOWED, TRANSITIONS, AgentInput, next_state
from core.vocabulary import AgentState

SHORT = {
    "OFF": AgentState.OFFLINE,
    "RDY": AgentState.READY,
    "RNG": AgentState.RINGING,
    "TLK": AgentState.TALKING,
    "WRP": AgentState.WRAP_UP,
    "BRK": AgentState.BREAK,
    "STR": AgentState.STRESS_ROOM,
    "NOT": AgentState.NOT_RESPONDING,
    "OUT": AgentState.OUTBOUND,
}

INPUTS = [
    "login",
    "logout",
    "ask_ready",
    "ask_break",
    "ask_stress_room",
    "ask_wrap_up",
    "offer",
    "offer_withdrawn",
    "no_answer",
    "answer",
    "call_out",
    "talk_ended",
    "wrap_up_over",
    "phone_lost",
    "phone_back",
]

# The columns are in the order of INPUTS.
GRID = """
     lgi lgo rdy brk str wrp ofr owd noa ans out ten wov plo pbk
OFF  BRK  .   .   .   .   .   .   .   .   .   .   .   .   .   .
RDY   .  OFF RDY BRK STR WRP RNG  .   .  TLK OUT  .   .  NOT  .
RNG   .   .   .   .   .   .   .  RDY NOT TLK OUT  .   .  NOT  .
TLK   .   .   .   .   .   .   .   .   .   .  OUT WRP  .  NOT  .
WRP   .  OFF RDY BRK STR WRP  .   .   .  TLK OUT  .  RDY  .   .
BRK   .  OFF RDY BRK STR WRP  .   .   .  TLK OUT  .   .   .   .
STR   .  OFF RDY BRK  .   .   .   .   .  TLK OUT  .   .   .   .
NOT   .  OFF RDY BRK STR  .   .   .   .  TLK OUT  .   .   .  RDY
OUT   .   .   .   .   .   .   .   .  NOT TLK  .  WRP  .  NOT  .
"""


def cells() -> list[tuple[AgentState, AgentInput, AgentState | None]]:
    _, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (SHORT[row[0]], AgentInput(given), SHORT.get(cell))
        for row in rows
        for given, cell in zip(INPUTS, row[1:], strict=True)
    ]


@pytest.mark.parametrize(("state", "given", "expected"), cells())
def test_every_pair_leads_where_the_grid_says(
    state: AgentState, given: AgentInput, expected: AgentState | None
) -> None:
    assert next_state(state, given) is expected


def test_the_grid_holds_every_pair_once() -> None:
    pairs = [(state, given) for state, given, _ in cells()]
    assert sorted(pairs) == sorted((state, given) for state in AgentState for given in AgentInput)
    assert len(TRANSITIONS) == sum(target is not None for _, _, target in cells())


def test_what_may_be_asked_for() -> None:
    assert ASKS == {
        AgentState.READY: AgentInput.ASK_READY,
        AgentState.BREAK: AgentInput.ASK_BREAK,
        AgentState.STRESS_ROOM: AgentInput.ASK_STRESS_ROOM,
        AgentState.WRAP_UP: AgentInput.ASK_WRAP_UP,
    }


def test_what_may_be_noted_during_a_call_can_follow_it() -> None:
    assert {AgentState.READY, AgentState.BREAK, AgentState.STRESS_ROOM} == NEXT_STATE_ALLOWED
    assert {AgentState.RINGING, AgentState.TALKING, AgentState.OUTBOUND} == IN_A_CALL
    for state in NEXT_STATE_ALLOWED:
        assert next_state(AgentState.WRAP_UP, ASKS[state]) is state
