import pytest

from tests.unit.apps.doctor.made_up import facts
from zerofeed.apps.doctor.findings import (
    Status,
    bad,
    better,
    good,
    kernel_argument,
    not_known,
    not_told,
)

__all__: list[str] = []


@pytest.mark.parametrize(
    ("finding", "status"),
    [
        (good("a.b", "value", "why"), "good"),
        (better("a.b", "value", "why", "fix"), "could be better"),
        (bad("a.b", "value", "why", "fix"), "bad"),
        (not_known("a.b", "why", "fix", value="value"), "not known"),
    ],
)
def test_each_verdict_has_its_word(finding, status: str) -> None:
    assert finding.status == Status(status) == status
    assert (finding.id, finding.value, finding.why) == ("a.b", "value", "why")
    assert finding.fix == (None if status == "good" else "fix")


def test_a_silent_driver_is_told_from_a_missing_extra() -> None:
    silent = not_told(facts(has_netlink=True), "a.b", "why")
    missing = not_told(facts(has_netlink=False), "a.b", "why")
    assert (silent.status, silent.fix) == (Status.UNKNOWN, None)
    assert (missing.status, missing.fix) == (Status.UNKNOWN, "pip install 'zerofeed[net]'")


def test_the_kernels_command_line_is_extended_with_what_the_distribution_has() -> None:
    fedora = kernel_argument(facts(has_grubby=True), "isolcpus=2-3")
    debian = kernel_argument(facts(has_grubby=False), "isolcpus=2-3")
    assert fedora == "sudo grubby --update-kernel=ALL --args='isolcpus=2-3' && sudo reboot"
    assert "'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX isolcpus=2-3\"'" in debian
    assert "/etc/default/grub.d/zerofeed-isolcpus.cfg && sudo update-grub" in debian


def test_two_kernel_arguments_do_not_share_a_file() -> None:
    files = {kernel_argument(facts(), each).split()[6] for each in ("nohz_full=1", "rcu_nocbs=1")}
    assert len(files) == 2
