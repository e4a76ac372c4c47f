"""Calls that the centre places, and call-backs in queue, on a whole hotline."""

from typing import Any

from core.vocabulary import AgentState, Phone
from hotline.demo.callers import Caller
from hotline.demo.phones import NEVER, Answers, Busy, NeverAnswers
from tests.acceptance import audio
from tests.acceptance.centre import Centre, until
from tests.acceptance.outside import OutsideParty

AGENT_TONE, CITIZEN_TONE = 620, 880
CITIZEN = "13800001111"


async def test_a_call_about_a_ticket_is_recorded_and_belongs_to_it() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri) as centre:
        await centre.staff(
            "1001", behaviour=Answers(ring_seconds=0.2, talk_seconds=(NEVER, NEVER), tone=AGENT_TONE)
        )
        agent = centre.agents[Phone("1001")]
        async with outside.answering(
            centre, Answers(ring_seconds=0.2, talk_seconds=(2.5, 2.5), tone=CITIZEN_TONE)
        ):
            await agent.call("POST", "/me/callouts", {"number": CITIZEN})
            await until(lambda: state_is(agent, "OUTBOUND"), "the agent does not call")
            await centre.settled(1, 40)
            (first,) = await centre.rows("SELECT * FROM calls")
            ticket = await centre.value("SELECT id FROM tickets")
            await agent.ask_state(AgentState.BREAK)
            await agent.call("POST", "/me/callouts", {"ticket_id": ticket})
            await centre.settled(2, 40)
        assert (first["direction"], first["outcome"], first["caller"]) == ("outbound", "answered", CITIZEN)
        second = (await centre.rows("SELECT * FROM calls ORDER BY arrived_at"))[1]
        assert (second["outcome"], second["cause"], second["ticket_id"]) == (
            "answered",
            "caller_hangup",
            ticket,
        )
        assert await centre.value("SELECT count(*) FROM tickets") == 1
        recordings = await centre.rows("SELECT * FROM recordings ORDER BY created_at")
        assert [(row["state"], row["ticket_id"]) for row in recordings] == [("ready", ticket)] * 2
        sound = audio.read(await agent.recording(str(recordings[1]["id"])))
        assert audio.level(sound.left, CITIZEN_TONE) > audio.HEARD
        assert audio.level(sound.left, AGENT_TONE) < audio.ABSENT
        assert audio.level(sound.right, AGENT_TONE) > audio.HEARD
        assert await centre.total("hotline_calls_offered_total") == 0
        assert await centre.total("hotline_callouts_finished_total") == 2
        assert await centre.value("SELECT count(*) FROM audit WHERE action = 'callout.place'") == 2
        listed = await agent.call("GET", f"/calls?ticket_id={ticket}")
        assert len(listed["items"]) == 2
        assert await state_is(agent, "BREAK")


async def test_a_citizen_who_is_busy_or_does_not_answer_costs_nobody_anything() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri, callout_ring_seconds=5) as centre:
        await centre.staff("1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER)))
        agent = centre.agents[Phone("1001")]
        async with outside.answering(centre, Busy()):
            await agent.call("POST", "/me/callouts", {"number": CITIZEN})
            await centre.settled(1)
        async with outside.answering(centre, NeverAnswers()):
            await agent.call("POST", "/me/callouts", {"number": CITIZEN})
            await until(lambda: dialling(centre, outside), "the citizen is not called")
            await agent.call("DELETE", "/me/callouts/current")
            await centre.settled(2)
        rows = await centre.rows("SELECT outcome, cause FROM calls ORDER BY arrived_at")
        assert [tuple(row) for row in rows] == [("failed", "busy"), ("failed", "dropped")]
        assert await centre.value("SELECT count(*) FROM tickets") == 0
        assert await centre.value("SELECT count(*) FROM abandoned_calls") == 0
        await until(lambda: state_is(agent, "READY"), "the agent is not free")


async def state_is(agent: Any, state: str) -> bool:  # noqa: ANN401 - the client
    me = await agent.call("GET", "/me")
    return bool(me["state"]["state"] == state)


async def dialling(_centre: Centre, outside: OutsideParty) -> bool:
    return bool(outside.calls())


async def test_a_caller_who_presses_1_is_called_back_and_the_ticket_is_his() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri) as centre:
        await plan(centre, citizens={"call_back": {"offer_above": 0, "tries": 2, "retry_after": 1}})
        await centre.phones(
            "1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER), tone=AGENT_TONE)
        )
        agent = await centre.seat("1001", ready=False)
        callers = await centre.callers(Caller(CITIZEN, presses="1", presses_after=0.5))
        assert await callers.wait(40) == 0
        (asked,) = await centre.rows("SELECT * FROM calls")
        assert (asked["outcome"], asked["cause"]) == ("called_back", "callback_requested")
        await until(lambda: callback_is(centre, "queued"), "the request is not in the line")
        (shown,) = (await centre.chief.call("GET", "/callbacks?open=true"))["items"]
        assert (shown["number"], shown["source"]) == ("138****1111", "caller")
        async with outside.answering(centre, Busy()):
            await agent.ask_state(AgentState.READY)
            await until(lambda: tried(centre, 1), "the citizen is not called")
        async with outside.answering(
            centre, Answers(ring_seconds=0.1, talk_seconds=(2.0, 2.0), tone=CITIZEN_TONE)
        ):
            await until(lambda: callback_is(centre, "done"), "no second try")
            await centre.settled(3)
        calls = await centre.rows("SELECT * FROM calls ORDER BY arrived_at")
        assert [row["cause"] for row in calls] == ["callback_requested", "busy", "caller_hangup"]
        assert {row["origin_call_id"] for row in calls[1:]} == {asked["call_id"]}
        assert {row["callback_id"] for row in calls[1:]} == {
            await centre.value("SELECT callback_id FROM callbacks")
        }
        assert await centre.value("SELECT place_at FROM callbacks") == asked["arrived_at"]
        (ticket,) = await centre.rows("SELECT * FROM tickets")
        assert (ticket["call_id"], ticket["caller"]) == (calls[2]["call_id"], CITIZEN)
        assert await centre.value("SELECT ticket_id FROM recordings") == ticket["id"]
        assert await centre.total("hotline_callbacks_total") == 1
        assert await centre.total("hotline_callbacks_waiting") == 0


async def test_requests_outlive_the_service_and_end_when_the_citizen_rings_in() -> None:
    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri) as centre:
        for number in (CITIZEN, "13800002222"):
            await centre.chief.call("POST", "/callbacks", {"number": number})
        await until(lambda: callback_is(centre, "queued"), "the requests are not in the line")
        await centre.stack.kill_service()
        await centre.stack.start_service()
        callers = await centre.callers(Caller(CITIZEN, hangs_up_after=2.0))
        await until(lambda: callback_is(centre, "cancelled"), "his call does not take the place")
        assert await callers.wait(20) == 0
        await centre.phones("1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER)))
        async with outside.answering(centre, Answers(ring_seconds=0.1, talk_seconds=(0.5, 0.5))):
            await centre.seat("1001")
            await until(lambda: callback_is(centre, "done"), "the other citizen is not called")
        assert [call.user for call in outside.calls()] == ["13800002222"]


async def callback_is(centre: Centre, state: str) -> bool:
    states = await centre.rows("SELECT state FROM callbacks")
    return any(row["state"] == state for row in states)


async def tried(centre: Centre, times: int) -> bool:
    return bool(await centre.value("SELECT max(tries) FROM callbacks") == times)


async def plan(centre: Centre, **queues: dict[str, Any]) -> None:
    """Give the centre these queues; the first one is the default."""
    url = f"{centre.stack.api_url}/api/v1/plan"
    headers = {"Authorization": f"Bearer {centre.chief._token}"}
    async with centre.http.get(url, headers=headers) as answer:
        headers["If-Match"] = answer.headers["ETag"]
    body = {
        "default_queue": next(iter(queues)),
        "queues": {name: {"wrap_up_seconds": 0, **rules} for name, rules in queues.items()},
    }
    async with centre.http.put(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
