"""Ports that are said to be free can be bound; those in use are not offered."""

import socket

import pytest

from core.errors import ConfigurationError
from hotline import ports
from hotline.ports import Transport, free_port, free_range


@pytest.mark.parametrize("kind", list(Transport))
def test_free_port_can_be_bound(kind: Transport) -> None:
    with socket.socket(socket.AF_INET, kind.value) as bound:
        bound.bind(("127.0.0.1", free_port(kind)))


def test_port_in_use_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port(Transport.UDP)
    monkeypatch.setattr(ports, "randbelow", lambda _: port - ports.RANGE_FIRST)
    assert free_port(Transport.TCP) == port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", port))
        for kind in Transport:  # SIP wants both under one number
            with pytest.raises(ConfigurationError, match="no free port"):
                free_port(kind)


def test_range_is_in_a_row_and_begins_even() -> None:
    first, last = free_range(10)
    assert (first % 2, last - first) == (0, 9)


def test_range_in_use_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = free_range(4)
    monkeypatch.setattr(ports, "randbelow", lambda _: (first - ports.RANGE_FIRST) // 2)
    assert free_range(4) == (first, last)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", last))
        with pytest.raises(ConfigurationError, match="no 4 free UDP ports"):
            free_range(4)
