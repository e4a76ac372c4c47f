"""Accounts, tickets and raw recordings for tests, and the ear that finds a tone in one channel."""

import array
import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import soundfile

from core.identity import Account, Permission, Role
from core.vocabulary import AgentId, CallId, QueueName
from tickets.model import Ticket, TicketSource, TicketState

RATE = 8000
CALLER_HZ = 440
AGENT_HZ = 1000

OWN = frozenset({Permission.SEE_OWN_CALLS, Permission.EDIT_OWN_TICKETS, Permission.LISTEN_OWN_RECORDINGS})
ALL = frozenset({Permission.SEE_ALL_CALLS, Permission.EDIT_ALL_TICKETS, Permission.LISTEN_ALL_RECORDINGS})


def account(number: int, permissions: frozenset[Permission] = OWN, role: Role = Role.AGENT) -> Account:
    return Account(AgentId(number), f"person{number}", f"Person {number}", role, (), permissions)


def call_id(number: int) -> CallId:
    return CallId(str(UUID(int=number + (4 << 76) + (8 << 60))))


def ticket(**changes: object) -> Ticket:
    at = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    values: dict[str, object] = {
        "id": 1,
        "call_id": call_id(1),
        "state": TicketState.DRAFT,
        "caller": "13812345678",
        "dialled": "12345",
        "queue": QueueName("citizens"),
        "agent_id": AgentId(7),
        "arrived_at": at,
        "answered_at": at,
        "call_ended_at": None,
        "citizen_name": "",
        "title": "",
        "body": "",
        "topic": "",
        "place": "",
        "version": 1,
        "opened_at": at,
        "updated_at": at,
        "source": TicketSource.CALL,
    }
    return Ticket(**{**values, **changes})  # type: ignore[arg-type] # a table of columns


def two_tones(seconds: float, left_hz: float = CALLER_HZ, right_hz: float = AGENT_HZ) -> bytes:
    """Headerless s16le 8 kHz stereo as the recorder writes it."""
    samples = array.array("h")
    for index in range(round(seconds * RATE)):
        samples.append(round(9000 * math.sin(2 * math.pi * left_hz * index / RATE)))
        samples.append(round(9000 * math.sin(2 * math.pi * right_hz * index / RATE)))
    return samples.tobytes()


def loudness(samples: Sequence[int], hertz: float) -> float:
    """Goertzel: amplitude of one frequency, 0..32767."""
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * math.sqrt(max(power, 0.0)) / len(samples)


def channels(file: Path) -> tuple[Sequence[int], Sequence[int]]:
    """Left and right of an archived file."""
    with soundfile.SoundFile(file) as recording:
        assert (recording.samplerate, recording.channels, recording.subtype) == (RATE, 2, "PCM_16")
        samples = array.array("h", bytes(recording.buffer_read(dtype="int16")))
    return samples[::2], samples[1::2]


class ListWriter:
    """Keeps what is submitted; ``on_flush`` is called when somebody waits for durability."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, tuple[object, ...]]] = []
        self.on_flush: Callable[[], None] = lambda: None

    def submit(self, query: str, *args: object) -> None:
        json.dumps(args)  # what the real one demands
        self.submitted.append((query, args))

    async def flush(self) -> None:
        self.on_flush()
