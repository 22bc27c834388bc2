"""What every test may rely on: where captures are, which tests can run here, hypothesis's profiles.

Captures are real market data and are kept outside the project. A test asks for them by the
`captures` fixture and is skipped, with the reason, where they are absent.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

__all__ = ["captures"]

REPOSITORY = Path(__file__).resolve().parent.parent

# `ci` never depends on luck: the same examples every run, none stored. `dev` looks further.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of captures: $ZEROFEED_CAPTURES, or the one kept beside the repository."""
    named = os.environ.get("ZEROFEED_CAPTURES")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no captures in {folder}; point ZEROFEED_CAPTURES at a folder of them")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use captures; skip those that this user or this mode cannot run."""
    is_root = os.geteuid() == 0
    is_compiled = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
    for item in items:
        if "captures" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.capture)
        if item.get_closest_marker("root") and not is_root:
            item.add_marker(pytest.mark.skip(reason="needs root"))
        if item.get_closest_marker("compiled") and not is_compiled:
            item.add_marker(pytest.mark.skip(reason="means nothing with NUMBA_DISABLE_JIT=1"))


def pytest_collection_finish() -> None:
    """Leave all that exists by now out of later collections: tests collect garbage hundreds of times."""
    gc.collect()
    gc.freeze()
