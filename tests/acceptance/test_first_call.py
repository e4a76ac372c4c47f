"""The first real call: announced, queued, answered, ticketed, recorded, rated, measured."""

from core.vocabulary import AgentState, Phone
from hotline.demo.callers import Caller
from hotline.demo.phones import NEVER, Answers
from tests.acceptance import audio
from tests.acceptance.centre import Centre, until

CALLER_TONE, AGENT_TONE = 440, 620


async def test_ticket_while_talking_then_recording_with_both_voices(centre: Centre) -> None:
    phones = await centre.staff(
        "1001", behaviour=Answers(ring_seconds=0.2, talk_seconds=(NEVER, NEVER), tone=AGENT_TONE)
    )
    callers = await centre.callers(Caller("13800001111", hangs_up_after=5.0), tone=CALLER_TONE)
    agent = centre.agents[Phone("1001")]

    async def draft_is_there() -> bool:
        call = (await agent.call("GET", "/me"))["call"]
        return call is not None and call["ticket_id"] is not None

    await until(draft_is_there, "no ticket while the agent talks")
    me = await agent.call("GET", "/me")
    assert me["state"]["state"] == "TALKING"
    ticket = await agent.ticket(me["call"]["ticket_id"])
    assert ticket["state"] == "DRAFT"
    assert ticket["caller"] == "13800001111"
    assert ticket["dialled"] == "12345"
    assert ticket["queue"] == "citizens"

    assert await callers.wait(20) == 0
    await centre.settled(1)
    assert await centre.value("SELECT cause FROM calls") == "caller_hangup"
    (row,) = await centre.rows("SELECT * FROM recordings")
    assert row["state"] == "ready"
    assert row["ticket_id"] == ticket["id"]
    sound = audio.read(await agent.recording(str(row["id"])))
    assert audio.level(sound.left, CALLER_TONE) > audio.HEARD
    assert audio.level(sound.left, AGENT_TONE) < audio.ABSENT
    assert audio.level(sound.right, AGENT_TONE) > audio.HEARD
    assert audio.level(sound.right, CALLER_TONE) < audio.ABSENT
    (sip,) = phones.calls()
    talked = sip.talk_seconds
    assert talked is not None
    assert abs(sound.seconds - talked) < 0.5
    assert abs(row["duration_s"] - talked) < 0.5


async def test_recording_is_served_in_ranges_and_every_opening_is_a_row(centre: Centre) -> None:
    await centre.staff("1001", behaviour=Answers(talk_seconds=(1.0, 1.0)))
    callers = await centre.callers(Caller("13800001111"))
    await callers.wait(20)
    await centre.settled(1)
    recording = await centre.value("SELECT id::text FROM recordings")
    url = f"{centre.stack.api_url}/api/v1/recordings/{recording}/audio"
    token = centre.agents[Phone("1001")]._token
    headers = {"Authorization": f"Bearer {token}", "Range": "bytes=0-99"}
    async with centre.http.get(url, headers=headers) as response:
        assert response.status == 206
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.read() == (await centre.agents[Phone("1001")].recording(recording))[:100]
    async with centre.http.get(url) as response:
        assert response.status == 401
    assert await centre.value("SELECT count(*) FROM recording_accesses") == 2


async def test_announcement_is_recorded_as_played_and_the_caller_rates() -> None:
    async with Centre(announcement=True, rating=True) as centre:
        await centre.staff("1001", behaviour=Answers(talk_seconds=(1.0, 1.0)))
        callers = await centre.callers(Caller("13800001111", presses="3", presses_after=1.0))
        assert await callers.wait(60) == 0
        await centre.settled(1)
        (call,) = await centre.rows("SELECT * FROM calls")
        assert call["outcome"] == "answered"
        assert call["cause"] == "agent_hangup"
        assert call["arrived_at"] < call["notice_at"] <= call["queued_at"] < call["answered_at"]
        assert call["rating"] == 3
        assert await centre.total("hotline_call_ratings_total") == 1


async def test_caller_waits_for_the_longest_idle_agent_and_first_come_is_first_served(centre: Centre) -> None:
    await centre.phones("1001", "1002", behaviour=Answers(talk_seconds=(0.5, 0.5)))
    first = await centre.seat("1002", ready=False)
    second = await centre.seat("1001", ready=False)
    callers = await centre.callers(*(Caller(f"1380000000{n}") for n in range(4)), rate=10)

    async def all_wait() -> bool:
        return await centre.waiting() == 4

    await until(all_wait, "the callers do not wait")
    await first.ask_state(AgentState.READY)
    await second.ask_state(AgentState.READY)
    assert await callers.wait(20) == 0
    await centre.settled(4)
    answered = await centre.rows("SELECT caller, phone FROM calls ORDER BY answered_at")
    assert [row["caller"] for row in answered] == [f"1380000000{n}" for n in range(4)]
    assert answered[0]["phone"] == "1002"
    assert answered[1]["phone"] == "1001"


async def test_wrap_up_holds_the_agent_back() -> None:
    queues = ({"name": "citizens", "dialled": (), "wrap_up_seconds": 2},)
    async with Centre(queues=queues) as centre:
        await centre.staff("1001", behaviour=Answers(talk_seconds=(0.5, 0.5)))
        callers = await centre.callers(Caller("13800000001"), Caller("13800000002"), rate=10)
        assert await callers.wait(20) == 0
        await centre.settled(2)
        first, second = await centre.rows("SELECT * FROM calls ORDER BY arrived_at")
        offered = await centre.value("SELECT at FROM offers WHERE call_id = $1", second["call_id"])
        assert (offered - first["talk_ended_at"]).total_seconds() >= 2.0
        states = await centre.rows("SELECT to_state FROM agent_states ORDER BY seq")
        assert [row["to_state"] for row in states] == [
            "BREAK",
            "READY",
            *("RINGING", "TALKING", "WRAP_UP", "READY"),
            *("RINGING", "TALKING", "WRAP_UP"),
        ][: len(states)]
