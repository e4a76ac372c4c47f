"""The service, PostgreSQL or Asterisk dies in the middle of calls: callers stay, nothing is lost."""

import asyncio

from core.vocabulary import AgentState, Phone
from hotline.demo.callers import Caller
from hotline.demo.phones import NEVER, Answers, NeverAnswers
from tests.acceptance import audio
from tests.acceptance.centre import Centre, until

STAY = Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER))


def _callers(first: int, number: int) -> list[Caller]:
    return [Caller(f"138000000{n:02}") for n in range(first, first + number)]


async def _states(centre: Centre) -> dict[str, int]:
    rows = await centre.rows(
        "SELECT (CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN talk_ended_at IS NOT NULL THEN 'after'"
        " WHEN answered_at IS NOT NULL THEN 'talking' ELSE 'waiting' END) AS state, count(*)"
        " FROM calls GROUP BY 1"
    )
    return {row["state"]: row["count"] for row in rows}


async def test_service_killed_with_callers_waiting_ringing_and_talking() -> None:
    """kill -9; meanwhile one talk ends; after the restart the original order, tickets, recordings."""
    queues = ({"name": "citizens", "dialled": (), "wrap_up_seconds": 0, "ring_seconds": 20},)
    async with Centre(queues=queues, heartbeat_stale_seconds=30) as centre:
        await centre.staff("1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(6.0, 6.0)))
        talking = await centre.callers(Caller("13800000001"))
        await until(lambda: _is(centre, "talking", 1), "nobody talks")
        await centre.staff("1002", behaviour=NeverAnswers())
        ringing = await centre.callers(Caller("13800000002", hangs_up_after=80.0))

        async def rings() -> bool:
            return bool(
                await centre.value(
                    "SELECT count(*) FROM agent_states WHERE to_state = 'RINGING' AND agent_id = 3"
                )
            )

        await until(rings, "the second phone does not ring")
        waiting = await centre.callers(*_callers(10, 4), rate=5)

        async def four_more() -> bool:
            return bool(await centre.value("SELECT count(*) FROM calls") == 6)

        await until(four_more, "not all callers are in")
        await centre.stack.kill_service()
        # The talk ends, unseen by the service.
        assert await talking.wait(20) == 0
        await centre.stack.start_service()

        await until(lambda: _is(centre, "ended", 1), "the talk that ended unseen is not closed")
        ended = await centre.rows("SELECT * FROM calls WHERE ended_at IS NOT NULL")
        talk = (ended[0]["talk_ended_at"] - ended[0]["answered_at"]).total_seconds()
        sip = talking.calls()[0]
        assert sip.ended_at is not None
        assert abs(talk - 6.0) < 1.0
        assert abs(ended[0]["ended_at"].timestamp() - sip.ended_at) < 1.0
        # The first agent is free again and is offered the first of those who wait.
        order = "SELECT caller FROM calls WHERE answered_at IS NOT NULL ORDER BY answered_at"

        async def all_answered() -> bool:
            return len(await centre.rows(order)) >= 6

        await until(all_answered, "those who waited are not answered", 60)
        answered = [row["caller"] for row in await centre.rows(order)]
        assert answered[0] == "13800000001"
        # The caller whose phone rings out comes back to the place of the second, whenever that is.
        later = [number for number in answered[1:] if number != "13800000002"]
        assert later == [caller.number for caller in _callers(10, 4)]
        assert await waiting.wait(40) == 0
        assert await ringing.wait(40) == 0
        await centre.settled(6, 40)
        assert await centre.value("SELECT count(*) FROM tickets") == await centre.value(
            "SELECT count(*) FROM calls WHERE answered_at IS NOT NULL"
        )
        assert await centre.value("SELECT count(*) FROM recordings WHERE state <> 'ready'") == 0
        assert waiting.statistics().failed == 0


async def _is(centre: Centre, state: str, number: int) -> bool:
    return (await _states(centre)).get(state, 0) == number


async def test_talks_and_recordings_go_on_while_the_service_is_dead(centre: Centre) -> None:
    phones = await centre.staff("1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(8.0, 8.0)))
    callers = await centre.callers(Caller("13800000001"))
    await until(lambda: _is(centre, "talking", 1), "nobody talks")
    await centre.stack.kill_service()
    await asyncio.sleep(2.0)  # the outage itself
    await centre.stack.start_service()
    me = await centre.agents[Phone("1001")].call("GET", "/me")
    assert me["state"]["state"] == "TALKING"
    assert me["call"]["ticket_id"] is not None
    assert await callers.wait(30) == 0
    await centre.settled(1)
    recording = await centre.value("SELECT id::text FROM recordings")
    sound = audio.read(await centre.agents[Phone("1001")].recording(recording))
    talked = phones.calls()[0].talk_seconds
    assert talked is not None
    assert abs(sound.seconds - talked) < 0.5
    assert audio.level(sound.left, 440) > audio.HEARD
    assert audio.level(sound.right, 620) > audio.HEARD
    assert await centre.value("SELECT count(*) FROM tickets") == 1


async def test_the_service_stays_dead_and_the_native_queue_answers(centre: Centre) -> None:
    phones = await centre.phones("1001", behaviour=Answers(ring_seconds=0.1, talk_seconds=(2.0, 2.0)))
    agent = await centre.seat("1001", ready=False)
    callers = await centre.callers(Caller("13800000001"))
    await until(lambda: _is(centre, "waiting", 1), "the caller does not wait")
    # READY on the record and in the native queue, but the service dies before it could offer: the stale
    # heartbeat is what brings the two together.
    await centre.stack.kill_service()
    await centre.stack.start_service()
    await agent.ask_state(AgentState.READY)
    assert await callers.wait(20) == 0
    await centre.settled(1)

    late = await centre.callers(Caller("13800000002"))
    await centre.stack.kill_service()
    assert await late.wait(40) == 0
    assert len(phones.calls()) == 2
    await centre.stack.start_service()
    await centre.settled(2, 30)
    (call,) = await centre.rows("SELECT * FROM calls WHERE caller = '13800000002'")
    assert call["outcome"] == "answered"
    assert call["phone"] == "1001"
    sip = phones.calls()[1]
    assert sip.answered_at is not None
    assert abs(call["answered_at"].timestamp() - sip.answered_at) < 1.0
    ticket = await centre.rows("SELECT * FROM tickets WHERE call_id = $1", call["call_id"])
    assert len(ticket) == 1
    recording = await centre.rows("SELECT * FROM recordings WHERE call_id = $1", call["call_id"])
    assert [row["state"] for row in recording] == ["ready"]
    assert abs(recording[0]["duration_s"] - 2.0) < 0.5


async def test_callers_in_the_native_queue_are_taken_back_in_order(centre: Centre) -> None:
    callers = await centre.callers(*_callers(1, 4), rate=5)
    await until(lambda: _is(centre, "waiting", 4), "the callers do not wait")
    await centre.stack.kill_service()

    def fallen_back() -> int:
        journal = centre.stack.folders.asterisk.rglob("hotline.csv")
        return sum(path.read_text(encoding="utf-8").count("HOTLINE_FALLBACK") for path in journal)

    async def all_fell_back() -> bool:
        return fallen_back() >= 4

    await until(all_fell_back, "the callers do not reach the native queue", 30)
    await centre.stack.start_service()
    await centre.staff("1001", behaviour=Answers(ring_seconds=0.05, talk_seconds=(0.5, 0.5)))
    assert await callers.wait(40) == 0
    await centre.settled(4)
    rows = await centre.rows("SELECT caller, fallback_at FROM calls ORDER BY answered_at")
    assert [row["caller"] for row in rows] == [caller.number for caller in _callers(1, 4)]
    assert all(row["fallback_at"] is not None for row in rows)
    assert callers.statistics().failed == 0


async def test_postgresql_killed_and_restarted_during_calls(centre: Centre) -> None:
    await centre.staff("1001", "1002", behaviour=Answers(ring_seconds=0.1, talk_seconds=(1.0, 1.5)))
    before = await centre.callers(*_callers(1, 3), rate=2)
    await until(lambda: _is(centre, "talking", 2), "nobody talks")
    await centre.stack.kill_postgres()
    during = await centre.callers(*_callers(10, 6), rate=3)
    assert await before.wait(30) == 0
    assert await during.wait(30) == 0
    await centre.stack.start_postgres()
    await centre.settled(9, 30)
    assert await centre.value("SELECT count(*) FROM calls WHERE outcome = 'answered'") == 9
    assert await centre.value("SELECT count(*) FROM tickets") == 9
    assert await centre.value("SELECT count(*) FROM recordings WHERE state = 'ready'") == 9
    # The rows carry the times at which things happened, not those at which the database came back.
    by_caller = {row["caller"]: row for row in await centre.rows("SELECT * FROM calls")}
    for placed in [*before.placed(), *during.placed()]:
        assert placed.call is not None
        arrived = by_caller[placed.caller.number]["arrived_at"].timestamp()
        assert abs(arrived - placed.call.invited_at) < 0.5
    samples = await centre.metrics()
    assert samples["hotline_writer_lost_total"] == 0
    assert samples["hotline_writer_dead_letters_total"] == 0


async def test_asterisk_killed_every_call_gets_its_outcome(centre: Centre) -> None:
    await centre.staff("1001", behaviour=STAY)
    callers = await centre.callers(*_callers(1, 3), rate=5)
    await until(lambda: _is(centre, "talking", 1), "nobody talks")
    await until(lambda: _is(centre, "waiting", 2), "nobody waits")
    await centre.stack.kill_asterisk()
    await centre.stack.start_asterisk()
    await centre.settled(3, 20)
    await callers.stop()
    rows = await centre.rows("SELECT outcome, cause FROM calls ORDER BY arrived_at")
    assert [row["outcome"] for row in rows] == ["answered", "failed", "failed"]
    assert await centre.value("SELECT count(*) FROM tickets") == 1
    assert await centre.value("SELECT count(*) FROM abandoned_calls") == 2  # they are to be rung back
    me = await centre.agents[Phone("1001")].call("GET", "/me")
    assert me["call"] is None


async def test_sigterm_under_load_loses_nothing(centre: Centre) -> None:
    await centre.staff("1001", "1002", behaviour=Answers(ring_seconds=0.05, talk_seconds=(0.5, 1.0)))
    callers = await centre.callers(*_callers(1, 12), rate=4)
    await until(lambda: _is(centre, "ended", 2), "no call ends")
    await centre.stack.stop_service()
    await centre.stack.start_service()
    assert await callers.wait(60) == 0
    await centre.settled(12, 30)
    assert await centre.value("SELECT count(*) FROM calls WHERE outcome = 'answered'") == 12
    assert await centre.value("SELECT count(*) FROM tickets") == 12
    assert await centre.value("SELECT count(*) FROM recordings WHERE state = 'ready'") == 12
