import pytest

from hotline.demo import siplog

CALLER_LOG = """\
2026-11-23\t19:30:19.754264\t1795462219.754264\tS\t1-22229@127.0.0.1\tCSeq:1 INVITE\tINVITE sip:12345@127.0.0.1:15060 SIP/2.0
2026-11-23\t19:30:19.754707\t1795462219.754707\tR\t1-22229@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 100 Trying
2026-11-23\t19:30:19.756447\t1795462219.756447\tR\t1-22229@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 200 OK
2026-11-23\t19:30:19.756523\t1795462219.756523\tS\t1-22229@127.0.0.1\tCSeq:1 ACK\tACK sip:127.0.0.1:15060 SIP/2.0
2026-11-23\t19:30:21.264376\t1795462221.264376\tS\t1-22229@127.0.0.1\tCSeq:2 BYE\tBYE sip:127.0.0.1:15060 SIP/2.0
2026-11-23\t19:30:21.264721\t1795462221.264721\tR\t1-22229@127.0.0.1\tCSeq:2 BYE\tSIP/2.0 200 OK
2026-11-23\t19:30:22.000000\t17954622
"""  # noqa: E501 - lines as SIPp writes them

PHONE_LOG = """\
2026-11-23\t19:30:18.100000\t1795462218.100000\tR\tq1\tCSeq:5 OPTIONS\tOPTIONS sip:1002@127.0.0.1 SIP/2.0
2026-11-23\t19:30:18.100100\t1795462218.100100\tS\tq1\tCSeq:5 OPTIONS\tSIP/2.0 200 OK
2026-11-23\t19:30:20.000000\t1795462220.000000\tR\tc1\tCSeq:7 INVITE\tINVITE sip:1002@127.0.0.1:16001 SIP/2.0
2026-11-23\t19:30:20.000200\t1795462220.000200\tS\tc1\tCSeq:7 INVITE\tSIP/2.0 180 Ringing
2026-11-23\t19:30:25.000000\t1795462225.000000\tR\tc1\tCSeq:7 CANCEL\tCANCEL sip:1002@127.0.0.1:16001 SIP/2.0
2026-11-23\t19:30:25.000100\t1795462225.000100\tS\tc1\tCSeq:7 CANCEL\tSIP/2.0 200 OK
2026-11-23\t19:30:25.000200\t1795462225.000200\tS\tc1\tCSeq:7 INVITE\tSIP/2.0 487 Request Terminated
2026-11-23\t19:30:25.000400\t1795462225.000400\tR\tc1\tCSeq:7 ACK\tACK sip:1002@127.0.0.1:16001 SIP/2.0
"""


def calls(text: str) -> list[siplog.SipCall]:
    return siplog.calls(siplog.parse_messages(text.splitlines(keepends=True)))


def test_times_of_a_caller() -> None:
    (call,) = calls(CALLER_LOG)
    assert (call.user, call.sip_call_id) == ("12345", "1-22229@127.0.0.1")
    assert call.invited_at == 1795462219.754264
    assert call.answered_at == 1795462219.756447
    assert call.acknowledged_at == 1795462219.756523
    assert call.hung_up_at == 1795462221.264376
    assert call.hung_up_here
    assert call.talk_seconds == pytest.approx(1.507929)
    assert call.ended_at == call.hung_up_at


def test_a_cancelled_ring_is_no_answer_and_options_are_no_call() -> None:
    (call,) = calls(PHONE_LOG)
    assert call.user == "1002"
    assert call.ringing_at == 1795462220.0002
    assert call.cancelled_at == 1795462225.0
    assert (call.answered_at, call.acknowledged_at) == (None, None)
    assert (call.refused_with, call.refused_at) == (487, 1795462225.0002)
    assert call.ended_at == call.refused_at
    assert call.talk_seconds is None


def test_retransmissions_change_nothing() -> None:
    lines = CALLER_LOG.splitlines(keepends=True)
    again = [line.replace("19:30:2", "19:31:2").replace("17954622", "17954623") for line in lines[2:6]]
    assert calls("".join(lines[:6] + again)) == calls(CALLER_LOG)


def test_a_cut_line_and_noise_are_left_out() -> None:
    noise = ["\n", "no tabs at all\n", "a\tb\t1.0\tS\tid\tCSeq:1 INVITE\tgarbage\n"]
    assert list(siplog.parse_messages(noise)) == []


def test_statistics_come_from_the_last_row() -> None:
    text = (
        "StartTime;TotalCallCreated;CurrentCall;SuccessfulCall(P);SuccessfulCall(C);FailedCall(P);FailedCall(C);\n"
        "x;3;3;0;0;0;0;\n"
        "x;20;0;4;19;0;1;\n"
    )
    assert siplog.parse_statistics(text) == siplog.SippStatistics(created=20, successful=19, failed=1)


def test_statistics_of_a_run_that_wrote_none() -> None:
    with pytest.raises(ValueError, match="no statistics"):
        siplog.parse_statistics("StartTime;TotalCallCreated;SuccessfulCall(C);FailedCall(C);\n")
