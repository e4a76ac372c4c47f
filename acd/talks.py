"""What an agent may do inside his talk: hold, ask, transfer, confer, call for help, pause recording. Pure.

Each request is checked against the talk's table, told at once, and carried out by one ``MoveLegs``; should
that fail, ``TalkFailed`` takes the state back and Asterisk is asked for a picture.
"""

from collections.abc import Callable

from acd import offers, seats, segments, talk_legs
from acd.model import Agent, Call, Decision, State
from acd.model import step as step_call
from acd.phases import CallInput, Phase
from acd.talk_model import TalkInput, TalkState, Third, next_talk
from acd.timers import Deadline
from agents.rules import AgentInput
from core.commands import MarkCall, MoveLegs, RequestReconcile, RingThird, SetSound
from core.events import TalkAsked, TalkFailed
from core.facts import CallMoved, EmergencyCalled, Refused
from core.talk import Leg, MarkKind, SegmentKind, Sound, TalkAction
from core.vocabulary import AgentState, CallId, Seconds


def on_asked(state: State, event: TalkAsked, out: Decision) -> None:
    """An agent asks for something in his talk."""
    agent = state.agents.get(event.agent_id)
    call = state.calls.get(agent.call_id) if agent is not None and agent.call_id is not None else None
    if agent is None or call is None or call.phase is not Phase.TALKING:
        out.facts.append(Refused("no_talk", "there is no caller in a talk with you"))
    elif call.agent_id != agent.agent_id:
        _as_third(agent, call, event, out)
    elif call.call_id in state.callers.warnings:
        out.facts.append(Refused("warning_running", "your caller is being warned; stop that first"))
    elif not state.online or not call.channel or not call.agent_channel:
        out.facts.append(Refused("talk_not_settled", "where the call is has to be found out first"))
    else:
        ACTIONS[event.action](state, call, event, out)


def _as_third(agent: Agent, call: Call, event: TalkAsked, out: Decision) -> None:
    """A colleague who was asked may leave; the talk is not his."""
    third = call.talk.third
    if event.action is TalkAction.HANG_UP and third is not None and third.agent_id == agent.agent_id:
        talk_legs.hang_up(call, out, third.channel)
    else:
        out.facts.append(Refused("not_your_talk", "the talk is your colleague's"))


def _step(call: Call, given: TalkInput, event: TalkAsked, out: Decision) -> bool:
    """Take the step, or refuse it."""
    if talk_legs.step(call, given, event.at):
        return True
    out.facts.append(
        Refused("talk_not_so", f"{event.action} does not fit: the talk is {call.talk.state}", "action")
    )
    return False


def _move(
    call: Call, out: Decision, *groups: tuple[Leg, ...], hang_up: tuple[str, ...] = (), peer: str = ""
) -> None:
    """Send legs elsewhere; ``peer`` is the leg that the citizen will talk to."""
    call.talk.moves += 1
    call.talk.moved_at = call.changed_at
    variables = (("HOTLINE_PEER", peer or call.agent_channel),)
    out.commands.append(
        MoveLegs(call.call_id, call.talk.moves, call.channel, groups, variables, tuple(filter(None, hang_up)))
    )


# --- hold ----------------------------------------------------------------------------------------


def _hold(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    if _step(call, TalkInput.HOLD, event, out):
        segments.unbridged(call, event.at)
        segments.mark(call, MarkKind.HOLD, out, event.at)
        _move(call, out, (Leg(call.channel, "talk-hold", "s"), Leg(call.agent_channel, "talk-wait", "s")))


def _resume(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    if _step(call, TalkInput.RESUME, event, out):
        _connect(call, out, event.at)


def _connect(call: Call, out: Decision, at: Seconds) -> None:
    """The agent takes the citizen back, from wherever his own leg is."""
    segments.unmark(call, MarkKind.HOLD, out, at)
    segments.bridged(call, at)
    _move(call, out, (Leg(call.channel, "talk-join", "s"),))


# --- asking somebody -----------------------------------------------------------------------------


def _consult(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    third = _whom(state, event, out)
    if third is None or not _step(call, TalkInput.CONSULT, event, out):
        return
    _reserve(state, call, third, out, event.at)
    segments.unbridged(call, event.at)
    segments.unmark(call, MarkKind.HOLD, out, event.at)
    segments.mark(call, MarkKind.CONSULT, out, event.at)
    exten = f"p{third.phone}" if third.phone else f"o{third.number}"
    _move(call, out, (Leg(call.channel, "talk-hold", "s"), Leg(call.agent_channel, "talk-consult", exten)))


def _whom(state: State, event: TalkAsked, out: Decision) -> Third | None:
    """Who is to be asked: a colleague who is free, or a number outside."""
    if event.phone is None:
        return Third(SegmentKind.OUTSIDE, number=event.number)
    agent = _free_colleague(state, event, out)
    return Third(SegmentKind.AGENT, phone=agent.phone, agent_id=agent.agent_id) if agent else None


def _free_colleague(state: State, event: TalkAsked, out: Decision) -> Agent | None:
    agent = state.agent_at(event.phone) if event.phone is not None else None
    if agent is None or agent.agent_id == event.agent_id:
        out.facts.append(Refused("nobody_there", "no colleague is at this phone", "to"))
        return None
    if agent.state is not AgentState.READY or not agent.reachable:
        out.facts.append(Refused("agent_not_free", "that colleague is not free now", "to"))
        return None
    return agent


def _reserve(state: State, call: Call, third: Third, out: Decision, at: Seconds) -> None:
    """Nobody else is offered to a colleague who is being asked."""
    call.talk.third = third
    agent = state.agents.get(third.agent_id) if third.agent_id is not None else None
    if agent is not None:
        agent.call_id, agent.offer_id = call.call_id, None
        seats.move(state, agent, AgentInput.OFFER, out, at, cause="system:consult")


def _cancel(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """Back to the citizen; out of a conference the third party is put."""
    third = call.talk.third
    conference = call.talk.state is TalkState.CONFERENCE
    if not _step(call, TalkInput.CANCEL, event, out):
        return
    talk_legs.drop_third(state, call, out, event.at)
    if conference:
        talk_legs.hang_up(call, out, third.channel if third else "")
    else:
        _connect(call, out, event.at)


def _complete(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """The citizen is handed to whom the agent talks to."""
    third = call.talk.third
    if call.talk.state is not TalkState.CONSULTING or third is None:
        out.facts.append(Refused("talk_not_so", "there is nobody whom you consult", "action"))
        return
    leaving = call.agent_channel
    segments.unmark(call, MarkKind.CONSULT, out, event.at)
    segments.bridged(call, event.at)
    talk_legs.join(call, out, event.at)
    talk_legs.give(state, call, "transfer", out, event.at)
    _move(call, out, (Leg(call.channel, "talk-join", "s"),), hang_up=(leaving,), peer=third.channel)


def _conference(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    third = call.talk.third
    if third is None or not _step(call, TalkInput.CONFER, event, out):
        if third is None:
            out.facts.append(Refused("talk_not_so", "there is nobody whom you consult", "action"))
        return
    segments.unmark(call, MarkKind.CONSULT, out, event.at)
    segments.bridged(call, event.at)
    third.began = "conference"
    talk_legs.join(call, out, event.at)
    _move(
        call,
        out,
        (_party(call.agent_channel), _party(third.channel)),
        (Leg(call.channel, "talk-conference", "citizen"),),
    )


def _party(channel: str) -> Leg:
    return Leg(channel, "talk-conference", "party")


# --- transfer without asking ---------------------------------------------------------------------


def _transfer(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    if call.talk.state not in (TalkState.CONNECTED, TalkState.HELD):
        out.facts.append(Refused("talk_not_so", f"the talk is {call.talk.state}", "action"))
    elif event.phone is not None:
        _to_agent(state, call, event, out)
    elif event.queue is not None:
        _to_queue(state, call, event, out)
    else:
        _to_outside(state, call, event, out)


def _to_agent(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """An offer like any other, to the one colleague; if he does not answer, the citizen waits again."""
    agent = _free_colleague(state, event, out)
    if agent is None or not _certified(state, call, agent, out):
        return
    leaving = _leave(state, call, out, event.at)
    offers.make(state, call, agent, out, event.at)
    talk_legs.hang_up(call, out, leaving)


def _certified(state: State, call: Call, agent: Agent, out: Decision) -> bool:
    """Without the queue's certificate nobody is offered its calls, by a colleague neither."""
    needed = state.rules(call.queue).certificate
    if needed is None or (agent.profile is not None and needed in agent.profile.certificates):
        return True
    out.facts.append(Refused("agent_not_certified", "that colleague lacks the queue's certificate", "to"))
    return False


def _leave(state: State, call: Call, out: Decision, at: Seconds) -> str:
    """The agent's part is over by his own wish; returns his leg."""
    leaving = call.agent_channel
    segments.end_agent(call, call.agent_id, "transfer", out, at)
    talk_legs.agent_gone(state, call, out, at, lost=False)
    call.talk.began = "transfer"
    return leaving


def _to_queue(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    queue = event.queue
    if queue is None or queue not in state.plan.queues:
        out.facts.append(Refused("unknown_queue", "there is no such queue", "to"))
        return
    leaving = _leave(state, call, out, event.at)
    if queue != call.queue:
        out.facts.append(CallMoved(call.call_id, call.queue, queue, event.at))
    call.queue = queue
    step_call(call, CallInput.OFFER_LOST, event.at)
    call.talk.moves += 1
    variables = (("HOTLINE_QUEUE", queue), ("HOTLINE_REASON", talk_legs.TRANSFER))
    to = (Leg(call.channel, "talk-requeue", "s"),)
    out.commands.append(
        MoveLegs(
            call.call_id, call.talk.moves, call.channel, (to,), variables, tuple(filter(None, (leaving,)))
        )
    )


def _to_outside(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    if next_talk(call.talk.state, TalkInput.GIVE_OUT) is None:
        return
    before = call.talk.state
    leaving = _leave(state, call, out, event.at)
    call.talk.state = before
    talk_legs.step(call, TalkInput.GIVE_OUT, event.at)
    call.talk.third = Third(SegmentKind.OUTSIDE, number=event.number, began="transfer")
    _move(call, out, (Leg(call.channel, "talk-outside", event.number),), hang_up=(leaving,), peer=leaving)


# --- emergency -----------------------------------------------------------------------------------


def _emergency(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """At once three: nobody hears music while the service is called."""
    if not _step(call, TalkInput.CALL_IN, event, out):
        return
    talk = call.talk
    talk.emergencies += 1
    talk.third = Third(
        SegmentKind.EMERGENCY, number=event.number, began="emergency", emergency=talk.emergencies
    )
    segments.unmark(call, MarkKind.HOLD, out, event.at)
    segments.bridged(call, event.at)
    out.facts.append(
        EmergencyCalled(call.call_id, talk.emergencies, event.service, event.note, event.agent_id, event.at)
    )
    _move(call, out, (Leg(call.channel, "talk-conference", "citizen"), _party(call.agent_channel)))
    out.commands.append(RingThird(call.call_id, event.number, call.channel))


# --- sound ---------------------------------------------------------------------------------------


def _mute(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    segments.mark(call, MarkKind.MUTE, out, event.at)
    out.commands.append(SetSound(call.call_id, call.agent_channel, Sound.MUTE))


def _unmute(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    segments.unmark(call, MarkKind.MUTE, out, event.at)
    out.commands.append(SetSound(call.call_id, call.agent_channel, Sound.UNMUTE))


def _pause(state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """Asked for again, the pause lasts longer."""
    until = event.at + event.seconds
    call.talk.paused_until = until
    state.timers.add(until, Deadline.RECORD_RESUME, call.call_id)
    segments.mark(call, MarkKind.RECORD_PAUSE, out, event.at)
    out.commands.append(SetSound(call.call_id, call.channel, Sound.RECORD_PAUSE))
    out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_PAUSED_UNTIL", f"{until:.3f}"),)))


def _unpause(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    if call.talk.paused_until is None:
        out.facts.append(Refused("talk_not_so", "the recording does not pause", "action"))
    else:
        record_on(call, out, event.at)


def record_on(call: Call, out: Decision, at: Seconds) -> None:
    """The recording goes on."""
    call.talk.paused_until = None
    segments.unmark(call, MarkKind.RECORD_PAUSE, out, at)
    out.commands.append(SetSound(call.call_id, call.channel, Sound.RECORD_RESUME))
    out.commands.append(MarkCall(call.call_id, call.channel, (("HOTLINE_PAUSED_UNTIL", ""),)))


def on_pause_over(state: State, call_id: CallId, due_at: Seconds, out: Decision, now: Seconds) -> None:
    """It has paused as long as it may."""
    call = state.calls.get(call_id)
    if call is not None and call.talk.paused_until == due_at:
        record_on(call, out, now)


# --- the end -------------------------------------------------------------------------------------


def _hang_up(_state: State, call: Call, event: TalkAsked, out: Decision) -> None:
    """Out of a conference only the agent goes; otherwise the call is over, also for a citizen on hold."""
    talk = call.talk
    if talk.state is TalkState.CONFERENCE and talk.third is not None and talk.third.answered_at is not None:
        talk_legs.hang_up(call, out, call.agent_channel)
        return
    third = talk.third.channel if talk.third is not None else ""
    segments.unmark(call, MarkKind.HOLD, out, event.at)
    talk.state = talk.before = TalkState.CONNECTED
    call.changed_at = max(call.changed_at, event.at)
    _move(call, out, (Leg(call.channel, "after-call", "s"),), hang_up=(call.agent_channel, third))


def on_failed(state: State, event: TalkFailed, out: Decision) -> None:
    """The latest move could not be made: take the state back, and look where everybody is."""
    call = state.calls.get(event.call_id)
    if call is None or call.talk.moves != event.number:
        return
    call.talk.moved_at = 0.0
    out.commands.append(RequestReconcile("legs of a talk could not be moved"))
    if call.phase is not Phase.TALKING or call.agent_id is None:
        return
    call.talk.state = call.talk.before
    talk_legs.drop_third(state, call, out, event.at)
    if call.talk.state is TalkState.CONNECTED:
        segments.unmark(call, MarkKind.HOLD, out, event.at)
        segments.bridged(call, event.at)


ACTIONS: dict[TalkAction, Callable[[State, Call, TalkAsked, Decision], None]] = {
    TalkAction.HOLD: _hold,
    TalkAction.RESUME: _resume,
    TalkAction.MUTE: _mute,
    TalkAction.UNMUTE: _unmute,
    TalkAction.TRANSFER: _transfer,
    TalkAction.CONSULT: _consult,
    TalkAction.COMPLETE: _complete,
    TalkAction.CANCEL: _cancel,
    TalkAction.CONFERENCE: _conference,
    TalkAction.RECORD_PAUSE: _pause,
    TalkAction.RECORD_RESUME: _unpause,
    TalkAction.HANG_UP: _hang_up,
    TalkAction.EMERGENCY: _emergency,
}
"""What an agent may ask for, and what it leads to."""
