"""The first plan of a new hotline, from the settings; afterwards the plan's own rows count."""

from acd.plan_document import LineDocument, PlanDocument, QueueDocument
from hotline.settings import QueueSettings, Settings


def initial_plan(settings: Settings) -> PlanDocument:
    """What ``HOTLINE_QUEUES`` says, as a plan."""
    rest = next((queue for queue in settings.queues if not queue.dialled), settings.queues[0])
    return PlanDocument(
        default_queue=rest.name,
        queues={queue.name: _queue(queue) for queue in settings.queues},
        lines={
            number: LineDocument(queue=queue.name) for queue in settings.queues for number in queue.dialled
        },
    )


def _queue(queue: QueueSettings) -> QueueDocument:
    return QueueDocument(
        wrap_up_seconds=queue.wrap_up_seconds,
        ring_seconds=queue.ring_seconds,
        service_level_seconds=queue.service_level_seconds,
    )
