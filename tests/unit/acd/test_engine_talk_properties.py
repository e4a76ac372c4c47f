"""Agents hold, ask, transfer and confer while Asterisk's news is lost, swapped and repeated: nobody is lost.

The machine of ``test_engine_properties`` with talks in its model of Asterisk, and a record that keeps
segments and marks for the restarts. The same variables of the environment lengthen the search, which is then
random; without them it is always the same.
"""

import os
from collections import Counter
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize, invariant, precondition, rule

from acd.model import Agent
from acd.phases import Phase
from acd.talk_model import AGENT_AWAY, TalkState
from acd.talk_store import restore as restore_talks
from core.commands import Command, MoveLegs, OfferCall, RingThird
from core.events import TalkAsked, TalkFailed, ThirdLegEnded
from core.facts import Fact, OfferEnded, SegmentEnded, SegmentStarted, TalkMarked
from core.talk import TalkAction
from core.vocabulary import AgentState, CallId, OfferId
from tests.unit.acd.switch import Channel
from tests.unit.acd.talk_switch import TalkSwitch
from tests.unit.acd.test_engine_properties import AGENTS, CALL_LIMIT, Hotline, pick, plan
from tests.unit.acd.world import BUSINESS, CITIZENS, phone_of

OUTSIDE = "03121234567"
PLAIN = [a for a in TalkAction if a not in (TalkAction.CONSULT, TalkAction.TRANSFER, TalkAction.EMERGENCY)]
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
        self.state.plan = plan(1)  # without the certificate: its expiry is the other machine's
        self.named = False
        self.closed: set[OfferId] = set()
        self.marks: dict[tuple[CallId, str, float], dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        for number in AGENTS:
            self.switch.register(phone_of(number), there=True)
        self.deliver_all()
        for number in AGENTS:
            self.agent_logs_in(number, number)
        self.put(self.switch.picture())
        self.a_talk_begins()
        self.a_talk_begins()

    @precondition(lambda self: len(self.switch.channels) < CALL_LIMIT)
    @rule()
    def a_talk_begins(self) -> None:
        """Nothing is lost on the way into the talk: what this machine is about comes afterwards."""
        self.caller_arrives(CITIZENS, straight_on=True)
        self.everybody_wants_calls()
        self.deliver_all()
        for channel in self.ringing():
            assert channel.phone is not None
            self.switch.pick_up(channel, channel.phone)
        self.deliver_all()

    # --- plumbing ---

    def run_command(self, command: Command, *, refuse: bool = False) -> None:
        match command:
            case MoveLegs() if refuse or not self.switch.move(command):
                self.put(TalkFailed(command.call_id, command.number, "refused", self.switch.tick()))
            case RingThird() if refuse or not self.switch.ring_third(command):
                self.put(ThirdLegEnded(command.call_id, "", self.switch.tick()))
            case _:
                super().run_command(command, refuse=refuse)

    def is_right(self, offer: OfferCall) -> None:
        """A colleague whom an agent has named is rung whatever the queue's order says."""
        if not self.named:
            super().is_right(offer)

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
            case OfferEnded() if fact.offer_id in self.closed:
                self.closed.discard(fact.offer_id)
            case _:
                super().note(fact)

    # --- what agents do in their talks ---

    plan_changes = profile_changes = supervisor_changes_priority = None  # type: ignore[assignment] # the other machine's

    def talkers(self) -> list[Agent]:
        return [a for a in self.state.agents.values() if a.state is AgentState.TALKING]

    def ask(self, n: int, action: TalkAction, *, at_once: bool, **more: Any) -> None:  # noqa: ANN401 - fields
        found = self.talkers()
        agent = found[n % len(found)]
        self.named = action is TalkAction.TRANSFER
        self.put(TalkAsked(agent.agent_id, action, self.switch.tick(), **more))
        self.named = False
        if at_once:
            self.deliver_all()

    @precondition(lambda self: self.talkers())
    @rule(n=pick, action=st.sampled_from(PLAIN), at_once=st.booleans())
    def agent_acts(self, n: int, action: TalkAction, at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.ask(n, action, at_once=at_once, seconds=5.0)

    @precondition(lambda self: self.talkers())
    @rule(n=pick, to=st.sampled_from([*AGENTS, None]), at_once=st.booleans())
    def agent_consults(self, n: int, to: int | None, at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        phone = phone_of(to) if to is not None else None
        self.everybody_wants_calls()
        self.ask(n, TalkAction.CONSULT, at_once=at_once, phone=phone, number=OUTSIDE if to is None else "")

    @precondition(lambda self: self.talkers())
    @rule(n=pick, action=st.sampled_from([TalkAction.CONFERENCE, TalkAction.COMPLETE]), at_once=st.booleans())
    def agent_consulted(self, n: int, action: TalkAction, at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.ask(n, action, at_once=at_once)

    @precondition(lambda self: self.talkers())
    @rule(n=pick, to=st.sampled_from([*AGENTS, CITIZENS, BUSINESS, None]), at_once=st.booleans())
    def agent_transfers(self, n: int, to: Any, at_once: bool) -> None:  # noqa: ANN401, FBT001 - drawn by hypothesis
        more = (
            {"phone": phone_of(to)} if isinstance(to, int) else {"queue": to} if to else {"number": OUTSIDE}
        )
        self.ask(n, TalkAction.TRANSFER, at_once=at_once, **more)

    @precondition(lambda self: self.talkers())
    @rule(n=pick, at_once=st.booleans())
    def agent_calls_for_help(self, n: int, at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.ask(n, TalkAction.EMERGENCY, at_once=at_once, number="120", service="120", note="fall")

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
    @rule(n=pick, at_once=st.booleans())
    def third_answers(self, n: int, at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        found = self.asked(up=False)
        self.switch.third_answers(found[n % len(found)])
        if at_once:
            self.deliver_all()

    @precondition(lambda self: self.switch.thirds)
    @rule(n=pick, status=st.sampled_from(["NOANSWER", "BUSY", "CANCEL", "CHANUNAVAIL"]))
    def third_leaves(self, n: int, status: str) -> None:
        found = [self.switch.channels[call] for call in self.switch.thirds]
        self.switch.third_leaves(found[n % len(found)], status)

    @rule()
    def service_restarts(self) -> None:
        running = set(self.state.offers)
        super().service_restarts()
        # The offer of a transfer is not restored: the picture takes it over, or its row is closed later.
        self.closed |= {offer for offer in running if ("OfferEnded", (offer, self.runs)) in self.counts}
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
    derandomize="ENGINE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
