"""What agents are shown about their breaks."""

from core.api import ApiModel
from core.breaks import BreakUse, Nearness, Period


class BreakAnswer(ApiModel):
    """What has been used of one reason; ``soon`` from 80 % of a limit on, ``used_up`` at all of it."""

    code: str
    title_zh: str
    title_en: str
    period: Period
    used_seconds: float
    """Within the period, the present break included."""
    allowance_seconds: float | None
    left_seconds: float | None
    allowance: Nearness
    present_seconds: float | None
    """Length of the present break, ``null`` when none of this reason goes on."""
    break_seconds: float | None
    """Limit of one break."""
    present: Nearness


def break_answer(use: BreakUse) -> BreakAnswer:
    """One reason's use for JSON."""
    return BreakAnswer(
        code=use.reason.code,
        title_zh=use.reason.title_zh,
        title_en=use.reason.title_en,
        period=use.reason.period,
        used_seconds=round(use.used, 3),
        allowance_seconds=use.reason.allowance,
        left_seconds=None if use.left is None else round(use.left, 3),
        allowance=use.allowance_is,
        present_seconds=None if use.present is None else round(use.present, 3),
        break_seconds=use.reason.each,
        present=use.break_is,
    )
