import base64
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from tickets import keys
from tickets.keys import KeySource

A, B = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 250))
URL_B = base64.urlsafe_b64encode(bytes([250]) * 32).decode().rstrip("=")


def test_the_first_key_is_the_present_one() -> None:
    ring = keys.parse(f"# old ones below\n{A},\n\n{URL_B}")
    assert [key.secret for key in ring.keys] == [bytes([1]) * 32, bytes([250]) * 32]
    assert ring.current.secret == bytes([1]) * 32
    assert ring.find(ring.keys[1].id) is ring.keys[1]
    assert ring.find("0" * 16) is None


@pytest.mark.parametrize("text", ["", "#", "abc", "ä", A[:20], A + A, f"{A}\nshort"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        keys.parse(text)


def test_a_key_does_not_show_itself() -> None:
    ring = keys.parse(A)
    assert "\\x01" not in repr(ring.current)
    assert A not in repr(ring.current)


def test_a_key_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "recordings"
    keys.write_keys(file, A)
    source = KeySource(file)
    first = source.ring()
    assert first is not None
    assert source.ring() is first
    ring = keys.add_key(file)
    again = source.ring()
    assert again is not None
    assert [key.id for key in again.keys] == [ring.current.id, first.current.id]
    assert file.stat().st_mode & 0o777 == 0o600
    keys.keep_only(file, frozenset({ring.current.id}))
    left = source.ring()
    assert left is not None
    assert [key.id for key in left.keys] == [ring.current.id]
    assert list(tmp_path.iterdir()) == [file]


def test_without_file_and_text_nothing_is_encrypted() -> None:
    assert KeySource().ring() is None
    ring = KeySource(text=A).ring()
    assert ring is not None
    assert ring.current.secret == bytes([1]) * 32


def test_a_missing_key_file_is_an_error_and_not_plain_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        KeySource(tmp_path / "gone").ring()
