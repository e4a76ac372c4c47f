"""Scenarios: memory is put right by pictures of Asterisk, in the run and after a restart."""

import pytest

from acd.journal import parse, replay
from acd.model import Call, State
from acd.phases import Phase
from acd.reconcile import OFFER_SETTLE_SECONDS
from acd.service import restore
from agents.model import SeatedAgent
from core.commands import MirrorMember, OfferCall, RequestReconcile, ReturnToHold
from core.events import CallAnswered, Tick
from core.facts import (
    AgentStateChanged,
    CallFinished,
    CallOffered,
    CallQueued,
    CallUsedFallback,
    OfferEnded,
    TalkEnded,
    TalkStarted,
)
from core.vocabulary import AgentId, AgentState, CallId, OfferId, OfferResult, Outcome, Phone, QueueName
from tests.unit.acd.test_journal import row, user
from tests.unit.acd.world import CITIZENS, FIRST_OFFER, World, live, new_state, phone_of, waiting

S = AgentState


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def offline() -> World:
    return World(new_state(online=False))


# --- the first picture -------------------------------------------------------------------------


def test_nothing_is_offered_before_the_first_picture(offline: World) -> None:
    offline.seat(1)
    offline.wait("x", 10.0)
    assert offline.offers == []
    offline.picture(11.0, live("x", "waiting", entered_at=10.0))
    assert offline.offers == [("x", 1)]


def test_the_first_picture_mirrors_everybody_the_others_nobody(offline: World) -> None:
    offline.seat(1)
    offline.seat(2, ready=False)
    offline.commands.clear()
    offline.picture(10.0)
    mirrored = {(m.phone, m.paused) for m in offline.ordered(MirrorMember)}
    assert mirrored == {(phone_of(1), False), (phone_of(2), True)}
    offline.commands.clear()
    offline.picture(40.0)
    assert offline.commands == []


def test_a_lost_connection_stops_offers_until_the_next_picture(world: World) -> None:
    world.seat(1)
    world.lose_connection(5.0)
    world.wait("x", 6.0)
    assert world.offers == []
    world.picture(7.0, live("x", "waiting", entered_at=6.0))
    assert world.offers == [("x", 1)]


def test_unknown_waiting_calls_are_adopted_in_their_original_order(offline: World) -> None:
    offline.seat(1)
    offline.picture(
        20.0,
        live("second", "waiting", entered_at=2.0, notice_at=4.0),
        live("first", "waiting", entered_at=1.0),
    )
    assert [fact.at for fact in offline.told(CallOffered)] == [2.0, 1.0]
    assert {(fact.call_id, fact.notice_at, fact.at) for fact in offline.told(CallQueued)} == {
        ("second", 4.0, 4.0),
        ("first", None, 1.0),
    }
    offline.seat(2, 21.0)
    assert offline.offers == [("first", 1), ("second", 2)]


@pytest.mark.parametrize("stage", ["", "announcement"])
def test_a_call_in_the_announcement_is_adopted_but_not_queued(offline: World, stage: str) -> None:
    offline.seat(1)
    offline.picture(20.0, live("x", stage, entered_at=19.0))
    assert offline.call("x").phase is Phase.ANNOUNCEMENT
    assert (offline.offers, offline.told(CallQueued)) == ([], [])
    offline.apply(waiting("x", 21.0, entered_at=19.0))
    assert offline.offers == [("x", 1)]


def test_an_unknown_talk_is_adopted_with_its_agent(offline: World) -> None:
    offline.seat(1)
    offline.picture(20.0, live("x", "offering", entered_at=1.0, agent=1, talking=True, offer_id=7), busy=[1])
    assert (offline.agent(1).state, offline.agent(1).call_id) == (S.TALKING, "x")
    assert [fact.agent_id for fact in offline.told(TalkStarted)] == [1]
    assert offline.offers == []


def test_an_unknown_call_in_the_rating_is_an_answered_one_and_not_offered(offline: World) -> None:
    """It was in the waiting line once, and would have been torn out of the rating."""
    offline.seat(1)
    offline.picture(20.0, live("x", "rating", entered_at=1.0))
    assert offline.offers == []
    assert offline.call("x").phase is Phase.AFTER
    assert [(fact.agent_id, fact.phone) for fact in offline.told(TalkStarted)] == [(None, "")]
    offline.hang_up("x", 22.0)
    assert offline.told(CallFinished)[0].outcome is Outcome.ANSWERED


def test_an_unknown_offer_that_rings_is_taken_over(offline: World) -> None:
    offline.seat(1)
    offline.wait("other", 5.0)
    offline.picture(
        20.0,
        live("x", "offering", entered_at=1.0, agent=1, offer_id=7),
        live("other", "waiting", entered_at=5.0),
        busy=[1],
    )
    assert offline.offers == [], "his phone rings already"
    assert (offline.agent(1).state, offline.agent(1).call_id) == (S.RINGING, "x")
    offline.apply(waiting("x", 25.0, entered_at=1.0, offer_id=OfferId(7), dial_status="NOANSWER"))
    assert offline.told(OfferEnded) == [OfferEnded(CallId("x"), OfferId(7), OfferResult.NO_ANSWER, 25.0)]
    assert offline.agent(1).state is S.NOT_RESPONDING


@pytest.mark.parametrize(
    ("agent", "offer_id"), [pytest.param(9, 7, id="nobody's phone"), pytest.param(1, None, id="no number")]
)
def test_a_ring_that_cannot_be_taken_over_is_left_alone(
    offline: World, agent: int, offer_id: int | None
) -> None:
    offline.seat(1)
    offline.picture(20.0, live("x", "offering", entered_at=1.0, agent=agent, offer_id=offer_id), busy=[agent])
    assert offline.call("x").phase is Phase.UNCERTAIN
    assert offline.offers == []
    offline.apply(waiting("x", 25.0, entered_at=1.0, dial_status="NOANSWER"))
    assert offline.offers == [("x", 1)]


def test_a_ring_at_the_phone_of_an_agent_in_break_is_left_alone(offline: World) -> None:
    offline.seat(1, ready=False)
    offline.picture(20.0, live("x", "offering", entered_at=1.0, agent=1, offer_id=7), busy=[1])
    assert offline.call("x").phase is Phase.UNCERTAIN
    assert offline.agent(1).state is S.BREAK


def test_a_caller_between_two_dialplan_steps_is_not_offered(world: World) -> None:
    world.wait("x", 10.0)
    world.picture(20.0, live("x", "offering", entered_at=10.0))
    assert world.call("x").phase is Phase.UNCERTAIN
    world.seat(1, 21.0)
    assert world.offers == []
    world.picture(50.0, live("x", "waiting", entered_at=10.0))
    assert world.offers == [("x", 1)]


def test_an_offer_that_won_against_the_native_queue_is_followed(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.fall_back("x", 10.1)
    world.picture(13.0, live("x", "offering", entered_at=10.0, agent=1, offer_id=FIRST_OFFER), busy=[1])
    assert (world.call("x").phase, world.agent(1).state) == (Phase.OFFERING, S.RINGING)
    world.answer("x", 1, 14.0)
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.WITHDRAWN], "ended once"


# --- what the picture corrects -----------------------------------------------------------------


def test_a_picture_that_agrees_changes_nothing(world: World) -> None:
    world.seat(1)
    world.seat(2)
    world.wait("talks", 10.0)
    world.answer("talks", 1, 11.0)
    world.wait("rings", 12.0)
    world.arrive("hears", 13.0)
    out = world.picture(
        60.0,
        live("talks", "offering", entered_at=10.0, agent=1, talking=True),
        live("rings", "offering", entered_at=12.0, agent=2, offer_id=FIRST_OFFER + 1),
        live("hears", "announcement", entered_at=13.0),
        busy=[1, 2],
    )
    assert (out.facts, out.commands) == ([], [])


def test_a_missed_answer_is_made_good(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(20.0, live("x", "offering", entered_at=10.0, agent=1, talking=True), busy=[1])
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.ANSWERED]
    assert [fact.at for fact in world.told(TalkStarted)] == [20.0]


def test_a_missed_return_from_an_offer_is_made_good(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(40.0, live("x", "waiting", entered_at=10.0))
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.WITHDRAWN]
    assert world.offers == [("x", 1), ("x", 1)]
    assert len(world.told(CallQueued)) == 1


@pytest.mark.parametrize("stage", ["waiting", "fallback"])
def test_an_offer_still_under_way_is_not_torn_up(world: World, stage: str) -> None:
    """The picture is younger than the decision, but the Redirect had not arrived when it was taken."""
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(10.0 + OFFER_SETTLE_SECONDS - 0.01, live("x", stage, entered_at=10.0))
    assert (world.offers, world.told(OfferEnded)) == ([("x", 1)], [])
    assert world.call("x").phase is Phase.OFFERING


def test_an_uncertain_call_that_waits_is_offered_again(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.fail_offer("x", 11.0)
    world.picture(12.0, live("x", "waiting", entered_at=10.0))
    assert world.offers == [("x", 1), ("x", 1)]


def test_an_offer_given_up_that_rings_after_all_is_taken_back(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.fail_offer("x", 11.0)
    world.picture(13.0, live("x", "offering", entered_at=10.0, agent=1, offer_id=FIRST_OFFER), busy=[1])
    assert (world.call("x").phase, world.agent(1).state) == (Phase.OFFERING, S.RINGING)


def test_a_call_found_in_the_native_queue_is_taken_back_and_its_agent_freed(world: World) -> None:
    """Its agent stayed RINGING for ever once."""
    world.seat(1)
    world.wait("x", 10.0)
    out = world.picture(40.0, live("x", "fallback", entered_at=10.0))
    assert ReturnToHold(CallId("x"), "PJSIP/trunk-x") in out.commands
    assert world.told(CallUsedFallback) == [CallUsedFallback(CallId("x"), 40.0)]
    assert (world.agent(1).state, world.agent(1).call_id) == (S.READY, None)
    again = world.picture(70.0, live("x", "fallback", entered_at=10.0))
    assert (again.facts, len(again.commands)) == ([], 1)


def test_an_offered_call_found_in_the_rating_was_answered_by_the_offered_agent(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(20.0, live("x", "rating", entered_at=10.0))
    assert [fact.agent_id for fact in world.told(TalkStarted)] == [1]
    assert len(world.told(TalkEnded)) == 1
    assert world.agent(1).state is S.WRAP_UP


def test_a_missed_end_of_a_talk_is_made_good(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.picture(20.0, live("x", "rating", entered_at=10.0))
    assert [fact.at for fact in world.told(TalkEnded)] == [20.0]
    assert world.agent(1).state is S.WRAP_UP
    assert world.picture(25.0, live("x", "rating", entered_at=10.0)).facts == []


def test_a_caller_left_in_music_after_a_talk_is_served_again_after_two_pictures(world: World) -> None:
    world.seat(1)
    world.seat(2, ready=False)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    out = world.picture(20.0, live("x", "waiting", entered_at=10.0), busy=[1])
    assert [type(command) for command in out.commands] == [RequestReconcile]
    world.picture(21.0, live("x", "offering", entered_at=10.0, agent=1, talking=True), busy=[1])
    world.picture(22.0, live("x", "waiting", entered_at=10.0), busy=[1])
    assert world.call("x").phase is Phase.TALKING, "not twice in a row"
    world.picture(23.0, live("x", "waiting", entered_at=10.0))
    assert world.call("x").phase is Phase.WAITING
    world.ask(2, S.READY, 24.0)
    assert world.offers[-1] == ("x", 2)
    world.answer("x", 2, 26.0)
    world.leg_ends("x", 2, 30.0)
    world.hang_up("x", 31.0)
    assert len(world.told(TalkStarted)) == len(world.told(TalkEnded)) == len(world.told(CallFinished)) == 1
    assert world.told(CallFinished)[0].outcome is Outcome.ANSWERED
    assert world.agent(2).state is S.WRAP_UP


def test_a_caller_torn_out_of_his_talk_by_an_offer_is_followed_when_he_is_answered(world: World) -> None:
    world.seat(1)
    world.seat(2)
    world.wait("x", 10.0)
    world.answer("x", 9, 10.1)  # the native queue, while the Redirect to agent 1 was under way
    world.leg_ends("x", 9, 10.2)
    world.picture(13.0, live("x", "offering", entered_at=10.0, agent=1, offer_id=FIRST_OFFER), busy=[1])
    assert world.call("x").phase is Phase.AFTER
    world.answer("x", 1, 14.0)
    assert (world.call("x").phase, world.agent(1).state) == (Phase.TALKING, S.TALKING)


# --- the picture is not the newest -------------------------------------------------------------


def test_what_happened_after_the_picture_was_begun_stands(world: World) -> None:
    world.seat(1)
    world.wait("ended", 1.0)
    world.hang_up("ended", 5.0)
    world.wait("talks", 2.0)
    world.answer("talks", 1, 6.0)
    world.wait("new", 7.0)
    out = world.picture(
        4.0,
        live("ended", "waiting", entered_at=1.0),
        live("talks", "waiting", entered_at=2.0),
    )
    assert out.facts == []
    assert set(world.state.calls) == {"talks", "new"}
    assert world.call("new").missing == 0
    assert world.agent(1).state is S.TALKING


def test_news_of_a_phone_after_the_picture_was_begun_stands(world: World) -> None:
    world.seat(1)
    world.seat(2)
    world.phone(1, 10.5, reachable=False)
    world.phone(3, 10.6, reachable=True)
    out = world.picture(10.0, phones=[1, 2])
    assert out.facts == []
    assert world.agent(1).state is S.NOT_RESPONDING
    assert world.state.reachable == {phone_of(2), phone_of(3)}
    world.picture(11.0, phones=[1])
    assert world.state.reachable == {phone_of(1)}
    assert (world.agent(1).state, world.agent(2).state) == (S.READY, S.NOT_RESPONDING)
    assert world.state.phone_news == {}


def test_an_agent_who_has_just_begun_to_talk_is_not_freed(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    world.state.calls.clear()
    world.picture(11.0)
    assert world.agent(1).state is S.TALKING
    world.picture(13.0, busy=[1])
    assert world.agent(1).state is S.TALKING
    world.picture(14.0)
    assert world.agent(1).state is S.WRAP_UP


def test_an_agent_whose_phone_should_ring_for_nobody_is_freed(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.state.calls.clear()
    world.picture(20.0)
    assert (world.agent(1).state, world.agent(1).cause) == (S.READY, "system:reconciled")


# --- calls that are gone -----------------------------------------------------------------------


def test_missing_once_is_not_ended_missing_twice_is(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.answer("x", 1, 12.0)
    first = world.picture(20.0)
    assert first.facts == []
    assert [type(command) for command in first.commands] == [RequestReconcile]
    world.picture(21.0)
    (fact,) = world.told(CallFinished)
    assert (fact.outcome, fact.cause, fact.at) == (Outcome.ANSWERED, "interrupted", 21.0)
    assert len(world.told(TalkEnded)) == 1
    assert world.agent(1).state is S.WRAP_UP


def test_a_caller_missing_from_the_first_picture_is_not_offered_before_he_is_seen(offline: World) -> None:
    offline.seat(1)
    offline.wait("ghost", 10.0)
    offline.wait("real", 11.0)
    offline.picture(20.0, live("real", "waiting", entered_at=11.0))
    assert offline.offers == [("real", 1)]
    offline.seat(2, 20.5)
    offline.picture(
        21.0, live("ghost", "waiting", entered_at=10.0), live("real", "offering", entered_at=11.0)
    )
    assert offline.offers == [("real", 1), ("ghost", 2)]


def test_missing_twice_but_not_in_a_row_is_not_ended(world: World) -> None:
    world.wait("x", 10.0)
    world.picture(20.0)
    world.picture(21.0, live("x", "waiting", entered_at=10.0))
    world.picture(22.0)
    assert world.told(CallFinished) == []
    world.apply(waiting("x", 22.5, entered_at=10.0))
    world.fall_back("x", 22.6)  # news of the call is a sign of life as well
    world.picture(23.0)
    assert world.told(CallFinished) == []


def test_missing_while_it_rings_frees_the_agent(world: World) -> None:
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(20.0)
    world.picture(21.0)
    assert [fact.result for fact in world.told(OfferEnded)] == [OfferResult.CALLER_LEFT]
    assert world.agent(1).state is S.READY


# --- restart -----------------------------------------------------------------------------------


def seated(agent: int, state: AgentState, **more: object) -> SeatedAgent:
    values: dict[str, object] = {
        "reason": "",
        "cause": "agent",
        "since": 5.0,
        "until": None,
        "next_state": None,
        "next_reason": "",
        "call_id": None,
    }
    return SeatedAgent(
        agent_id=AgentId(agent),
        name=f"agent {agent}",
        phone=phone_of(agent),
        queues=(CITIZENS,),
        state=state,
        **{**values, **more},  # type: ignore[arg-type] # names and types are those of the class
    )


def recorded(call: str, phase: Phase, arrived_at: float, **more: object) -> Call:
    """A call as ``acd.store`` reads it back: without a channel."""
    return Call(
        call_id=CallId(call),
        channel="",
        uniqueid=f"u-{call}",
        caller="138",
        dialled="12345",
        queue=CITIZENS,
        arrived_at=arrived_at,
        phase=phase,
        queued_at=None if phase is Phase.ANNOUNCEMENT else arrived_at,
        **more,  # type: ignore[arg-type] # names and types are those of the class
    )


def restarted(
    agents: list[SeatedAgent],
    calls: list[Call],
    offers: list[tuple[OfferId, CallId, AgentId, Phone]] | None = None,
    finished: list[CallId] | None = None,
) -> World:
    state: State = new_state(online=False)
    restore(state, agents, calls, offers or [], finished or [])
    return World(state)


def test_the_waiting_order_is_the_original() -> None:
    world = restarted(
        [seated(1, S.READY), seated(2, S.READY, since=6.0), seated(3, S.BREAK)],
        [recorded("b", Phase.UNCERTAIN, 2.0), recorded("c", Phase.UNCERTAIN, 3.0)],
    )
    world.picture(
        20.0,
        live("c", "waiting", entered_at=3.0),
        live("b", "waiting", entered_at=2.0),
        live("a", "waiting", entered_at=1.0),
    )
    assert world.offers == [("a", 1), ("b", 2)]
    world.ask(3, S.READY, 21.0)
    assert world.offers[-1] == ("c", 3)
    assert {offer.channel for offer in world.ordered(OfferCall)} == {
        "PJSIP/trunk-a",
        "PJSIP/trunk-b",
        "PJSIP/trunk-c",
    }
    assert [fact.call_id for fact in world.told(CallOffered)] == ["a"]


def test_a_restored_call_heard_of_before_any_picture_has_a_channel_to_be_offered_by() -> None:
    world = restarted([seated(1, S.READY)], [recorded("x", Phase.UNCERTAIN, 1.0)])
    world.picture(9.0)
    world.apply(waiting("x", 10.0, entered_at=1.0))
    assert world.last_offer().channel == "PJSIP/trunk-x"


def test_talks_are_adopted_without_a_second_start() -> None:
    world = restarted(
        [seated(1, S.TALKING)],
        [recorded("x", Phase.TALKING, 1.0, agent_id=AgentId(1), phone=phone_of(1), answered_at=4.0)],
    )
    world.picture(20.0, live("x", "offering", entered_at=1.0, agent=1, talking=True), busy=[1])
    assert world.facts == []
    assert world.agent(1).call_id == "x"
    world.leg_ends("x", 1, 30.0)
    world.hang_up("x", 31.0)
    assert world.told(TalkStarted) == []
    assert (world.told(TalkEnded)[0].at, world.told(CallFinished)[0].answered_at) == (30.0, 4.0)
    assert world.agent(1).state is S.WRAP_UP


def test_a_ringing_offer_is_taken_up_where_it_was() -> None:
    world = restarted(
        [seated(1, S.RINGING)],
        [recorded("x", Phase.UNCERTAIN, 1.0)],
        [(OfferId(7), CallId("x"), AgentId(1), phone_of(1))],
    )
    world.picture(20.0, live("x", "offering", entered_at=1.0, agent=1, offer_id=7), busy=[1])
    assert world.facts == []
    world.answer("x", 1, 22.0)
    assert [(fact.offer_id, fact.result) for fact in world.told(OfferEnded)] == [(7, OfferResult.ANSWERED)]


@pytest.mark.parametrize(
    ("agents", "calls"),
    [
        pytest.param([], [recorded("x", Phase.UNCERTAIN, 1.0)], id="agent gone"),
        pytest.param([seated(1, S.RINGING)], [], id="call gone"),
        pytest.param([seated(1, S.READY)], [recorded("x", Phase.UNCERTAIN, 1.0)], id="agent free by now"),
        pytest.param([seated(1, S.RINGING)], [recorded("x", Phase.ANNOUNCEMENT, 1.0)], id="not queued"),
    ],
)
def test_an_offer_that_does_not_fit_the_rest_is_not_restored(
    agents: list[SeatedAgent], calls: list[Call]
) -> None:
    world = restarted(agents, calls, [(OfferId(7), CallId("x"), AgentId(1), phone_of(1))])
    assert world.state.offers == {}
    world.picture(20.0)
    assert all(agent.state is S.READY for agent in world.state.agents.values())


def test_agents_of_calls_that_are_gone_are_freed() -> None:
    world = restarted([seated(1, S.TALKING), seated(2, S.RINGING)], [])
    world.picture(20.0)
    assert (world.agent(1).state, world.agent(2).state) == (S.WRAP_UP, S.READY)


def test_wrap_up_goes_on_and_keeps_its_deadline_and_wish() -> None:
    wish = {"next_state": S.BREAK, "next_reason": "lunch"}
    world = restarted([seated(1, S.WRAP_UP, until=30.0, call_id=CallId("x"), **wish)], [])
    assert world.agent(1).call_id == "x"
    world.picture(20.0)
    assert world.agent(1).state is S.WRAP_UP
    world.apply(Tick(30.0))
    assert (world.agent(1).state, world.agent(1).reason) == (S.BREAK, "lunch")


def test_an_agent_whose_phone_was_lost_before_the_restart_comes_back_with_it() -> None:
    lost = seated(1, S.NOT_RESPONDING, cause="system:phone_lost")
    silent = seated(2, S.NOT_RESPONDING, cause="system:no_answer")
    world = restarted([lost, silent], [])
    world.picture(20.0)
    assert (world.agent(1).state, world.agent(2).state) == (S.READY, S.NOT_RESPONDING)


def test_an_agent_whose_phone_went_during_the_restart() -> None:
    world = restarted([seated(1, S.READY)], [])
    world.picture(20.0, phones=[])
    assert world.agent(1).state is S.NOT_RESPONDING


def test_a_call_of_a_queue_that_is_no_longer_configured_is_served() -> None:
    call = recorded("x", Phase.UNCERTAIN, 1.0)
    call.queue = QueueName("gone")
    world = restarted([seated(1, S.READY)], [call])
    world.picture(20.0, live("x", "waiting", entered_at=1.0))
    assert world.offers == [("x", 1)]


def test_an_ended_call_is_not_brought_back() -> None:
    world = restarted([], [], finished=[CallId("x")])
    world.apply(waiting("x", 10.0))
    world.picture(20.0, live("x", "waiting"))
    assert (world.facts, world.state.calls) == ([], {})


def test_what_the_record_knows_already_is_old_news() -> None:
    talk = {"agent_id": AgentId(1), "phone": phone_of(1), "answered_at": 4.0, "talk_ended_at": 8.0}
    world = restarted([seated(1, S.READY)], [recorded("x", Phase.AFTER, 1.0, **talk)])
    assert world.answer("x", 1, 4.0).facts == []
    assert world.leg_ends("x", 1, 8.0).facts == []
    assert world.agent(1).state is S.READY


# --- restart with the journal ------------------------------------------------------------------

AGENT_1 = "PJSIP/1001-0000000a"


def told_by_journal(world: World, *rows: str) -> None:
    phones = {phone_of(number) for number in range(10)}
    for event in replay(parse(rows), lambda endpoint: endpoint in phones):
        world.apply(event)


def test_calls_that_ended_meanwhile_close_with_the_journals_times() -> None:
    world = restarted(
        [seated(1, S.TALKING)],
        [
            recorded("talked", Phase.TALKING, 1.0, agent_id=AgentId(1), phone=phone_of(1), answered_at=4.0),
            recorded("waited", Phase.UNCERTAIN, 2.0),
        ],
    )
    told_by_journal(
        world,
        row("HANGUP", "12.5", call="waited", extra='{"hangupcause":16}'),
        row("HANGUP", "13.25", call="talked", channel=AGENT_1),
        row("HANGUP", "15.75", call="talked", extra='{"hangupcause":16}'),
    )
    world.picture(20.0)
    ends = {fact.call_id: fact for fact in world.told(CallFinished)}
    assert (ends[CallId("waited")].outcome, ends[CallId("waited")].at) == (Outcome.ABANDONED, 12.5)
    assert (ends[CallId("talked")].talk_ended_at, ends[CallId("talked")].at) == (13.25, 15.75)
    assert world.agent(1).until == 13.25 + 10.0
    assert world.told(TalkStarted) == []


def test_calls_that_came_and_went_meanwhile_are_accounted_for() -> None:
    world = restarted([seated(1, S.READY)], [])
    came = user("queue=citizens dialled=12345 caller=138 entered_at=10.0")
    told_by_journal(
        world,
        row("HOTLINE_ARRIVED", "10.1", call="served", extra=came),
        row("HOTLINE_ARRIVED", "10.2", call="left", extra=came),
        row("HOTLINE_NOTICE", "12.0", call="left", extra=user("at=11.9")),
        row("HOTLINE_FALLBACK", "13.0", call="served"),
        row("HANGUP", "14.0", call="left", extra='{"hangupcause":16}'),
        row("ANSWER", "15.0", call="served", channel=AGENT_1),
        row("HANGUP", "25.0", call="served", channel=AGENT_1),
        row("HANGUP", "26.0", call="served", extra='{"hangupcause":16}'),
    )
    world.picture(30.0)
    outcomes = {fact.call_id: (fact.outcome, fact.unreached_stage) for fact in world.told(CallFinished)}
    assert outcomes == {"served": (Outcome.ANSWERED, None), "left": (Outcome.ABANDONED, "waiting")}
    assert [(fact.agent_id, fact.at) for fact in world.told(TalkStarted)] == [(1, 15.0)]
    assert world.state.calls == {}
    assert world.agent(1).state is S.WRAP_UP


def test_the_journal_read_again_changes_nothing() -> None:
    world = restarted([seated(1, S.READY)], [])
    rows = [
        row("HOTLINE_ARRIVED", "10.1", call="x", extra=user("queue=citizens caller= entered_at=10.0")),
        row("ANSWER", "15.0", call="x", channel=AGENT_1),
        row("HANGUP", "25.0", call="x", channel=AGENT_1),
    ]
    told_by_journal(world, *rows)
    told_so_far = list(world.facts)
    told_by_journal(world, *rows)
    world.picture(30.0, live("x", "rating", entered_at=10.0))
    assert world.facts == told_so_far
    keys = [fact.key for fact in world.told(AgentStateChanged)]
    assert len(keys) == len(set(keys))


def test_the_journal_read_for_another_call_does_not_disturb_those_that_live() -> None:
    """It is read again whenever a call is missing from a picture, and it tells of all calls."""
    world = World()
    came = user("queue=citizens caller= entered_at=10.0")
    world.seat(1)
    for call in ("talks", "waits"):
        world.wait(call, 10.0)
    world.back("talks", "NOANSWER", 12.0)
    world.ask(1, S.READY, 12.1)
    world.answer("talks", 1, 13.0)
    world.fall_back("waits", 14.0)
    world.apply(waiting("waits", 14.5, entered_at=10.0))
    before = len(world.facts), len(world.commands)
    told_by_journal(
        world,
        row("HOTLINE_ARRIVED", "10.0", call="talks", extra=came),
        row("HOTLINE_NOTICE", "10.0", call="waits", extra=user("at=9.9")),
        row("HANGUP", "12.0", call="talks", channel=AGENT_1),
        row("ANSWER", "13.0", call="talks", channel=AGENT_1),
        row("HOTLINE_FALLBACK", "14.0", call="waits"),
    )
    assert (len(world.facts), len(world.commands)) == before
    assert (world.call("talks").phase, world.call("waits").phase) == (Phase.TALKING, Phase.WAITING)


def test_a_past_talk_told_late_does_not_end_the_present_one() -> None:
    world = World()
    world.seat(1)
    world.wait("now", 10.0)
    world.answer("now", 1, 20.0)
    came = user("queue=citizens caller= entered_at=5.0")
    told_by_journal(
        world,
        row("HOTLINE_ARRIVED", "5.0", call="past", extra=came),
        row("ANSWER", "6.0", call="past", channel=AGENT_1),
        row("HANGUP", "8.0", call="past", channel=AGENT_1),
        row("HANGUP", "8.5", call="past"),
    )
    assert (world.agent(1).state, world.agent(1).call_id) == (S.TALKING, "now")
    assert [(fact.call_id, fact.agent_id) for fact in world.told(TalkStarted)] == [("now", 1), ("past", 1)]
    assert world.told(CallFinished)[0].outcome is Outcome.ANSWERED


def test_a_past_talk_told_late_does_not_withdraw_the_present_offer() -> None:
    world = World()
    world.seat(1)
    world.wait("now", 10.0)
    came = user("queue=citizens caller= entered_at=5.0")
    told_by_journal(
        world,
        row("HOTLINE_ARRIVED", "5.0", call="past", extra=came),
        row("ANSWER", "6.0", call="past", channel=AGENT_1),
    )
    assert (world.agent(1).state, world.agent(1).call_id) == (S.RINGING, "now")


def test_what_is_older_than_a_picture_that_agrees_is_old_news() -> None:
    world = World()
    world.seat(1)
    world.wait("x", 10.0)
    world.picture(15.0, live("x", "offering", entered_at=10.0, agent=1, offer_id=FIRST_OFFER), busy=[1])
    assert world.fall_back("x", 10.1).commands == []
    assert world.call("x").phase is Phase.OFFERING


def test_events_kept_back_during_the_picture_are_applied_after_it() -> None:
    world = restarted([seated(1, S.READY)], [recorded("x", Phase.UNCERTAIN, 1.0)])
    world.picture(20.0, live("x", "fallback", entered_at=1.0, agent=1, talking=True), busy=[1])
    world.fall_back("x", 20.1)
    world.apply(CallAnswered(CallId("x"), phone_of(1), "PJSIP/1001-x", 20.2))
    world.leg_ends("x", 1, 21.0)
    assert len(world.told(TalkStarted)) == len(world.told(TalkEnded)) == 1
    assert world.agent(1).state is S.WRAP_UP
