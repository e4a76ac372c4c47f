"""Scenarios: what one caller and one agent live through."""

import pytest

from acd.offers import OFFER_GRACE_SECONDS
from acd.phases import Phase
from core.commands import OfferCall, RequestReconcile, ReturnToHold, WakeAt
from core.events import CallAnswered, OfferFailed, PhoneRinging, Tick
from core.facts import (
    CallFinished,
    CallOffered,
    CallQueued,
    CallUsedFallback,
    OfferEnded,
    OfferStarted,
    TalkEnded,
    TalkStarted,
)
from core.vocabulary import (
    AbandonStage,
    AgentId,
    AgentState,
    CallId,
    OfferId,
    OfferResult,
    Outcome,
    QueueName,
)
from tests.unit.acd.world import (
    BUSINESS,
    CITIZENS,
    FIRST_OFFER,
    RING,
    WRAP_UP,
    World,
    arrived,
    channel_of,
    live,
    new_state,
    phone_of,
    waiting,
)

S = AgentState


@pytest.fixture
def world() -> World:
    return World()


def finished(world: World) -> CallFinished:
    (fact,) = world.told(CallFinished)
    return fact


# --- a plain call ------------------------------------------------------------------------------


def test_a_plain_call_from_arrival_to_the_next_idle_agent(world: World) -> None:
    world.seat(1)
    world.arrive("x", 10.0)
    assert world.offers == []
    offered = world.apply(waiting("x", 12.0, entered_at=10.0, notice_at=11.5))
    assert offered.commands[0] == OfferCall(
        CallId("x"), channel_of("x"), AgentId(1), phone_of(1), OfferId(FIRST_OFFER)
    )
    assert world.agent(1).state is S.RINGING
    world.apply(PhoneRinging(CallId("x"), phone_of(1), "PJSIP/1001-1", 12.1))
    world.answer("x", 1, 15.0)
    assert (world.agent(1).state, world.call("x").phase) == (S.TALKING, Phase.TALKING)
    world.leg_ends("x", 1, 75.0)
    assert (world.agent(1).state, world.agent(1).until) == (S.WRAP_UP, 75.0 + WRAP_UP)
    world.hang_up("x", 80.0, agent_left=True)
    assert world.state.calls == {}
    world.apply(Tick(85.0))
    assert world.agent(1).state is S.READY

    assert world.told(CallOffered) == [
        CallOffered(CallId("x"), "u-x", "13800138000", "12345", CITIZENS, 10.0)
    ]
    assert world.told(CallQueued) == [CallQueued(CallId("x"), CITIZENS, 11.5, 12.0)]
    assert world.told(OfferStarted) == [
        OfferStarted(CallId("x"), OfferId(FIRST_OFFER), AgentId(1), phone_of(1), 12.0)
    ]
    assert world.told(OfferEnded) == [
        OfferEnded(CallId("x"), OfferId(FIRST_OFFER), OfferResult.ANSWERED, 15.0)
    ]
    assert world.told(TalkStarted) == [
        TalkStarted(
            call_id=CallId("x"),
            agent_id=AgentId(1),
            phone=phone_of(1),
            caller="13800138000",
            dialled="12345",
            queue=CITIZENS,
            arrived_at=10.0,
            queued_at=12.0,
            at=15.0,
        )
    ]
    assert world.told(TalkEnded) == [TalkEnded(CallId("x"), AgentId(1), 75.0)]
    assert finished(world) == CallFinished(
        call_id=CallId("x"),
        queue=CITIZENS,
        caller="13800138000",
        dialled="12345",
        outcome=Outcome.ANSWERED,
        cause="agent_hangup",
        unreached_stage=None,
        arrived_at=10.0,
        queued_at=12.0,
        answered_at=15.0,
        talk_ended_at=75.0,
        at=80.0,
    )


def test_every_event_said_twice_changes_nothing_the_second_time(world: World) -> None:
    world.seat(1)
    for event in (
        arrived("x", 10.0),
        waiting("x", 12.0, entered_at=10.0),
        CallAnswered(CallId("x"), phone_of(1), "PJSIP/1001-x", 15.0),
    ):
        world.apply(event)
        again = world.apply(event)
        assert (again.facts, again.commands) == ([], [])
    for end in (world.leg_ends, world.leg_ends):
        end("x", 1, 20.0)
    for _ in range(2):
        world.hang_up("x", 21.0)
    again = world.apply(waiting("x", 12.0, entered_at=10.0))
    assert again.facts == []
    assert world.state.calls == {}
    assert len(world.told(CallFinished)) == len(world.told(CallOffered)) == len(world.told(TalkEnded)) == 1


def test_a_waiting_call_whose_arrival_was_missed_is_adopted(world: World) -> None:
    world.apply(waiting("x", 12.0, entered_at=10.0))
    assert [type(fact) for fact in world.facts] == [CallOffered, CallQueued]
    assert world.call("x").arrived_at == 10.0


def test_an_entry_repeated_does_not_move_the_place(world: World) -> None:
    world.wait("x", 10.0)
    world.wait("y", 11.0)
    out = world.apply(waiting("x", 12.0, entered_at=10.0))
    assert (out.facts, out.commands) == ([], [])
    world.seat(1, 13.0)
    assert world.offers == [("x", 1)]


def test_a_queue_that_is_not_configured_is_the_default_one(world: World) -> None:
    """Or its callers would wait for ever: nobody serves it."""
    world.seat(1)
    world.wait("x", 10.0, QueueName("gone"))
    assert world.offers == [("x", 1)]
    assert world.told(CallOffered)[0].queue == CITIZENS


# --- who talks to whom -------------------------------------------------------------------------


def test_longest_waiting_caller_to_longest_idle_agent_across_queues(world: World) -> None:
    world.wait("old-business", 1.0, BUSINESS)
    world.wait("citizen", 2.0, CITIZENS)
    world.wait("new-business", 3.0, BUSINESS)
    world.seat(1, 4.0, queues=[CITIZENS])
    world.seat(2, 5.0, queues=[CITIZENS, BUSINESS])
    world.seat(3, 6.0)
    assert world.offers == [("citizen", 1), ("old-business", 2), ("new-business", 3)]


def test_the_agent_who_has_been_idle_longest_is_first(world: World) -> None:
    for agent, at in ((1, 3.0), (2, 1.0), (3, 2.0)):
        world.seat(agent, at)
    for number in range(3):
        world.wait(f"c{number}", 10.0 + number)
    assert world.offers == [("c0", 2), ("c1", 3), ("c2", 1)]


def test_an_agent_of_another_queue_is_not_offered_the_call(world: World) -> None:
    world.seat(1, queues=[BUSINESS])
    world.wait("x", 1.0, CITIZENS)
    assert world.offers == []


def test_an_offer_withdrawn_without_fault_does_not_cost_the_agent_his_place(world: World) -> None:
    world.seat(1, 1.0)
    world.seat(2, 2.0)
    world.wait("x", 10.0)
    world.hang_up("x", 12.0)
    assert world.agent(1).state is S.READY
    world.wait("y", 20.0)
    assert world.offers == [("x", 1), ("y", 1)]


# --- an offer that comes to nothing ------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("NOANSWER", OfferResult.NO_ANSWER),
        ("BUSY", OfferResult.BUSY),
        ("CHANUNAVAIL", OfferResult.UNREACHABLE),
        ("CONGESTION", OfferResult.UNREACHABLE),
        ("INVALIDARGS", OfferResult.FAILED),
    ],
)
def test_the_next_agent_is_offered_and_the_caller_keeps_his_place(
    world: World, status: str, result: OfferResult
) -> None:
    world.seat(1, 1.0)
    world.wait("first", 10.0)
    world.wait("second", 11.0)
    world.back("first", status, 25.0)
    assert world.told(OfferEnded) == [OfferEnded(CallId("first"), OfferId(FIRST_OFFER), result, 25.0)]
    assert (world.agent(1).state, world.agent(1).cause) == (S.NOT_RESPONDING, f"system:{result}")
    assert len(world.told(CallQueued)) == 2, "coming back is not queueing anew"
    world.seat(2, 30.0)
    assert world.offers == [("first", 1), ("first", 2)], "the original place, before the second caller"


def test_who_did_not_answer_is_not_offered_again_before_he_says_so(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.back("x", "NOANSWER", 25.0)
    world.wait("y", 26.0)
    world.phone(1, 30.0, reachable=True)
    world.picture(40.0, live("x", "waiting", entered_at=10.0), live("y", "waiting", entered_at=26.0))
    assert world.offers == [("x", 1)]
    world.ask(1, S.READY, 50.0)
    assert world.offers == [("x", 1), ("x", 1)]


@pytest.mark.parametrize(("status", "back"), [("CHANUNAVAIL", True), ("BUSY", False), ("NOANSWER", False)])
def test_only_what_the_phone_caused_ends_when_the_phone_is_back(
    world: World, status: str, *, back: bool
) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.back("x", status, 12.0)
    world.phone(1, 13.0, reachable=False)
    world.phone(1, 20.0, reachable=True)
    assert (world.agent(1).state is S.RINGING) is back
    assert len(world.offers) == 1 + back


def test_a_phone_lost_while_it_rings_comes_back_by_itself(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.phone(1, 11.0, reachable=False)
    assert world.agent(1).state is S.RINGING
    world.back("x", "NOANSWER", 25.0)
    assert (world.agent(1).state, world.agent(1).cause) == (S.NOT_RESPONDING, "system:phone_lost")
    world.phone(1, 30.0, reachable=True)
    assert world.offers == [("x", 1), ("x", 1)]


def test_a_cancelled_dial_is_nobodys_fault(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.back("x", "CANCEL", 12.0)
    assert world.told(OfferEnded)[0].result is OfferResult.WITHDRAWN
    assert world.offers == [("x", 1), ("x", 1)]


def test_an_earlier_entry_repeated_does_not_end_the_offer(world: World) -> None:
    world.seat(1)
    entry = waiting("x", 10.0)
    world.apply(entry)
    world.apply(entry)
    assert world.call("x").phase is Phase.OFFERING
    world.back("x", "NOANSWER", 25.0)
    world.seat(2, 26.0)
    stale = waiting("x", 25.0, entered_at=10.0, offer_id=OfferId(FIRST_OFFER), dial_status="NOANSWER")
    assert world.apply(stale).facts == []
    assert world.call("x").phase is Phase.OFFERING


def test_a_failed_offer_frees_the_agent_and_waits_for_asterisks_word(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    out = world.fail_offer("x", 10.5)
    assert [type(command) for command in out.commands] == [RequestReconcile]
    assert world.call("x").phase is Phase.UNCERTAIN
    assert world.agent(1).state is S.READY
    assert world.told(OfferEnded)[0].result is OfferResult.WITHDRAWN
    assert world.offers == [("x", 1)], "nobody is offered a call that may be gone"
    world.wait("y", 11.0)
    assert world.offers[-1] == ("y", 1)


def test_old_or_foreign_failures_of_offers_change_nothing(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    for event in (
        OfferFailed(CallId("x"), OfferId(1), "late", 11.0),
        OfferFailed(CallId("unknown"), OfferId(FIRST_OFFER), "gone", 11.0),
    ):
        assert world.apply(event).facts == []
    world.answer("x", 1, 12.0)
    assert world.apply(OfferFailed(CallId("x"), OfferId(FIRST_OFFER), "slow answer", 13.0)).facts == []
    assert world.agent(1).state is S.TALKING


def test_after_a_failed_offer_old_news_does_not_put_the_caller_back_in_line(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.fail_offer("x", 11.0)
    world.apply(waiting("x", 10.0))
    assert world.call("x").phase is Phase.UNCERTAIN
    world.apply(waiting("x", 12.0, entered_at=10.0))
    assert world.call("x").phase is Phase.OFFERING


def test_an_offer_that_nobody_ended_is_looked_into_once(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    overdue = 10.0 + RING + OFFER_GRACE_SECONDS
    assert world.ordered(WakeAt)[-1] == WakeAt(overdue)
    out = world.apply(Tick(overdue))
    assert [type(command) for command in out.commands] == [RequestReconcile, WakeAt]
    assert world.apply(Tick(overdue + 1)).commands == []


def test_an_offer_that_ended_in_time_is_not_looked_into(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    out = world.apply(Tick(10.0 + RING + OFFER_GRACE_SECONDS))
    assert not any(isinstance(command, RequestReconcile) for command in out.commands)


# --- the caller hangs up -----------------------------------------------------------------------


def test_the_caller_hangs_up_in_the_announcement(world: World) -> None:
    world.arrive("x", 10.0)
    world.hang_up("x", 12.0)
    fact = finished(world)
    assert (fact.outcome, fact.cause, fact.unreached_stage) == (
        Outcome.ABANDONED,
        "caller_hangup",
        AbandonStage.ANNOUNCEMENT,
    )
    assert fact.queued_at is None


def test_the_caller_hangs_up_while_waiting(world: World) -> None:
    world.wait("x", 10.0)
    world.hang_up("x", 12.0)
    assert (finished(world).outcome, finished(world).unreached_stage) == (
        Outcome.ABANDONED,
        AbandonStage.WAITING,
    )
    world.seat(1, 13.0)
    assert world.offers == []


def test_the_caller_hangs_up_while_it_rings(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.hang_up("x", 12.0)
    world.leg_ends("x", 1, 12.1)
    assert finished(world).unreached_stage is AbandonStage.RINGING
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.CALLER_LEFT]
    assert (world.agent(1).state, world.agent(1).call_id) == (S.READY, None)


def test_the_caller_hangs_up_while_talking(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.hang_up("x", 30.0)
    world.leg_ends("x", 1, 30.1)
    assert (finished(world).outcome, finished(world).cause) == (Outcome.ANSWERED, "caller_hangup")
    assert finished(world).talk_ended_at == 30.0
    assert len(world.told(TalkEnded)) == 1
    assert world.agent(1).state is S.WRAP_UP


def test_the_caller_hangs_up_in_the_rating(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.leg_ends("x", 1, 30.0)
    world.hang_up("x", 33.0)
    assert (finished(world).outcome, finished(world).unreached_stage) == (Outcome.ANSWERED, None)
    assert (finished(world).talk_ended_at, finished(world).at) == (30.0, 33.0)


@pytest.mark.parametrize(("cause", "outcome"), [(34, Outcome.FAILED), (16, Outcome.ABANDONED)])
def test_a_failure_of_the_network_is_not_the_callers_giving_up(
    world: World, cause: int, outcome: Outcome
) -> None:
    world.wait("x", 10.0)
    world.hang_up("x", 12.0, cause)
    fact = finished(world)
    assert fact.outcome is outcome
    assert fact.unreached_stage is AbandonStage.WAITING  # either way somebody has to ring back
    assert (fact.cause == f"q850:{cause}") == (cause == 34)


def test_a_network_failure_after_the_answer_leaves_the_call_answered(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.hang_up("x", 30.0, 38)
    assert (finished(world).outcome, finished(world).cause) == (Outcome.ANSWERED, "q850:38")


def test_the_answer_meets_the_hang_up(world: World) -> None:
    """The caller left as the agent answered: whatever comes first, the agent is free in the end."""
    world.seat(1)
    world.wait("x", 10.0)
    world.hang_up("x", 12.0)
    out = world.answer("x", 1, 12.1)
    assert (out.facts, out.commands) == ([], [])
    world.leg_ends("x", 1, 12.2)
    assert world.agent(1).state is S.READY
    assert finished(world).outcome is Outcome.ABANDONED


def test_news_of_unknown_calls_asks_asterisk(world: World) -> None:
    assert [type(c) for c in world.answer("ghost", 1, 5.0).commands] == [RequestReconcile]
    assert [type(c) for c in world.fall_back("ghost", 5.0).commands] == [RequestReconcile]
    assert world.hang_up("ghost", 6.0).facts == []
    assert world.leg_ends("ghost", 1, 6.0).facts == []
    assert world.state.calls == {}


def test_a_leg_of_another_phone_does_not_end_the_talk(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.leg_ends("x", 2, 13.0)
    assert world.call("x").phase is Phase.TALKING


# --- the native queue --------------------------------------------------------------------------


def test_a_caller_in_the_native_queue_is_taken_back_at_once(world: World) -> None:
    world.wait("x", 10.0)
    out = world.fall_back("x", 20.0)
    assert out.commands == [ReturnToHold(CallId("x"), channel_of("x"))]
    assert out.facts == [CallUsedFallback(CallId("x"), 20.0)]
    world.seat(1, 21.0)
    assert world.offers == [], "he is not in the line while he is there"
    world.apply(waiting("x", 22.0, entered_at=10.0))
    assert world.offers == [("x", 1)]
    world.back("x", "NOANSWER", 40.0)
    world.fall_back("x", 50.0)
    assert len(world.told(CallUsedFallback)) == 1


def test_without_a_connection_nobody_can_be_taken_back(world: World) -> None:
    world.wait("x", 10.0)
    world.lose_connection(11.0)
    assert world.fall_back("x", 20.0).commands == []


def test_falling_back_during_an_offer_withdraws_it(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.fall_back("x", 12.0)
    assert world.told(OfferEnded)[0].result is OfferResult.WITHDRAWN
    assert (world.agent(1).state, world.state.offers) == (S.READY, {})


def test_falling_back_said_twice_takes_back_once(world: World) -> None:
    world.wait("x", 10.0)
    world.fall_back("x", 12.0)
    assert world.fall_back("x", 12.0).commands == []


def test_an_older_entry_does_not_overtake_the_fall_back(world: World) -> None:
    world.seat(1, ready=False)
    world.wait("x", 10.0)
    world.fall_back("x", 12.0)
    world.apply(waiting("x", 10.0))
    assert world.call("x").phase is Phase.FALLBACK


def test_the_native_queue_connects_a_call(world: World) -> None:
    world.seat(1, ready=False)
    world.wait("x", 10.0)
    world.fall_back("x", 12.0)
    world.answer("x", 1, 14.0)
    assert world.told(TalkStarted)[0].agent_id == 1
    assert world.agent(1).state is S.TALKING


def test_a_phone_without_an_agent_answers(world: World) -> None:
    world.wait("x", 10.0)
    world.answer("x", 9, 14.0)
    world.leg_ends("x", 9, 20.0)
    world.hang_up("x", 21.0)
    assert (world.told(TalkStarted)[0].agent_id, world.told(TalkStarted)[0].phone) == (None, phone_of(9))
    assert world.told(TalkEnded) == [TalkEnded(CallId("x"), None, 20.0)]
    assert finished(world).outcome is Outcome.ANSWERED


def test_a_call_answered_in_the_announcement_was_queued_when_it_arrived(world: World) -> None:
    world.arrive("x", 10.0)
    world.answer("x", 9, 14.0)
    assert world.told(TalkStarted)[0].queued_at == 10.0


# --- two things at once ------------------------------------------------------------------------


def test_another_phone_answers_an_offered_call(world: World) -> None:
    world.seat(1)
    world.seat(2, ready=False)
    world.wait("x", 10.0)
    world.answer("x", 2, 12.0)
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.WITHDRAWN]
    assert (world.agent(1).state, world.agent(2).state) == (S.READY, S.TALKING)
    assert world.call("x").agent_id == 2


def test_a_phone_that_rings_for_one_call_answers_another(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.wait("y", 11.0)
    world.fall_back("y", 12.0)
    world.answer("y", 1, 13.0)
    assert (world.agent(1).state, world.agent(1).call_id) == (S.TALKING, "y")
    assert (world.call("x").phase, world.call("x").agent_id) == (Phase.UNCERTAIN, None)
    assert isinstance(world.commands[-1], RequestReconcile)
    world.apply(waiting("x", 14.0, entered_at=10.0, offer_id=OfferId(FIRST_OFFER), dial_status="BUSY"))
    assert world.call("x").phase is Phase.WAITING
    assert len(world.told(OfferEnded)) == 1
    assert world.agent(1).state is S.TALKING


def test_an_agent_whose_hang_up_was_missed_answers_the_next_call(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.wait("y", 20.0)
    world.answer("y", 1, 22.0)
    assert (world.agent(1).state, world.agent(1).call_id) == (S.TALKING, "y")
    assert world.call("x").phase is Phase.AFTER
    assert world.told(TalkEnded) == [TalkEnded(CallId("x"), AgentId(1), 22.0)]
    world.hang_up("x", 23.0)
    assert world.agent(1).state is S.TALKING


def test_a_caller_who_waits_after_his_talk_is_looked_into(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.leg_ends("x", 1, 12.1)
    out = world.apply(waiting("x", 12.2, entered_at=10.0))
    assert [type(command) for command in out.commands] == [RequestReconcile]
    assert world.call("x").phase is Phase.AFTER


def test_a_second_talk_of_a_call_is_kept_track_of_but_counted_once(world: World) -> None:
    world.seat(1)
    world.seat(2, ready=False)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.leg_ends("x", 1, 13.0)
    assert world.answer("x", 2, 12.5).facts == [], "older than the end of the talk"
    world.answer("x", 2, 14.0)
    assert (world.call("x").phase, world.agent(2).state) == (Phase.TALKING, S.TALKING)
    world.leg_ends("x", 2, 20.0)
    world.hang_up("x", 21.0)
    assert len(world.told(TalkStarted)) == len(world.told(TalkEnded)) == 1
    assert (finished(world).answered_at, finished(world).talk_ended_at) == (12.0, 13.0)
    assert world.agent(2).state is S.WRAP_UP


@pytest.mark.parametrize("broken", ["agent", "offer"])
def test_an_offer_whose_memory_is_broken_still_ends(world: World, broken: str) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    if broken == "agent":
        world.agent(1).offer_id = None
    else:
        world.call("x").offer_id = world.agent(1).offer_id = None
    world.hang_up("x", 12.0)
    assert finished(world).unreached_stage is AbandonStage.RINGING
    assert len(world.told(OfferEnded)) == (broken == "agent")
    world.picture(20.0)
    assert world.agent(1).state is S.READY


# --- memory ------------------------------------------------------------------------------------


def test_ended_calls_are_remembered_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.model.FINISHED_REMEMBERED", 3)
    state = new_state()
    for number in range(5):
        state.remember_finished(CallId(str(number)))
    assert list(state.finished) == ["2", "3", "4"]


def test_a_long_day_leaves_nothing_behind(world: World) -> None:
    world.seat(1)
    world.configure(CITIZENS, wrap_up_seconds=0.0)
    for number in range(2000):
        at = 10.0 + 5 * number
        world.wait(str(number), at)
        world.answer(str(number), 1, at + 1)
        world.leg_ends(str(number), 1, at + 2)
        world.hang_up(str(number), at + 3)
        world.apply(Tick(at + 3))
    state = world.state
    assert (len(state.calls), len(state.offers), len(world.told(CallFinished))) == (0, 0, 2000)
    assert len(state.timers.heap) < 10
    assert sum(len(line.heap) for line in state.waiting.lines.values()) < 100
    assert sum(len(o.heap) for group in state.idle.groups.values() for o in group.orders.values()) < 100
