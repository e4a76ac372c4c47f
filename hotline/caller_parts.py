"""Builds what the hotline does with callers it knows: lists, flags, the desk, protected disconnect."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.caller_desk import CallerDesk
from acd.callers import CallerPolicy
from acd.callers_api import CallerListApi
from acd.callers_api import endpoints as list_endpoints
from acd.callers_store import CallersStore
from acd.desk_api import DeskApi
from acd.desk_api import endpoints as desk_endpoints
from acd.live import Live
from acd.model import State
from core.api import Endpoint
from core.vocabulary import CallId, Seconds
from db.pool import Database
from db.writer import OrderedWriter
from hotline.inbox import Inbox
from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class CallerParts:
    """The parts that know callers."""

    store: CallersStore
    desk: CallerDesk


def build(database: Database, writer: OrderedWriter, state: State, now: Callable[[], Seconds]) -> CallerParts:
    """Make them; nothing is started."""

    def caller_of(call_id: CallId) -> str:
        call = state.calls.get(call_id)
        return call.caller if call else ""

    return CallerParts(CallersStore(database, writer), CallerDesk(database, caller_of, now))


def endpoints(
    parts: CallerParts,
    *,
    settings: Settings,
    database: Database,
    inbox: Inbox,
    live: Live,
    now: Callable[[], Seconds],
) -> list[Endpoint]:
    """What the API can do about callers."""
    lists = CallerListApi(database, parts.store, inbox.put, now, settings.caller_list_days)
    desk = DeskApi(store=parts.store, desk=parts.desk, inbox=inbox, live=live, now=now)
    return [*list_endpoints(lists), *desk_endpoints(desk)]


def policy(settings: Settings) -> CallerPolicy:
    """The rules about callers, from the settings."""
    return CallerPolicy(
        cap_calls=settings.caller_cap_calls,
        cap_window=settings.caller_cap_seconds,
        relax_after=settings.caller_relax_seconds,
        message_seconds=settings.caller_message_seconds,
        anonymous=settings.anonymous_callers,
    )
