"""Agents' phones: they register with their password and then behave as told, many phones in one process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import SystemRandom

import structlog

from core.vocabulary import Phone, Seconds
from hotline.demo.sip import (
    SipFailed,
    Sipp,
    SippSpec,
    SipServer,
    free_media_port,
    free_sip_port,
    local_ip_towards,
    wait_until_answering,
)
from hotline.demo.siplog import SipCall
from hotline.demo.tones import write_tone

log = structlog.get_logger()

NEVER: Seconds = 86_400.0
"""A pause that outlasts every call."""

_REGISTRATIONS_PER_SECOND = 200
EXPIRES_SECONDS = 600
"""How long a registration is good for; Asterisk grants no more. Talks are shorter, demos too."""
_DRAWS = 997
"""Different talk times drawn in advance; a prime, so that they do not fall into step with anything."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rings for a while, answers and plays a tone until somebody hangs up.

    Args:
        ring_seconds: from the INVITE to the answer.
        talk_seconds: shortest and longest talk after which the phone hangs up itself (drawn uniformly).
        tone: frequency in hertz.
        speaks_seconds: for how long it plays at the beginning of a talk; ``None``: all the time.
    """

    ring_seconds: Seconds = 0.5
    talk_seconds: tuple[Seconds, Seconds] = (NEVER, NEVER)
    tone: int = 620
    speaks_seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class NeverAnswers:
    """Rings until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Refuses every call with 486."""


@dataclass(frozen=True, slots=True)
class Forwards:
    """Redirects every call with 302 to a number at its own address."""

    number: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Registers and is then switched off: nothing listens at its address."""


Behaviour = Answers | NeverAnswers | Busy | Forwards | Dead


class PhoneGroup:
    """Phones that behave alike, behind one SIP port.

    Args:
        server: the hotline's SIP address.
        passwords: password by phone number.
        behaviour: what they do when called.
        folder: for what SIPp reads and logs.
        name: short name of the group.
    """

    def __init__(
        self,
        server: SipServer,
        passwords: Mapping[Phone, str],
        behaviour: Behaviour,
        folder: Path,
        name: str = "phones",
    ) -> None:
        self.behaviour = behaviour
        self._server = server
        self._passwords = dict(passwords)
        self._folder = folder
        self._name = name
        self._local_ip = local_ip_towards(server)
        self._port = free_sip_port(self._local_ip)
        self._media_port = free_media_port(self._local_ip)
        self._answering: Sipp | None = None
        self._registered = False

    @property
    def phones(self) -> list[Phone]:
        """The numbers of the group."""
        return list(self._passwords)

    async def start(self) -> None:
        """Register all phones, then answer for them; returns when they can be called.

        Raises:
            SipFailed: a registration was refused, or SIPp does not run.
        """
        await self._register(EXPIRES_SECONDS)
        self._registered = True
        self._answering = self._uas()
        if self._answering is not None:
            await self._answering.start()
            await wait_until_answering(self._local_ip, self._port)
        log.info("phones_ready", group=self._name, phones=len(self._passwords))

    async def hang_up(self) -> None:
        """Take no more calls and hang up those that are left."""
        if self._answering is not None:
            await self._answering.finish()

    async def stop(self) -> None:
        """Hang up, then unregister."""
        await self.hang_up()
        if self._registered:
            self._registered = False
            await self._register(0)

    async def switch_off(self) -> None:
        """Fall silent without unregistering or hanging up, as when the power goes."""
        self._registered = False
        if self._answering is not None:
            await self._answering.kill()

    def calls(self) -> list[SipCall]:
        """The calls that reached these phones so far, in order; ``user`` is the phone."""
        return self._answering.calls() if self._answering is not None else []

    def errors(self) -> str:
        """What SIPp complained about; ``""`` for nothing."""
        return self._answering.errors() if self._answering is not None else ""

    async def _register(self, expires: int) -> None:
        """One REGISTER per phone, from the port that the phones answer on."""
        spec = SippSpec(
            name=f"{self._name}-register-{expires}",
            scenario="register",
            server=self._server,
            folder=self._folder,
            lines=[
                f"{phone};[authentication username={phone} password={password}];{expires}"
                for phone, password in self._passwords.items()
            ],
            local_ip=self._local_ip,
            local_port=self._port,
            options=(
                *("-m", str(len(self._passwords)), "-r", str(_REGISTRATIONS_PER_SECOND)),
                # A qualify that comes before the phones listen is answered here.
                *("-aa", "-recv_timeout", "10000"),
            ),
        )
        run = Sipp(spec)
        await run.start()
        try:
            code = await run.wait()
        finally:
            await run.finish()
        run.forget_passwords()
        if code != 0:
            raise SipFailed(f"phones of group {self._name} could not register: {run.errors() or code}")

    def _uas(self) -> Sipp | None:
        """The process that answers, ``None`` for dead phones."""
        match self.behaviour:
            case Answers() as answers:
                times = -1 if answers.speaks_seconds is None else 1
                stream = self._folder / f"{self._name}.ulaw"
                tone = write_tone(stream, answers.tone, answers.speaks_seconds or 1.0)
                return self._sipp("answer", answer_lines(answers), {"tone": f"{tone},{times},0"})
            case NeverAnswers():
                return self._sipp("silent", ["-"], {})
            case Busy():
                return self._sipp("busy", ["-"], {})
            case Forwards(number=number):
                return self._sipp("moved", ["-"], {"forward": number})
            case Dead():
                return None

    def _sipp(self, scenario: str, lines: list[str], keys: Mapping[str, str]) -> Sipp:
        return Sipp(
            SippSpec(
                name=self._name,
                scenario=scenario,
                server=self._server,
                folder=self._folder,
                lines=lines,
                local_ip=self._local_ip,
                local_port=self._port,
                keys=keys,
                options=("-mp", str(self._media_port)),
            )
        )


def answer_lines(answers: Answers) -> list[str]:
    """Rows ``ring;talk`` in milliseconds, one per call; talk times are drawn here."""
    shortest, longest = answers.talk_seconds
    ring = round(answers.ring_seconds * 1000)
    if shortest == longest:
        return [f"{ring};{round(shortest * 1000)}"]
    draw = SystemRandom()
    return [f"{ring};{round(draw.uniform(shortest, longest) * 1000)}" for _ in range(_DRAWS)]
