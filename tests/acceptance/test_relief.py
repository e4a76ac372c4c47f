"""Ways out of the queue and what those who wait are told, on a whole hotline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import soundfile

from core.vocabulary import Language
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from ivr.prompts import FOLDER
from tests.acceptance import audio
from tests.acceptance.centre import Centre, until
from tests.asterisk_sip import Phone as SoftPhone
from tests.likeness import decode_ulaw, likeness

CALLER_TONE = 500.0
NEVER = {"zone": "UTC", "week": {}}


async def plan(centre: Centre, **queues: dict[str, Any]) -> None:
    """Give the centre these queues; the first one is the default."""
    url = f"{centre.stack.api_url}/api/v1/plan"
    headers = {"Authorization": f"Bearer {centre.chief._token}"}
    async with centre.http.get(url, headers=headers) as answer:
        headers["If-Match"] = answer.headers["ETag"]
    body = {
        "default_queue": next(iter(queues)),
        "queues": {name: {"wrap_up_seconds": 0, **rules} for name, rules in queues.items()},
    }
    async with centre.http.put(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


def heard(centre: Centre, phone: SoftPhone, prompt: str) -> float:
    """How much of a prompt the caller has heard; 1.0: all of it."""
    path = centre.stack.settings.cache_dir / FOLDER / Language.CHINESE / f"{prompt}.wav"
    sound, _ = soundfile.read(path, dtype="float64")
    return likeness(sound, decode_ulaw(phone.heard))


async def test_a_call_that_waits_too_long_goes_to_the_other_queue(centre: Centre) -> None:
    await plan(
        centre,
        citizens={"overflow": [{"to": "queue", "queue": "reserve", "after_wait": 1}]},
        reserve={},
    )
    await centre.phones("1001", behaviour=Answers(talk_seconds=(0.3, 0.3)))
    await centre.seat("1001", queues=("reserve",))
    callers = await centre.callers(Caller("13800001111"))
    assert await callers.wait(20) == 0
    await centre.settled(1)
    (call,) = await centre.rows("SELECT * FROM calls")
    assert (call["outcome"], call["queue"]) == ("answered", "reserve")
    (row,) = await centre.rows("SELECT * FROM overflows")
    assert (row["from_queue"], row["to_queue"], row["cause"]) == ("citizens", "reserve", "wait")
    assert 0.9 < row["waited_s"] < 2.0
    assert await centre.total("hotline_calls_overflowed_total") == 1


async def test_full_is_said_and_is_the_outcome(centre: Centre) -> None:
    await plan(centre, citizens={"max_waiting": 1})
    waiting = await centre.callers(Caller("13800001111"))
    await until(lambda: _waits(centre, 1), "the first caller does not wait")
    async with SoftPhone("citizen", centre.stack.sip_port, hertz=CALLER_TONE) as phone:
        phone.call("12345", "13800002222")
        await phone.until("BYE", deadline=15)
        assert heard(centre, phone, "message_full") > 0.9
    await waiting.stop()
    await centre.settled(2)
    (row,) = await centre.rows("SELECT * FROM calls WHERE caller = '13800002222'")
    assert (row["outcome"], row["cause"], row["queued_at"]) == ("overflowed", "full", None)
    assert await centre.value("SELECT count(*) FROM abandoned_calls WHERE call_id = $1", row["call_id"]) == 1


async def test_closed_leads_to_the_voicemail_box_and_that_to_a_ticket_with_the_message(
    centre: Centre,
) -> None:
    await plan(centre, citizens={"hours": NEVER, "closed_to": "voicemail"})
    async with SoftPhone("citizen", centre.stack.sip_port, hertz=CALLER_TONE) as phone:
        phone.call("12345", "13800003333")
        await until(lambda: _recorded(centre, 3.0), "nothing is recorded", 30)
        assert heard(centre, phone, "voicemail") > 0.9
        phone.bye()
        await phone.until("200 BYE")
    await centre.settled(1)
    (row,) = await centre.rows("SELECT * FROM calls")
    assert (row["outcome"], row["cause"]) == ("overflowed", "voicemail")
    (ticket,) = (await centre.chief.call("GET", "/tickets"))["items"]
    assert (ticket["source"], ticket["state"], ticket["answered_at"]) == ("voicemail", "DRAFT", None)
    assert ticket["recording_state"] == "ready"
    sound = audio.read(await centre.chief.recording(ticket["recording_id"]))
    assert sound.seconds > 2.5
    assert audio.level(sound.left, CALLER_TONE) > audio.HEARD
    assert max(map(abs, sound.right)) == 0
    assert await centre.value("SELECT count(*) FROM recording_accesses") == 1
    assert await centre.value("SELECT count(*) FROM abandoned_calls") == 0
    assert not list((centre.stack.folders.asterisk / "spool").glob("*.sln"))


async def test_place_and_surge_notice_reach_a_caller_who_waits(centre: Centre) -> None:
    await plan(centre, citizens={"announce_every": 10})
    async with SoftPhone("citizen", centre.stack.sip_port, hertz=CALLER_TONE) as phone:
        phone.call("12345", "13800004444")
        await until(lambda: _waits(centre, 1), "the caller does not wait")
        await until(
            lambda: _heard_all(centre, phone, "position_before", "number_1", "position_after"),
            "the place is not heard",
            15,
        )
        until_then = (datetime.now(UTC) + timedelta(hours=1)).isoformat()  # noqa: TID251 - a real moment for the API
        notice = {"text": "供热问题正在抢修，请您耐心等候。", "until": until_then}
        await centre.chief.call("PUT", "/surge-notices/queue:citizens", notice)
        name = await centre.value("SELECT sound FROM surge_notices")
        path = centre.stack.settings.data_dir / "surge" / f"{name}.wav"
        sound, _ = soundfile.read(path, dtype="float64")

        async def notice_is_heard() -> bool:
            return likeness(np.asarray(sound), decode_ulaw(phone.heard)) > 0.9

        await until(notice_is_heard, "the surge notice is not heard", 20)
        # An agent who becomes free is not kept waiting by what is being said.
        await centre.staff("1001", behaviour=Answers(talk_seconds=(0.3, 0.3)))
        await phone.until("BYE", deadline=15)
    await centre.settled(1)
    assert await centre.value("SELECT min(position) FROM wait_announcements") == 1
    assert await centre.value("SELECT count(*) FROM audit WHERE action = 'surge_notice.set'") == 1
    await centre.chief.call("DELETE", "/surge-notices/queue:citizens")
    assert (await centre.chief.call("GET", "/surge-notices"))["items"] == []


async def _waits(centre: Centre, number: int) -> bool:
    return await centre.waiting() == number


async def _recorded(centre: Centre, seconds: float) -> bool:
    files = list((centre.stack.folders.asterisk / "spool").glob("*.sln"))
    return any(file.stat().st_size >= seconds * 16_000 for file in files)


async def _heard_all(centre: Centre, phone: SoftPhone, *prompts: str) -> bool:
    return all(heard(centre, phone, prompt) > 0.9 for prompt in prompts)
