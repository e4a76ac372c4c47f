"""Takes a seat and one call: `python agent_client.py URL LOGIN PHONE`, the password on standard input."""

import asyncio
import sys

import aiohttp


async def take_a_call(url: str, login: str, phone: str, password: str) -> None:
    async with aiohttp.ClientSession(url) as http:

        async def ask(method: str, path: str, **body: str) -> dict:
            async with http.request(method, f"/api/v1{path}", json=body or None) as answer:
                answer.raise_for_status()
                return {} if answer.status == 204 else await answer.json()

        session = await ask("POST", "/sessions", login=login, password=password)
        http.headers["Authorization"] = f"Bearer {session['token']}"
        await ask("PUT", "/me/seat", phone=phone)
        await ask("PUT", "/me/state", state="READY")
        while not ((call := (await ask("GET", "/me"))["call"]) and call["ticket_id"]):
            await asyncio.sleep(0.2)
        print(f"talking with {call['caller']}, ticket {call['ticket_id']}", flush=True)
        while (await ask("GET", "/me"))["call"]:
            await asyncio.sleep(0.2)
        await ask("DELETE", "/me/seat")
        await ask("DELETE", "/sessions/current")


asyncio.run(take_a_call(*sys.argv[1:4], sys.stdin.readline().strip()))
