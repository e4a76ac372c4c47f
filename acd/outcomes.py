"""How calls end: every outcome with its causes as one literal table, and what each pair asks for. Pure.

``acd.calls.finish`` gives every call exactly one pair of this table; ``hotline.accounting`` and
``hotline.audit_calls`` hold the rows against it. A new way for a call to end is a new line here.
"""

from dataclasses import dataclass
from typing import Final

from core.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one pair of outcome and cause means, and what has to exist because of it."""

    text: str
    ticket: bool = False
    """Somebody was spoken to, or left a message: there is a ticket."""
    recording: bool = False
    """There is a row of a recording, be it ready, partial or missing."""
    ring_back: bool = False
    """The citizen reached nobody: the call is on the list for ringing back."""


INCONSISTENT: Final = "inconsistent"
"""What was heard of the call contradicts itself. Never expected: it counts as unaccounted."""

Q850: Final = "q850"
"""The network or the switch ended it; the row says ``q850:<cause code of ITU-T Q.850>``."""

O = Outcome  # noqa: E741 - the table is read as a picture

OUTCOMES: dict[tuple[Outcome, str], Meaning] = {
    (O.ANSWERED, "caller_hangup"): Meaning("talked to an agent; the citizen hung up", True, True),
    (O.ANSWERED, "agent_hangup"): Meaning("talked to an agent, who hung up", True, True),
    (O.ANSWERED, "agent_disconnect"): Meaning("ended by the agent after a warning", True, True),
    (O.ANSWERED, Q850): Meaning("talked to an agent; network or switch broke the call", True, True),
    (O.ANSWERED, "interrupted"): Meaning("talked to an agent; cut off by the switch's end", True, True),
    (O.ANSWERED, INCONSISTENT): Meaning("talked to an agent; its end is contradictory", True, True),
    (O.ABANDONED, "caller_hangup"): Meaning("gave up before an agent answered", ring_back=True),
    (O.ABANDONED, INCONSISTENT): Meaning("gave up; its end is contradictory", ring_back=True),
    (O.OVERFLOWED, "voicemail"): Meaning("left a message, which became a ticket", True, True),
    (O.OVERFLOWED, "closed"): Meaning("heard that the line is closed", ring_back=True),
    (O.OVERFLOWED, "full"): Meaning("heard that the queue is full", ring_back=True),
    (O.OVERFLOWED, "empty"): Meaning("heard that nobody is there", ring_back=True),
    (O.OVERFLOWED, "overflow_message"): Meaning("heard a message after waiting", ring_back=True),
    (O.OVERFLOWED, INCONSISTENT): Meaning("was let go; its end is contradictory", ring_back=True),
    (O.CALLED_BACK, "callback_requested"): Meaning("asked to be called back: a call-back stands for it"),
    (O.CALLED_BACK, INCONSISTENT): Meaning("is called back; its end is contradictory"),
    # Calls that the centre places; nobody tried to reach us, so nobody is to be rung back.
    (O.FAILED, "no_answer"): Meaning("the citizen did not answer the centre's call"),
    (O.FAILED, "busy"): Meaning("the citizen's phone was busy"),
    (O.FAILED, "rejected"): Meaning("the citizen refused the centre's call"),
    (O.FAILED, "unreachable"): Meaning("the citizen's phone could not be reached"),
    (O.FAILED, "invalid_number"): Meaning("there is no such number"),
    (O.FAILED, "network"): Meaning("network or switch failed while the citizen was called"),
    (O.FAILED, "citizen_hangup"): Meaning("the citizen answered and left before the talk began"),
    (O.FAILED, "agent_hangup"): Meaning("the agent hung up while the citizen was called"),
    (O.FAILED, "agent_no_answer"): Meaning("the agent did not pick up for the call he had asked for"),
    (O.FAILED, "not_placed"): Meaning("the switch did not place the centre's call"),
    (O.FAILED, "dropped"): Meaning("the agent gave the call up"),
    (O.FAILED, "taken_over"): Meaning("another agent called out of turn"),
    (O.FAILED, "withdrawn"): Meaning("the call-back was withdrawn while it was being made"),
    (O.FAILED, "expired"): Meaning("the call-back expired between two agents"),
    (O.FAILED, "citizen_called"): Meaning("the citizen called himself meanwhile"),
    (O.FAILED, "callout_interrupted"): Meaning("the switch ended while the citizen was called"),
    (O.FAILED, Q850): Meaning("network or switch failed before an agent answered", ring_back=True),
    (O.FAILED, "interrupted"): Meaning(
        "the switch ended, the call with it, before an answer", ring_back=True
    ),
    (O.FAILED, INCONSISTENT): Meaning("failed; its end is contradictory", ring_back=True),
}


def code_of(cause: str) -> str:
    """The cause as the table has it: without the number of a Q.850 cause."""
    return cause.partition(":")[0]


def meaning(outcome: Outcome, cause: str) -> Meaning | None:
    """The line of the table, ``None`` when there is none."""
    return OUTCOMES.get((outcome, code_of(cause)))


def settled(outcome: Outcome, cause: str) -> tuple[Outcome, str]:
    """The pair itself when the table has it, else the outcome as contradictory: every call has a line."""
    return (outcome, cause) if meaning(outcome, cause) is not None else (outcome, INCONSISTENT)
