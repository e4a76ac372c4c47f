"""Counting agents as their states change, against counting them all."""

from hypothesis import given
from hypothesis import strategies as st

from acd.staff import PRESENCE, Presence, Staff
from core.vocabulary import AgentId, AgentState, CertificateName, QueueName

A, B = QueueName("a"), QueueName("b")
CERTIFICATE = CertificateName("tax")
QUEUES = st.sampled_from([frozenset({A}), frozenset({B}), frozenset({A, B})])
HELD = st.sampled_from([frozenset(), frozenset({CERTIFICATE})])
STEPS = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(AgentState), QUEUES, HELD), max_size=40)


def test_every_state_has_a_presence() -> None:
    assert set(PRESENCE) == set(AgentState)


@given(STEPS)
def test_counts_are_those_of_the_last_word_about_each_agent(
    steps: list[tuple[int, AgentState, frozenset[QueueName], frozenset[CertificateName]]],
) -> None:
    staff, last = Staff(), {}
    for agent, state, queues, held in steps:
        staff.note(AgentId(agent), state, queues, held)
        last[agent] = (PRESENCE[state], queues, held)
    for queue in (A, B):
        for certificate in (None, CERTIFICATE):
            for least in (Presence.SEATED, Presence.WORKING, Presence.READY):
                counted = sum(
                    presence >= least and queue in queues and (certificate is None or certificate in held)
                    for presence, queues, held in last.values()
                )
                assert staff.number(queue, certificate, least) == counted
            working = sum(number for _, number in staff.serving(queue, certificate))
            assert working == staff.number(queue, certificate, Presence.WORKING)


def test_only_who_stops_working_thins_a_queue() -> None:
    staff, none = Staff(), frozenset[CertificateName]()
    for state, thinned in [
        (AgentState.READY, False),
        (AgentState.RINGING, False),
        (AgentState.TALKING, False),
        (AgentState.WRAP_UP, False),
        (AgentState.BREAK, True),
        (AgentState.READY, False),
        (AgentState.OFFLINE, True),
    ]:
        staff.thinned = False
        staff.note(AgentId(1), state, frozenset({A}), none)
        assert staff.thinned is thinned, state
    staff.note(AgentId(2), AgentState.READY, frozenset({A, B}), none)
    staff.thinned = False
    staff.note(AgentId(2), AgentState.READY, frozenset({B}), none)
    assert staff.thinned
