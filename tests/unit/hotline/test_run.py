import asyncio
import os
import signal
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline.run import Interrupts, until
from hotline.scratch import scratch_folder, scratch_settings


async def test_the_first_signal_asks_and_the_second_forces() -> None:
    forced: list[str] = []
    interrupts = Interrupts(lambda: forced.append("now"))
    interrupts.install()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await interrupts.asked()
    assert forced == []
    interrupts.interrupt()
    assert forced == ["now"]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().remove_signal_handler(number)


async def test_work_goes_on_until_somebody_asks_and_is_cleaned_up() -> None:
    asked, journal = asyncio.Event(), []

    async def work() -> None:
        try:
            asked.set()
            await asyncio.Event().wait()
        finally:
            journal.append("cleaned up")

    async def ask() -> None:
        await asked.wait()

    await until(work(), ask())
    assert journal == ["cleaned up"]


async def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        raise ConfigurationError("no disk")

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ConfigurationError, match="no disk"):
        await until(work(), never())


def test_scratch_settings_are_beside_everything_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTLINE_HTTP_PORT", "8012")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("HOTLINE_CACHE_DIR", str(tmp_path / "cache"))
    settings = scratch_settings(tmp_path, rating=False)
    assert settings.data_dir == tmp_path / "data"
    assert settings.cache_dir == tmp_path / "cache"
    assert (settings.http_port, settings.sip_port, settings.metrics_port, settings.ami_port) == (0, 0, 0, 0)
    assert settings.database_url is None
    assert settings.rating is False
    assert settings.rtp_to - settings.rtp_from == 399
    assert settings.phone_numbers[0] == "1001"
    assert len(settings.phone_numbers) == 50


def test_a_scratch_folder_may_be_passed_through() -> None:
    folder = scratch_folder()
    try:
        assert folder.stat().st_mode & 0o777 == 0o711
    finally:
        folder.rmdir()
