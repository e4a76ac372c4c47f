"""One log line per fact, with ids and no personal data."""

from dataclasses import fields

import structlog

from core.facts import AgentStateChanged, CallQueued, Fact, OfferStarted

log = structlog.get_logger()

SHOWN = frozenset(
    {
        "call_id",
        "agent_id",
        "offer_id",
        "queue",
        "result",
        "outcome",
        "cause",
        "priority",
        "from_state",
        "to_state",
        "next_state",
        "unreached_stage",
        "at",
    },
)
"""The fields of facts that may stand in a log; the caller's number and what people wrote may not."""


IN_DETAIL = (AgentStateChanged, CallQueued, OfferStarted)
"""Several a call, and each a row in the database: logged only at the level ``debug``."""


def log_fact(fact: Fact) -> None:
    """Write the line; the event's name is the fact's."""
    shown = {f.name: getattr(fact, f.name) for f in fields(fact) if f.name in SHOWN}
    write = log.debug if isinstance(fact, IN_DETAIL) else log.info
    write(type(fact).__name__, **shown)
