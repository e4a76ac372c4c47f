from collections.abc import Sequence
from dataclasses import replace

import pytest

from hotline.audit_links import GENESIS, AuditRow, ChainCheck, Seal, digest, link

START = 1_795_000_000_000_000
SECOND = 1_000_000


def row(number: int) -> AuditRow:
    return AuditRow(START + number, "chief", "call.flagged", f"call:{number}", "{}")


def build(rows: Sequence[AuditRow], *, every: int = SECOND) -> list[Seal]:
    head, seals = GENESIS, []
    for position, one in enumerate(rows, start=1):
        sealed_at = START + position * every
        head = link(head, position, position, digest(one), sealed_at)
        seals.append(Seal(position, position, digest(one), sealed_at, head))
    return seals


ROWS = [row(number) for number in range(1, 8)]
SEALS = build(ROWS)
ANCHORS = {position: frozenset({SEALS[position - 1].head}) for position in (2, 4, 7)}


def check(
    seals: Sequence[Seal],
    rows: dict[int, AuditRow],
    anchors: dict[int, frozenset[bytes]] | None = None,
    pruned: tuple[int, int] | None = None,
) -> list[tuple[str, int | None, int | None, int | None]]:
    chain = ChainCheck(ANCHORS if anchors is None else anchors)
    if pruned:
        chain.pruned(*pruned)
    for seal in seals:
        chain.seal(seal, rows.get(seal.audit_id))
    chain.end()
    return [(found.kind, found.first, found.last, found.audit_id) for found in chain.findings]


def by_id(rows: Sequence[AuditRow] = ROWS) -> dict[int, AuditRow]:
    return dict(enumerate(rows, start=1))


def test_an_intact_chain_has_no_findings_and_meets_every_anchor() -> None:
    chain = ChainCheck(ANCHORS)
    for seal in SEALS:
        chain.seal(seal, by_id()[seal.audit_id])
    chain.end()
    assert (chain.findings, chain.sealed, chain.anchored) == ([], 7, 3)


@pytest.mark.parametrize("field", ["actor", "action", "object", "detail"])
def test_an_edited_row_is_named(field: str) -> None:
    rows = by_id()
    said = {"actor": "chief", "action": "call.flagged", "object": "call:3", "detail": "{}", field: "other"}
    rows[3] = AuditRow(rows[3].at, **said)
    assert check(SEALS, rows) == [("edited_row", 3, None, 3)]


def test_an_edited_time_is_found() -> None:
    rows = by_id()
    rows[3] = replace(rows[3], at=rows[3].at + 1)
    assert check(SEALS, rows) == [("edited_row", 3, None, 3)]


def test_texts_that_are_only_cut_elsewhere_differ() -> None:
    one = AuditRow(1, "ab", "c", "", "")
    assert digest(one) != digest(replace(one, actor="a", action="bc"))


def test_exchanged_rows_are_told_from_edited_ones() -> None:
    rows = by_id()
    rows[2], rows[5] = rows[5], rows[2]
    assert check(SEALS, rows) == [("reordered_row", 2, None, 2), ("reordered_row", 5, None, 5)]


def test_a_missing_row_is_named() -> None:
    rows = by_id()
    del rows[4]
    assert check(SEALS, rows) == [("missing_row", 4, 4, 4)]


def test_a_missing_link_is_named() -> None:
    assert ("missing_seal", 3, 4, None) in check([*SEALS[:2], *SEALS[4:]], by_id())


def test_a_link_that_was_changed_breaks_the_chain_there() -> None:
    rows = by_id()
    rows[3] = replace(rows[3], actor="other")
    seals = list(SEALS)
    seals[2] = replace(SEALS[2], digest=digest(rows[3]))
    assert check(seals, rows) == [("broken_chain", 3, 3, 3)]
    seals[2] = replace(seals[2], head=link(SEALS[1].head, 3, 3, seals[2].digest, seals[2].sealed_at))
    assert check(seals, rows) == [("broken_chain", 4, 4, 4)], "the next one no longer fits"


def test_links_in_another_order_break_the_chain() -> None:
    seals = [replace(SEALS[0]), replace(SEALS[2], position=2), replace(SEALS[1], position=3), *SEALS[3:]]
    assert {kind for kind, *_ in check(seals, by_id())} >= {"broken_chain"}


def test_a_chain_that_was_rewritten_as_a_whole_contradicts_its_anchor() -> None:
    rows = [*ROWS[:4], replace(ROWS[4], actor="other"), *ROWS[5:]]
    assert check(build(rows), by_id(rows)) == [("rewritten_chain", 5, 7, None)]
    assert check(build(rows), by_id(rows), anchors={}) == []


def test_a_cut_tail_is_missed_by_the_anchor() -> None:
    assert check(SEALS[:5], by_id()) == [("cut_tail", 6, 7, None)]
    assert check([], {}) == [("cut_tail", 1, 7, None)]


def test_two_heads_noted_for_one_position_are_a_contradiction() -> None:
    anchors = {2: frozenset({SEALS[1].head, GENESIS})}
    assert check(SEALS, by_id(), anchors) == [("rewritten_chain", 1, 2, None)]


def test_a_row_with_an_old_number_that_was_sealed_much_later_stands_out() -> None:
    head, seals, rows = GENESIS, [], {}
    for position, audit_id in enumerate((10, 11, 12, 5), start=1):
        sealed_at = START + position * 2 * 3600 * SECOND
        rows[audit_id] = row(audit_id)
        head = link(head, position, audit_id, digest(rows[audit_id]), sealed_at)
        seals.append(Seal(position, audit_id, digest(rows[audit_id]), sealed_at, head))
    assert check(seals, rows, {}) == [("inserted_row", 4, 4, 5)]


def test_numbers_that_are_a_little_out_of_order_are_concurrency() -> None:
    head, seals, rows = GENESIS, [], {}
    for position, audit_id in enumerate((2, 1, 4, 3), start=1):
        rows[audit_id] = row(audit_id)
        head = link(head, position, audit_id, digest(rows[audit_id]), START + position * SECOND)
        seals.append(Seal(position, audit_id, digest(rows[audit_id]), START + position * SECOND, head))
    assert check(seals, rows, {}) == []


def test_rows_that_retention_has_removed_are_no_damage_but_younger_ones_are() -> None:
    year = 365 * 86_400 * SECOND
    rows = {number: one for number, one in by_id().items() if number > 3}
    assert check(SEALS, rows, pruned=(3, START + 3 * SECOND + year)) == []
    assert check(SEALS, rows, pruned=(3, START + 2 * SECOND + year)) == [("missing_row", 3, 3, 3)]
    assert check(SEALS, rows, pruned=(2, START + 9 * SECOND + year)) == [("missing_row", 3, 3, 3)]
