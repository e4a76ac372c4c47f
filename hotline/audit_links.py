"""What an audit row's digest and a link of the chain are, and how a chain is checked link by link. Pure.

The same formulas as ``audit_digest`` and ``seal_audit`` in ``db/migrations/0012_audit.sql``;
``hotline.audit_chain`` feeds in what the tables say.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

GENESIS = bytes(32)
"""The head before the first link."""

LATE_MICROSECONDS = 3_600_000_000
"""A row whose number is older than that of one sealed an hour before did not come by itself: transactions
last seconds."""


SHORTEST_KEEP_MICROSECONDS = 365 * 86_400_000_000
"""Retention never removes audit rows that are younger than a year."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What an audit row says; ``at`` in microseconds since the epoch, ``detail`` as PostgreSQL writes it."""

    at: int
    actor: str
    action: str
    object: str
    detail: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One link; ``sealed_at`` in microseconds since the epoch."""

    position: int
    audit_id: int
    digest: bytes
    sealed_at: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One damage. ``kind`` is stable; ``first`` and ``last`` are positions, ``audit_id`` names the row."""

    kind: str
    text: str
    first: int | None = None
    last: int | None = None
    audit_id: int | None = None


def digest(row: AuditRow) -> bytes:
    """The digest of what a row says."""
    parts = [str(row.at).encode()]
    for text in (row.actor, row.action, row.object, row.detail):
        data = text.encode()
        parts.append(b"%d:%s" % (len(data), data))
    return sha256(b" ".join(parts)).digest()


def link(head: bytes, position: int, audit_id: int, row_digest: bytes, sealed_at: int) -> bytes:
    """The head after one more link."""
    numbers = (position.to_bytes(8, "big"), audit_id.to_bytes(8, "big", signed=True))
    return sha256(b"".join((head, *numbers, row_digest, sealed_at.to_bytes(8, "big")))).digest()


class ChainCheck:
    """Checks a chain in one pass, with little memory; ``seal`` for each link in order, then ``end``.

    Args:
        anchors: position -> heads that were noted outside the database.
    """

    def __init__(self, anchors: Mapping[int, frozenset[bytes]]) -> None:
        self.findings: list[Finding] = []
        self.sealed = 0
        self.anchored = 0
        """Anchors that agree with the chain."""
        self._anchors = anchors
        self._head = GENESIS
        self._position = 0
        self._good_anchor = 0
        """The last position at which chain and anchor agree."""
        self._pruned_to = 0
        self._pruned_before = 0
        self._changed: dict[bytes, tuple[Seal, bytes]] = {}
        """By the digest that was sealed: rows that say something else now, and what they say."""
        self._recent: deque[tuple[int, int]] = deque()
        self._settled_id = 0

    def pruned(self, position: int, at: int) -> None:
        """Retention has removed rows up to this position at that moment: their being missing is no damage.

        Only of those that were old enough then: nobody hides the removal of newer ones behind such a row.
        """
        self._pruned_to, self._pruned_before = position, at - SHORTEST_KEEP_MICROSECONDS

    def seal(self, seal: Seal, row: AuditRow | None) -> None:
        """The next link, with the row it names, ``None`` when there is no such row."""
        if seal.position != self._position + 1:
            self._gap(seal.position)
        expected = link(self._head, seal.position, seal.audit_id, seal.digest, seal.sealed_at)
        if expected != seal.head and seal.position == self._position + 1:
            self._find(
                "broken_chain",
                f"the chain is broken at position {seal.position}: it, or the one before, was changed "
                f"(audit row {seal.audit_id})",
                seal.position,
                audit_id=seal.audit_id,
            )
        self._row(seal, row)
        self._order(seal)
        self._anchor(seal)
        self._head, self._position = seal.head, seal.position
        self.sealed += 1

    def end(self) -> None:
        """There are no more links."""
        self.findings += self._exchanged()
        beyond = [position for position in self._anchors if position > self._position]
        if beyond:
            last = max(beyond)
            self._find(
                "cut_tail",
                f"the end of the chain was cut off: positions {self._position + 1} to {last} "
                "were noted outside the database and are gone",
                self._position + 1,
                last,
            )

    def _gap(self, position: int) -> None:
        if position <= self._position:
            self._find("broken_chain", f"position {position} occurs out of order", position)
            return
        first, last = self._position + 1, position - 1
        self._find("missing_seal", f"positions {first} to {last} of the chain are missing", first, last)

    def _row(self, seal: Seal, row: AuditRow | None) -> None:
        if row is None:
            if seal.position > self._pruned_to or seal.sealed_at > self._pruned_before:
                self._find(
                    "missing_row",
                    f"audit row {seal.audit_id} is missing",
                    seal.position,
                    audit_id=seal.audit_id,
                )
            return
        if (says := digest(row)) != seal.digest:
            self._changed[seal.digest] = (seal, says)

    def _order(self, seal: Seal) -> None:
        """A number that is older than its place: the row was put in afterwards."""
        while self._recent and self._recent[0][0] <= seal.sealed_at - LATE_MICROSECONDS:
            self._settled_id = max(self._settled_id, self._recent.popleft()[1])
        if seal.audit_id < self._settled_id:
            self._find(
                "inserted_row",
                f"audit row {seal.audit_id} was put in later, at position {seal.position}: its number is old",
                seal.position,
                audit_id=seal.audit_id,
            )
        if not self._recent or self._recent[-1][0] != seal.sealed_at:
            self._recent.append((seal.sealed_at, seal.audit_id))
        else:
            self._recent[-1] = (seal.sealed_at, max(seal.audit_id, self._recent[-1][1]))

    def _anchor(self, seal: Seal) -> None:
        heads = self._anchors.get(seal.position)
        if heads is None:
            return
        if heads == {seal.head}:
            self._good_anchor = seal.position
            self.anchored += 1
            return
        self._find(
            "rewritten_chain",
            f"the chain was rewritten: at position {seal.position} another head was noted outside the "
            f"database; up to position {self._good_anchor} they agree",
            self._good_anchor + 1,
            seal.position,
        )

    def _exchanged(self) -> Iterator[Finding]:
        """Rows that say something else than they did; those that say what another one did were exchanged."""
        for seal, says in self._changed.values():
            other = self._changed.get(says)
            if other is None:
                text = f"audit row {seal.audit_id} was edited (position {seal.position})"
                yield Finding("edited_row", text, seal.position, audit_id=seal.audit_id)
            else:
                text = (
                    f"audit row {seal.audit_id} says what row {other[0].audit_id} said: they were reordered"
                )
                yield Finding("reordered_row", text, seal.position, audit_id=seal.audit_id)

    def _find(
        self, kind: str, text: str, first: int, last: int | None = None, *, audit_id: int | None = None
    ) -> None:
        self.findings.append(Finding(kind, text, first, first if last is None else last, audit_id))
