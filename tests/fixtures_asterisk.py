"""Pytest fixtures: a real Asterisk with the rendered configuration, on free ports, in a scratch folder.

Import what a module needs. It boots in about 0.4 s, so every test has one of its own.
"""

import asyncio
import shutil
import tempfile
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import wall
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import AsteriskSecrets, RenderedAsterisk, new_system_name, phone_password
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.provision import find_or_build
from hotline.asterisk.render import render
from hotline.ports import Transport, free_port, free_range
from hotline.settings import QueueSettings, Settings
from tests.asterisk_ami import Ami, Block
from tests.asterisk_sip import Phone

SECRETS = AsteriskSecrets(ami_secret="ami-secret-of-a-test", phone_master="phone-master-of-a-test")

QUEUES = (
    QueueSettings(name="citizens", dialled=(), ring_seconds=10),
    QueueSettings(name="tax", dialled=("12366",), ring_seconds=3, wrap_up_seconds=1),
)


@dataclass
class Switch:
    """A running Asterisk, its AMI, and SIP ends that are put away with it."""

    process: AsteriskProcess
    rendered: RenderedAsterisk
    ami: Ami
    ends: AsyncExitStack

    async def phone(self, number: str, register: bool = True, **behaviour: object) -> Phone:  # noqa: FBT001, FBT002 - reads well in a test
        """An agent's phone."""
        password = phone_password(SECRETS.phone_master, number)
        given = {"password": password, "hertz": 1000.0, **behaviour}
        phone = Phone(number, self.rendered.sip_port, **given)  # type: ignore[arg-type]  # checked by the tests
        await self.ends.enter_async_context(phone)
        if register:
            assert await phone.register() == 200
            await self.ami.event("ContactStatus", EndpointName=number, ContactStatus="Reachable")
        return phone

    async def caller(self, **behaviour: object) -> Phone:
        """The far end of the trunk."""
        given = {"hertz": 500.0, **behaviour}
        phone = Phone("trunk", self.rendered.sip_port, **given)  # type: ignore[arg-type]  # checked by the tests
        return await self.ends.enter_async_context(phone)

    async def heartbeat(self, age: float = 0) -> None:
        """Say when the service was alive; a negative age lasts through a test."""
        await self.ami.setvar("ACD_HEARTBEAT", str(int(wall() - age)))

    async def waiting(self, caller: Phone, dialled: str = "12345", number: str = "13900001111") -> Block:
        """Call, and return the first ``HotlineWaiting`` of that call."""
        known = len(self.ami.events("HotlineWaiting"))
        caller.call(dialled, number)
        return await self.ami.event("HotlineWaiting", count=known + 1)

    async def offer(self, waiting: Block, phone: str, offer: int) -> None:
        """Do what the service does."""
        answer = await self.ami.redirect(waiting["Channel"], "acd-offer", f"{phone}*{offer}")
        assert answer["Response"] == "Success"

    def recording(self, waiting: Block) -> Path:
        return self.rendered.spool_dir / f"{waiting['CallId']}.raw"

    def log(self) -> str:
        return (self.rendered.log_dir / "messages").read_text()


def settings_for(folder: Path, **overrides: object) -> Settings:
    """Settings on free ports."""
    first, last = free_range(100)
    ports: dict[str, object] = {
        "ami_port": free_port(Transport.TCP),
        "agi_port": free_port(Transport.TCP),
        "sip_port": free_port(Transport.UDP),
        "sip_host": "127.0.0.1",
        "rtp_from": first,
        "rtp_to": last,
        "phones": "1001-1004",
        "queues": QUEUES,
        "announcement": False,
        "rating": False,
    }
    return Settings(data_dir=folder, **ports | overrides)  # type: ignore[arg-type]  # pydantic checks them


def write_prompt(prompts: Path, seconds: float = 0.3) -> None:
    """A recording notice of silence."""
    path = prompts / "zh" / "recording_notice.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))


async def holds(condition: Callable[[], bool], deadline: float = 5.0) -> None:
    """Return when ``condition`` holds: for what a file or a socket shows and nobody tells."""
    async with asyncio.timeout(deadline):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running_switch(
    install: AsteriskInstall, folder: Path, **overrides: object
) -> AsyncIterator[Switch]:
    """An Asterisk with these settings; stopped at the end."""
    settings = settings_for(folder, **overrides)
    write_prompt(folder / "prompts")
    rendered = render(
        settings,
        SECRETS,
        folder / "etc",
        state_dir=folder / "state",
        prompts_dir=folder / "prompts",
        system_name=new_system_name(),
        install=install,
    )
    process = AsteriskProcess(install, rendered)
    await process.start()
    try:
        async with AsyncExitStack() as ends, Ami(rendered) as ami:
            switch = Switch(process, rendered, ami, ends)
            await switch.heartbeat(age=-1000)
            yield switch
    finally:
        await process.stop(0)


@pytest.fixture(scope="session")
def asterisk_install() -> AsteriskInstall:
    return find_or_build(Settings(), print)


@pytest.fixture
def asterisk_folder() -> Iterator[Path]:
    """Short: a control socket's path may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-ast-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def switch(asterisk_install: AsteriskInstall, asterisk_folder: Path) -> AsyncIterator[Switch]:
    """An Asterisk without announcement and rating, with a fresh heartbeat."""
    async with running_switch(asterisk_install, asterisk_folder) as result:
        yield result
