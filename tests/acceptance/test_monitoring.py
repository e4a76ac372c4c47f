"""Alerts and dashboard as they ship: promtool's own tests, and every query against a real Prometheus."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from tests.acceptance.centre import Centre, until
from tests.acceptance.prometheus import MONITORING, prometheus

MAY_BE_EMPTY = re.compile(r"wait_estimate|overflowed|disk_used")
"""Figures that have no series before the first such thing has happened."""


def expressions() -> list[str]:
    """Every query of the dashboard."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


@pytest.mark.parametrize("arguments", ["check rules alerts.yml", "test rules alerts_test.yml"])
async def test_promtool_accepts_the_alerts(arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "promtool",
        *arguments.split(),
        cwd=MONITORING,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


def test_every_alert_is_shown_firing_and_says_what_to_do() -> None:
    rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    tests = (MONITORING / "alerts_test.yml").read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)
    fired = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", tests))
    assert fired == set(alerts)
    assert rules.count("summary:") == rules.count("action:") == rules.count("severity:") == len(alerts)


async def test_every_query_of_the_dashboard_finds_its_figures(centre: Centre, tmp_path: Path) -> None:
    await centre.staff("1001", behaviour=Answers(talk_seconds=(0.3, 0.5)))
    async with prometheus(centre.http, tmp_path, centre.stack.metrics_url) as server:
        callers = await centre.callers(*(Caller(f"138000000{n:02}") for n in range(3)), rate=5)
        assert await callers.wait(30) == 0
        await centre.settled(3)

        async def counted() -> bool:
            return await server.one("sum(increase(hotline_calls_answered_total[5m])) > 0") is not None

        await until(counted, "Prometheus has not seen the calls", 30)
        for expression in expressions():
            found = await server.query(expression.replace("$__rate_interval", "1m"))
            assert found is not None, f"not understood: {expression}"
            assert found or MAY_BE_EMPTY.search(expression), f"no figures: {expression}"
        firing = await server.query('ALERTS{alertstate="firing"}')
        assert firing == []
