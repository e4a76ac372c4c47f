"""What the switch counts, as plain numbers. ``hotline.metrics`` reads them; nothing decides by them."""

from dataclasses import dataclass


@dataclass(slots=True)
class SwitchStats:
    """Counters of the AMI side since the start of the service."""

    connected: bool = False
    """Logged in and reconciled: events flow."""
    login_is_refused: bool = False
    """Asterisk refuses our name or password: somebody has to act. Cleared by the next good login."""
    connects: int = 0
    """Connections that got as far as a reconciliation."""
    reconnects: int = 0
    """The same, without the first."""
    connect_failures: int = 0
    login_refused: int = 0
    watchdog_aborts: int = 0
    """Connections given up because Asterisk no longer answered."""
    events: int = 0
    """Genuine (tagged) events received, wanted or not."""
    delivered: int = 0
    """Typed events handed on."""
    untranslated: int = 0
    """Wanted events that said nothing to the engine, or were malformed."""
    dropped_forged: int = 0
    """Event blocks without the system tag in its place, or with a header twice."""
    late: int = 0
    """Parts of answers to actions that were given up."""
    oversized: int = 0
    malformed: int = 0
    """Messages whose handling raised."""
    sink_errors: int = 0
    """Exceptions of the consumer of events."""
    actions: int = 0
    action_errors: int = 0
    """Actions that were refused, timed out or lost with the connection."""
    snapshots: int = 0
    snapshot_failures: int = 0


@dataclass(slots=True)
class AgiStats:
    """Counters of the FastAGI side since the start of the service."""

    sessions: int = 0
    running: int = 0
    unknown_script: int = 0
    bad_requests: int = 0
    """Connections that brought no complete request in time."""
    refused_busy: int = 0
    """Connections refused because too many sessions were running."""
    callers_gone: int = 0
    failures: int = 0
    """Sessions that ended with an exception."""
