import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.apps.doctor.made_up import system
from zerofeed.apps.doctor.system_files import SystemFiles, format_cores, parse_cores

__all__: list[str] = []


def test_missing_files_are_not_known(tmp_path) -> None:
    files = SystemFiles(tmp_path)
    assert files.text("a") is files.number("a") is files.cores("a") is files.link("a") is None
    assert files.lines("a") == files.names("a") == []


def test_files_are_read_as_what_they_are(tmp_path) -> None:
    files = system(tmp_path, {"n": "-1\n", "c": "0,2-3\n", "t": " a\nb \n"})
    (tmp_path / "link").symlink_to("some/where")
    assert files.number("n") == -1
    assert files.number("t") is None
    assert files.cores("c") == (0, 2, 3)
    assert files.lines("t") == ["a", "b"]
    assert files.link("link") == "where"
    assert files.link("t") is None


def test_names_are_in_the_order_of_their_numbers(tmp_path) -> None:
    files = system(tmp_path, {"q/rx-10": "", "q/rx-2": "", "q/tx-0": ""})
    assert files.names("q", "rx-*") == ["rx-2", "rx-10"]


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("", ()),
        ("(null)", ()),
        ("3", (3,)),
        ("managed_irq,domain,1-2", (1, 2)),
        ("5,0-1", (0, 1, 5)),
    ],
)
def test_sets_of_cores_are_the_kernels(text: str, cores: tuple[int, ...]) -> None:
    assert parse_cores(text) == cores


@given(st.sets(st.integers(0, 300)))
def test_cores_survive_being_written_and_read(cores: set[int]) -> None:
    assert parse_cores(format_cores(tuple(cores))) == tuple(sorted(cores))


def test_no_cores_are_called_none() -> None:
    assert format_cores(()) == "none"
