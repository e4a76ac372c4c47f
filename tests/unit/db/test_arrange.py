"""Grouping statements never changes the order of two that could notice."""

from hypothesis import given
from hypothesis import strategies as st

from db.arrange import IN_ORDER, Group, arranged

CALLS = [f"00000000-0000-4000-8000-{n:012x}" for n in range(4)]


def flat(groups: list[Group]) -> list[tuple[str, tuple[object, ...]]]:
    return [(group.query, tuple(arguments)) for group in groups for arguments in group.arguments]


def test_interleaved_calls_are_brought_together() -> None:
    steps = ("offered", "queued", "answered", "finished")
    interleaved = [(step, (call, 1.5)) for call in CALLS for step in steps]
    groups = arranged(interleaved)
    assert [group.query for group in groups] == list(steps)
    assert all(len(group.arguments) == len(CALLS) for group in groups)


def test_what_shares_an_agent_keeps_its_order() -> None:
    statements = [("a", (CALLS[0], 7)), ("b", (CALLS[1], 7)), ("a", (CALLS[2], 7))]
    assert flat(arranged(statements)) == statements


def test_a_statement_without_identity_keeps_its_place() -> None:
    statements = [("a", (CALLS[0],)), ("sweep", (1.0, "x")), ("a", (CALLS[1],))]
    assert [group.query for group in arranged(statements)] == ["a", "sweep", "a"]


def test_a_statement_that_says_so_keeps_its_place() -> None:
    ordered = f"b {IN_ORDER}"
    statements = [("a", (CALLS[0],)), (ordered, (CALLS[3],)), ("a", (CALLS[1],))]
    assert [group.query for group in arranged(statements)] == ["a", ordered, "a"]


STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", f"d {IN_ORDER}"]),
        st.tuples(
            st.sampled_from([*CALLS, "text"]),
            st.one_of(st.none(), st.integers(1, 3), st.floats(0, 1), st.booleans()),
        ),
    ),
    max_size=40,
)


def conflict(one: tuple[str, tuple[object, ...]], other: tuple[str, tuple[object, ...]]) -> bool:
    """An independent statement of the rule, pair by pair."""

    def names(arguments: tuple[object, ...]) -> set[object]:
        return {a for a in arguments if type(a) is int or a in CALLS}

    alone = any(IN_ORDER in query or not names(arguments) for query, arguments in (one, other))
    return alone or bool(names(one[1]) & names(other[1]))


@given(STATEMENTS)
def test_every_pair_that_could_notice_keeps_its_order(
    statements: list[tuple[str, tuple[object, ...]]],
) -> None:
    numbered = [(query, (*arguments, float(n))) for n, (query, arguments) in enumerate(statements)]
    result = flat(arranged(numbered))
    assert sorted(result, key=lambda s: s[1][-1]) == numbered  # type: ignore[arg-type, return-value] # floats
    place = {arguments[-1]: n for n, (_, arguments) in enumerate(result)}
    for i, one in enumerate(numbered):
        for other in numbered[i + 1 :]:
            if conflict(one, other):
                assert place[one[1][-1]] < place[other[1][-1]]
