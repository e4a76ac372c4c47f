"""Runs SIPp: one process per scenario, with its own folder for what it reads and logs, stopped by its pid."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigurationError
from core.vocabulary import Seconds
from hotline.child import ChildProcess, ChildSpec
from hotline.demo import siplog
from hotline.ports import Transport, free_port, free_range

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
"""The SIPp scenarios, one XML file each."""

_OPTIONS_RETRY_SECONDS = 0.1
_HANG_UP_SECONDS: Seconds = 2.0
_MEDIA_PORTS = 4
"""SIPp binds the media port and the one two above it."""


class SipFailed(ConfigurationError):
    """SIPp is missing, did not start or reported failed calls."""


@dataclass(frozen=True, slots=True)
class SipServer:
    """Where the hotline listens for SIP (UDP)."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SippSpec:
    """One run of SIPp.

    Args:
        name: short name for files and logs.
        scenario: name of a file in ``SCENARIOS``, without ``.xml``.
        server: the other side.
        folder: where it reads and logs; made if missing.
        lines: rows of the injection file, fields separated by ``;``, taken in order, from the first again
            after the last.
        local_ip: our address in SIP and RTP.
        local_port: our SIP port.
        keys: values of ``[key]`` in the scenario.
        options: further command-line options.
    """

    name: str
    scenario: str
    server: SipServer
    folder: Path
    lines: Sequence[str]
    local_ip: str
    local_port: int
    keys: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()


class Sipp:
    """A SIPp process and what it leaves behind."""

    def __init__(self, spec: SippSpec) -> None:
        self.spec = spec
        spec.folder.mkdir(parents=True, exist_ok=True)
        self._child = ChildProcess(
            ChildSpec(
                name=f"sipp-{spec.name}",
                command=_command(spec),
                log=spec.folder / f"{spec.name}.out",
                run_dir=spec.folder,
                stop_seconds=2.0,
            )
        )

    @property
    def pid(self) -> int | None:
        """The running process, ``None`` when there is none."""
        return self._child.pid

    async def start(self) -> None:
        """Start it; returns at once."""
        rows = "\n".join(("SEQUENTIAL", *self.spec.lines))
        _path(self.spec, "csv").write_text(rows + "\n", encoding="utf-8")
        await self._child.start()

    async def wait(self) -> int:
        """Exit code when it has ended by itself: 0 when every call went as written in the scenario."""
        return await self._child.wait()

    async def finish(self) -> None:
        """Hang up the calls that are answered, then end. Harmless when it has ended."""
        if self._child.pid is not None:
            for call in self.calls():
                if call.answered_at is not None and call.hung_up_at is None:
                    self.hang_up(call.sip_call_id)
            # Callers end by themselves with their last call, phones when they are asked to.
            await self._child.kill(signal.SIGUSR1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), _HANG_UP_SECONDS)
        await self._child.stop()

    def hang_up(self, sip_call_id: str) -> None:
        """Make this side hang up an answered call now."""
        self._tell("INFO", sip_call_id)

    def press(self, sip_call_id: str) -> None:
        """Make a caller press his key once."""
        self._tell("MESSAGE", sip_call_id)

    def _tell(self, method: str, sip_call_id: str) -> None:
        """The scenarios take requests that the hotline never sends as wishes of ours."""
        own = (self.spec.local_ip, self.spec.local_port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(_request(method, sip_call_id, own), own)

    async def kill(self) -> None:
        """End it at once, without a word to the other side."""
        await self._child.kill()
        await self._child.stop()

    def forget_passwords(self) -> None:
        """Remove the injection file."""
        _path(self.spec, "csv").unlink(missing_ok=True)

    def messages(self) -> list[siplog.SipMessage]:
        """What it sent and received so far."""
        path = _path(self.spec, "messages")
        if not path.exists():
            return []
        with path.open(encoding="utf-8", errors="replace") as lines:
            return list(siplog.parse_messages(lines))

    def calls(self) -> list[siplog.SipCall]:
        """The calls it placed or took so far, in order."""
        return siplog.calls(self.messages())

    def statistics(self) -> siplog.SippStatistics:
        """Its own counts; complete after it has ended."""
        return siplog.parse_statistics(_path(self.spec, "statistics").read_text(encoding="utf-8"))

    def errors(self) -> str:
        """What it complained about, shortened; ``""`` for nothing."""
        path = _path(self.spec, "errors")
        return path.read_text(encoding="utf-8", errors="replace")[:2000] if path.exists() else ""


def _path(spec: SippSpec, suffix: str) -> Path:
    return spec.folder / f"{spec.name}.{suffix}"


def _command(spec: SippSpec) -> list[str]:
    """The command line. Keys come first: SIPp puts them into the scenario while it reads it."""
    sipp = shutil.which("sipp")
    if sipp is None:
        raise SipFailed("SIPp is not installed (Debian: apt-get install sip-tester)")
    keys = [part for name, value in spec.keys.items() for part in ("-key", name, value)]
    files = {
        "-inf": "csv",
        "-error_file": "errors",
        "-shortmessage_file": "messages",
        "-stf": "statistics",
    }
    return [
        sipp,
        *keys,
        f"{spec.server.host}:{spec.server.port}",
        *("-sf", str(SCENARIOS / f"{spec.scenario}.xml")),
        *("-i", spec.local_ip, "-bind_local", "-p", str(spec.local_port), "-mi", spec.local_ip),
        *(part for option, suffix in files.items() for part in (option, str(_path(spec, suffix)))),
        *("-trace_err", "-trace_shortmsg", "-trace_stat", "-fd", "1", "-nostdin"),
        *spec.options,
    ]


def free_sip_port(host: str = "127.0.0.1") -> int:
    """A UDP port that nobody listens on at this moment."""
    return free_port(Transport.UDP, host)


def free_media_port(host: str = "127.0.0.1") -> int:
    """An even UDP port that is free together with the three above it (RTP and RTCP)."""
    return free_range(_MEDIA_PORTS, host)[0]


def local_ip_towards(server: SipServer) -> str:
    """Our address on the way to the server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((server.host, server.port))
        return str(probe.getsockname()[0])


def may_send_digits() -> bool:
    """Whether SIPp can press keys here: it sends telephone-events through a raw socket, which takes root."""
    return os.geteuid() == 0


async def wait_until_answering(host: str, port: int, seconds: Seconds = 10.0) -> None:
    """Return when something at this UDP port answers OPTIONS.

    Raises:
        SipFailed: nothing answered in time.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        own.bind((host, 0))
        try:
            async with asyncio.timeout(seconds):
                while not await _answers(loop, own, (host, port)):
                    pass
        except TimeoutError as error:
            raise SipFailed(f"nothing answers SIP at {host}:{port}") from error


async def _answers(loop: asyncio.AbstractEventLoop, own: socket.socket, address: tuple[str, int]) -> bool:
    """Send one OPTIONS; whether an answer came within the retry time."""
    request = _request("OPTIONS", secrets.token_hex(8), address, own.getsockname())
    await loop.sock_sendto(own, request, address)
    try:
        await asyncio.wait_for(loop.sock_recv(own, 4096), _OPTIONS_RETRY_SECONDS)
    except (TimeoutError, ConnectionError):
        return False
    return True


def _request(
    method: str, sip_call_id: str, to: tuple[str, int], contact: tuple[str, int] | None = None
) -> bytes:
    """A request of ours; without ``contact`` no answer is expected."""
    own = contact or to
    lines = (
        f"{method} sip:{to[0]}:{to[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{secrets.token_hex(8)}",
        f"From: <sip:control@{own[0]}:{own[1]}>;tag={secrets.token_hex(8)}",
        f"To: <sip:{to[0]}:{to[1]}>",
        f"Call-ID: {sip_call_id}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:control@{own[0]}:{own[1]}>",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii")
