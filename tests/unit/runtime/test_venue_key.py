"""A key is read from where only its user can read, and is shown to nobody."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.venue_key import Key, read_key
from zerofeed.venues.binance.service import BINANCE
from zerofeed.venues.key import KeyUse
from zerofeed.venues.okx.service import OKX

__all__: list[str] = []

ONE = BINANCE.encodings["sbe"].key
THREE = OKX.encodings["sbe"].key
TEXT = "key: S3CRET-a\nsecret: S3CRET-b:c\n\nPassphrase:  S3CRET d \n"


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("text", ["S3CRET-a\n", "  S3CRET-a", "key: S3CRET-a", "KEY:S3CRET-a\n"])
def test_a_key_without_other_parts_may_stand_alone(tmp_path: Path, text: str) -> None:
    assert ONE is not None
    assert read_key(written(tmp_path, text), ONE)() == {"X-MBX-APIKEY": "S3CRET-a"}


def test_a_key_of_several_parts_signs_the_present_second(tmp_path: Path) -> None:
    assert THREE is not None
    key = read_key(written(tmp_path, TEXT), THREE)
    now = iter([1_700_000_000.7, 1_700_000_001.0])
    key._clock = lambda: next(now)
    first, second = key(), key()
    assert first == {
        "OK-ACCESS-KEY": "S3CRET-a",
        # HMAC-SHA256 of "1700000000GET/users/self/verify" by the secret, in base 64.
        "OK-ACCESS-SIGN": "jbjEYZq/bn9C56zktD3kTg6RXznrrZ17clfIwli8/SI=",
        "OK-ACCESS-TIMESTAMP": "1700000000",
        "OK-ACCESS-PASSPHRASE": "S3CRET d",
    }
    assert second["OK-ACCESS-TIMESTAMP"] == "1700000001"
    assert second["OK-ACCESS-SIGN"] != first["OK-ACCESS-SIGN"]


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ONE is not None
    monkeypatch.setenv("VENUE_KEY", "S3CRET-a")
    assert read_key("env:VENUE_KEY", ONE)() == {"X-MBX-APIKEY": "S3CRET-a"}
    with pytest.raises(ConfigurationError, match="is not set"):
        read_key("env:NOBODY_SET_THIS", ONE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o601])
def test_a_file_that_others_may_use_is_refused_without_being_shown(
    tmp_path: Path, mode: int
) -> None:
    assert ONE is not None
    with pytest.raises(ConfigurationError, match="others may read it") as raised:
        read_key(written(tmp_path, "S3CRET-a", mode), ONE)
    assert f"{mode:04o}" in str(raised.value)
    assert "S3CRET" not in str(raised.value)


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    assert ONE is not None
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_key(str(tmp_path / "none"), ONE)


@pytest.mark.parametrize(
    ("use", "text", "what"),
    [
        (ONE, "", "lacks a part of the key"),
        (ONE, "key:", "no part of a key"),
        (ONE, "S3CRET\nS3CRET", "no part of a key"),
        (ONE, "S3CRET\x01", "no part of a key"),
        (ONE, "secret: S3CRET", "no part of a key"),
        (ONE, "key: S3CRET\nkey: S3CRET", "no part of a key"),
        (THREE, "S3CRET", "no part of a key"),
        (THREE, "key: S3CRET\nsecret: S3CRET", "lacks a part of the key"),
    ],
)
def test_what_is_no_key_is_named_by_its_line_alone(
    tmp_path: Path, use: KeyUse, text: str, what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what) as raised:
        read_key(written(tmp_path, text), use)
    assert "S3CRET" not in str(raised.value)


def test_nothing_shows_a_key(tmp_path: Path) -> None:
    assert THREE is not None
    key = read_key(written(tmp_path, TEXT), THREE)
    assert isinstance(key, Key)
    for text in (repr(key), str(key), f"{key}", f"{[key]}", f"{(key.__class__, key)}"):
        assert "S3CRET" not in text
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied"):
            duplicate(key)
