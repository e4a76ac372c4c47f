"""``python -m tickets.archiver SPOOL ARCHIVE [KEYS]``: converts recordings, told what to do line by line.

Started by ``tickets.archiving.ArchiverProcess``. A line asks ``{"id": 1, "do": "close", "args": [...]}``;
the answer is ``{"id": 1, "seconds": 0.01, "result": ...}`` or has ``error`` for ``result``. It ends when
its standard input does. KEYS is the file of the master keys; they can be in the environment instead.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from core import clock
from tickets.archive import Archive
from tickets.archiving import ThreadedArchive, describe, describe_error
from tickets.keys import ENVIRONMENT, KeySource

NICENESS = 5
"""What it does may take its time: the voice and routing go first."""

LONGEST_LINE = 1 << 16

KNOWN = frozenset({"close", "remove_raw", "discard_empty", "holds", "check", "remove"})


async def main(spool: Path, root: Path, key_file: Path | None = None) -> None:
    """Answer until the standard input ends, then finish what is in work."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    keys = KeySource(key_file, os.environ.get(ENVIRONMENT, ""))
    hands = ThreadedArchive(Archive(spool, root, keys))
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
    )
    async with asyncio.TaskGroup() as group:
        async for line in lines:
            group.create_task(_answer(hands, json.loads(line)))
    await hands.stop()


async def _answer(hands: ThreadedArchive, asked: dict[str, object]) -> None:
    started = clock.monotonic()
    answer: dict[str, object] = {"id": asked["id"]}
    try:
        answer["result"] = describe(await _do(hands, asked))
    except Exception as error:  # noqa: BLE001 - every failure is the answer to its question
        answer["error"] = describe_error(error)
    answer["seconds"] = clock.monotonic() - started
    os.write(sys.stdout.fileno(), (json.dumps(answer) + "\n").encode())


async def _do(hands: ThreadedArchive, asked: dict[str, object]) -> object:
    what, args = str(asked["do"]), asked["args"]
    if what not in KNOWN or not isinstance(args, list):
        raise ValueError(f"{what} is not known here")
    return await getattr(hands, what)(*args)


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:4])))
