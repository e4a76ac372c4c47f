"""Accounts to try the hotline out with: made at the first start on an empty database, shown once, kept 0600.

The file (``DATA/secrets/tryout.json``) is also how ``hotline demo`` finds the running hotline; its addresses
are those of the latest start.
"""

import json
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agents.service import AgentService, NewAccount
from core.errors import ConfigurationError
from core.identity import Role
from core.vocabulary import Phone
from db.pool import Database
from hotline.resolve import reachable_host
from hotline.stack import Stack

AGENTS = 4
ADMINISTRATOR = "admin"
FILE = "tryout.json"
ACTOR = "hotline run"
"""Who made the accounts, for the audit."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that look alike: passwords are read from a screen and typed."""
_GROUPS, _GROUP = 4, 4

CreateAccount = Callable[[str, str, Role, str], Awaitable[None]]
"""Login, display name, role, password."""


@dataclass(frozen=True, slots=True)
class Person:
    """One try-out account."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent's try-out account with a phone to sit at."""

    login: str
    password: str
    phone: str
    phone_password: str


@dataclass(frozen=True, slots=True)
class SipAddress:
    """Where phones and callers find Asterisk, seen from this machine."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TryOut:
    """Everything somebody needs to try the hotline out."""

    administrator: Person
    agents: tuple[Seat, ...]
    sip: SipAddress
    api: str
    metrics: str

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "TryOut":
        """The opposite of ``to_json``; raises ``ValueError`` when the text is something else."""
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(
                administrator=Person(**values["administrator"]),
                agents=tuple(Seat(**seat) for seat in values["agents"]),
                sip=SipAddress(**values["sip"]),
                api=values["api"],
                metrics=values["metrics"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a description of try-out accounts: {error}") from error


@dataclass(frozen=True, slots=True)
class Place:
    """Where the hotline is at this start."""

    sip: SipAddress
    api: str
    metrics: str
    phones: tuple[Phone, ...]
    phone_password: Callable[[Phone], str]


async def ensure(
    file: Path, place: Place, existing: Iterable[str], create: CreateAccount
) -> tuple[TryOut | None, bool]:
    """Make the try-out accounts if this is the first start, and bring the file up to date.

    The file is written before the accounts are made: a start that was cut off between them is completed by
    the next one, with the same passwords.

    Args:
        file: where they are kept.
        place: addresses and phones of this start.
        existing: logins that are in the database.
        create: makes one account.

    Returns:
        The accounts (``None`` when the database has accounts of its own and no try-out ones), and whether any
        was made now, that is, whether to show them.

    Raises:
        ConfigurationError: the file is damaged.
    """
    there = set(existing)
    kept = _load(file)
    if kept is None and there:
        return None, False
    tryout = _at(place, kept) if kept is not None else _invent(place)
    _save(file, tryout)
    missing = [person for person in _people(tryout) if person[0] not in there]
    for login, name, role, password in missing:
        await create(login, name, role, password)
    return tryout, bool(missing)


async def prepare(stack: Stack) -> tuple[TryOut | None, bool]:
    """``ensure`` for a hotline that is up."""
    database = Database(stack.dsn, max_size=2)
    service = AgentService(database, [queue.name for queue in stack.settings.queues], session_seconds=0)

    async def create(login: str, name: str, role: Role, password: str) -> None:
        await service.create_account(NewAccount(login, name, role, password), ACTOR)

    try:
        await database.connect()
        existing = [row["login"] for row in await database.fetch("SELECT login FROM accounts")]
        return await ensure(file_of(stack), place_of(stack), existing, create)
    finally:
        await database.close()


def file_of(stack: Stack) -> Path:
    """Where the accounts are kept."""
    return stack.folders.secrets / FILE


def place_of(stack: Stack) -> Place:
    """Addresses and phones of a hotline that is up."""
    settings = stack.settings
    return Place(
        sip=SipAddress(reachable_host(settings.sip_host), settings.sip_port),
        api=stack.api_url,
        metrics=stack.metrics_url,
        phones=tuple(Phone(number) for number in settings.phone_numbers),
        phone_password=stack.phone_password,
    )


def _people(tryout: TryOut) -> list[tuple[str, str, Role, str]]:
    first = (tryout.administrator.login, "Administrator", Role.ADMINISTRATOR, tryout.administrator.password)
    return [first] + [
        (seat.login, f"Agent {number}", Role.AGENT, seat.password)
        for number, seat in enumerate(tryout.agents, start=1)
    ]


def _invent(place: Place) -> TryOut:
    seats = tuple(
        Seat(f"agent{number}", new_password(), phone, place.phone_password(phone))
        for number, phone in enumerate(place.phones[:AGENTS], start=1)
    )
    return TryOut(Person(ADMINISTRATOR, new_password()), seats, place.sip, place.api, place.metrics)


def _at(place: Place, kept: TryOut) -> TryOut:
    """The kept accounts with today's addresses and phones."""
    seats = tuple(
        Seat(seat.login, seat.password, phone, place.phone_password(phone))
        for seat, phone in zip(kept.agents, place.phones, strict=False)
    )
    return TryOut(kept.administrator, seats, place.sip, place.api, place.metrics)


def new_password() -> str:
    """Four groups of four: 79 random bits that can be read aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def load(file: Path) -> TryOut:
    """The try-out accounts of a hotline that has been started.

    Raises:
        ConfigurationError: there are none, or the file is damaged.
    """
    kept = _load(file)
    if kept is None:
        raise ConfigurationError(f"{file} is not there: `hotline run` makes it at its first start")
    return kept


def _load(file: Path) -> TryOut | None:
    try:
        return TryOut.from_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be used: {error}") from error


def _save(file: Path, tryout: TryOut) -> None:
    """Readable by the owner only; complete or unchanged."""
    fresh = file.with_name(f".{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
        sink.write(tryout.to_json())
        sink.flush()
        os.fsync(sink.fileno())
    fresh.replace(file)


def announce(tryout: TryOut, file: Path) -> str:
    """The accounts, to be shown once."""
    rows = [("administrator", tryout.administrator.login, tryout.administrator.password, "")]
    rows += [
        ("agent", seat.login, seat.password, f"phone {seat.phone}, SIP password {seat.phone_password}")
        for seat in tryout.agents
    ]
    lines = [
        f"  {role:<14} {login:<8} {password:<20} {phone}".rstrip() for role, login, password, phone in rows
    ]
    return "\n".join(
        [f"Try-out accounts, shown this once (kept in {file}):", "  role           login    password", *lines]
    )


def how_to_call(tryout: TryOut, lan_host: str, trunk_match: Iterable[str]) -> str:
    """How to hear it ring.

    Args:
        tryout: accounts and addresses.
        lan_host: Asterisk's address for phones on the network.
        trunk_match: where calls from outside may come from.
    """
    callers = ", ".join(trunk_match)
    return "\n".join(
        [
            "How to place a call:",
            *(_as_agent(tryout, tryout.agents[0], lan_host) if tryout.agents else []),
            f"  caller  dial sip:12345@{tryout.sip.host}:{tryout.sip.port}, unregistered (from {callers})",
            "  or let callers and agents be played: hotline demo",
        ]
    )


def _as_agent(tryout: TryOut, seat: Seat, lan_host: str) -> list[str]:
    api, pad = f"{tryout.api}/api/v1", " " * 9
    return [
        f"  agent   softphone: server {lan_host}:{tryout.sip.port} (UDP), user {seat.phone}, SIP password",
        f"{pad} POST {api}/sessions with login {seat.login} and its password gives a Bearer token",
        f'{pad} PUT  {api}/me/seat  {{"phone": "{seat.phone}"}}',
        f'{pad} PUT  {api}/me/state {{"state": "READY"}}',
    ]


def lan_address(host: str) -> str:
    """The address under which phones find a server that listens at ``host``; no packet is sent."""
    if host != "0.0.0.0":  # noqa: S104 - looked for, not listened on
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # 192.0.2.0/24 is set aside for documentation (RFC 5737); connecting UDP only looks up the route.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
