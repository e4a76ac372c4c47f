import socket
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hotline.demo import callers, phones, sip


def test_every_scenario_is_well_formed_and_ends_every_branch() -> None:
    files = sorted(sip.SCENARIOS.glob("*.xml"))
    assert [file.stem for file in files] == ["answer", "busy", "caller", "moved", "register", "silent"]
    for file in files:
        root = ET.parse(file).getroot()  # noqa: S314 - our own files
        labels = {node.get("id") for node in root.iter("label")}
        targets = {node.get("next") for node in root.iter() if node.get("next")}
        assert targets <= labels, file.name


def test_caller_line_without_and_with_a_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "may_send_digits", lambda: True)
    silent = callers.Caller("13800000001", hangs_up_after=1.5)
    rates = callers.Caller("13800000002", hangs_up_after=60, presses="3", presses_after=2.25)
    assert callers.caller_line(silent) == "13800000001;12345;1500;1500;0"
    assert callers.caller_line(rates) == "13800000002;12345;60000;2250;3"


def test_digits_are_left_out_where_they_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "may_send_digits", lambda: False)
    rates = callers.Caller("13800000002", hangs_up_after=60, presses="3", presses_after=2)
    assert callers.caller_line(rates) == "13800000002;12345;60000;60000;3"


def test_caller_index_counts_from_nought() -> None:
    assert callers.caller_index("1-22229@127.0.0.1") == 0
    assert callers.caller_index("120-22229@127.0.0.1") == 119


@pytest.mark.parametrize(("rate", "expected"), [(4, "4000"), (0.5, "500"), (2.5, "2500")])
def test_rate_in_calls_per_thousand_seconds(rate: float, expected: str) -> None:
    assert callers.rate_options(rate) == ("-r", expected, "-rp", "1000000")


def test_fixed_talk_is_one_line_and_drawn_talks_fill_their_range() -> None:
    assert phones.answer_lines(phones.Answers(0.2, (1.5, 1.5))) == ["200;1500"]
    talks = [int(line.split(";")[1]) for line in phones.answer_lines(phones.Answers(0, (0.5, 1.5)))]
    assert min(talks) >= 500
    assert max(talks) <= 1500
    assert 950 < sum(talks) / len(talks) < 1050


def test_media_port_is_even_and_free() -> None:
    port = sip.free_media_port()
    assert port % 2 == 0
    for offset in range(4):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port + offset))


async def test_silence_at_a_port_is_reported() -> None:
    with pytest.raises(sip.SipFailed, match="nothing answers SIP"):
        await sip.wait_until_answering("127.0.0.1", sip.free_sip_port(), seconds=0.3)


async def test_phone_group_answers_options(tmp_path: Path) -> None:
    spec = sip.SippSpec(
        name="probe",
        scenario="silent",
        server=sip.SipServer("127.0.0.1", sip.free_sip_port()),
        folder=tmp_path,
        lines=["-"],
        local_ip="127.0.0.1",
        local_port=sip.free_sip_port(),
    )
    run = sip.Sipp(spec)
    await run.start()
    try:
        await sip.wait_until_answering("127.0.0.1", spec.local_port)
    finally:
        await run.finish()
    assert run.pid is None
    assert run.calls() == []
