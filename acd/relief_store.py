"""The rows of overflow and announcements, and what a restart needs back of them."""

from pathlib import Path

from acd.model import State
from acd.relief_model import Stay
from core.facts import CallOverflowed, Fact, WaitAnnounced, WaitEstimateProved
from core.ports import Writer
from core.vocabulary import CallId, QueueName, Seconds
from db import queries
from db.pool import Database

SQL = queries.load(Path(__file__).with_name("relief.sql"))

HANDLED_CALLS = 60
"""Of each queue whose handle times are read after a restart: older ones together weigh under a twentieth."""


class ReliefStore:
    """Writes facts through the ordered writer, reads through the pool."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def record(self, fact: Fact) -> None:
        """Queue the row of a fact; never blocks."""
        match fact:
            case CallOverflowed():
                self._writer.submit(
                    SQL["call_overflowed"],
                    fact.call_id,
                    fact.from_queue,
                    fact.to_queue,
                    fact.cause,
                    fact.relief,
                    fact.waited,
                    fact.at,
                )
            case WaitAnnounced():
                self._writer.submit(
                    SQL["wait_announced"],
                    fact.call_id,
                    fact.at,
                    fact.queue,
                    fact.position,
                    fact.low,
                    fact.expected,
                    fact.high,
                )
            case WaitEstimateProved():
                self._writer.submit(
                    SQL["estimate_proved"],
                    fact.call_id,
                    fact.queue,
                    fact.expected,
                    fact.waited,
                    fact.within,
                    fact.at,
                )
            case _:
                pass

    async def restore(self, state: State, now: Seconds) -> None:
        """Put back where calls that are still open have been, so that their deadlines go on from there.

        The handle times of the latest calls come back too, so that waits can be announced at once.

        Raises:
            Unavailable: the database is away.
        """
        for row in await self._database.fetch(SQL["open_overflows"]):
            call_id = CallId(row["call_id"])
            if row["to_queue"] is not None and call_id in state.calls:
                before = state.relief.stays.get(call_id)
                left = (*(before.left if before else ()), QueueName(row["from_queue"]))
                state.relief.stays[call_id] = Stay(row["at"], left)
        for row in await self._database.fetch(SQL["handle_times"], HANDLED_CALLS, now):
            state.relief.handle_times.learn(QueueName(row["queue"]), row["seconds"])
