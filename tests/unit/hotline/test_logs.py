import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hotline import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    sink = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers, root.level)
    logs.configure("info", sink)
    yield sink
    structlog.reset_defaults()
    root.handlers, level = before
    root.setLevel(level)


def test_a_line_is_json_with_an_iso_time_and_a_level(lines: io.StringIO) -> None:
    structlog.get_logger().info("call_answered", call_id="c1", agent_id=7)
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["event"] == "call_answered"
    assert line["level"] == "info"
    assert line["call_id"] == "c1"
    assert line["agent_id"] == 7
    assert line["timestamp"].endswith("Z")
    assert line["timestamp"][10] == "T"


def test_below_the_level_nothing_is_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    assert lines.getvalue() == ""


def test_citizens_numbers_are_masked_at_any_depth(lines: io.StringIO) -> None:
    structlog.get_logger().warning(
        "x", caller="13812345678", nested={"dialled": "12345", "deeper": [{"caller": "0312555"}]}
    )
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["caller"] == "138****5678"
    assert line["nested"] == {"dialled": "*****", "deeper": [{"caller": "03***55"}]}


def test_secrets_are_hidden_whole(lines: io.StringIO) -> None:
    structlog.get_logger().info("x", password="tea", DSN="postgresql://u:p@h/d")
    assert "tea" not in lines.getvalue()
    assert "u:p" not in lines.getvalue()


def test_standard_logging_writes_the_same_lines(lines: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").error("broken %s", "pipe")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert (line["event"], line["level"], line["logger"]) == ("broken pipe", "error", "aiohttp.server")


def test_an_exception_stays_on_one_line(lines: io.StringIO) -> None:
    try:
        int("why")
    except ValueError:
        structlog.get_logger().exception("it_failed")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert "ValueError: invalid literal" in line["exception"]


def test_rotation_moves_what_is_too_big_and_keeps_a_few(tmp_path: Path) -> None:
    log = tmp_path / "log" / "service.log"
    for number in range(5):
        logs.rotate(log, largest=4, keep=2)
        log.write_text(f"run{number}", encoding="utf-8")
    assert [
        log.with_name(name).read_text(encoding="utf-8")
        for name in ("service.log", "service.log.1", "service.log.2")
    ] == [
        "run4",
        "run3",
        "run2",
    ]
    assert not log.with_name("service.log.3").exists()


def test_a_small_log_is_continued(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_text("one line", encoding="utf-8")
    logs.rotate(log)
    assert log.read_text(encoding="utf-8") == "one line"
