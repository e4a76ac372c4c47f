"""Log lines of all our processes: JSON, one a line, ISO times, nothing dropped, no citizens' numbers.

Call sites leave personal data out; the masking here is the net under them.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.masking import mask_number

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

MASKED_KEYS = frozenset(
    {
        "caller",
        "caller_id",
        "callerid",
        "caller_number",
        "citizen_name",
        "citizen_phone",
        "dialled",
        "from_number",
        "msisdn",
    }
)
"""Keys whose values may say who called or what was dialled. ``phone`` is not here: it is an agent's seat."""

SECRET_KEYS = frozenset({"password", "secret", "token", "authorization", "dsn", "database_url"})


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set structlog up for this process.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        stream: where the lines go; unset: standard error.
    """
    sink = stream or sys.stderr
    structlog.configure(
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sink),
        cache_logger_on_first_use=False,
    )
    _route_standard_logging(LEVELS[level], sink)


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_personal_data,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _route_standard_logging(level: int, sink: TextIO) -> None:
    """Libraries that use ``logging`` (aiohttp, asyncio, asyncpg) write the same lines to the same place."""
    handler = logging.StreamHandler(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_personal_data,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.INFO))


def mask_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask values under keys that may hold a citizen's number, and hide secrets, at any depth."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: object) -> object:
    lowered = key.lower()
    if lowered in SECRET_KEYS:
        return "***"
    if isinstance(value, Mapping):
        return {str(inner): _masked(f"{inner}", item) for inner, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_masked(key, item) for item in value]
    if lowered in MASKED_KEYS and value is not None:
        return mask_number(str(value))
    return value


def rotate(path: Path, *, largest: int = 10_000_000, keep: int = 5) -> None:
    """Make room in a log before its process starts: ``x.log`` -> ``x.log.1`` -> ... when it is too big.

    Args:
        path: the log file; its folder is made if needed.
        largest: bytes from which a file is moved away.
        keep: how many old files stay.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.stat().st_size < largest:
        return
    for number in range(keep, 1, -1):
        older = path.with_name(f"{path.name}.{number - 1}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))
    path.replace(path.with_name(f"{path.name}.1"))
