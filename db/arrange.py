"""Groups a batch of statements so that it needs few round trips, without changing what it does. Pure.

Each call brings some fifteen statements of different texts, interleaved with those of other calls. Carried
out one by one, a batch costs as many round trips as it has statements; on a busy machine each of them waits
for two turns of the scheduler. So equal texts are brought together where that cannot matter:

- A statement's *identities* are its UUIDs and its whole numbers (ids of calls, offers, agents).
- Two statements that share an identity keep their order.
- A statement without identities, or one that says ``/* in order */`` (because it depends on other rows in a
  way that identities do not show), keeps its place among all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

IN_ORDER = "/* in order */"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Arguments = Sequence[object]


@dataclass(slots=True)
class Group:
    """Neighbours with one text: one round trip."""

    query: str
    arguments: list[Arguments] = field(default_factory=list)


def arranged(statements: Iterable[tuple[str, Arguments]]) -> list[Group]:
    """The same statements in groups, to be carried out group by group.

    Args:
        statements: text and arguments of each, in the order in which they were submitted.
    """
    groups: list[Group] = []
    open_groups: dict[str, int] = {}
    """Text -> the latest group of this text that may still grow."""
    last_seen: dict[object, int] = {}
    """Identity -> the latest group in which it occurs."""
    for query, arguments in statements:
        identities = _identities(arguments)
        alone = not identities or IN_ORDER in query
        if alone:
            groups.append(Group(query, [arguments]))
            open_groups.clear()
            continue
        after = max((last_seen.get(identity, -1) for identity in identities), default=-1)
        place = open_groups.get(query, -1)
        if place < after or place < 0:
            place = len(groups)
            groups.append(Group(query))
            open_groups[query] = place
        groups[place].arguments.append(arguments)
        for identity in identities:
            last_seen[identity] = max(place, last_seen.get(identity, -1))
    return groups


def _identities(arguments: Arguments) -> set[object]:
    """UUIDs as text, and whole numbers."""
    return {
        value
        for value in arguments
        if (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, str) and _UUID.fullmatch(value) is not None)
    }
