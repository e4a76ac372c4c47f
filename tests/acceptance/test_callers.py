"""Callers whom the hotline knows: soft routing, the open case at the offer, the protected disconnect."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.service import AgentService, NewAccount
from core import clock
from core.identity import Role
from core.vocabulary import AgentState, Phone
from db.pool import Database
from hotline.demo.callers import Caller
from hotline.demo.client import ApiRefused, HotlineClient
from hotline.demo.phones import NEVER, Answers
from tests.acceptance.centre import PASSWORD, Centre, until

NUMBER = "13800001111"
TALKS_ON = Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER))


async def second_supervisor(centre: Centre) -> HotlineClient:
    database = Database(centre.stack.dsn, max_size=1)
    await database.connect()
    try:
        people = AgentService(database, ["citizens"], 3600)
        await people.create_account(NewAccount("second", "Second", Role.SUPERVISOR, PASSWORD), "test")
    finally:
        await database.close()
    return await HotlineClient.logged_in(centre.http, centre.stack.api_url, "second", PASSWORD)


async def senior_at(centre: Centre, phone: str) -> None:
    """A ready agent with the skill; it counts from the next log-in on."""
    agent = await centre.seat(phone, ready=False)
    await centre.rows("INSERT INTO skills (name, title) VALUES ('senior', 'Difficult callers')")
    await centre.rows(
        "INSERT INTO agent_skills (account_id, skill, level) "
        "SELECT id, 'senior', 1 FROM accounts WHERE login = $1",
        f"agent{phone}",
    )
    await agent.leave_seat()
    await agent.sit_down(Phone(phone))
    await agent.ask_state(AgentState.READY)


async def my_call(agent: HotlineClient) -> dict[str, Any] | None:
    call: dict[str, Any] | None = (await agent.call("GET", "/me"))["call"]
    return call


async def test_a_call_that_cannot_be_borne_ends_after_a_warning_and_the_next_one_shows_the_case(
    centre: Centre,
) -> None:
    phones = await centre.staff("1001", behaviour=TALKS_ON)
    agent = centre.agents[Phone("1001")]
    callers = await centre.callers(Caller(NUMBER))

    async def talking() -> bool:
        call = await my_call(agent)
        return call is not None and call["ticket_id"] is not None

    await until(talking, "no talk")
    call = await my_call(agent)
    assert call is not None
    flag = await agent.call("POST", "/me/call/flags", {"code": "clinging", "note": "the third time today"})
    assert flag["stress_room_offered"]

    # Taken back within the warning: the talk goes on.
    await agent.call("POST", "/me/call/disconnect", {"code": "abusive", "note": "insults"})

    async def warned() -> bool:
        return bool(await centre.value("SELECT count(*) FROM call_disconnects WHERE result IS NULL"))

    await until(warned, "no warning in the record")
    with pytest.raises(ApiRefused) as refused:
        await agent.call("POST", "/me/call/hold")
    assert refused.value.code == "warning_running"
    await agent.call("DELETE", "/me/call/disconnect")
    with pytest.raises(ApiRefused) as refused:
        await agent.call("DELETE", "/me/call/disconnect")
    assert refused.value.code == "no_warning"
    assert (await agent.call("GET", "/me"))["state"]["state"] == "TALKING"
    (sip,) = phones.calls()
    assert sip.talk_seconds is None, "the agent's leg was dropped"

    # Not taken back: the dialplan ends it.
    await agent.call("POST", "/me/call/disconnect", {"code": "abusive", "note": "insults"})
    assert await callers.wait(40) == 0
    await centre.settled(1)
    (row,) = await centre.rows("SELECT outcome, cause FROM calls")
    assert (row["outcome"], row["cause"]) == ("answered", "agent_disconnect")
    results = await centre.rows("SELECT result FROM call_disconnects ORDER BY asked_at")
    assert [row["result"] for row in results] == ["stopped", "disconnected"]
    flags = await centre.rows("SELECT code FROM call_flags ORDER BY at")
    assert [row["code"] for row in flags] == ["clinging", "abusive"]
    marks = await centre.rows("SELECT * FROM call_marks WHERE kind = 'warning' ORDER BY started_at")
    assert len(marks) == 2
    assert all(mark["ended_at"] is not None for mark in marks)
    assert marks[1]["record_from"] > marks[0]["record_from"]
    actions = await centre.rows("SELECT action FROM audit WHERE action LIKE 'call.%' ORDER BY id")
    assert [row["action"] for row in actions] == [
        "call.flagged",
        *("call.disconnect_asked", "call.disconnect_ended") * 2,
    ]
    (recording,) = await centre.rows("SELECT state FROM recordings")
    assert recording["state"] == "ready"

    # He calls again: the open case is there with the offer.
    again = await centre.callers(Caller(NUMBER))

    async def shown() -> bool:
        now = await my_call(agent)
        return now is not None and now["known"] is not None

    await until(shown, "the caller is not known")
    known = (await my_call(agent) or {})["known"]
    assert [ticket["id"] for ticket in known["open_tickets"]] == [call["ticket_id"]]
    assert [earlier["call_id"] for earlier in known["last_calls"]] == [call["call_id"]]
    assert {flag["code"] for flag in known["flags"]} == {"clinging", "abusive"}
    assert (await agent.call("GET", "/me/call/caller"))["open_tickets"] == known["open_tickets"]
    await again.stop()


async def test_lists_take_two_people_and_whoever_calls_too_often_still_reaches_a_person() -> None:
    async with Centre(caller_cap_calls=1, caller_message_seconds=6) as centre:
        second = await second_supervisor(centre)
        await centre.phones("1001", "1002", behaviour=Answers(ring_seconds=0.1, talk_seconds=(0.3, 0.3)))
        await centre.seat("1001")
        await senior_at(centre, "1002")
        entry = await propose(centre.chief)
        with pytest.raises(ApiRefused) as refused:
            await centre.chief.call(
                "POST", f"/caller-lists/{entry}/decision", {"approve": True, "note": "yes"}
            )
        assert (refused.value.status, refused.value.code) == (403, "second_person_needed")
        await second.call("POST", f"/caller-lists/{entry}/decision", {"approve": True, "note": "seen"})

        listed = await centre.callers(Caller(NUMBER))
        assert await listed.wait(20) == 0
        await centre.settled(1)
        assert await centre.value("SELECT phone FROM calls WHERE caller = $1", NUMBER) == "1002"

        often = await centre.callers(*(Caller("13900002222") for _ in range(3)), rate=5)
        assert await often.wait(30) == 0
        await centre.settled(4)
        calls = await centre.rows("SELECT outcome FROM calls WHERE caller = '13900002222'")
        assert [row["outcome"] for row in calls] == ["answered"] * 3
        assert '"flow": "voice_service"' in centre.log("service")
        treated = await centre.rows("SELECT treatment, cause FROM call_treatments ORDER BY at, treatment")
        assert [(row["treatment"], row["cause"]) for row in treated] == [
            ("senior", f"list:{entry}"),
            ("low_priority", "frequency"),
            ("low_priority", "frequency"),
            ("voice_service", "frequency"),
        ]


async def propose(client: HotlineClient) -> int:
    ends = datetime.fromtimestamp(clock.wall(), UTC) + timedelta(days=7)
    body = {
        "number": NUMBER,
        "kind": "senior",
        "reason_code": "abuse",
        "reason": "insults every agent",
        "expires_at": ends.isoformat(),
    }
    entry: int = (await client.call("POST", "/caller-lists", body))["id"]
    return entry
