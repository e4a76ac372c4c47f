"""``hotline smoke``: 20 calls through a whole hotline in a scratch folder, all figures compared.

Unattended: it brings up PostgreSQL, Asterisk and the service on free ports, plays callers and agents,
compares every figure with every other and takes everything down. Its output ends in one line of JSON.
"""

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from core.errors import HotlineError
from core.vocabulary import Phone, Seconds
from db.pool import Database
from hotline import logs, tryout
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.version import text as version_text
from hotline.demo.client import HotlineClient
from hotline.demo.crew import Agent
from hotline.demo.figures import Evidence, contradictions, metric
from hotline.demo.phones import Answers, NeverAnswers
from hotline.demo.run import Performance, Play, Scene, guests, perform
from hotline.demo.target import find_target
from hotline.demo.voices import Voices, listen
from hotline.scratch import scratch_folder, scratch_settings
from hotline.settings import QueueSettings
from hotline.stack import Stack

CALLERS = 20
EARLY = 10
"""Callers among whom some rate the call: rating takes time, so they are the first."""
ANSWERING_AGENTS = 3
CALLS_PER_SECOND = 5.0
CALLER_TONE, AGENT_TONE = 440, 620
LONGEST: Seconds = 120.0
"""How long the calls may take before the test is given up."""

TABLES = """
SELECT (SELECT count(*) FROM calls) AS offered,
       (SELECT count(*) FROM calls WHERE outcome = 'answered') AS answered,
       (SELECT count(*) FROM abandoned_calls) AS abandoned,
       (SELECT count(*) FROM tickets) AS tickets,
       (SELECT count(*) FROM recordings) AS recordings,
       (SELECT count(*) FROM recordings r JOIN tickets t ON t.id = r.ticket_id AND t.call_id = r.call_id
         WHERE r.state = 'ready') AS recordings_linked,
       (SELECT count(*) FROM calls c WHERE c.outcome IS NULL
            OR (c.answered_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM tickets t JOIN recordings r ON r.ticket_id = t.id
                                 WHERE t.call_id = c.call_id))) AS unaccounted,
       (SELECT count(*) FROM offers WHERE result = 'no_answer') AS unanswered_offers
"""

RECORDINGS = "SELECT call_id::text, duration_s FROM recordings WHERE state = 'ready'"


async def smoke() -> int:
    """Play it; the exit code: 0 when no figure contradicts another."""
    folder = scratch_folder("hotline-smoke-")
    with (folder / "smoke.log").open("a", encoding="utf-8", buffering=1) as sink:
        logs.configure("info", sink)
        try:
            problems = await _play(folder)
        except HotlineError as error:
            problems = [error.message]
    if problems:
        for problem in problems:
            _say(f"CONTRADICTION: {problem}")
        _say(f"logs are kept in {folder}")
        return 1
    await asyncio.to_thread(shutil.rmtree, folder)
    return 0


async def _play(folder: Path) -> list[str]:
    """Bring it up, play, print the line; what is wrong."""
    queue = QueueSettings(name="citizens", dialled=(), wrap_up_seconds=0.2, ring_seconds=3)
    settings = scratch_settings(folder, queues=(queue,))
    async with Stack(settings, progress=_say) as stack:
        await tryout.prepare(stack)
        _say(f"up at {stack.api_url}; {CALLERS} callers, {ANSWERING_AGENTS + 1} agents, one of whom is away")
        async with perform(find_target(stack.settings), _cast(stack), folder / "sip") as performance:
            scene = await performance.run(_Narrator().tell, LONGEST)
            evidence = await _gather(stack, performance, scene)
        problems = contradictions(evidence) + unplayed(evidence)
        versions = await _versions(stack)
    sys.stdout.write(json.dumps(summary(evidence) | versions) + "\n")
    sys.stdout.flush()
    return problems


def _cast(stack: Stack) -> Play:
    """Callers, some of whom give up or rate, and agents, one of whose phones rings in vain."""
    phones = [Phone(number) for number in stack.settings.phone_numbers[: ANSWERING_AGENTS + 1]]
    behaviours = [Answers(0.3, (1.0, 2.0), AGENT_TONE)] * ANSWERING_AGENTS + [NeverAnswers()]
    return Play(
        guests=guests(EARLY, give_up_every=4, rate_every=3, patience=1.0)
        + guests(CALLERS - EARLY, first=EARLY, give_up_every=4, patience=1.0),
        agents=[
            Agent(f"smoke-{number}", f"Smoke agent {number}", phone, behaviour)
            for number, (phone, behaviour) in enumerate(zip(phones, behaviours, strict=True), start=1)
        ],
        rate=CALLS_PER_SECOND,
        caller_tone=CALLER_TONE,
    )


async def _gather(stack: Stack, performance: Performance, scene: Scene) -> Evidence:
    """Ask every source."""
    client = performance.administrator
    database = Database(stack.owner_dsn, max_size=1)
    try:
        await database.connect()
        tables = await database.fetchrow(TABLES)
        recordings = await database.fetch(RECORDINGS)
    finally:
        await database.close()
    return Evidence(
        scene=scene,
        statistics=performance.callers.statistics(),
        tables=dict(tables or {}),
        metrics=await _read_metrics(stack.metrics_url),
        abandoned_listed=len(await client.abandoned_calls()),
        phones=performance.crew.phones,
        voices=await _listen(client, scene),
        recording_seconds={row["call_id"]: row["duration_s"] for row in recordings},
    )


async def _listen(client: HotlineClient, scene: Scene) -> Mapping[str, Voices]:
    """Play every recording, through the API as a person would; one that is none is left out."""
    heard = {}
    for row in scene.rows:
        if row["recording_id"] is not None:
            audio = await client.recording(row["recording_id"])
            with contextlib.suppress(ValueError):
                heard[row["call_id"]] = await asyncio.to_thread(listen, audio, CALLER_TONE, AGENT_TONE)
    return heard


async def _read_metrics(url: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


async def _versions(stack: Stack) -> dict[str, str]:
    """Of what was tested."""
    install = await asyncio.to_thread(find_or_build, stack.settings, _say)
    database = Database(stack.dsn, max_size=1)
    try:
        await database.connect()
        version = str(await database.fetchval("SHOW server_version"))
    finally:
        await database.close()
    return {"asterisk": version_text(install.version), "postgresql": version}


def summary(evidence: Evidence) -> dict[str, int]:
    """The figures of the JSON line; its keys are a contract."""
    tables = evidence.tables
    return {
        "offered": tables["offered"],
        "answered": tables["answered"],
        "abandoned": tables["abandoned"],
        "tickets": tables["tickets"],
        "recordings_linked": tables["recordings_linked"],
        "recordings_with_both_voices": evidence.both_voices,
        "unaccounted": max(tables["unaccounted"], metric(evidence.metrics, "hotline_calls_unaccounted")),
    }


def unplayed(evidence: Evidence) -> list[str]:
    """What the smoke test is about must have happened, or agreement proves nothing."""
    ratings = sum(row["rating"] is not None for row in evidence.scene.rows)
    happened = {
        "a caller hung up while waiting": evidence.tables["abandoned"],
        "a caller talked to an agent": evidence.tables["answered"],
        "a phone rang in vain": evidence.tables["unanswered_offers"],
        "a caller rated the call": ratings,
    }
    return [f"it never happened that {what}" for what, times in happened.items() if not times]


class _Narrator:
    """Says how far it is whenever that has changed."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, scene: Scene) -> None:
        """One line of progress."""
        ended = sum(row["outcome"] is not None for row in scene.rows)
        line = f"{len(scene.placed)} of {CALLERS} called, {ended} calls have ended"
        if line != self._last:
            self._last = line
            _say(line)


def _say(line: str) -> None:
    sys.stderr.write(f"smoke: {line}\n")
