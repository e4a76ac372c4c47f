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
        await centre.staff("1001", behaviour=Answers(ring_seconds=0.2, talk_seconds=(NEVER, NEVER), tone=AGENT_TONE))
        agent = centre.agents[Phone("1001")]
        async with outside.answering(centre, Answers(ring_seconds=0.2, talk_seconds=(2.5, 2.5), tone=CITIZEN_TONE)):
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
        assert (second["outcome"], second["cause"], second["ticket_id"]) == ("answered", "caller_hangup", ticket)
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
