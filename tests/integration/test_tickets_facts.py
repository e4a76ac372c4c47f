import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from core.facts import CallFinished, Fact, TalkEnded, TalkStarted
from core.vocabulary import CallId
from tests.fixtures_postgres import database, dsn, fresh_database, postgres_folder, postgres_server
from tests.integration.tickets_bench import (
    ARRIVED,
    CALLER,
    Bench,
    abandoned,
    answered,
    bench,
    finished,
    offered,
    talk_ended,
    talk_started,
    until,
    writer,
)
from tests.unit.tickets.samples import AGENT_HZ, CALLER_HZ, call_id, channels, loudness
from tickets.archive import Archive
from tickets.rules import path_key, recording_id

__all__ = ["bench", "database", "dsn", "fresh_database", "postgres_folder", "postgres_server", "writer"]

pytestmark = pytest.mark.integration

CALL = call_id(1)


async def test_an_answered_call_leaves_a_draft_and_its_recording(bench: Bench) -> None:
    agent = await bench.account("zhang")
    bench.state(*offered(CALL), talk_started(CALL, agent))
    await bench.settle()
    draft = await bench.row("tickets", CALL)
    assert (draft["state"], draft["caller"], draft["dialled"], draft["queue"], draft["agent_id"]) == (
        "DRAFT", CALLER, "12345", "citizens", agent,
    )  # fmt: skip
    assert draft["arrived_at"] == datetime.fromtimestamp(ARRIVED, UTC)
    assert draft["answered_at"] == datetime.fromtimestamp(ARRIVED + 5, UTC)
    assert draft["call_ended_at"] is None
    recording = await bench.row("recordings", CALL)
    assert (recording["id"], recording["state"]) == (recording_id(CALL), "pending")


async def test_the_recording_is_archived_and_linked_when_the_call_has_finished(bench: Bench) -> None:
    agent = await bench.account("zhang")
    bench.speak(CALL, 2.0)
    bench.state(*answered(CALL, agent))
    await bench.settle()
    ticket, recording = await bench.row("tickets", CALL), await bench.row("recordings", CALL)
    file = bench.archive / recording["path_key"]
    assert recording["path_key"] == path_key(CALL, ARRIVED)
    assert (recording["state"], recording["ticket_id"]) == ("ready", ticket["id"])
    assert (recording["format"], recording["channels"], recording["sample_rate"]) == ("flac", 2, 8000)
    assert recording["duration_s"] == 2.0
    assert recording["size_bytes"] == file.stat().st_size
    assert recording["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert ticket["call_ended_at"] == datetime.fromtimestamp(ARRIVED + 65, UTC)
    assert ticket["version"] == 1
    assert not bench.raw(CALL).exists()
    left, right = channels(file)
    assert min(loudness(left, CALLER_HZ), loudness(right, AGENT_HZ)) > 8000
    assert max(loudness(left, AGENT_HZ), loudness(right, CALLER_HZ)) < 10


async def test_the_recording_waits_for_the_end_of_the_call_not_of_the_talk(bench: Bench) -> None:
    bench.speak(CALL)
    bench.state(*answered(CALL, None)[:-1])
    await bench.settle()
    assert (await bench.row("recordings", CALL))["state"] == "pending"
    assert bench.raw(CALL).exists()


async def test_a_call_that_nobody_is_logged_in_for_has_its_ticket_too(bench: Bench) -> None:
    bench.speak(CALL)
    bench.state(*answered(CALL, None))
    await bench.settle()
    assert (await bench.row("tickets", CALL))["agent_id"] is None
    assert (await bench.row("recordings", CALL))["state"] == "ready"


async def test_a_call_without_sound_is_missing_with_a_note(bench: Bench) -> None:
    bench.state(*answered(CALL, None))
    await bench.settle()
    recording = await bench.row("recordings", CALL)
    assert (recording["state"], recording["note"]) == ("missing", "no recording was made")
    assert recording["ticket_id"] is not None


async def test_a_cut_recording_is_partial_with_a_note(bench: Bench) -> None:
    bench.raw(CALL).write_bytes(bench.speak(CALL) + b"\x01")
    bench.state(*answered(CALL, None))
    await bench.settle()
    recording = await bench.row("recordings", CALL)
    assert (recording["state"], recording["duration_s"]) == ("partial", 1.0)
    assert "1 bytes left out" in recording["note"]


async def test_an_abandoned_call_has_neither_ticket_nor_recording(bench: Bench) -> None:
    bench.raw(CALL).write_bytes(b"")
    bench.state(*offered(CALL), abandoned(CALL))
    await bench.settle()
    assert (await bench.count("tickets"), await bench.count("recordings")) == (0, 0)
    assert not bench.raw(CALL).exists()


async def final_rows(bench: Bench, call: CallId) -> list[dict[str, object]]:
    """A call's rows without what differs from call to call."""
    rows = []
    for table in ("tickets", "recordings"):
        row = await bench.row(table, call)
        for name in ("id", "ticket_id", "call_id", "path_key", "closed_at"):
            row.pop(name, None)
        rows.append(row)
    return rows


async def test_facts_twice_late_and_in_any_order_give_the_same_rows(bench: Bench) -> None:
    agent = await bench.account("zhang")
    orders = list(permutations((TalkStarted, TalkEnded, CallFinished)))
    for number, order in enumerate(orders):
        call = call_id(number)
        bench.speak(call)
        for fact in answered(call, agent):
            bench.calls.record(fact)
        facts: dict[type[Fact], Fact] = {
            TalkStarted: talk_started(call, agent),
            TalkEnded: talk_ended(call, agent),
            CallFinished: finished(call),
        }
        for kind in (*order, *order):
            bench.tickets.record(facts[kind])
    await bench.settle()
    await bench.tickets.recover()
    await bench.settle()
    first = await final_rows(bench, call_id(0))
    assert [row["state"] for row in first] == ["DRAFT", "ready"]
    for number in range(1, len(orders)):
        assert await final_rows(bench, call_id(number)) == first, orders[number]
    assert await bench.count("tickets") == await bench.count("recordings") == len(orders)
    assert bench.tickets._archive.spooled() == []


async def test_a_replay_after_a_restart_changes_nothing(bench: Bench) -> None:
    bench.speak(CALL)
    facts = answered(CALL, await bench.account("zhang"))
    bench.state(*facts)
    await bench.settle()
    before = [await bench.row("tickets", CALL), await bench.row("recordings", CALL)]
    later = bench.another()
    for fact in facts:
        later.record(fact)
    await later.drain()
    await bench.writer.flush()
    assert [await bench.row("tickets", CALL), await bench.row("recordings", CALL)] == before
    assert (bench.archive / before[1]["path_key"]).exists()
    await later.stop()


async def test_the_screen_finds_the_ticket_at_once(bench: Bench) -> None:
    bench.state(*offered(CALL), talk_started(CALL, None))
    ticket_id = await bench.tickets.ticket_of(CALL)
    assert ticket_id == (await bench.row("tickets", CALL))["id"]
    assert await bench.tickets.ticket_of(call_id(2)) is None


async def test_a_hundred_calls_at_once_are_all_archived(bench: Bench) -> None:
    calls = [call_id(number) for number in range(100)]
    for call in calls:
        bench.speak(call, 0.25)
        bench.state(*answered(call, None))
    assert bench.tickets.stats.pending == 100
    await bench.settle()
    assert (bench.tickets.stats.closed, bench.tickets.stats.pending) == (100, 0)
    ready = await bench.database.fetchval(
        "SELECT count(*) FROM recordings r JOIN tickets t ON t.id = r.ticket_id"
        " WHERE r.state = 'ready' AND r.call_id = t.call_id"
    )
    assert ready == 100
    assert list(bench.spool.iterdir()) == []


async def test_a_call_whose_talk_never_ended_in_our_sight_ends_with_the_call(bench: Bench) -> None:
    bench.state(*offered(CALL), talk_started(CALL, None), replace(finished(CALL), talk_ended_at=None))
    await bench.settle()
    assert (await bench.row("tickets", CALL))["call_ended_at"] == datetime.fromtimestamp(ARRIVED + 70, UTC)


# --- recovery: the service ended at each step ------------------------------------------------------


async def interrupted_before_the_ticket(bench: Bench) -> None:
    for fact in answered(CALL, None):
        bench.calls.record(fact)


async def interrupted_before_the_end(bench: Bench) -> None:
    for fact in answered(CALL, None):
        bench.calls.record(fact)
    bench.tickets.record(talk_started(CALL, None))


async def interrupted_while_encoding(bench: Bench) -> None:
    await interrupted_before_the_end(bench)
    half = bench.archive / path_key(CALL, ARRIVED)
    half.parent.mkdir(parents=True)
    half.with_name(f".{half.name}.part").write_bytes(b"fLaC" + bytes(1000))


async def interrupted_before_the_row(bench: Bench) -> None:
    await interrupted_before_the_end(bench)
    Archive(bench.spool, bench.archive).close(CALL, ARRIVED)


async def interrupted_before_the_row_and_the_raw_file_is_gone(bench: Bench) -> None:
    await interrupted_before_the_row(bench)
    bench.raw(CALL).unlink()


async def interrupted_before_the_raw_file_went(bench: Bench) -> None:
    samples = bench.raw(CALL).read_bytes()
    bench.state(*answered(CALL, None))
    await bench.settle()
    bench.raw(CALL).write_bytes(samples)


@pytest.mark.parametrize(
    "interrupted",
    [
        interrupted_before_the_ticket,
        interrupted_before_the_end,
        interrupted_while_encoding,
        interrupted_before_the_row,
        interrupted_before_the_row_and_the_raw_file_is_gone,
        interrupted_before_the_raw_file_went,
    ],
)
async def test_recovery_completes_what_was_interrupted(
    bench: Bench, interrupted: Callable[[Bench], Awaitable[None]]
) -> None:
    bench.speak(CALL, 1.5)
    await interrupted(bench)
    await bench.writer.flush()
    later = bench.another()
    for _ in range(2):
        await later.recover()
        await later.drain()
        await bench.writer.flush()
    ticket, recording = await bench.row("tickets", CALL), await bench.row("recordings", CALL)
    file = bench.archive / recording["path_key"]
    assert (recording["state"], recording["duration_s"], recording["ticket_id"]) == (
        "ready",
        1.5,
        ticket["id"],
    )
    assert recording["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert ticket["call_ended_at"] == datetime.fromtimestamp(ARRIVED + 65, UTC)
    assert list(bench.spool.iterdir()) == []
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    assert await later.recover() == 0
    await later.stop()


async def test_recovery_leaves_living_calls_alone(bench: Bench) -> None:
    bench.speak(CALL)
    bench.state(*offered(CALL), talk_started(CALL, None))
    bench.raw(call_id(2)).write_bytes(b"")
    bench.state(*offered(call_id(2)))
    bench.raw(call_id(3)).write_bytes(b"unknown call")
    await bench.settle()
    assert await bench.tickets.recover() == 0
    await bench.settle()
    assert (await bench.row("recordings", CALL))["state"] == "pending"
    assert len(list(bench.spool.iterdir())) == 3


async def test_recovery_tidies_after_abandoned_calls(bench: Bench) -> None:
    bench.raw(CALL).write_bytes(b"")
    for fact in (*offered(CALL), abandoned(CALL)):
        bench.calls.record(fact)
    await bench.tickets.recover()
    await bench.settle()
    assert not bench.raw(CALL).exists()
    assert await bench.count("tickets") == 0


async def test_recovery_during_a_closing_does_not_take_it_twice(bench: Bench) -> None:
    bench.speak(CALL)
    bench.state(*answered(CALL, None))
    await asyncio.gather(bench.tickets.recover(), bench.tickets.recover())
    await bench.settle()
    assert bench.tickets.stats.closed == 1


async def test_a_full_disk_heals(bench: Bench) -> None:
    bench.speak(CALL)
    bench.archive.rmdir()
    bench.archive.write_bytes(b"")  # nothing can be created below it
    bench.state(*answered(CALL, None))
    await until(lambda: bench.tickets.stats.retries > 0)
    await bench.writer.flush()
    assert (await bench.row("recordings", CALL))["state"] == "pending"
    assert bench.raw(CALL).exists()
    bench.archive.unlink()
    await bench.settle()
    assert (await bench.row("recordings", CALL))["state"] == "ready"
