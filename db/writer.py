"""The ordered way of the call path into PostgreSQL (``core.ports.Writer``).

Two tasks. The *journal* takes what was submitted, writes it to the spool and has it fsynced: from then on it
survives ``kill -9``. The *committer* carries it out in the same order, grouped into transactions. While
PostgreSQL is away only the second one stands still. After a restart what the earlier process left there
is carried out first. See ``db.commit`` for how each statement happens exactly once.

What a deposed leader left in its own spool is adopted by the present one when that process has ended.
Statements that tell the state of a moment (``of_the_moment``) are left out then: the present leader has told
it since.

Nothing here is waited for by the routing path: ``submit`` appends to a queue and returns.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from core import clock
from core.errors import Unavailable
from core.vocabulary import Seconds
from db.commit import Committer, Deposed, Rejected
from db.spool import DeadLetters, Leftover, Neighbour, Spool, Statement

log = structlog.get_logger()

BATCH = 1000
"""Statements in one transaction at most."""
MEMORY_LIMIT = 20_000
"""Statements kept in memory beside the spool; beyond it they are read back from the disk."""
INTAKE_LIMIT = 200_000
"""Statements that wait for the spool when its disk fails; beyond it they are lost, loudly."""
RETRY_FIRST_SECONDS: Seconds = 0.1
RETRY_LONGEST_SECONDS: Seconds = 2.0


class OrderedWriter:
    """Writes statements in order, exactly once, without ever holding anybody up. Not thread-safe.

    Args:
        dsn: the database.
        spool_dir: folder for what is not committed yet; used by one process at a time.
        connect_timeout: seconds for a connection.
        commit_timeout: seconds for one batch; a server that is slower counts as away.
        spool_limit_bytes: the spool takes no more than this.
        neighbours: gives the spool folders of other processes that may write to the same database.
        of_the_moment: statements that are not made up for when a later leader has written since.
        on_deposed: told when a batch was refused because there is a later leader.
        name: of the connection, as PostgreSQL shows it.
    """

    def __init__(  # noqa: PLR0913 - limits and ties, each with a default
        self,
        dsn: str,
        spool_dir: Path,
        *,
        connect_timeout: Seconds = 5.0,
        commit_timeout: Seconds = 10.0,
        spool_limit_bytes: int = 2 << 30,
        memory_limit: int = MEMORY_LIMIT,
        neighbours: Callable[[], Sequence[Path]] = tuple,
        of_the_moment: Collection[str] = (),
        on_deposed: Callable[[], None] = lambda: None,
        name: str = "hotline-writer",
    ) -> None:
        self.writer_id: UUID = uuid4()
        self.dead = 0
        """Statements refused for good; they are in the dead-letter file."""
        self.lost = 0
        """Statements that could neither be kept nor carried out. Anything but 0 is an alarm."""
        self.spool_failures = 0
        """Writes to the spool that failed."""
        self.spool_works = True
        """Whether the latest write to the spool succeeded; ``False`` is an alarm: a crash would lose rows."""
        self.leftovers = 0
        """Earlier writers whose statements are not carried out yet."""
        self.database_up = False
        self._spool = Spool(spool_dir, self.writer_id, limit_bytes=spool_limit_bytes)
        self._dead_letters = DeadLetters(spool_dir)
        self._committer = Committer(
            dsn,
            connect_timeout=connect_timeout,
            commit_timeout=commit_timeout,
            on_lost=self._lost_connection,
            name=name,
        )
        self._neighbours = neighbours
        self._of_the_moment = frozenset(of_the_moment)
        self._on_deposed = on_deposed
        self._memory_limit = memory_limit
        self._intake: deque[Statement] = deque()
        self._memory: deque[Statement] = deque()
        self._accepted = 0
        self._journaled = 0
        self._in_memory = 0
        """Number of the last statement that was put into memory; what follows is read from the spool."""
        self._done = 0
        """Number of the last statement of ours that is settled: committed or dead."""
        self._place = 0
        """Our ``last_seq`` as PostgreSQL has it."""
        self._batch = BATCH
        self._refused = 0
        self._settled_left = 0
        self._left: list[tuple[Leftover, Neighbour | None]] = []
        self._writing = False
        """Statements of our own have been committed, or may be at any moment."""
        self._oldest_left: Seconds | None = None
        self._arrived = asyncio.Event()
        self._ready = asyncio.Event()
        self._flushing: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Who waits until so many statements are settled; the numbers never fall."""
        self._tried = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pending(self) -> int:
        """Statements submitted and not settled yet, those of earlier processes left out."""
        return self._accepted - self._done

    @property
    def committed(self) -> int:
        """Statements carried out by this process, those left by earlier ones included."""
        return self._done + self._settled_left - self._refused

    @property
    def spooled(self) -> int:
        """Statements of this process that lie on the disk and are not settled yet."""
        return max(0, self._journaled - self._done)

    @property
    def lag_seconds(self) -> Seconds:
        """Age of the oldest statement that is not settled, 0 when there is none."""
        waiting = [queue[0].at for queue in (self._memory, self._intake) if queue]
        if self._oldest_left is not None:
            waiting.append(self._oldest_left)
        return max(0.0, clock.wall() - min(waiting)) if waiting else 0.0

    async def start(self, epoch: int | None = None) -> None:
        """Take the spool folder and begin; returns after the first attempt to reach PostgreSQL.

        Args:
            epoch: under which we lead; every batch is committed only while it is the present one.

        Raises:
            ConfigurationError: the folder cannot be used. A database that is away is no error.
        """
        self._committer.epoch = epoch
        self._left = [(left, None) for left in await asyncio.to_thread(self._spool.open)]
        await self.adopt()
        self.leftovers = len(self._left)
        self._tasks = [
            asyncio.create_task(self._keep_journal(), name="writer-journal"),
            asyncio.create_task(self._keep_committing(), name="writer-commit"),
        ]
        await self._tried.wait()

    async def stop(self, patience: Seconds = 10.0) -> None:
        """Bring in what can be brought in, then end; the rest stays in the spool for the next process."""
        if not self._tasks:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), patience)
        self._stopping = True
        self._arrived.set()
        journal, committing = self._tasks
        self._committer.disconnect()  # before cancelling: what waits for a frozen server ends at once
        committing.cancel()
        await asyncio.gather(journal, committing, return_exceptions=True)
        self._tasks = []
        await asyncio.to_thread(self._spool.discard, self._done)
        await asyncio.to_thread(self._spool.close)
        if self._intake:
            self._lose(len(self._intake))

    async def adopt(self) -> None:
        """Take over what processes that have ended left in the spools beside ours."""
        for folder in self._neighbours():
            neighbour = Neighbour(folder)
            found = await asyncio.to_thread(neighbour.take)
            self._left += [(left, neighbour) for left in found]
            self.leftovers = len(self._left)
        if self._left:
            self._ready.set()

    def submit(self, query: str, *args: object) -> None:
        """Queue one statement; see ``core.ports.Writer.submit``."""
        at = clock.wall()
        if not all(map(_is_plain, args)):
            self._refuse(Statement(0, at, query, args))
        elif len(self._intake) >= INTAKE_LIMIT or self._stopping:
            self._lose(1)
        else:
            self._accepted += 1
            self._intake.append(Statement(self._accepted, at, query, args))
            self._arrived.set()

    async def flush(self) -> None:
        """Return when all that was submitted is settled, or in the spool while the database is away."""
        target = self._accepted
        if not self._is_settled(target):
            settled = asyncio.get_running_loop().create_future()
            self._flushing.append((target, settled))
            await settled

    def _is_settled(self, target: int) -> bool:
        return self._done >= target or (not self.database_up and self._journaled >= target)

    # --- journal -------------------------------------------------------------------------------

    async def _keep_journal(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._intake:
                batch = list(islice(self._intake, BATCH))
                if not await self._journal(batch):
                    if self._stopping:
                        return
                    await asyncio.sleep(RETRY_LONGEST_SECONDS)
            if self._stopping:
                return

    async def _journal(self, batch: Sequence[Statement]) -> bool:
        """Put a batch on the disk and hand it on; without the disk it still goes on through memory."""
        try:
            await asyncio.to_thread(self._spool.append, batch)
            self._journaled = batch[-1].seq
            kept = self.spool_works = True
        except OSError as error:
            self._note_spool_failure(error)
            kept = False
        if not self._remember(batch) and not kept:
            return False
        for _ in batch:
            self._intake.popleft()
        self._ready.set()
        self._tell_progress()
        return True

    def _remember(self, batch: Sequence[Statement]) -> bool:
        """Keep a batch in memory if it follows what is there and there is room."""
        if batch[0].seq != self._in_memory + 1 or len(self._memory) >= self._memory_limit:
            return False
        self._memory.extend(batch)
        self._in_memory = batch[-1].seq
        return True

    # --- commit --------------------------------------------------------------------------------

    async def _keep_committing(self) -> None:
        pause = RETRY_FIRST_SECONDS
        while True:
            try:
                await self._connect()
                pause = RETRY_FIRST_SECONDS
                await self._settle_leftovers()
                await self._serve()
            except Unavailable as error:
                self._note_down(error)
            except Deposed:
                self._note_deposed()
                return
            except Exception:
                log.exception("writer_failed")
                self.database_up = False
            self._committer.disconnect()
            self._tried.set()
            self._tell_progress()
            await asyncio.sleep(pause)
            pause = min(RETRY_LONGEST_SECONDS, pause * 2)

    async def _connect(self) -> None:
        await self._committer.connect()
        self._place = await self._committer.last_seq(self.writer_id)
        if self._place < self._done:
            # An older copy of the database was put in place: what it lacks had been removed from the spool.
            self._lose(self._done - self._place)
        await self._forget_settled(self._place)
        if not self.database_up:
            log.info("writer_connected", pending=self.pending, leftovers=self.leftovers)
        self.database_up = True
        self._tried.set()

    async def _serve(self) -> None:
        self._writing = True
        while True:
            batch = await self._next_batch()
            if self._left:
                await self._settle_leftovers()
            if not batch:
                continue
            await self._settle(self.writer_id, self._place, batch)
            self._place = batch[-1].seq
            await self._forget_settled(self._place)

    async def _next_batch(self) -> list[Statement]:
        """What is to be committed next; nothing when the spool of another process has to be seen to."""
        while not self._memory and not self._left:
            if not self._committer.connected:
                raise Unavailable("the connection to PostgreSQL ended")
            if self._in_memory < self._journaled:
                await self._read_back()
                continue
            self._ready.clear()
            await self._ready.wait()
        return list(islice(self._memory, self._batch))

    async def _read_back(self) -> None:
        """Memory was full for a while: what was not kept there comes from the disk."""
        target = self._journaled
        found = await asyncio.to_thread(self._spool.read, self._in_memory, BATCH)
        if found:
            self._memory.extend(found)
            self._in_memory = found[-1].seq
            return
        log.error("spool_gap", after=self._in_memory, through=target)
        self._lose(target - self._in_memory)
        self._in_memory = target

    async def _forget_settled(self, through: int) -> None:
        """Everything up to a number is in the database."""
        while self._memory and self._memory[0].seq <= through:
            self._memory.popleft()
        self._done = max(self._done, through)
        self._tell_progress()
        if self._spool.reclaimable(self._done):
            await asyncio.to_thread(self._spool.discard, self._done)

    async def _settle(self, writer_id: UUID, after: int, batch: Sequence[Statement]) -> None:
        """Commit a batch. If PostgreSQL refuses it, halve it until the bad statement stands alone."""
        through = batch[-1].seq
        try:
            await self._committer.commit(writer_id, after, through, batch)
            self._batch = min(BATCH, self._batch * 2)
        except Unavailable:
            self._batch = max(
                1, self._batch // 2
            )  # should the server merely be slow, less at a time gets through
            raise
        except Rejected as rejected:
            if len(batch) == 1:
                await self._bury(writer_id, batch[0], rejected)
                await self._committer.commit(writer_id, after, through, ())
                return
            middle = len(batch) // 2
            await self._settle(writer_id, after, batch[:middle])
            await self._settle(writer_id, batch[middle - 1].seq, batch[middle:])

    async def _settle_leftovers(self) -> None:
        """Carry out what earlier processes left, the oldest first; then their files go."""
        while self._left:
            left, neighbour = self._left[0]
            through = await self._settle_leftover(left, late=await self._is_late(left))
            forget = self._spool.forget if neighbour is None else Leftover.remove
            await asyncio.to_thread(forget, left)
            log.info("spool_of_earlier_process_settled", writer_id=str(left.writer_id), through=through)
            self._left.pop(0)
            if neighbour is not None and all(other is not neighbour for _, other in self._left):
                neighbour.close()
            self.leftovers = len(self._left)
        self._oldest_left = None

    async def _settle_leftover(self, left: Leftover, *, late: bool) -> int:
        reader = left.reader()
        done = await self._committer.last_seq(left.writer_id)
        while batch := await asyncio.to_thread(reader.next, done, self._batch):
            self._oldest_left = batch[0].at
            kept = [one for one in batch if not (late and one.query in self._of_the_moment)]
            await self._settle_part(left.writer_id, done, batch[-1].seq, kept)
            done = batch[-1].seq
            self._settled_left += len(batch)
        return done

    async def _settle_part(
        self, writer_id: UUID, after: int, through: int, batch: Sequence[Statement]
    ) -> None:
        """A batch of which statements were left out: the place moves beyond the last of them."""
        if batch:
            await self._settle(writer_id, after, batch)
            after = batch[-1].seq
        if after < through:
            await self._committer.commit(writer_id, after, through, ())

    async def _is_late(self, left: Leftover) -> bool:
        """Whether another leader, or we, have written since this writer did."""
        if self._committer.epoch is None:
            return False
        epoch = await self._committer.epoch_of(left.writer_id)
        return epoch is not None and (self._writing or epoch < self._committer.epoch - 1)

    # --- troubles ------------------------------------------------------------------------------

    async def _bury(self, writer_id: UUID, statement: Statement, rejected: Rejected) -> None:
        """Put a refused statement aside; nothing of it but its kind goes to the log."""
        cause = rejected.__cause__ or rejected
        log.error(
            "statement_refused",
            seq=statement.seq,
            statement=" ".join(statement.query.split())[:60],
            error=type(cause).__name__,
            sqlstate=getattr(cause, "sqlstate", None),
            constraint=getattr(cause, "constraint_name", None),
        )
        self.dead += 1
        self._refused += 1
        try:
            await asyncio.to_thread(self._dead_letters.add, writer_id, statement, cause)
        except OSError as error:
            self._lose(1)
            log.error("dead_letter_not_kept", reason=error.strerror)  # noqa: TRY400 - the reason is all there is to say

    def _refuse(self, statement: Statement) -> None:
        """Arguments that cannot be kept: a mistake in our code, told loudly, harmless to the call."""
        self.dead += 1
        log.error("statement_not_plain", statement=" ".join(statement.query.split())[:60])
        with suppress(OSError):
            self._dead_letters.add(
                self.writer_id, statement, TypeError("arguments must be plain JSON values")
            )

    def _lose(self, number: int) -> None:
        before, self.lost = self.lost, self.lost + number
        if not before or before // 1000 != self.lost // 1000:  # the counter has them all
            log.critical("statements_lost", number=number, lost=self.lost)

    def _note_spool_failure(self, error: OSError) -> None:
        """Told once per failure of the disk, not once per batch; the counter has them all."""
        self.spool_failures += 1
        if self.spool_works:
            log.error("spool_write_failed", reason=error.strerror or str(error))
        self.spool_works = False

    def _note_down(self, error: Unavailable) -> None:
        if not self._stopping and (self.database_up or not self._tried.is_set()):
            log.warning("writer_without_database", reason=error.message, pending=self.pending)
        self.database_up = False

    def _note_deposed(self) -> None:
        """What is not committed stays in the spool for the present leader."""
        log.critical("writer_deposed", epoch=self._committer.epoch, pending=self.pending)
        self.database_up = False
        self._tried.set()
        self._tell_progress()
        self._on_deposed()

    def _lost_connection(self) -> None:
        """The committer's connection ended by itself; wake whoever waits for work on it."""
        self._ready.set()

    def _tell_progress(self) -> None:
        """Wake those whose statements are settled, and nobody else: hundreds may wait."""
        while self._flushing and self._is_settled(self._flushing[0][0]):
            _, settled = self._flushing.popleft()
            if not settled.done():  # whoever waited may have been cancelled
                settled.set_result(None)


def _is_plain(value: object) -> bool:
    """Whether a value can be kept as JSON and comes back the same."""
    if value is None or isinstance(value, str | int | float | bool):
        return True
    return isinstance(value, list | tuple) and all(map(_is_plain, value))
