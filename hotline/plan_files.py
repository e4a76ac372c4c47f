"""Asterisk's files of the plan: what it reads at its own start, and its own queues.

They lie beside the rendered configuration, and rendering leaves them alone once they are there: an Asterisk
that is started while the service is away knows the plan as it was last.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from core.errors import ConfigurationError
from core.plan import RoutingPlan
from hotline import runtime
from hotline.asterisk.files import fill, write
from hotline.settings import Settings
from telephony.plan import global_variables, native_queues

log = structlog.get_logger()

NAMES = ("plan_globals.conf", "plan_queues.conf")


def context(plan: RoutingPlan) -> dict[str, Any]:
    """What the templates of these files name."""
    return {"variables": sorted(global_variables(plan).items()), "native_queues": native_queues(plan)}


def writer(settings: Settings) -> Callable[[RoutingPlan], bool]:
    """How the service writes them: into the folder that the description of the running Asterisk names."""

    def write_files(plan: RoutingPlan) -> bool:
        folder = runtime.load(settings).config
        if not folder:
            return False
        try:
            for name in NAMES:
                write(Path(folder) / name, fill(name, context(plan)))
        except ConfigurationError as error:
            log.warning("plan_files_not_written", error=error.message)
            return False
        return True

    return write_files
