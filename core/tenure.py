"""Whether this process may act as the leader: two confirmations with a limited life; candidates' patience.

The reasoning is in docs/architecture.md ("Who leads"). No clock is read here: every moment is passed in, on
the monotonic clock of the process, which goes on while the process is stopped.
"""

from dataclasses import dataclass, field

from core.vocabulary import Seconds


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Durations of leadership, in seconds.

    A candidate acts at the earliest ``watch`` after the last renewal that the record took, and ``fence``
    after it has put its mark into Asterisk; by then its predecessor's confirmations are both too old.
    """

    renew: Seconds = 1.0
    """Between two renewals in PostgreSQL, and between two looks of a candidate."""
    lease: Seconds = 3.0
    """So long a renewal in PostgreSQL confirms, counted from the moment it was *sent*."""
    watch: Seconds = 4.0
    """So long a candidate must have seen no renewal, with the database answering all the while."""
    look: Seconds = 0.5
    """Between two looks at the mark in Asterisk."""
    fence: Seconds = 2.0
    """So long a look at the mark in Asterisk confirms, counted from the moment it was *sent*."""

    def __post_init__(self) -> None:
        if not (self.renew < self.lease < self.watch and self.look < self.fence):
            raise ValueError("renew < lease < watch and look < fence must hold")


@dataclass(slots=True)
class Tenure:
    """One process's claim to lead."""

    timing: LeaseTiming = field(default_factory=LeaseTiming)
    epoch: int = 0
    """0: not taken (yet)."""
    predecessor_gone: bool = False
    """It is proved that no earlier leader lives: nobody has to be waited for."""
    deposed_by: str = ""
    """What showed that there is a later leader; once set, it stays."""
    _record_until: Seconds = float("-inf")
    _mark_until: Seconds = float("-inf")

    def take(self, epoch: int, sent: Seconds, *, predecessor_gone: bool) -> None:
        """The record says that this epoch is ours."""
        self.epoch, self.predecessor_gone = epoch, predecessor_gone
        self.renewed(sent)

    def renewed(self, sent: Seconds) -> None:
        """PostgreSQL took a renewal that was sent at this moment."""
        self._record_until = max(self._record_until, sent + self.timing.lease)

    def marked(self, found: int, sent: Seconds) -> bool:
        """Asterisk's mark was read; the reading was sent at this moment.

        Returns:
            Whether the mark is ours. A lower one is to be overwritten, a higher one deposes us.
        """
        if found > self.epoch:
            self.depose("asterisk")
        if found == self.epoch:
            self._mark_until = max(self._mark_until, sent + self.timing.fence)
        return found == self.epoch

    def depose(self, by: str) -> None:
        """There is a later leader."""
        self.deposed_by = self.deposed_by or by

    @property
    def taken(self) -> bool:
        """Whether it leads as far as it knows, however old that knowledge."""
        return self.epoch > 0 and not self.deposed_by

    def recorded(self, now: Seconds) -> bool:
        """Whether PostgreSQL has confirmed us recently enough."""
        return self.taken and now < self._record_until

    def may_act(self, now: Seconds) -> bool:
        """Whether nobody else can be acting: either confirmation suffices."""
        return self.taken and now < max(self._record_until, self._mark_until)


@dataclass(slots=True)
class Watch:
    """A candidate's look at the present leader: has it been silent long enough?"""

    patience: Seconds
    _seen: tuple[int, int] | None = None
    _since: Seconds = 0.0

    def saw(self, epoch: int, beat: int, sent: Seconds, received: Seconds) -> bool:
        """The record was read.

        Args:
            epoch: the present one.
            beat: its renewals so far.
            sent: when the reading was sent: the silence reaches at least to this moment.
            received: when the answer came: a renewal may be as young as this when the pair is seen first.

        Returns:
            Whether the leader has been silent for the whole of the patience.
        """
        if self._seen != (epoch, beat):
            self._seen, self._since = (epoch, beat), received
        return sent - self._since >= self.patience

    def interrupted(self) -> None:
        """The record did not answer: its leader may not have been heard either. The silence begins anew."""
        self._seen = None
