"""Somebody outside behind ``HOTLINE_OUTSIDE_URI``: a SIPp that answers, is busy or lets it ring.

The port is chosen before the hotline starts, because its settings name it::

    outside = OutsideParty()
    async with Centre(outside_uri=outside.uri) as centre, outside.answering(centre): ...
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hotline.demo.phones import Answers, Behaviour, Busy, answer_lines
from hotline.demo.sip import Sipp, SippSpec, free_media_port, free_sip_port, wait_until_answering
from hotline.demo.siplog import SipCall
from hotline.demo.tones import write_tone
from tests.acceptance.centre import Centre

HOST = "127.0.0.1"


class OutsideParty:
    """Every number outside, at one address."""

    def __init__(self) -> None:
        self._port = free_sip_port(HOST)
        self._sipp: Sipp | None = None

    @property
    def uri(self) -> str:
        """Value of ``HOTLINE_OUTSIDE_URI``."""
        return f"sip:{HOST}:{self._port}"

    @asynccontextmanager
    async def answering(
        self, centre: Centre, behaviour: Behaviour | None = None
    ) -> AsyncIterator["OutsideParty"]:
        """Behave like this until the end of the block; without ``behaviour`` answer and play 880 Hz."""
        wanted = behaviour or Answers(ring_seconds=0.1, tone=880)
        folder = centre.folder / f"outside{self._port}"
        folder.mkdir(exist_ok=True)
        lines, keys, scenario = ["-"], {}, "busy" if isinstance(wanted, Busy) else "silent"
        if isinstance(wanted, Answers):
            tone = write_tone(folder / "outside.ulaw", wanted.tone)
            lines, keys, scenario = answer_lines(wanted), {"tone": f"{tone},-1,0"}, "answer"
        self._sipp = Sipp(
            SippSpec(
                name="outside",
                scenario=scenario,
                server=centre.server,
                folder=folder,
                lines=lines,
                local_ip=HOST,
                local_port=self._port,
                keys=keys,
                options=("-mp", str(free_media_port(HOST))),
            )
        )
        await self._sipp.start()
        try:
            await wait_until_answering(HOST, self._port)
            yield self
        finally:
            await self._sipp.finish()

    def calls(self) -> list[SipCall]:
        """The calls that reached it so far; ``user`` is the number that was dialled."""
        return self._sipp.calls() if self._sipp is not None else []

    def hang_up(self, call: SipCall) -> None:
        """Hang up this call now."""
        assert self._sipp is not None
        self._sipp.hang_up(call.sip_call_id)
