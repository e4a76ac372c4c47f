"""Free network ports, found at run time: for tests, try-outs and settings that say 0.

A port found here is free at that moment; whoever wants it binds it at once.
"""

import socket
from contextlib import ExitStack
from enum import Enum
from secrets import randbelow

from core.errors import ConfigurationError

RANGE_FIRST, RANGE_LAST = 10_000, 32_000
"""Where ports are looked for: below those that Linux gives to outgoing connections (32768 and up), which
could take a port between our look and its use."""

ATTEMPTS = 200


class Transport(Enum):
    """Kind of port."""

    TCP = socket.SOCK_STREAM
    UDP = socket.SOCK_DGRAM


def free_port(kind: Transport, host: str = "127.0.0.1") -> int:
    """A port of this kind on which nobody listens at ``host``.

    One for UDP is free for TCP as well: SIP is spoken on both under one number.

    Raises:
        ConfigurationError: none was found.
    """
    kinds = list(Transport) if kind is Transport.UDP else [kind]
    for _ in range(ATTEMPTS):
        port = RANGE_FIRST + randbelow(RANGE_LAST - RANGE_FIRST)
        if all(_all_free(range(port, port + 1), host, each) for each in kinds):
            return port
    raise ConfigurationError(f"no free port between {RANGE_FIRST} and {RANGE_LAST}")


def free_range(size: int, host: str = "127.0.0.1") -> tuple[int, int]:
    """First and last of ``size`` UDP ports in a row (the first one even, as RTP wants it), all free.

    Raises:
        ConfigurationError: no such range was found.
    """
    for _ in range(ATTEMPTS):
        first = RANGE_FIRST + 2 * randbelow((RANGE_LAST - RANGE_FIRST - size) // 2)
        if _all_free(range(first, first + size), host, Transport.UDP):
            return first, first + size - 1
    raise ConfigurationError(f"no {size} free UDP ports in a row between {RANGE_FIRST} and {RANGE_LAST}")


def _all_free(ports: range, host: str, kind: Transport) -> bool:
    """Whether every port can be bound; held together, so that the answer is about one moment."""
    with ExitStack() as held:
        try:
            for port in ports:
                held.enter_context(_bound(kind, host, port))
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
