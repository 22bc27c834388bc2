"""A dialect of the user's is loaded from a file or a module, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime import _json_kernels as k
from zerofeed.runtime.own_protocol import load_protocol
from zerofeed.runtime.protocols import PROTOCOLS, find_protocol

VENUE = """
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import Message
from zerofeed.codecs.json.shape import Shape
from zerofeed.venues.dialects import NamedDialect

HELLO = NamedDialect(
    "hello", "Says hello", Dialect(Shape({"say": "word"}), [Message("hello", when={"word": "hello"})])
)
NOTHING = 1
"""


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    path = tmp_path / "hello_venue.py"
    path.write_text(VENUE, encoding="utf-8")
    return path


def test_a_file_is_loaded_once(venue: Path) -> None:
    protocol = find_protocol(f"{venue}:HELLO")
    assert protocol.name == f"{venue}:HELLO"
    assert (protocol.summary, protocol.templates) == ("Says hello", {0: "hello"})
    assert protocol.process is k.process
    assert find_protocol(f"{venue}:HELLO").scratch.args[0] is protocol.scratch.args[0]


def test_a_module_is_imported(venue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(venue.parent))
    assert load_protocol("hello_venue:HELLO").templates == {0: "hello"}


def test_no_name_of_a_protocol_looks_like_a_place() -> None:
    assert not any(":" in name for name in PROTOCOLS)


def test_an_unknown_name_says_how_to_bring_ones_own() -> None:
    with pytest.raises(ConfigurationError, match=r"or FILE\.py:NAME for a dialect of your own"):
        find_protocol("smoke-signals")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere.py:HELLO", "there is no such file"),
        ("no_such_module_of_mine:HELLO", "there is no module no_such_module_of_mine"),
        ("no_such.module_of_mine:HELLO", "there is no module"),
        ("..:HELLO", "there is no module"),
        (":HELLO", "no place of a dialect"),
        ("VENUE:", "no place of a dialect"),
        ("VENUE:HOLLA", "there is no HOLLA; expected HELLO"),
        ("VENUE:NOTHING", "NOTHING is no dialect; expected HELLO; got int"),
    ],
)
def test_what_cannot_be_loaded_says_why(venue: Path, place: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        load_protocol(place.replace("VENUE", str(venue)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("this is no Python", "SyntaxError"),
        ('Dialect(Shape({"a": "b"}), [Message("m", when={"c": "d"})])', "no such field"),
    ],
)
def test_a_mistake_in_it_is_shown_with_its_line(venue: Path, line: str, why: str) -> None:
    venue.write_text(VENUE + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=why) as caught:
        load_protocol(f"{venue}:HELLO")
    assert "it cannot be loaded" in str(caught.value)
    if "SyntaxError" not in why:
        assert f"(line 11 of {venue})" in str(caught.value)
