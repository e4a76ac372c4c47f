"""Agents hold, ask, transfer and confer while Asterisk's news is lost, swapped and repeated: nobody is lost.

The machine of ``test_engine_properties`` with talks in its model of Asterisk, and a record that keeps
segments and marks for the restarts. The same variables of the environment lengthen the search.
"""

from collections import Counter
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, precondition, rule

from acd.phases import Phase
from acd.talk_model import AGENT_AWAY, TalkState
from acd.talk_store import restore as restore_talks
from core.commands import Command, MoveLegs, RingThird
from core.events import Event, TalkAsked, TalkFailed, ThirdLegEnded
from core.facts import Fact, SegmentEnded, SegmentStarted, TalkMarked
from core.talk import TalkAction
from core.vocabulary import AgentId, AgentState, CallId
from tests.unit.acd.switch import Channel
from tests.unit.acd.talk_switch import TalkSwitch
from tests.unit.acd.test_engine_properties import AGENTS, Hotline, pick
from tests.unit.acd.world import BUSINESS, CITIZENS, phone_of

OUTSIDE = "03121234567"
SEEN = {
    "held": AGENT_AWAY,
    "conference": {TalkState.CONFERENCE, TalkState.CONNECTED, TalkState.OUTSIDE},
    "outside": {TalkState.OUTSIDE},
    "talking": {TalkState.CONNECTED, TalkState.OUTSIDE},
}
"""What the engine may believe of a talk when Asterisk shows this stage."""


class TalkingHotline(Hotline):
    """The engine against the model, inside talks."""

    CARRIED = (*Hotline.CARRIED, MoveLegs, RingThird)

    def __init__(self) -> None:
        super().__init__()
        self.switch: TalkSwitch = TalkSwitch()
        self.segments: dict[tuple[CallId, int], dict[str, Any]] = {}
        self.marks: dict[tuple[CallId, str, float], dict[str, Any]] = {}

    # --- plumbing ---

    def run_command(self, command: Command, *, refuse: bool = False) -> None:
        match command:
            case MoveLegs() if refuse or not self.switch.move(command):
                self.put(TalkFailed(command.call_id, command.number, "refused", self.switch.tick()))
            case RingThird() if refuse or not self.switch.ring_third(command):
                self.put(ThirdLegEnded(command.call_id, "", self.switch.tick()))
            case _:
                super().run_command(command, refuse=refuse)

    def note(self, fact: Fact) -> None:
        match fact:
            case SegmentStarted():
                key = (fact.call_id, fact.number)
                assert key not in self.segments
                self.segments[key] = segment_row(fact)
            case SegmentEnded():
                row = self.segments[fact.call_id, fact.number]
                assert row["ended_at"] is None
                row["ended_at"], row["record_to"] = fact.at, max(fact.record_at, row["record_from"])
            case TalkMarked(ended_at=None):
                self.marks[fact.call_id, fact.kind, fact.started_at] = mark_row(fact)
            case TalkMarked():
                row = self.marks[fact.call_id, fact.kind, fact.started_at]
                row["ended_at"], row["record_to"] = fact.ended_at, fact.record_at
            case _:
                super().note(fact)

    def put(self, event: Event) -> None:
        super().put(event)

    # --- what agents do in their talks ---

    @rule(
        agent=st.sampled_from(AGENTS),
        action=st.sampled_from(
            [TalkAction.HOLD, TalkAction.RESUME, TalkAction.CANCEL, TalkAction.COMPLETE, TalkAction.CONFERENCE]
        ),
    )
    def agent_acts(self, agent: int, action: TalkAction) -> None:
        self.put(TalkAsked(AgentId(agent), action, self.switch.tick()))

    @precondition(lambda self: self.talking())
    @rule(n=pick, action=st.sampled_from(TalkAction), to=st.sampled_from([*AGENTS, "queue", "outside"]))
    def agent_in_a_talk_acts(self, n: int, action: TalkAction, to: int | str) -> None:
        found = [a for a in self.state.agents.values() if a.state is AgentState.TALKING]
        if not found:
            return
        agent = found[n % len(found)]
        self.put(
            TalkAsked(
                agent.agent_id,
                action,
                self.switch.tick(),
                phone=phone_of(to) if isinstance(to, int) else None,
                queue=(CITIZENS, BUSINESS)[n % 2] if to == "queue" and action is TalkAction.TRANSFER else None,
                number=OUTSIDE if not isinstance(to, int) or action is TalkAction.EMERGENCY else "",
                service="120" if action is TalkAction.EMERGENCY else "",
                seconds=5.0,
            )
        )

    def with_leg(self) -> list[Channel]:
        inside = ("talking", "held", "conference")
        return [c for c in self.channels(*inside) if c.phone is not None]

    @precondition(lambda self: self.with_leg())
    @rule(n=pick, died=st.booleans())
    def leg_ends_in_a_talk(self, n: int, died: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        found = self.with_leg()
        self.switch.agent_hangs_up(found[n % len(found)], died=died)

    def asked(self, *, up: bool) -> list[Channel]:
        thirds = self.switch.thirds
        return [self.switch.channels[call] for call, third in thirds.items() if third.up is up]

    @precondition(lambda self: self.asked(up=False))
    @rule(n=pick)
    def third_answers(self, n: int) -> None:
        found = self.asked(up=False)
        self.switch.third_answers(found[n % len(found)])

    @precondition(lambda self: self.switch.thirds)
    @rule(n=pick, status=st.sampled_from(["NOANSWER", "BUSY", "CANCEL", "CHANUNAVAIL"]))
    def third_leaves(self, n: int, status: str) -> None:
        found = [self.switch.channels[call] for call in self.switch.thirds]
        self.switch.third_leaves(found[n % len(found)], status)

    @rule()
    def service_restarts(self) -> None:
        super().service_restarts()
        there = self.state.calls
        restore_talks(
            self.state,
            [row for (call, _), row in sorted(self.segments.items()) if call in there],
            [row for (call, _, _), row in sorted(self.marks.items()) if call in there],
        )

    # --- promises ---

    def memory_is_the_truth(self) -> None:
        inside = {c.call for c in self.switch.channels.values() if c.stage in SEEN}
        for channel in [self.switch.channels[call] for call in inside]:
            call, third = self.state.calls[channel.call], self.switch.thirds.get(channel.call)
            assert call.phase is Phase.TALKING
            assert call.talk.state in SEEN[channel.stage]
            owner = channel.phone or (third.phone if third is not None else None)
            assert call.phone == owner
            if channel.phone is not None:
                believed = call.talk.third
                assert (believed.channel if believed else "") == (third.channel if third else "")
        for agent in self.state.agents.values():
            if agent.state in (AgentState.RINGING, AgentState.TALKING):
                assert agent.phone in self.switch.busy()

    @invariant()
    def agents_and_calls_know_each_other(self) -> None:
        """Whoever is in a call is its agent or the one who was asked, and in no other."""
        for agent in self.state.agents.values():
            call = self.state.calls.get(agent.call_id) if agent.call_id is not None else None
            if agent.state not in (AgentState.RINGING, AgentState.TALKING) or call is None:
                continue
            third = call.talk.third
            assert agent.agent_id in (call.agent_id, third.agent_id if third is not None else None)
        owners = Counter(
            c.agent_id for c in self.state.calls.values() if c.phase is Phase.OFFERING and c.agent_id
        )
        assert all(number == 1 for number in owners.values())

    @invariant()
    def segments_are_those_of_talks(self) -> None:
        """Open segments belong to calls that talk; an agent has one at most."""
        opened = Counter(
            (call, row["agent_id"]) for (call, _), row in self.segments.items() if row["ended_at"] is None
        )
        assert all(number == 1 for number in opened.values())
        for call_id, _ in opened:
            assert self.state.calls[call_id].phase is Phase.TALKING

    def teardown(self) -> None:
        super().teardown()
        assert all(row["ended_at"] is not None for row in self.segments.values())
        assert all(row["ended_at"] is not None for row in self.marks.values())


def segment_row(fact: SegmentStarted) -> dict[str, Any]:
    """As ``open_talks`` reads it back."""
    return {
        "call_id": fact.call_id,
        "number": fact.number,
        "kind": fact.kind,
        "agent_id": fact.agent_id,
        "phone": fact.phone,
        "started_at": fact.at,
        "ended_at": None,
        "record_from": fact.record_at,
        "record_to": None,
        "emergencies": 0,
    }


def mark_row(fact: TalkMarked) -> dict[str, Any]:
    """As ``open_marks`` reads it back."""
    return {
        "call_id": fact.call_id,
        "kind": fact.kind,
        "started_at": fact.started_at,
        "ended_at": None,
        "record_from": fact.record_at,
        "record_to": None,
    }


TestTalkingHotline = TalkingHotline.TestCase
TestTalkingHotline.settings = settings(
    Hotline.TestCase.settings,
    suppress_health_check=list(HealthCheck),
)
