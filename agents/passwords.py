"""Passwords: rules, and argon2id in threads so that a log-in never holds up the event loop."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput, Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 10, 128
AT_A_TIME = 2
"""Hashes computed at the same time; each takes about 0.15 s of a core and 64 MiB."""
LONGEST_QUEUE = 40
"""Log-ins that wait for a hash; more are sent away instead of making everybody wait for long."""


def check_rules(password: str, login: str = "") -> None:
    """Raise ``InvalidInput`` for a password that is too short or long, too simple, or holds the login."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"a password has {SHORTEST} to {LONGEST} characters", field="password")
    if has_control_characters(password):
        raise InvalidInput("a password has no control characters", field="password")
    if login and login.lower() in password.lower():
        raise InvalidInput("the password must not contain the login", field="password")
    if len(set(password)) < SHORTEST // 2:
        raise InvalidInput("the password has too few different characters", field="password")


def has_control_characters(text: str) -> bool:
    """Whether there is anything in a text that is no character to see."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def generate() -> str:
    """A password that keeps the rules: 120 random bits."""
    return secrets.token_urlsafe(15)


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0
        # Checked against for unknown logins, so that they take as long as known ones.
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The argon2id hash to store; raises ``Unavailable`` when too many others wait."""
        return await self._in_a_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; ``stored`` is ``None`` for a login that does not exist.

        Raises:
            Unavailable: too many others wait.
        """
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_hex(16))
        right = await self._in_a_thread(self._verify, stored or self._nobody, password)
        return right and stored is not None

    async def _in_a_thread(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise Unavailable("too many log-ins at once; try again in a moment", code="too_many_logins")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *args)
        finally:
            self._waiting -= 1

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
