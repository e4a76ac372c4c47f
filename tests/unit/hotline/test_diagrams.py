from pathlib import Path

import agents.rules
from hotline import diagrams

PAGE = Path(__file__).parents[3] / "docs" / "states.md"


def test_the_page_in_the_docs_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == diagrams.page(), (
        "run .venv/bin/python -m hotline.diagrams > docs/states.md"
    )


def test_every_transition_is_drawn_once() -> None:
    drawn = diagrams.edges(agents.rules.TRANSITIONS)
    pairs = [(a, given, b) for (a, b), inputs in drawn.items() for given in inputs]
    assert sorted(pairs) == sorted((a, given, b) for (a, given), b in agents.rules.TRANSITIONS.items())


def test_each_diagram_starts_and_ends_at_a_state_of_its_own() -> None:
    for diagram in diagrams.diagrams():
        states = {state for pair in diagram.edges for state in pair}
        assert {diagram.start, *diagram.ends} <= states
        assert not {a for a, _ in diagram.edges} & set(diagram.ends)
