"""Who goes first on a busy machine: the voice, then routing, then everything that can wait."""

import contextlib
import os
import threading

ROUTING = -10
ORDINARY = 0


def routing_first() -> None:
    """Raise this thread above the machine's other work; without the right to (no root), all stay equal."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ROUTING)


def ordinary() -> None:
    """Put this thread back among the machine's other work."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ORDINARY)
