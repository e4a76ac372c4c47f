"""Ways out of a queue, decided by the engine."""

from dataclasses import replace
from itertools import pairwise

import pytest

from acd import relief
from acd.relief import EMPTY_GRACE_SECONDS, RETRY_SECONDS
from core.commands import MarkCall, RequestReconcile, SendAway
from core.events import CallerChose, CallLeaving, SendAwayFailed, SurgeChanged, Tick
from core.facts import CallFinished, CallOverflowed, VoicemailLeft, WaitAnnounced, WaitEstimateProved
from core.plan import EmptyPolicy, Need, NeedStep, OpeningHours, OverflowRule, Relief, Slot
from core.surge import SurgeNotice
from core.vocabulary import AgentState, CallId, Outcome, QueueName
from tests.unit.acd.world import BUSINESS, CITIZENS, World, live, waiting

NEVER = OpeningHours("UTC", ())
ALWAYS = OpeningHours("UTC", tuple(Slot(day, 0, 1440) for day in range(7)))
VOICEMAIL = (Outcome.OVERFLOWED, "voicemail")


@pytest.fixture
def world() -> World:
    return World()


def tick(world: World, at: float) -> None:
    world.apply(Tick(at))


def sent(world: World) -> list[tuple[str, str]]:
    return [(command.call_id, command.cause) for command in world.ordered(SendAway)]


def said(world: World) -> list[tuple[str, str]]:
    return [
        (command.call_id, value)
        for command in world.ordered(MarkCall)
        for name, value in command.variables
        if name == "HOTLINE_SAY"
    ]


def outcome(world: World, call: str) -> tuple[Outcome, str]:
    (fact,) = [fact for fact in world.told(CallFinished) if fact.call_id == call]
    return fact.outcome, fact.cause


# --- refused at the door -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "cause"),
    [
        ({"hours": NEVER}, "closed"),
        ({"max_waiting": 0}, "full"),
        ({"join_empty": EmptyPolicy.NEED_SEATED}, "empty"),
        ({"join_empty": EmptyPolicy.NEED_WORKING}, "empty"),
    ],
)
def test_who_may_not_wait_hears_why_and_that_is_the_outcome(
    world: World, rules: dict[str, object], cause: str
) -> None:
    world.configure(CITIZENS, **rules)
    world.wait("a", 10.0)
    assert sent(world) == [("a", cause)]
    world.hang_up("a", 15.0)
    assert outcome(world, "a") == (Outcome.OVERFLOWED, cause)
    (row,) = world.told(CallOverflowed)
    assert (row.to_queue, row.cause, row.relief, row.waited) == (None, cause, Relief.MESSAGE, 0.0)
    assert world.told(CallFinished)[0].unreached_stage is not None  # to be rung back


def test_a_refused_call_is_offered_to_nobody(world: World) -> None:
    world.configure(CITIZENS, hours=NEVER)
    world.seat(1)
    world.wait("a", 10.0)
    assert world.offers == []
    assert world.state.waiting.length(CITIZENS) == 0


def test_open_hours_staffed_queues_and_room_let_calls_in(world: World) -> None:
    world.configure(
        CITIZENS, hours=ALWAYS, join_empty=EmptyPolicy.NEED_SEATED, max_waiting=2, closed_to=Relief.MESSAGE
    )
    world.seat(1, ready=False)
    world.wait("a", 10.0)
    world.wait("b", 11.0)
    world.wait("c", 12.0)
    assert sent(world) == [("c", "full")]
    assert world.state.waiting.length(CITIZENS) == 2


def test_an_agent_on_a_break_is_seated_but_does_not_work(world: World) -> None:
    world.configure(CITIZENS, join_empty=EmptyPolicy.NEED_WORKING)
    world.seat(1, ready=False)
    world.wait("a", 10.0)
    assert sent(world) == [("a", "empty")]


def test_an_agent_of_another_queue_does_not_count(world: World) -> None:
    world.configure(CITIZENS, join_empty=EmptyPolicy.NEED_SEATED)
    world.seat(1, queues=(BUSINESS,))
    world.wait("a", 10.0)
    assert sent(world) == [("a", "empty")]


def test_stay_keeps_the_call(world: World) -> None:
    world.configure(CITIZENS, hours=NEVER, closed_to=Relief.STAY)
    world.wait("a", 10.0)
    assert sent(world) == []
    assert world.state.waiting.length(CITIZENS) == 1


# --- overflow ------------------------------------------------------------------------------------


def by_wait(after: float, to: Relief = Relief.QUEUE, queue: QueueName | None = BUSINESS) -> OverflowRule:
    return OverflowRule(to, queue if to is Relief.QUEUE else None, after_wait=after)


def test_after_its_time_a_call_goes_to_the_other_queue_with_arrival_and_place(world: World) -> None:
    world.configure(CITIZENS, overflow=(by_wait(30.0),))
    world.seat(1, queues=(BUSINESS,))
    world.ask(1, AgentState.BREAK, 1.0)
    world.wait("b", 20.0, BUSINESS)
    world.wait("a", 10.0)
    tick(world, 39.9)
    assert world.told(CallOverflowed) == []
    tick(world, 40.0)
    (row,) = world.told(CallOverflowed)
    assert (row.from_queue, row.to_queue, row.cause, row.waited) == (CITIZENS, BUSINESS, "wait", 30.0)
    assert ("HOTLINE_QUEUE", BUSINESS) in [v for c in world.ordered(MarkCall) for v in c.variables]
    world.ask(1, AgentState.READY, 41.0)
    assert world.offers == [("a", 1)]  # it came before b


def test_no_ping_pong(world: World) -> None:
    world.configure(CITIZENS, overflow=(by_wait(10.0),))
    world.configure(BUSINESS, overflow=(by_wait(10.0, queue=CITIZENS),))
    world.wait("a", 0.0)
    for at in range(1, 100):
        tick(world, float(at))
    assert [(f.from_queue, f.to_queue) for f in world.told(CallOverflowed)] == [(CITIZENS, BUSINESS)]
    assert world.call("a").queue == BUSINESS
    assert not world.state.timers.heap


def test_times_count_anew_in_the_next_queue(world: World) -> None:
    world.configure(CITIZENS, overflow=(by_wait(10.0),))
    world.configure(BUSINESS, overflow=(by_wait(20.0, Relief.MESSAGE),))
    world.wait("a", 0.0)
    tick(world, 10.0)
    tick(world, 29.0)
    assert sent(world) == []
    tick(world, 30.0)
    assert sent(world) == [("a", "overflow_message")]


def test_a_call_that_rings_is_left_alone_and_looked_at_when_it_comes_back(world: World) -> None:
    world.configure(CITIZENS, overflow=(by_wait(10.0, Relief.VOICEMAIL),))
    world.seat(1)
    world.wait("a", 0.0)
    tick(world, 12.0)
    assert sent(world) == []
    world.back("a", "NOANSWER", 15.0)
    assert sent(world) == [("a", "voicemail")]
    assert len(world.offers) == 1


def test_the_first_rule_whose_conditions_all_hold_counts(world: World) -> None:
    world.configure(
        CITIZENS,
        overflow=(
            OverflowRule(Relief.MESSAGE, after_wait=10.0, longer_than=5),
            OverflowRule(Relief.VOICEMAIL, after_wait=10.0),
        ),
    )
    world.wait("a", 0.0)
    tick(world, 10.0)
    assert sent(world) == [("a", "voicemail")]


def test_by_length_counts_the_call_itself_and_only_who_comes_in(world: World) -> None:
    world.configure(CITIZENS, overflow=(OverflowRule(Relief.QUEUE, BUSINESS, longer_than=2),))
    for name, at in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        world.wait(name, at)
    (row,) = world.told(CallOverflowed)
    assert (row.call_id, row.cause) == ("c", "length")
    assert world.state.waiting.length(CITIZENS) == 2


def experienced(world: World, queue: QueueName = CITIZENS, handle: float = 100.0) -> None:
    """One agent has handled many calls of the queue, each ``handle`` seconds."""
    times = world.state.relief.handle_times
    for number in range(50):
        times.begin(world.agent(1).agent_id, queue, number * 1000.0)
        times.end(world.agent(1).agent_id, number * 1000.0 + handle, talked=True)


def busy(world: World, call: str = "x", at: float = 1.0) -> None:
    world.wait(call, at)
    world.answer(call, 1, at + 1)


def test_by_expected_wait(world: World) -> None:
    world.seat(1)
    experienced(world)
    world.configure(CITIZENS, overflow=(OverflowRule(Relief.VOICEMAIL, expected_over=250.0),))
    busy(world)
    for name, at in (("a", 10.0), ("b", 11.0), ("c", 12.0)):
        world.wait(name, at)
    assert sent(world) == [("c", "voicemail")]  # 100, 200, 300 seconds


def test_an_unknown_wait_moves_nobody(world: World) -> None:
    world.configure(CITIZENS, overflow=(OverflowRule(Relief.VOICEMAIL, expected_over=1.0),))
    world.wait("a", 10.0)
    assert sent(world) == []


@pytest.mark.parametrize(
    "rules", [{"hours": NEVER}, {"max_waiting": 0}, {"join_empty": EmptyPolicy.NEED_SEATED}]
)
def test_a_queue_that_would_not_take_it_is_tried_again(world: World, rules: dict[str, object]) -> None:
    world.configure(CITIZENS, overflow=(by_wait(10.0),))
    world.configure(BUSINESS, **rules)
    world.wait("a", 0.0)
    tick(world, 10.0)
    assert world.call("a").queue == CITIZENS
    world.configure(BUSINESS, hours=None, max_waiting=None, join_empty=EmptyPolicy.ALLOW)
    tick(world, 10.0 + RETRY_SECONDS)
    assert world.call("a").queue == BUSINESS


def test_a_call_back_is_offered_once_and_the_caller_waits_on(world: World) -> None:
    world.state.out.rules = replace(world.state.out.rules, possible=True)
    world.configure(CITIZENS, overflow=(by_wait(10.0, Relief.CALL_BACK), by_wait(20.0, Relief.MESSAGE)))
    world.wait("a", 0.0)
    tick(world, 10.0)
    assert ("a", "call_back") in said(world)
    assert world.state.waiting.length(CITIZENS) == 1
    tick(world, 20.0)
    assert [what for _, what in said(world)].count("call_back") == 1
    assert sent(world) == [("a", "overflow_message")]


def test_new_rules_hold_for_those_who_wait(world: World) -> None:
    world.wait("a", 0.0)
    world.now = 50.0
    world.configure(CITIZENS, overflow=(by_wait(10.0, Relief.MESSAGE),))
    tick(world, 51.0)
    assert sent(world) == [("a", "overflow_message")]


# --- the last agent leaves -----------------------------------------------------------------------


def test_when_nobody_serves_the_queue_its_callers_leave_after_a_grace(world: World) -> None:
    world.configure(CITIZENS, leave_empty=EmptyPolicy.NEED_WORKING, empty_to=Relief.VOICEMAIL)
    world.seat(1)
    busy(world)
    world.wait("a", 5.0)
    world.leg_ends("x", 1, 10.0)
    world.hang_up("x", 10.0)
    world.ask(1, AgentState.BREAK, 12.0)
    tick(world, 12.0 + EMPTY_GRACE_SECONDS - 0.1)
    assert sent(world) == []
    tick(world, 12.0 + EMPTY_GRACE_SECONDS)
    assert sent(world) == [("a", "voicemail")]


def test_an_agent_who_comes_back_in_time_keeps_them(world: World) -> None:
    world.configure(CITIZENS, leave_empty=EmptyPolicy.NEED_WORKING)
    world.seat(1)
    world.ask(1, AgentState.BREAK, 5.0)
    world.wait("a", 6.0)
    world.ask(1, AgentState.READY, 8.0)
    tick(world, 60.0)
    assert sent(world) == []
    assert world.offers == [("a", 1)]


def test_while_asterisk_is_away_nobody_is_taken_for_gone(world: World) -> None:
    world.configure(CITIZENS, leave_empty=EmptyPolicy.NEED_WORKING)
    world.seat(1)
    world.ask(1, AgentState.BREAK, 5.0)
    world.wait("a", 6.0)
    world.lose_connection(7.0)
    tick(world, 60.0)
    assert sent(world) == []
    world.picture(61.0, live("a", "waiting", entered_at=6.0))
    tick(world, 61.0 + EMPTY_GRACE_SECONDS)
    assert sent(world) == [("a", "empty")]


# --- leaving -------------------------------------------------------------------------------------


def voicemail(world: World) -> None:
    world.configure(CITIZENS, hours=NEVER, closed_to=Relief.VOICEMAIL)
    world.wait("a", 10.0)
    assert sent(world) == [("a", "voicemail")]


def test_a_message_becomes_a_ticket_and_needs_no_ringing_back(world: World) -> None:
    voicemail(world)
    world.apply(CallLeaving(CallId("a"), "voicemail", 30.0))
    world.apply(CallLeaving(CallId("a"), "voicemail", 30.0))
    world.hang_up("a", 30.0)
    (left,) = world.told(VoicemailLeft)
    assert (left.call_id, left.at) == ("a", 30.0)
    assert outcome(world, "a") == VOICEMAIL
    assert world.told(CallFinished)[0].unreached_stage is None


def test_who_says_nothing_in_the_voicemail_box_has_given_up(world: World) -> None:
    voicemail(world)
    world.hang_up("a", 12.0)
    assert outcome(world, "a") == (Outcome.ABANDONED, "caller_hangup")
    assert world.told(VoicemailLeft) == []


def test_a_redirect_that_failed_is_repeated_by_the_next_picture(world: World) -> None:
    world.configure(CITIZENS, hours=NEVER)
    world.wait("a", 10.0)
    world.apply(SendAwayFailed(CallId("a"), "no connection", 11.0))
    assert world.ordered(RequestReconcile)
    world.picture(12.0, live("a", "waiting", entered_at=10.0))
    assert sent(world) == [("a", "closed"), ("a", "closed")]
    assert len(world.told(CallOverflowed)) == 1


def test_a_restart_finds_a_caller_who_is_being_let_go(world: World) -> None:
    world.seat(1)
    world.picture(20.0, replace(live("a", "leaving", entered_at=10.0), leaving="closed"))
    assert world.offers == []
    world.hang_up("a", 22.0)
    assert outcome(world, "a") == (Outcome.OVERFLOWED, "closed")


def test_the_voicemail_box_by_key(world: World) -> None:
    world.wait("a", 0.0)
    world.apply(CallerChose(CallId("a"), "voicemail", "", 5.0))
    world.apply(CallerChose(CallId("a"), "something", "", 5.0))
    world.apply(CallerChose(CallId("gone"), "voicemail", "", 5.0))
    assert sent(world) == [("a", "voicemail")]


def test_news_of_ended_calls_changes_nothing(world: World) -> None:
    world.wait("a", 0.0)
    world.hang_up("a", 1.0)
    facts = len(world.facts)
    world.apply(CallLeaving(CallId("a"), "voicemail", 2.0))
    world.apply(SendAwayFailed(CallId("a"), "gone", 2.0))
    assert len(world.facts) == facts
    assert world.state.relief.stays == {}


def test_every_cause_has_its_words() -> None:
    assert {relief.VOICEMAIL, relief.CLOSED, relief.FULL, relief.EMPTY, relief.OVERFLOW_MESSAGE} == {
        "voicemail",
        "closed",
        "full",
        "empty",
        "overflow_message",
    }


# --- announcements -------------------------------------------------------------------------------


def announced(world: World) -> list[tuple[str, str]]:
    return [(call, what) for call, what in said(world) if what.startswith("position")]


def test_the_place_is_told_again_and_again_and_never_a_worse_one(world: World) -> None:
    world.configure(CITIZENS, announce_every=30.0)
    world.wait("a", 0.0)
    world.wait("b", 1.0)
    for at in (5.0, 6.0, 35.0, 36.0):
        tick(world, at)
    assert announced(world) == [
        ("a", "position:1::"),
        ("b", "position:2::"),
        ("a", "position:1::"),
        ("b", "position:2::"),
    ]
    world.wait("c", 0.5)  # an earlier place, known late
    tick(world, 66.0)
    assert ("b", "position:3::") not in announced(world)
    world.hang_up("a", 67.0)
    tick(world, 96.0)
    assert [what for call, what in announced(world) if call == "b"][-1] == "position:2::"


def test_expected_wait_in_minutes_and_its_proof(world: World) -> None:
    world.seat(1)
    experienced(world, handle=60.0)
    world.configure(CITIZENS, announce_every=30.0, wrap_up_seconds=0.0)
    busy(world)
    for number in range(10):
        world.wait(f"c{number}", 10.0 + number)
    tick(world, 40.0)
    told = dict(announced(world))
    assert told["c9"] == "position:10:6:15"
    assert told["c0"] == "position:1:0:3"
    world.leg_ends("x", 1, 100.0)
    world.hang_up("x", 100.0)
    world.answer("c0", 1, 101.0)
    (proof,) = world.told(WaitEstimateProved)
    said_at = next(f.at for f in world.told(WaitAnnounced) if f.call_id == "c0" and f.expected is not None)
    assert (proof.call_id, proof.expected, proof.waited) == ("c0", 60.0, 101.0 - said_at)
    assert proof.within


def test_silence_where_nothing_is_known(world: World) -> None:
    world.configure(CITIZENS, announce_every=30.0, announce_position=False)
    world.wait("a", 0.0)
    tick(world, 5.0)
    assert announced(world) == []
    assert world.told(WaitAnnounced) == []


def test_no_wait_is_told_to_who_needs_a_skill(world: World) -> None:
    world.seat(1)
    experienced(world)
    need = (NeedStep(0.0, (Need("baoding", 3),)),)  # type: ignore[arg-type]  # a plain name
    world.configure(CITIZENS, announce_every=30.0, needs=need)
    world.wait("a", 0.0)
    tick(world, 5.0)
    assert announced(world) == [("a", "position:1::")]


def test_nothing_is_told_while_a_phone_rings(world: World) -> None:
    world.configure(CITIZENS, announce_every=30.0)
    world.seat(1)
    world.wait("a", 0.0)
    tick(world, 5.0)
    assert announced(world) == []
    world.back("a", "NOANSWER", 12.0)
    tick(world, 35.0)
    assert announced(world) == [("a", "position:1::")]


def test_deadlines_of_ended_calls_do_not_pile_up(world: World) -> None:
    world.configure(CITIZENS, announce_every=10.0, overflow=(by_wait(20.0, Relief.MESSAGE),))
    for number in range(200):
        world.wait(str(number), 10.0 * number)
        world.hang_up(str(number), 10.0 * number + 1)
        tick(world, 10.0 * number + 2)
    tick(world, 5000.0)
    assert world.state.timers.heap == []
    assert world.state.relief.stays == {}


# --- surge notices -------------------------------------------------------------------------------


def notice(number: int, scope: str, since: float, until: float = 1e6) -> SurgeNotice:
    return SurgeNotice(number, scope, f"/sounds/{number}", since, until)


def test_those_who_wait_are_told_at_once_and_only_of_what_is_new_to_them(world: World) -> None:
    world.wait("a", 0.0)
    world.wait("b", 1.0, BUSINESS)
    world.apply(SurgeChanged((notice(1, "queue:citizens", 10.0),), 10.0))
    assert said(world) == [("a", "surge")]
    world.apply(SurgeChanged((notice(1, "queue:citizens", 10.0), notice(2, "line:99999", 20.0)), 20.0))
    assert said(world) == [("a", "surge")]
    world.apply(SurgeChanged((notice(3, "all", 30.0),), 30.0))
    assert said(world)[1:] == [("a", "surge"), ("b", "surge")]


def test_who_was_on_his_way_or_at_a_phone_hears_it_when_he_comes_to_wait(world: World) -> None:
    world.arrive("a", 0.0)
    world.apply(SurgeChanged((notice(1, "all", 1.0),), 1.0))
    assert said(world) == []
    world.apply(waiting("a", 3.0, entered_at=0.0))
    assert said(world) == [("a", "surge")]
    world.wait("late", 5.0)
    assert said(world) == [("a", "surge")]  # new callers hear it in the announcement


def test_order_of_waiting_is_kept_by_overflow(world: World) -> None:
    world.configure(CITIZENS, overflow=(by_wait(10.0),))
    for number in range(5):
        world.wait(str(number), float(number))
    tick(world, 20.0)
    world.seat(1, 21.0, queues=(BUSINESS,))
    places = world.state.waiting.places[BUSINESS]
    order = sorted(places.members, key=lambda call: places.position(call) or 0)
    remaining = [world.offers[0][0], *order]
    assert remaining == ["0", "1", "2", "3", "4"]
    assert all(a < b for a, b in pairwise(order))
