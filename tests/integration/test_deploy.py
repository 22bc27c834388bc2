"""The files of deploy/ are what the programs that read them understand."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from zerofeed.apps.doctor.gather_machine import SYSCTLS
from zerofeed.runtime.config import load

__all__: list[str] = []

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = (DEPLOY / "systemd" / "zerofeed@.service").read_text(encoding="utf-8")
CAPABILITIES = ["CAP_BPF", "CAP_NET_ADMIN", "CAP_NET_RAW"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_understands_the_unit(tmp_path) -> None:
    # Only what is installed on this machine can be verified, so the program is one that it has.
    unit = tmp_path / "zerofeed@made.service"
    unit.write_text(UNIT.replace("/opt/zerofeed/bin/zerofeed", shutil.which("true") or ""))
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_the_unit_has_three_capabilities_and_no_more() -> None:
    for name in ("AmbientCapabilities", "CapabilityBoundingSet"):
        (held,) = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
        assert sorted(held.split()) == CAPABILITIES


def test_the_unit_does_not_forbid_what_a_feed_does() -> None:
    settings = set(re.findall(r"^(\w+)=", UNIT, re.MULTILINE))
    assert not settings & {"MemoryDenyWriteExecute", "PrivateUsers", "PrivateNetwork"}
    (families,) = re.findall(r"^RestrictAddressFamilies=(.*)$", UNIT, re.MULTILINE)
    assert {"AF_UNIX", "AF_INET", "AF_XDP", "AF_NETLINK"} <= set(families.split())


def test_the_units_filter_of_system_calls_lets_xdp_programs_in() -> None:
    (allowed,) = re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.MULTILINE)
    assert allowed.split() == ["@system-service", "bpf"]


def test_the_containers_feed_is_one_that_can_be_run() -> None:
    config = load(DEPLOY / "container" / "feed.toml")
    assert config.feed.socket == "/run/zerofeed/feed.sock"
    assert config.readers.allow_groups == ["10000"]


def test_the_feeds_container_has_what_afxdp_and_the_drop_need_and_the_reader_none() -> None:
    compose = (DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8")
    feed, reader = compose.split("\n  reader:\n")
    (held,) = re.findall(r"cap_add: \[(.*)\]", feed)
    to_drop = ["CAP_KILL", "CAP_SETGID", "CAP_SETUID"]
    assert sorted(f"CAP_{name}" for name in held.split(", ")) == sorted(CAPABILITIES + to_drop)
    assert load(DEPLOY / "container" / "feed.toml").worker.user == "nobody"
    assert "cap_add" not in reader
    assert feed.count("cap_drop: [ALL]") == reader.count("cap_drop: [ALL]") == 1


def test_kernel_settings_are_those_that_the_doctor_reads() -> None:
    text = (DEPLOY / "sysctl.d" / "60-zerofeed.conf").read_text(encoding="utf-8")
    names = re.findall(r"^#?([a-z0-9_.]+) = \d+$", text, re.MULTILINE)
    others = {"net.ipv4.conf.all.rp_filter", "vm.nr_hugepages"}
    assert len(names) == 7
    assert set(names) <= {*SYSCTLS, *others}
