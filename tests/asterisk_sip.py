"""A small SIP phone and caller over UDP for tests on a real Asterisk.

It says what it is told and notes what it gets.

No SIP stack stands between the test and the wire: headers can be hostile, and moments are read at the socket.
"""

import asyncio
import hashlib
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Self

from core.clock import monotonic

HOST = "127.0.0.1"
FRAME = 160
FRAME_SECONDS = 0.02
RATE = 8000


def encode_ulaw(sample: int) -> int:
    """One G.711 mu-law byte of a 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def tone(hertz: float) -> bytes:
    """One second of a tone that repeats without a seam, mu-law."""
    return bytes(encode_ulaw(int(9000 * math.sin(2 * math.pi * hertz * n / RATE))) for n in range(RATE))


@dataclass
class Message:
    """A SIP request or response."""

    first: str
    headers: list[tuple[str, str]]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(first, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body)

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name.lower()), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self["CSeq"].split()[1]

    @property
    def media_port(self) -> int:
        found = re.search(r"m=audio (\d+)", self.body)
        return int(found[1]) if found else 0


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - the interface
        self._receive(data)


@dataclass
class Dialog:
    """One call as this side sees it."""

    call_id: str
    local: str
    remote: str
    target: str
    invite: Message | None = None
    sequence: int = 1
    branch: str = ""
    authorization: str = ""
    media: asyncio.Task[None] | None = None


@dataclass
class Phone:
    """A phone (or the trunk's far end) on one UDP port, plus one for its sound."""

    user: str
    asterisk: int
    host: str = HOST
    password: str = ""
    on_invite: str = "answer"
    """``answer``, ``ring`` or a whole status line (``486 Busy Here``)."""
    answer_after: float = 0.0
    extra: str = ""
    """Further header lines of refusals, each with CRLF."""
    hertz: float = 440.0
    options: bool = True
    """Answer OPTIONS."""
    seen: list[tuple[float, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    dialog: Dialog | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._received), local_addr=(self.host, 0)
        )
        self._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._sound), local_addr=(self.host, 0)
        )
        self.port = self._sip.get_extra_info("sockname")[1]
        self._rtp_port = self._rtp.get_extra_info("sockname")[1]
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._voice = tone(self.hertz)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.dialog and self.dialog.media:
            self.dialog.media.cancel()
        for task in self._tasks:
            task.cancel()
        self._sip.close()
        self._rtp.close()

    # --- what a test does

    async def register(self, expires: int = 60, user: str | None = None) -> int:
        """Register (``expires`` 0: unregister); returns the status of the last answer."""
        user, call_id = user or self.user, token_hex(8)
        answer = await self._ask(self._register(user, call_id, 1, expires, ""))
        if answer.status != 401:
            return answer.status
        authorization = self._authorization(
            answer["WWW-Authenticate"], "REGISTER", user, f"sip:{HOST}:{self.asterisk}"
        )
        answer = await self._ask(self._register(user, call_id, 2, expires, authorization))
        return answer.status

    def call(self, dialled: str, caller: str = "13900001111", display: str = "", uri: str = "") -> Dialog:
        """Send an INVITE; await ``until("200 INVITE")`` for the answer."""
        dialog = Dialog(
            call_id=token_hex(8),
            local=f"{display}<{uri or f'sip:{caller}@{self.host}:{self.port}'}>;tag={token_hex(4)}",
            remote=f"<sip:{dialled}@{HOST}:{self.asterisk}>",
            target=f"sip:{dialled}@{HOST}:{self.asterisk}",
            branch=f"z9hG4bK{token_hex(8)}",
        )
        self.dialog = dialog
        self._request("INVITE", dialog, self._sdp())
        return dialog

    def bye(self) -> None:
        assert self.dialog
        self._stop_media(self.dialog)
        self.dialog.sequence += 1
        self.dialog.branch = f"z9hG4bK{token_hex(8)}"
        self._note("bye sent")
        self._request("BYE", self.dialog)

    def cancel(self) -> None:
        assert self.dialog
        self._request("CANCEL", self.dialog)

    def answer(self) -> None:
        """Answer the call that rings."""
        dialog = self.dialog
        assert dialog
        assert dialog.invite
        self._reply(dialog.invite, "200 OK", dialog, self._sdp())
        self._start_media(dialog, dialog.invite.media_port)
        self._note("answered")

    async def until(self, what: str, deadline: float = 5.0, count: int = 1) -> float:
        """The moment at which ``what`` (``A|B``: one of them) had been noted ``count`` times."""

        def moments() -> list[float]:
            return [at for at, noted in self.seen if noted in what.split("|")]

        try:
            async with asyncio.timeout(deadline), self._changed:
                await self._changed.wait_for(lambda: len(moments()) >= count)
        except TimeoutError:
            raise AssertionError(f"{self.user}: no {what!r} x {count} in {self.seen}") from None
        return moments()[count - 1]

    def saw(self, what: str) -> int:
        return sum(noted == what for _, noted in self.seen)

    # --- the wire

    def _note(self, what: str) -> None:
        self.seen.append((monotonic(), what))
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _send(self, text: str) -> None:
        self._sip.sendto(text.encode(), (HOST, self.asterisk))

    async def _ask(self, text: str) -> Message:
        """Send a request out of any dialog and await its final answer."""
        known = len(self.messages)
        self._send(text)
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: any(m.status >= 200 for m in self.messages[known:]))
        return next(m for m in self.messages[known:] if m.status >= 200)

    def _register(self, user: str, call_id: str, number: int, expires: int, authorization: str) -> str:
        return (
            f"REGISTER sip:{HOST}:{self.asterisk} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{token_hex(8)};rport\r\n"
            f"Max-Forwards: 70\r\n"
            f"From: <sip:{user}@{HOST}>;tag={token_hex(4)}\r\nTo: <sip:{user}@{HOST}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {number} REGISTER\r\n"
            f"Contact: <sip:{user}@{self.host}:{self.port}>\r\nExpires: {expires}\r\n"
            f"{authorization}Content-Length: 0\r\n\r\n"
        )

    def _authorization(self, challenge: str, method: str, user: str, uri: str) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        cnonce = token_hex(4)

        def digest(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - SIP digest

        first = digest(f"{user}:{given['realm']}:{self.password}")
        second = digest(f"{method}:{uri}")
        answer = digest(f"{first}:{given['nonce']}:00000001:{cnonce}:auth:{second}")
        opaque = f', opaque="{given["opaque"]}"' if "opaque" in given else ""
        return (
            f'Authorization: Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{answer}", cnonce="{cnonce}", qop=auth, nc=00000001, '
            f"algorithm=MD5{opaque}\r\n"
        )

    def _request(self, method: str, dialog: Dialog, body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"{method} {dialog.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={dialog.branch};rport\r\nMax-Forwards: 70\r\n"
            f"From: {dialog.local}\r\nTo: {dialog.remote}\r\nCall-ID: {dialog.call_id}\r\n"
            f"CSeq: {dialog.sequence} {method}\r\nContact: <sip:{self.user}@{self.host}:{self.port}>\r\n"
            f"{dialog.authorization}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _reply(self, to: Message, status: str, dialog: Dialog | None = None, body: str = "") -> None:
        vias = "".join(f"Via: {via}\r\n" for via in to.every("Via"))
        local = dialog.local if dialog else f"{to['To']};tag={token_hex(4)}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        more = self.extra if status[0] in "3456" else ""
        self._send(
            f"SIP/2.0 {status}\r\n{vias}From: {to['From']}\r\nTo: {local}\r\nCall-ID: {to['Call-ID']}\r\n"
            f"CSeq: {to['CSeq']}\r\nContact: <sip:{self.user}@{self.host}:{self.port}>\r\n{more}"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {self._rtp_port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
        )

    def _received(self, data: bytes) -> None:
        if not data.strip():
            return
        message = Message.parse(data)
        self.messages.append(message)
        if message.status:
            self._answer_came(message)
        else:
            self._request_came(message)

    def _answer_came(self, message: Message) -> None:
        dialog = self.dialog
        if message.method == "INVITE" and dialog and message["Call-ID"] == dialog.call_id:
            if message.status >= 200:
                dialog.remote = message["To"]
                contact = re.search(r"<(sip:[^>]+)>", message["Contact"])
                if message.status < 300 and contact:
                    dialog.target = contact[1]
                    dialog.branch = f"z9hG4bK{token_hex(8)}"
                self._request("ACK", dialog)
            if message.status == 401 and self.password and not dialog.authorization:
                self._call_again(dialog, message["WWW-Authenticate"])
            if message.media_port and dialog.media is None:
                self._start_media(dialog, message.media_port)
        self._note(f"{message.status} {message.method}")

    def _call_again(self, dialog: Dialog, challenge: str) -> None:
        """Send the INVITE once more, with our password."""
        dialog.authorization = self._authorization(challenge, "INVITE", self.user, dialog.target)
        dialog.remote = re.sub(";tag=.*", "", dialog.remote)
        dialog.branch = f"z9hG4bK{token_hex(8)}"
        dialog.sequence += 1
        self._request("INVITE", dialog, self._sdp())

    def _request_came(self, message: Message) -> None:
        if message.method == "OPTIONS" and not self.options:
            return
        self._note(message.method)
        if message.method == "INVITE":
            self._invited(message)
        elif message.method in {"BYE", "CANCEL", "OPTIONS"}:
            self._reply(message, "200 OK", None)
        if message.method == "CANCEL" and self.dialog and self.dialog.invite:
            self._reply(self.dialog.invite, "487 Request Terminated", self.dialog)
        if message.method in {"BYE", "CANCEL"} and self.dialog:
            self._stop_media(self.dialog)

    def _invited(self, message: Message) -> None:
        if self.dialog and self.dialog.call_id == message["Call-ID"] and self.dialog.media is None:
            return  # sent again
        contact = re.search(r"<(sip:[^>]+)>", message["Contact"])
        self.dialog = dialog = Dialog(
            call_id=message["Call-ID"],
            local=f"{message['To']};tag={token_hex(4)}",
            remote=message["From"],
            target=contact[1] if contact else "",
            invite=message,
        )
        if self.on_invite not in {"answer", "ring"}:
            self._reply(message, self.on_invite, dialog)
            return
        self._reply(message, "180 Ringing", dialog)
        if self.on_invite == "answer":
            asyncio.get_running_loop().call_later(self.answer_after, self.answer)

    # --- sound

    def _sound(self, data: bytes) -> None:
        if len(data) > 12 and data[1] & 0x7F == 0:
            self.heard += data[12:]

    def _start_media(self, dialog: Dialog, port: int) -> None:
        dialog.media = asyncio.get_running_loop().create_task(self._talk(port))

    def _stop_media(self, dialog: Dialog) -> None:
        if dialog.media:
            dialog.media.cancel()

    async def _talk(self, port: int) -> None:
        loop, source = asyncio.get_running_loop(), int(token_hex(4), 16)
        began = loop.time()
        for number in range(10**6):
            offset = number * FRAME % RATE
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, source)
            self._rtp.sendto(header + self._voice[offset : offset + FRAME], (HOST, port))
            await asyncio.sleep(max(0, began + (number + 1) * FRAME_SECONDS - loop.time()))
