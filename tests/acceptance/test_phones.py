"""Phones that do not answer, are busy, gone, or send the call elsewhere: the caller keeps the place."""

import pytest

from core.vocabulary import Phone
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers, Behaviour, Busy, Dead, Forwards, NeverAnswers
from tests.acceptance.centre import Centre, until

QUEUES = ({"name": "citizens", "dialled": (), "wrap_up_seconds": 0, "ring_seconds": 3},)


@pytest.mark.parametrize(
    ("behaviour", "result"),
    [
        pytest.param(NeverAnswers(), "no_answer", id="rings out"),
        pytest.param(Busy(), "busy", id="busy"),
        pytest.param(Forwards("1003"), "busy", id="redirects"),
    ],
)
async def test_next_agent_is_rung_and_the_caller_keeps_the_place(behaviour: Behaviour, result: str) -> None:
    async with Centre(queues=QUEUES) as centre:
        await centre.staff("1001", behaviour=behaviour)
        await centre.phones("1003")
        callers = await centre.callers(Caller("13800000001"), Caller("13800000002"), rate=10)

        async def one_offer_failed() -> bool:
            return bool(await centre.value("SELECT count(*) FROM offers WHERE result IS NOT NULL"))

        await until(one_offer_failed, "the offer does not end")
        me = await centre.agents[Phone("1001")].call("GET", "/me")
        assert me["state"]["state"] == "NOT_RESPONDING"
        assert me["state"]["cause"] == f"system:{result}"
        await centre.staff("1002", behaviour=Answers(talk_seconds=(0.5, 0.5)))
        assert await callers.wait(20) == 0
        await centre.settled(2)
        offers = await centre.rows(
            "SELECT offers.phone, result, caller FROM offers JOIN calls USING (call_id) ORDER BY at"
        )
        assert [tuple(row)[:2] for row in offers] == [
            ("1001", result),
            ("1002", "answered"),
            ("1002", "answered"),
        ]
        assert offers[0]["caller"] == offers[1]["caller"] == "13800000001"
        assert await centre.total("hotline_calls_unaccounted") == 0


async def test_a_phone_that_was_switched_off_is_never_offered_twice() -> None:
    async with Centre(queues=QUEUES, phone_qualify_seconds=0) as centre:
        await centre.staff("1001", behaviour=Dead())
        await centre.staff("1002", behaviour=Answers(talk_seconds=(0.3, 0.3)))
        callers = await centre.callers(*(Caller(f"1380000000{n}") for n in range(5)), rate=2)
        assert await callers.wait(30) == 0
        await centre.settled(5)
        assert await centre.value("SELECT count(*) FROM offers WHERE phone = '1001'") == 1
        assert await centre.value("SELECT count(*) FROM calls WHERE outcome = 'answered'") == 5


async def test_a_phone_that_goes_silent_is_noticed_before_it_is_rung() -> None:
    async with Centre(phone_qualify_seconds=1) as centre:
        group = await centre.staff("1001")
        await group.switch_off()
        agent = centre.agents[Phone("1001")]

        async def noticed() -> bool:
            return bool((await agent.call("GET", "/me"))["state"]["cause"] == "system:phone_lost")

        await until(noticed, "nobody notices that the phone is gone", 30)
        callers = await centre.callers(Caller("13800000001", hangs_up_after=1.0))
        await callers.wait(10)
        await centre.settled(1)
        assert await centre.value("SELECT count(*) FROM offers") == 0
        (missed,) = await centre.rows("SELECT stage FROM abandoned_calls")
        assert missed["stage"] == "waiting"


async def test_an_unregistered_phone_cannot_be_sat_at(centre: Centre) -> None:
    await centre.staff("1001")
    agent = centre.agents[Phone("1001")]
    await agent.leave_seat()
    with pytest.raises(Exception, match=r"phone_not_registered|409"):
        await agent.sit_down(Phone("1002"))
    with pytest.raises(Exception, match=r"unknown_phone|422"):
        await agent.sit_down(Phone("9999"))
    assert (await agent.call("GET", "/me"))["seat"] is None
