"""What SIPp logged, as values: times of every call from its message log, counts from its statistics.

PURE. SIPp stands outside the hotline and its clock stamps every message as it is sent or received, which
makes it the referee in tests and benchmarks.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.vocabulary import Seconds

_FIELDS = 7
"""Date, time, epoch, direction, Call-ID, CSeq, first line."""

_REQUEST = re.compile(r"^([A-Z]+) sips?:([^@;>\s]*)@?\S* SIP/2\.0")
_RESPONSE = re.compile(r"^SIP/2\.0 (\d{3})")
_OK = 200
_FINAL_REFUSALS = range(300, 700)


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One line of SIPp's short message log."""

    at: Seconds
    """Seconds since the Unix epoch."""
    sent: bool
    """By this SIPp; otherwise received."""
    sip_call_id: str
    method: str
    """Of the transaction (from CSeq)."""
    status: int
    """Of a response; 0 for a request."""
    user: str
    """User part of the request URI, ``""`` in responses."""


@dataclass(slots=True)
class SipCall:
    """The times of one SIP dialog, as seconds since the Unix epoch; ``None`` where it did not happen."""

    sip_call_id: str
    user: str
    """Who was called: the dialled number for a caller, the phone number for a phone."""
    invited_at: Seconds
    ringing_at: Seconds | None = None
    answered_at: Seconds | None = None
    acknowledged_at: Seconds | None = None
    cancelled_at: Seconds | None = None
    refused_at: Seconds | None = None
    refused_with: int = 0
    """Status of the refusal, 487 after a CANCEL; 0 for none."""
    hung_up_at: Seconds | None = None
    """The first BYE."""
    hung_up_here: bool = False
    """This side sent that BYE."""

    @property
    def talk_seconds(self) -> Seconds | None:
        """From the answer to the first BYE."""
        if self.answered_at is None or self.hung_up_at is None:
            return None
        return self.hung_up_at - self.answered_at

    @property
    def ended_at(self) -> Seconds | None:
        """When it was over for this side."""
        return self.hung_up_at if self.answered_at is not None else self.refused_at


@dataclass(frozen=True, slots=True)
class SippStatistics:
    """Counts over the whole run."""

    created: int
    successful: int
    failed: int


def parse_messages(lines: Iterable[str]) -> Iterator[SipMessage]:
    """The messages of a short message log; a line cut off by a crash is left out."""
    for line in lines:
        fields = line.rstrip("\n").split("\t")
        if len(fields) != _FIELDS:
            continue
        _, _, epoch, direction, sip_call_id, cseq, first_line = fields
        request = _REQUEST.match(first_line)
        response = _RESPONSE.match(first_line)
        if request is None and response is None:
            continue
        yield SipMessage(
            at=float(epoch),
            sent=direction == "S",
            sip_call_id=sip_call_id,
            method=cseq.rpartition(" ")[2],
            status=int(response.group(1)) if response else 0,
            user=request.group(2) if request else "",
        )


def calls(messages: Iterable[SipMessage]) -> list[SipCall]:
    """The calls (INVITE dialogs) among the messages, in the order in which they began."""
    found: dict[str, SipCall] = {}
    for message in messages:
        call = found.get(message.sip_call_id)
        if call is not None:
            _note(call, message)
        elif message.method == "INVITE" and not message.status:
            found[message.sip_call_id] = SipCall(message.sip_call_id, message.user, message.at)
    return list(found.values())


def _note(call: SipCall, message: SipMessage) -> None:
    """Enter one message; retransmissions change nothing, the first of each kind counts."""
    if message.status:
        _note_response(call, message)
    elif message.method == "ACK" and call.answered_at is not None and call.acknowledged_at is None:
        call.acknowledged_at = message.at
    elif message.method == "CANCEL" and call.cancelled_at is None:
        call.cancelled_at = message.at
    elif message.method == "BYE" and call.hung_up_at is None:
        call.hung_up_at = message.at
        call.hung_up_here = message.sent


def _note_response(call: SipCall, message: SipMessage) -> None:
    if message.method != "INVITE":
        return
    if message.status in {180, 183} and call.ringing_at is None:
        call.ringing_at = message.at
    elif message.status == _OK and call.answered_at is None:
        call.answered_at = message.at
    elif message.status in _FINAL_REFUSALS and call.refused_at is None:
        call.refused_at = message.at
        call.refused_with = message.status


def parse_statistics(text: str) -> SippStatistics:
    """The last row of a statistics file (cumulative columns).

    Raises:
        ValueError: the file holds no row yet.
    """
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    if not rows:
        raise ValueError("SIPp wrote no statistics")
    last = rows[-1]
    return SippStatistics(
        created=int(last["TotalCallCreated"]),
        successful=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
    )
