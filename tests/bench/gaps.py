"""What a benchmark run says, computed from SIPp's logs. PURE."""

from collections.abc import Iterable, Sequence

from core.vocabulary import Seconds
from hotline.demo.siplog import SipCall

BACKLOG = 10
"""Callers that must be waiting when an agent hangs up, or the gap after it says nothing about routing."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie, by the nearest rank.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def reseize_gaps(callers: Iterable[SipCall], phones: Iterable[SipCall]) -> list[Seconds]:
    """From a phone's BYE to its next INVITE, for every BYE at which enough callers were waiting.

    Args:
        callers: the calls of one slice as the callers' SIPp logged them.
        phones: those of the same slice at the phones.
    """
    taken = sorted(phones, key=lambda call: call.invited_at)
    moments = [(call.answered_at, 1) for call in callers if call.answered_at is not None]
    moments += [(call.invited_at, -1) for call in taken]
    waiting = _running_total(sorted(moments))
    gaps = []
    for before, after in _pairs(taken):
        hung_up = before.hung_up_at
        if hung_up is not None and _at(waiting, hung_up) >= BACKLOG:
            gaps.append(after.invited_at - hung_up)
    return gaps


def idle_latencies(callers: Sequence[SipCall], phones: Sequence[SipCall]) -> list[Seconds]:
    """From a caller's INVITE to the INVITE at the phone, for calls that came one after the other."""
    found = []
    ends = [call.invited_at for call in callers[1:]] + [float("inf")]
    for caller, end in zip(callers, ends, strict=True):
        reached = [call.invited_at for call in phones if caller.invited_at <= call.invited_at < end]
        found += [min(reached) - caller.invited_at] if reached else []
    return found


def _pairs(taken: Iterable[SipCall]) -> Iterable[tuple[SipCall, SipCall]]:
    """Calls that followed each other at the same phone."""
    last: dict[str, SipCall] = {}
    for call in taken:
        if call.user in last:
            yield last[call.user], call
        last[call.user] = call


def _running_total(moments: Sequence[tuple[Seconds, int]]) -> list[tuple[Seconds, int]]:
    total = 0
    result = []
    for at, change in moments:
        total += change
        result.append((at, total))
    return result


def _at(totals: Sequence[tuple[Seconds, int]], at: Seconds) -> int:
    """The total that was reached by a moment (binary search)."""
    low, high = 0, len(totals)
    while low < high:
        middle = (low + high) // 2
        if totals[middle][0] <= at:
            low = middle + 1
        else:
            high = middle
    return totals[low - 1][1] if low else 0
