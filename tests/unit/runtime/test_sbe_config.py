"""The framing comes from a feed's configuration or a file of its own, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.runtime.own_sbe_feed import FRAMING
from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.config import parse
from zerofeed.runtime.framing import At
from zerofeed.runtime.sbe_config import FramingSection, load_framing

__all__: list[str] = []

FEED = """
[feed]
name = "corner"
protocol = "sbe"
[[source]]
group = "239.1.1.1"
port = 5000
[sbe]
schema = "venue.xml"
[sbe.framing]
"""


def test_a_file_of_its_own_and_a_feed_s_configuration_say_the_same(tmp_path: Path) -> None:
    alone, feed = tmp_path / "framing.toml", tmp_path / "feed.toml"
    alone.write_text(FRAMING)
    feed.write_text(FEED + FRAMING)
    assert load_framing(alone) == load_framing(feed)
    section = parse(FEED + FRAMING).sbe
    assert section is not None
    assert (section.schema, section.framing) == ("venue.xml", load_framing(alone))


def test_the_runtime_gets_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(FRAMING)
    framing = load_framing(tmp_path / "x.toml").framing()
    assert framing.sequence == At(1, "uint32")
    assert (framing.header_bytes, framing.counts, framing.byte_order) == (7, "messages", "big")
    assert FramingSection().framing().sequence is None


@pytest.mark.parametrize(
    "text", ["header_bytes = -1", "colour = 5", "sequence = 5", "counts = 'bytes'", "not toml"]
)
def test_what_describes_no_framing_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"x\.toml"):
        load_framing(tmp_path / "x.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_framing(tmp_path / "none.toml")


def test_an_unknown_key_in_a_feed_s_configuration_is_named() -> None:
    with pytest.raises(ConfigurationError, match="colour"):
        parse(FEED + "colour = 5")
