"""The same figures from every source that has them, and where they contradict each other. PURE.

A figure is counted by SIPp on both sides of Asterisk, listed by the API, stored in tables and exposed to
Prometheus; in a hotline that loses nothing all of them are equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from core.vocabulary import AgentId, Outcome, Phone, Seconds
from hotline.demo.run import Scene, moment
from hotline.demo.siplog import SipCall, SippStatistics
from hotline.demo.voices import Voices

TOLERANCE: Seconds = 0.5
"""How far durations of the hotline and of SIPp may be apart."""

Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was found at the end of a play."""

    scene: Scene
    statistics: SippStatistics
    """Of the callers' SIPp."""
    tables: Figures
    """Counted in PostgreSQL."""
    metrics: str
    """The text of ``/metrics``."""
    abandoned_listed: int
    """Rows of ``GET /api/v1/abandoned-calls``."""
    phones: Mapping[AgentId, Phone]
    """Where each agent sat, by agent id."""
    voices: Mapping[str, Voices]
    """What is heard in each recording, by call id."""
    recording_seconds: Mapping[str, Seconds]
    """Length of each recording as the table has it, by call id."""

    @property
    def both_voices(self) -> int:
        """Recordings in which both tones are in their own channels."""
        return sum(voice.both_in_their_places for voice in self.voices.values())


def metric(text: str, name: str) -> int:
    """Sum of a metric's samples over all labels; 0 when there is none."""
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        )
    )


def contradictions(evidence: Evidence) -> list[str]:
    """Every figure on which two sources disagree, one sentence each; empty when all agree."""
    return [*_counts(evidence), *_conduct(evidence), *_durations(evidence)]


def counts(evidence: Evidence) -> dict[str, dict[str, int]]:
    """Figure -> source -> value."""
    scene, tables, text = evidence.scene, evidence.tables, evidence.metrics
    talked = sum(call.answered_at is not None for call in scene.taken)
    return {
        "offered": {
            "planned callers": len(scene.play.guests),
            "SIPp's created calls": evidence.statistics.created,
            "SIPp's log": len(scene.placed),
            "the API": len(scene.rows),
            "the table of calls": tables["offered"],
            "hotline_calls_offered_total": metric(text, "hotline_calls_offered_total"),
            "hotline_calls_finished_total": metric(text, "hotline_calls_finished_total"),
        },
        "answered": {
            "SIPp's phones": talked,
            "the API": _outcomes(scene.rows, Outcome.ANSWERED),
            "the table of calls": tables["answered"],
            "the tickets of the API": sum(row["ticket_id"] is not None for row in scene.rows),
            "the table of tickets": tables["tickets"],
            "the table of recordings": tables["recordings"],
            "recordings linked to their ticket": tables["recordings_linked"],
            "recordings that could be played": len(evidence.voices),
            "recordings with both voices": evidence.both_voices,
            "hotline_calls_answered_total": metric(text, "hotline_calls_answered_total"),
            "hotline_call_wait_seconds_count": metric(text, "hotline_call_wait_seconds_count"),
            "hotline_call_talk_seconds_count": metric(text, "hotline_call_talk_seconds_count"),
        },
        "abandoned": {
            "SIPp": evidence.statistics.created - talked,
            "the API": _outcomes(scene.rows, Outcome.ABANDONED),
            "the list of abandoned calls": evidence.abandoned_listed,
            "the table of abandoned calls": tables["abandoned"],
            "hotline_calls_abandoned_total": metric(text, "hotline_calls_abandoned_total"),
        },
        "unaccounted": {
            "nothing": 0,
            "the tables": tables["unaccounted"],
            "hotline_calls_unaccounted": metric(text, "hotline_calls_unaccounted"),
            "SIPp's failed calls": evidence.statistics.failed,
        },
    }


def _outcomes(rows: Sequence[Mapping[str, Any]], outcome: Outcome) -> int:
    return sum(row["outcome"] == outcome for row in rows)


def _counts(evidence: Evidence) -> list[str]:
    return [
        f"{figure}: " + ", ".join(f"{source} says {value}" for source, value in sources.items())
        for figure, sources in counts(evidence).items()
        if len(set(sources.values())) > 1
    ]


def _conduct(evidence: Evidence) -> list[str]:
    """SIPp's two sides against each other: every answered phone was acknowledged and hung up."""
    return [
        f"phone {call.user}: answered but never {what}"
        for call in evidence.scene.taken
        if call.answered_at is not None
        for what, at in (("acknowledged", call.acknowledged_at), ("hung up", call.hung_up_at))
        if at is None
    ]


def _durations(evidence: Evidence) -> list[str]:
    """Each talk as SIPp's phone timed it, against the table of calls and against its recording."""
    wrong = []
    for row, call in pairs(evidence):
        talk = call.talk_seconds or 0.0
        said = {
            "the table of calls": moment(row["talk_ended_at"]) - moment(row["answered_at"]),
            "the recording's row": evidence.recording_seconds.get(row["call_id"], 0.0),
            "the recording itself": voice.seconds if (voice := evidence.voices.get(row["call_id"])) else 0.0,
        }
        wrong += [
            f"call {row['call_id']}: {talk:.2f} s of talk by SIPp, {value:.2f} s by {source}"
            for source, value in said.items()
            if abs(value - talk) > TOLERANCE
        ]
    return wrong


def pairs(evidence: Evidence) -> list[tuple[Mapping[str, Any], SipCall]]:
    """Each answered call with the call at its agent's phone: the n-th of each is the same."""
    taken: dict[str, list[SipCall]] = {}
    for call in evidence.scene.taken:
        if call.answered_at is not None:
            taken.setdefault(call.user, []).append(call)
    answered = [row for row in evidence.scene.rows if row["answered_at"] is not None]
    found = []
    for row in sorted(answered, key=lambda each: moment(each["answered_at"])):
        waiting = taken.get(evidence.phones.get(AgentId(row["agent_id"] or 0), Phone("")), [])
        if waiting:
            found.append((row, waiting.pop(0)))
    return found
