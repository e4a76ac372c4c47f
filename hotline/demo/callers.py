"""Callers from the public network, many in one process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.vocabulary import Seconds
from hotline.demo.phones import NEVER
from hotline.demo.sip import (
    Sipp,
    SippSpec,
    SipServer,
    free_media_port,
    free_sip_port,
    local_ip_towards,
    may_send_digits,
)
from hotline.demo.siplog import SipCall, SippStatistics
from hotline.demo.tones import write_silence, write_tone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller.

    Args:
        number: his own number, which the hotline sees.
        dialled: the number he dials.
        hangs_up_after: seconds after the connection at which he hangs up whatever happens; ``NEVER``: he
            stays until the hotline hangs up.
        presses: digit that he presses every two seconds ...
        presses_after: ... from so many seconds after the connection on; ``NEVER``: only when told to.
    """

    number: str
    dialled: str = "12345"
    hangs_up_after: Seconds = NEVER
    presses: str = ""
    presses_after: Seconds = NEVER


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A caller and what became of his call; ``call`` is ``None`` when it was not placed."""

    caller: Caller
    call: SipCall | None


class CallerGroup:
    """Callers who call one after the other at a rate, behind one SIP port.

    Args:
        server: the hotline's SIP address.
        callers: in the order in which they call.
        folder: for what SIPp reads and logs.
        rate: calls begun per second.
        tone: frequency in hertz that all of them play; ``None``: they are silent, as phones that send
            nothing while nobody speaks.
        name: short name of the group.
        at_once: how many may be calling at the same time, the next one waits for one of them to hang up;
            ``None``: any number.
    """

    def __init__(
        self,
        server: SipServer,
        callers: Sequence[Caller],
        folder: Path,
        rate: float = 1.0,
        tone: int | None = 440,
        name: str = "callers",
        at_once: int | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.callers = tuple(callers)
        local_ip = local_ip_towards(server)
        stream = folder / f"{name}.ulaw"
        times = "1" if tone is None else "-1"
        write_silence(stream) if tone is None else write_tone(stream, tone)
        self._sipp = Sipp(
            SippSpec(
                name=name,
                scenario="caller",
                server=server,
                folder=folder,
                lines=[caller_line(caller) for caller in self.callers],
                local_ip=local_ip,
                local_port=free_sip_port(local_ip),
                keys={"tone": f"{stream},{times},0"},
                options=(
                    *("-m", str(len(self.callers)), "-l", str(at_once or len(self.callers))),
                    *rate_options(rate),
                    *("-mp", str(free_media_port(local_ip)), "-cid_str", "%u-%p@%s"),
                ),
            )
        )

    async def start(self) -> None:
        """Begin to call; returns at once."""
        await self._sipp.start()
        log.info("callers_started", callers=len(self.callers))

    async def wait(self, seconds: Seconds | None = None) -> int:
        """Exit code of SIPp when the last call has ended: 0 when none failed.

        Args:
            seconds: how long to wait at most; ``None``: for ever.

        Raises:
            TimeoutError: calls are still running then.
        """
        return await asyncio.wait_for(self._sipp.wait(), seconds)

    async def stop(self) -> None:
        """Hang up whoever is still calling, and end. Harmless when all is over."""
        await self._sipp.finish()

    def hang_up(self, call: SipCall) -> None:
        """Make this caller hang up now."""
        self._sipp.hang_up(call.sip_call_id)

    def press(self, call: SipCall) -> None:
        """Make this caller press his key once; without effect where keys cannot be pressed."""
        if may_send_digits():
            self._sipp.press(call.sip_call_id)

    def placed(self) -> list[PlacedCall]:
        """Every caller with his call so far, in order."""
        by_index = {caller_index(call.sip_call_id): call for call in self._sipp.calls()}
        return [PlacedCall(caller, by_index.get(index)) for index, caller in enumerate(self.callers)]

    def calls(self) -> list[SipCall]:
        """The calls so far, in the order in which they were placed."""
        return self._sipp.calls()

    def statistics(self) -> SippStatistics:
        """SIPp's own counts; complete after the last call."""
        return self._sipp.statistics()

    def errors(self) -> str:
        """What SIPp complained about; ``""`` for nothing."""
        return self._sipp.errors()


def caller_line(caller: Caller) -> str:
    """The row of the injection file: number, dialled, stay and press in milliseconds, digit."""
    presses = bool(caller.presses) and may_send_digits()
    # Not pressing is pressing after one has gone.
    press_after = caller.presses_after if presses else caller.hangs_up_after
    return ";".join(
        (
            caller.number,
            caller.dialled,
            str(round(caller.hangs_up_after * 1000)),
            str(round(press_after * 1000)),
            caller.presses or "0",
        )
    )


def caller_index(sip_call_id: str) -> int:
    """Place of the caller in the group, from the Call-ID ``NUMBER-PID@HOST`` (numbers count from 1)."""
    return int(sip_call_id.partition("-")[0]) - 1


def rate_options(rate: float) -> tuple[str, ...]:
    """SIPp's options for so many calls a second; SIPp takes whole numbers per period of milliseconds."""
    return ("-r", str(max(1, round(rate * 1000))), "-rp", "1000000")
