"""A real Prometheus beside the hotline, with the rules that ship with it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from hotline.ports import Transport, free_port
from tests.acceptance.centre import until

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"

CONFIG = """\
global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}
rule_files: [{rules}]
scrape_configs:
  - {{job_name: hotline, static_configs: [{{targets: ['{target}']}}]}}
"""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Answers queries."""

    http: aiohttp.ClientSession
    url: str

    async def query(self, expression: str) -> list[dict[str, Any]] | None:
        """The samples that an expression gives now; ``None`` when it is wrong or the server is not up yet."""
        try:
            async with self.http.get(f"{self.url}/api/v1/query", params={"query": expression}) as response:
                answer: dict[str, Any] = json.loads(await response.text())
        except (OSError, ValueError):
            return None
        result: list[dict[str, Any]] | None = answer.get("data", {}).get("result")
        return result

    async def one(self, expression: str) -> float | None:
        """The value of an expression that gives one sample."""
        result = await self.query(expression)
        return float(result[0]["value"][1]) if result else None


@asynccontextmanager
async def prometheus(
    http: aiohttp.ClientSession, folder: Path, metrics_url: str
) -> AsyncIterator[Prometheus]:
    """One that has scraped the service at least once."""
    port = free_port(Transport.TCP, "127.0.0.1")
    config = folder / "prometheus.yml"
    config.write_text(
        CONFIG.format(rules=MONITORING / "alerts.yml", target=urlsplit(metrics_url).netloc), encoding="utf-8"
    )
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Prometheus(http, f"http://127.0.0.1:{port}")

    async def scraped() -> bool:
        return await server.one('up{job="hotline"}') == 1.0

    try:
        await until(scraped, "Prometheus does not scrape the service", 30)
        yield server
    finally:
        process.terminate()
        await process.wait()
