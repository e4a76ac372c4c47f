"""One log line per fact, with ids and no personal data."""

import logging
from dataclasses import fields
from typing import get_args

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


SHOWN_OF: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name in SHOWN) for kind in get_args(Fact)
}
"""The same for each kind of fact."""

IN_DETAIL = (AgentStateChanged, CallQueued, OfferStarted)
"""Several a call, and each a row in the database: logged only at the level ``debug``."""


def log_fact(fact: Fact) -> None:
    """Write the line; the event's name is the fact's."""
    detail = isinstance(fact, IN_DETAIL)
    if detail and not log.is_enabled_for(logging.DEBUG):
        return
    kind = type(fact)
    shown = {name: getattr(fact, name) for name in SHOWN_OF[kind]}
    (log.debug if detail else log.info)(kind.__name__, **shown)
