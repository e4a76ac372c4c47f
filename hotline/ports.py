"""Free network ports, found at run time: for tests, try-outs and settings that say 0.

A port found here is free at that moment; whoever wants it binds it at once.
"""

import socket
from contextlib import ExitStack
from enum import Enum
from secrets import randbelow

from core.errors import ConfigurationError

RANGE_FIRST, RANGE_LAST = 10_000, 32_000
"""Where ranges are looked for: below the ports that Linux hands out by itself (32768 and up)."""

ATTEMPTS = 200


class Transport(Enum):
    """Kind of port."""

    TCP = socket.SOCK_STREAM
    UDP = socket.SOCK_DGRAM


def free_port(kind: Transport, host: str = "127.0.0.1") -> int:
    """A port of this kind on which nobody listens at ``host``."""
    with _bound(kind, host, 0) as found:
        return int(found.getsockname()[1])


def free_range(size: int, host: str = "127.0.0.1") -> tuple[int, int]:
    """First and last of ``size`` UDP ports in a row (the first one even, as RTP wants it), all free.

    Raises:
        ConfigurationError: no such range was found.
    """
    for _ in range(ATTEMPTS):
        first = RANGE_FIRST + 2 * randbelow((RANGE_LAST - RANGE_FIRST - size) // 2)
        if _all_free(range(first, first + size), host):
            return first, first + size - 1
    raise ConfigurationError(f"no {size} free UDP ports in a row between {RANGE_FIRST} and {RANGE_LAST}")


def _all_free(ports: range, host: str) -> bool:
    """Whether every port can be bound; held together, so that the answer is about one moment."""
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(_bound(Transport.UDP, host, port))
        except OSError:
            return False
    return True


def _bound(kind: Transport, host: str, port: int) -> socket.socket:
    """A bound socket; closed if binding fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    result = socket.socket(family, kind.value)
    try:
        result.bind((host, port))
    except OSError:
        result.close()
        raise
    return result
