"""When a process may act as the leader: tables of moments."""

import pytest

from core.tenure import LeaseTiming, Tenure, Watch

TIMING = LeaseTiming(renew=1.0, lease=3.0, watch=4.0, look=0.5, fence=2.0)


def leading(sent: float = 100.0) -> Tenure:
    tenure = Tenure(TIMING)
    tenure.take(7, sent, predecessor_gone=True)
    return tenure


@pytest.mark.parametrize(
    ("renew", "lease", "watch", "look", "fence"),
    [(3.0, 3.0, 4.0, 0.5, 2.0), (1.0, 4.0, 4.0, 0.5, 2.0), (1.0, 3.0, 4.0, 2.0, 2.0)],
)
def test_durations_that_would_let_two_lead_are_refused(
    renew: float, lease: float, watch: float, look: float, fence: float
) -> None:
    with pytest.raises(ValueError, match="renew < lease < watch"):
        LeaseTiming(renew, lease, watch, look, fence)


def test_who_has_not_taken_may_not_act() -> None:
    assert not Tenure(TIMING).may_act(0.0)


def test_a_renewal_confirms_from_its_sending_for_the_lease() -> None:
    tenure = leading(100.0)
    assert tenure.may_act(102.9)
    assert not tenure.may_act(103.0)
    tenure.renewed(104.0)
    assert tenure.may_act(106.9)


def test_while_the_record_is_away_the_mark_confirms() -> None:
    tenure = leading(100.0)
    assert tenure.marked(7, 150.0)
    assert tenure.may_act(151.9)
    assert not tenure.recorded(151.9)
    assert not tenure.may_act(152.0)


def test_an_answer_that_overtook_another_does_not_shorten_anything() -> None:
    tenure = leading(100.0)
    tenure.renewed(101.0)
    tenure.renewed(100.5)
    assert tenure.may_act(103.9)


def test_a_higher_mark_deposes_for_good() -> None:
    tenure = leading(100.0)
    assert not tenure.marked(8, 101.0)
    assert tenure.deposed_by == "asterisk"
    tenure.renewed(102.0)
    assert not tenure.marked(7, 102.0) or not tenure.may_act(102.1)
    assert not tenure.may_act(102.1)
    assert not tenure.taken


def test_a_lower_mark_neither_confirms_nor_deposes() -> None:
    tenure = leading(100.0)
    assert not tenure.marked(6, 110.0)
    assert tenure.taken
    assert not tenure.may_act(110.0)


def test_the_first_to_tell_is_named() -> None:
    tenure = leading()
    tenure.depose("record")
    tenure.depose("asterisk")
    assert tenure.deposed_by == "record"


def test_a_candidate_waits_for_the_whole_silence() -> None:
    watch = Watch(4.0)
    assert not watch.saw(1, 10, 0.0, 0.1)
    assert not watch.saw(1, 10, 4.0, 4.1)  # the first answer came at 0.1: silent for 3.9 s only
    assert watch.saw(1, 10, 4.2, 4.3)


@pytest.mark.parametrize("seen", [(1, 11), (2, 10)])
def test_a_renewal_or_another_leader_begins_the_silence_anew(seen: tuple[int, int]) -> None:
    watch = Watch(4.0)
    watch.saw(1, 10, 0.0, 0.0)
    assert not watch.saw(*seen, 5.0, 5.0)
    assert not watch.saw(*seen, 8.9, 8.9)
    assert watch.saw(*seen, 9.0, 9.0)


def test_while_the_record_does_not_answer_no_silence_counts() -> None:
    watch = Watch(4.0)
    watch.saw(1, 10, 0.0, 0.0)
    watch.interrupted()
    assert not watch.saw(1, 10, 60.0, 60.0)
    assert watch.saw(1, 10, 64.0, 64.0)


def test_a_candidate_never_acts_while_the_silent_one_may() -> None:
    """Whatever the moment of the last renewal, the claims do not overlap."""
    for tenth in range(10):
        last_sent = 100.0 + tenth / 10
        old = leading(last_sent)
        watch, now = Watch(TIMING.watch), last_sent
        while not watch.saw(7, 1, now, now):
            now += TIMING.renew / 2
        assert not old.recorded(now)
        old.marked(7, now)  # its last look, a moment before the new mark
        assert not old.may_act(now + TIMING.fence)
