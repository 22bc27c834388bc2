"""The reference pages say what the sources say."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import venue_tables

from tests.unit.apps.commands import call
from zerofeed.apps.doctor.facts import Card, Facts, Machine
from zerofeed.apps.doctor.report import judge
from zerofeed.base import errors
from zerofeed.records.dtypes import BODY
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.runtime.protocols import PROTOCOLS
from zerofeed.venues.service import CHANNELS

__all__: list[str] = []

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"
HOW_TO = REPOSITORY / "docs" / "how-to"
EXPLANATION = REPOSITORY / "docs" / "explanation"
SOURCES = REPOSITORY / "src"


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of every table row of a reference page, without code marks."""
    for line in (REFERENCE / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            yield [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]


def test_record_page_lists_every_kind_with_its_code_and_columns() -> None:
    listed = {cells[0]: cells[1:] for cells in rows("records.md") if cells[1].isdigit()}
    expected = {
        name: [str(code), *BODY[code], *["-"] * (4 - len(BODY[code]))]
        for code, name in KIND_NAMES.items()
    }
    assert listed == expected


def test_error_page_gives_every_exception_its_exit_code() -> None:
    listed = {
        name: int(cells[0])
        for cells in rows("errors.md")
        if cells[0].isdigit()
        for name in re.findall(r"\w+Error", cells[1])
        if name != "ZerofeedError"
    }
    raised = {name: getattr(errors, name).exit_code for name in errors.__all__}
    assert listed == {name: code for name, code in raised.items() if code > 1}


def test_environment_page_lists_every_variable_that_the_sources_read() -> None:
    read = {
        name
        for path in SOURCES.rglob("*.py")
        for name in re.findall(r"\"(ZEROFEED_[A-Z_]+)\"", path.read_text(encoding="utf-8"))
    }
    assert read <= {cells[0] for cells in rows("environment.md")}


def test_venue_page_has_the_tables_of_the_sources() -> None:
    page = venue_tables.PAGE.read_text(encoding="utf-8")
    assert page == venue_tables.fill(page), "run `python tools/venue_tables.py`"


def test_venue_page_explains_every_channel() -> None:
    listed = {cells[0]: cells[1] for cells in rows("venues.md") if len(cells) == 2}
    assert listed.items() >= CHANNELS.items()


def test_page_about_speed_lists_every_finding_of_the_doctor() -> None:
    page = (HOW_TO / "make-this-machine-faster.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"`((?:kernel|card|queues|sockets|cores|memory|process)\.[a-z0-9-]+)`", page
    )
    findings = judge(Facts(Machine(), Card(name="eth0", is_physical=True)))
    assert listed == [finding.id for finding in findings]


def test_lists_of_protocols_name_every_one_that_can_be_decoded() -> None:
    result = call("decode", "--help")
    named = set(re.findall(r"[a-z0-9-]+", result.output))
    assert set(PROTOCOLS) <= named


def test_page_about_sbe_has_a_dialect_that_is_one() -> None:
    page = (REFERENCE / "sbe.md").read_text(encoding="utf-8")
    example = next(x for x in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Dialect" in x)
    exec(example, {})  # its assertions are the test's


@pytest.mark.slow
def test_page_about_json_has_an_example_that_works() -> None:
    page = (EXPLANATION / "json-in-place.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(example, {})  # its assertions are the test's
