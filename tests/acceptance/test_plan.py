"""The plan is changed over the API while a call is up, and the next caller is routed by it."""

from typing import Any

from core.vocabulary import AgentState
from hotline.demo.callers import Caller
from hotline.demo.phones import NEVER, Answers
from tests.acceptance.centre import Centre, until

NOTICE_TO_QUEUE = "SELECT extract(epoch FROM queued_at - notice_at)::float8 FROM calls WHERE dialled = $1"


async def put(centre: Centre, path: str, body: dict[str, Any], version: int) -> int:
    """Change something that was read in this version; the status of the answer."""
    headers = {"Authorization": f"Bearer {centre.chief._token}", "If-Match": f'"{version}"'}
    url = f"{centre.stack.api_url}/api/v1{path}"
    async with centre.http.put(url, json=body, headers=headers) as response:
        return response.status


async def test_a_new_line_and_queue_count_for_the_next_caller_and_a_certificate_keeps_agents_out() -> None:
    async with Centre(announcement=True, phones="1001-1002") as centre:
        behaviour = Answers(ring_seconds=0.1, talk_seconds=(NEVER, NEVER))
        await centre.staff("1001", "1002", behaviour=behaviour)
        first = await centre.callers(Caller("13800001111"))

        async def talking(dialled: str = "12345") -> bool:
            return bool(await centre.value("SELECT answered_at FROM calls WHERE dialled = $1", dialled))

        await until(talking, "the first caller does not talk")
        await centre.chief.call("PUT", "/plan/certificates/heat", {"title": "供热"})
        rules = {"certificate": "heat", "greeting": "greeting_business", "wrap_up_seconds": 0}
        await centre.chief.call("POST", "/plan/queues", {"name": "heating", "queue": rules})
        line = {"queue": "heating", "title": "供热热线", "priority": "high"}
        await centre.chief.call("POST", "/plan/lines", {"number": "96777", "line": line})

        second = await centre.callers(Caller("13800002222", dialled="96777"))

        async def waits() -> bool:
            return bool(await centre.value("SELECT queued_at FROM calls WHERE dialled = '96777'"))

        await until(waits, "the caller of the new number does not wait", 30)
        (call,) = await centre.rows("SELECT queue, priority FROM calls WHERE dialled = '96777'")
        assert (call["queue"], call["priority"]) == ("heating", "high")
        assert await centre.value(NOTICE_TO_QUEUE, "96777") > 2  # the greeting
        assert await centre.value(NOTICE_TO_QUEUE, "12345") < 1

        (idle,) = [agent for agent in centre.agents.values() if (await agent.me()).state is AgentState.READY]
        assert await centre.value("SELECT count(*) FROM offers") == 1
        agent_id = (await idle.me()).id
        path = f"/accounts/{agent_id}/certificates"
        version = (await centre.chief.call("GET", path))["version"]
        assert await put(centre, path, {"certificates": {"heat": None}}, version + 7) == 412
        assert await put(centre, path, {"certificates": {"heat": None}}, version) == 200
        await until(lambda: talking("96777"), "the certificate does not count")
        assert await centre.value("SELECT agent_id FROM calls WHERE dialled = '96777'") == agent_id
        assert await centre.value("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL") == 0
        await first.stop()
        await second.stop()
