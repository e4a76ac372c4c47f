"""Which phones answer. Pure. A phone is reachable while at least one of its addresses is good.

A phone that registers again from a new port announces the new address *before* the old one is removed, so
that the removal alone says nothing about the phone.
"""

from collections.abc import Iterable

from core.events import PhoneReachability
from core.vocabulary import Phone
from telephony.translate import ContactChange

SOME_ADDRESS = ""
"""A good address that a snapshot tells of without naming it."""


class ContactBook:
    """The good addresses of every phone, from the last snapshot and the changes since."""

    def __init__(self) -> None:
        self._good: dict[Phone, set[str]] = {}

    def replace(self, reachable: Iterable[Phone]) -> None:
        """Take over a complete list of reachable phones; addresses known of them stay known."""
        self._good = {phone: self._good.get(phone) or {SOME_ADDRESS} for phone in reachable}

    def apply(self, change: ContactChange) -> PhoneReachability:
        """Note one change; returns what it means for the phone."""
        uris = self._good.setdefault(change.phone, set())
        # A named address is the one that the snapshot meant, or has taken its place.
        uris.discard(SOME_ADDRESS)
        if change.good:
            uris.add(change.uri)
        else:
            uris.discard(change.uri)
        return PhoneReachability(phone=change.phone, reachable=bool(uris), at=change.at)

    def reachable(self, phone: Phone) -> bool:
        """Whether the phone has a good address."""
        return bool(self._good.get(phone))
