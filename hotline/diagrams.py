"""``docs/states.md``, drawn from the tables that the code runs on; a test compares the two.

After a change of a table: ``.venv/bin/python -m hotline.diagrams > docs/states.md``.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import acd.caller_lists
import acd.outcomes
import acd.phases
import acd.talk_model
import agents.rules
import core.callbacks
import ivr.call_back
import ivr.flow
import ivr.holding
import ivr.policy
import tickets.rules
from core.vocabulary import AgentState
from tickets.model import TicketState

Edges = dict[tuple[str, str], list[str]]
"""(from, to) -> the inputs that lead there."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """One section of the page."""

    title: str
    source: str
    """Where the table is."""
    text: str
    start: str
    ends: tuple[str, ...]
    edges: Edges


State = TypeVar("State", bound=StrEnum)
Input = TypeVar("Input", bound=StrEnum)


def edges(table: Mapping[tuple[State, Input], State]) -> Edges:
    """A table's transitions, those between the same two states together, in the table's order."""
    found: Edges = {}
    for (state, given), then in table.items():
        found.setdefault((state.value, then.value), []).append(given.value)
    return found


def _flow_edges(flow: ivr.flow.Flow[ivr.flow.S]) -> Edges:
    return edges({pair: state for pair, (state, _) in flow.table.items()})


def diagrams() -> list[Diagram]:
    """Every state machine of the hotline."""
    talk = acd.talk_model.TalkState
    phase, agent, ticket = acd.phases.Phase, AgentState, TicketState
    announcement, rating = ivr.flow.announcement("surge", "greeting"), ivr.flow.RATING
    return [
        Diagram(
            "A call",
            "acd/phases.py",
            "What is not drawn changes nothing: it is a duplicate or came too late.",
            phase.ANNOUNCEMENT,
            (phase.ENDED,),
            edges(acd.phases.TRANSITIONS),
        ),
        Diagram(
            "An agent",
            "agents/rules.py",
            "A request that is not drawn is refused; during a call it is noted as the next state.",
            agent.OFFLINE,
            (),
            edges(agents.rules.TRANSITIONS),
        ),
        Diagram(
            "Inside a talk",
            "acd/talk_model.py",
            "While a call is `talking`. What an agent asks for that is not drawn is refused.",
            talk.CONNECTED,
            (),
            edges(acd.talk_model.TRANSITIONS),
        ),
        Diagram(
            "A ticket",
            "tickets/rules.py",
            "What is not drawn is refused.",
            ticket.DRAFT,
            (),
            edges(tickets.rules.TRANSITIONS),
        ),
        Diagram(
            "An entry of a caller list",
            "acd/caller_lists.py",
            "What is not drawn is refused. It acts while it is `active` or `appealed`.",
            acd.caller_lists.EntryState.PROPOSED,
            (),
            edges(acd.caller_lists.TRANSITIONS),
        ),
        Diagram(
            "A call-back in queue",
            "core/callbacks.py",
            "What is not drawn is refused to people, and is old news from calls.",
            core.callbacks.CallBackState.REQUESTED,
            tuple(state for state in core.callbacks.CallBackState if state not in core.callbacks.OPEN),
            edges(core.callbacks.TRANSITIONS),
        ),
        Diagram(
            "The question whether a caller wants to be called back",
            "ivr/call_back.py",
            "For callers who would really wait; an agent who becomes free ends it.",
            ivr.call_back.CALL_BACK.first[0],
            (ivr.call_back.CallBackOfferState.OVER,),
            _flow_edges(ivr.call_back.CALL_BACK),
        ),
        Diagram(
            "The voice service",
            "ivr/policy.py",
            "For callers who are sent there first; an agent who becomes free ends it.",
            ivr.policy.VOICE_SERVICE.first[0],
            (ivr.policy.PolicyState.OVER,),
            _flow_edges(ivr.policy.VOICE_SERVICE),
        ),
        Diagram(
            "The announcement",
            "ivr/flow.py",
            "Drawn with a surge notice; without one, `noting` leads to `over`. "
            "The recording notice (`notice`) can not be skipped.",
            announcement.first[0],
            (ivr.flow.AnnouncementState.OVER,),
            _flow_edges(announcement),
        ),
        Diagram(
            "An announcement to a waiting caller",
            "ivr/holding.py",
            "A surge notice, or place and expected wait. Any key ends it; so does an agent who gets free.",
            ivr.holding.HoldingState.TELLING,
            (ivr.holding.HoldingState.OVER,),
            _flow_edges(ivr.holding.surge("/surge")),
        ),
        Diagram(
            "The rating",
            "ivr/flow.py",
            "Hanging up ends it wherever it is.",
            rating.first[0],
            (ivr.flow.RatingState.OVER,),
            _flow_edges(rating),
        ),
    ]


def page() -> str:
    """The whole page in Markdown."""
    head = (
        "# State machines\n\nGenerated by `python -m hotline.diagrams` from the tables named; do not edit.\n"
    )
    return "\n".join([head, *map(_section, diagrams()), _outcomes()])


def _outcomes() -> str:
    """How calls end, with what each end asks for."""
    lines = [
        "## How a call ends (`acd/outcomes.py`)",
        "",
        (
            "Every call ends in exactly one line of this table. `q850` is followed by the code: `q850:34`. "
            "`inconsistent` is never expected and counts as unaccounted."
        ),
        "",
        "| outcome | cause | meaning | ticket | recording | on the list for ringing back |",
        "|---|---|---|---|---|---|",
    ]
    for (outcome, code), means in acd.outcomes.OUTCOMES.items():
        marks = ("yes" if needed else "" for needed in (means.ticket, means.recording, means.ring_back))
        lines.append(f"| {outcome.value} | {code} | {means.text} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def _section(diagram: Diagram) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {diagram.start}"]
    lines += [f"    {a} --> {b}: {', '.join(inputs)}" for (a, b), inputs in diagram.edges.items()]
    lines += [f"    {end} --> [*]" for end in diagram.ends]
    picture = "\n".join(lines)
    return f"## {diagram.title} (`{diagram.source}`)\n\n{diagram.text}\n\n```mermaid\n{picture}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
