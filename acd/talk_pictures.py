"""A talk as a picture of Asterisk shows it: what memory believes otherwise is put right. Pure."""

from acd import segments
from acd.model import Call, Decision, State
from acd.talk_model import TalkState
from acd.timers import Deadline
from core.events import LiveCall
from core.talk import MarkKind
from core.vocabulary import Seconds

STAGES = frozenset({"talking", "held", "conference", "outside"})
"""Values of ``HOTLINE_STAGE`` that the contexts of a talk set."""


def compare(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    """Take over what the picture shows of a call that is in a talk."""
    _owner(state, call, live)
    _pause(state, call, live, at, out)
    talk = call.talk
    match live.stage:
        case "held" if talk.state not in (TalkState.HELD, TalkState.ASKING, TalkState.CONSULTING):
            talk.state, talk.third = TalkState.HELD, None
            segments.unbridged(call, at)
            segments.mark(call, MarkKind.HOLD, out, at)
        case "talking" if live.talking and talk.state in (TalkState.HELD, TalkState.ASKING):
            talk.state, talk.third = TalkState.CONNECTED, None
            segments.unmark(call, MarkKind.HOLD, out, at)
            segments.bridged(call, at)
        case "conference" if talk.state is TalkState.HELD:
            talk.state = TalkState.CONFERENCE
        case "outside":
            talk.state = TalkState.OUTSIDE
        case _:
            pass


def _owner(state: State, call: Call, live: LiveCall) -> None:
    """Whose talk it is: the phone that shares the citizen's bridge, or waits while he is on hold."""
    if live.stage == "outside" or live.agent_phone is None:
        return
    call.agent_channel = live.agent_channel
    if live.agent_phone == call.phone or live.stage == "conference":
        return
    agent = state.agent_at(live.agent_phone)
    call.phone, call.agent_id = live.agent_phone, agent.agent_id if agent is not None else None
    if agent is not None:
        agent.call_id = call.call_id


def _pause(state: State, call: Call, live: LiveCall, at: Seconds, out: Decision) -> None:
    """A recording that an earlier run paused goes on in time."""
    if live.paused_until is None or call.talk.paused_until is not None:
        return
    call.talk.paused_until = live.paused_until
    segments.mark(call, MarkKind.RECORD_PAUSE, out, at)
    state.timers.add(live.paused_until, Deadline.RECORD_RESUME, call.call_id)
