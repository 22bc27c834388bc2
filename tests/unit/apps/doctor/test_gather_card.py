from typing import Any, Self

import pytest

from tests.unit.apps.doctor.made_up import system
from zerofeed.apps.doctor.facts import Card, Channels, Interrupt
from zerofeed.apps.doctor.gather_card import choose_interface, default_interface, gather_card
from zerofeed.apps.doctor.system_files import SystemFiles
from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.interfaces import Interface

__all__: list[str] = []

ROUTES = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "eth1\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "eth2\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
)
INTERRUPTS = (
    "           CPU0       CPU1\n"
    " 30:          1          0  PCI-MSIX-0000:00:03.0   0-edge      virtio2-config\n"
    " 31:          0       9927  PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0\n"
    " 32:       7686          0  PCI-MSIX-0000:00:03.0   2-edge      virtio2-output.0\n"
    " 33:       7686          0  PCI-MSIX-0000:00:04.0   2-edge      another-rx\n"
)


class Answers:
    """A driver that answers what it is told to, and is silent about the rest."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.is_closed = False

    def __getattr__(self, question: str) -> Any:
        return lambda: self.answers.get(question)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True


def gather(files: SystemFiles, answers: Answers | None = None, name: str = "eth0") -> Card:
    return gather_card(files, Interface(name, 7), ask=lambda _name, _index: answers)


def test_the_default_route_with_the_smallest_metric_is_meant(tmp_path) -> None:
    assert default_interface(system(tmp_path, {"proc/net/route": ROUTES})) == "eth0"


def test_without_a_default_route_the_first_card_is_meant_then_the_loopback(tmp_path) -> None:
    files = system(tmp_path, {"sys/class/net/lo/type": "772"})
    assert default_interface(files) == "lo"
    system(tmp_path, {"sys/class/net/ens3/device/vendor": "1"})
    assert default_interface(files) == "ens3"


def test_a_wrong_interface_is_a_wrong_argument_that_lists_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-nic: no such.*lo \(127") as caught:
        choose_interface("no-such-nic", SystemFiles())
    assert caught.value.exit_code == 2


def test_an_interface_may_be_given_by_its_address() -> None:
    assert choose_interface("127.0.0.1", SystemFiles()).name == "lo"


def test_an_interface_without_files_is_unknown_and_no_error(tmp_path) -> None:
    assert gather(SystemFiles(tmp_path)) == Card(name="eth0", index=7)


def test_files_tell_what_anybody_may_know(tmp_path) -> None:
    net = "sys/class/net/eth0"
    files = system(
        tmp_path,
        {
            f"{net}/type": "1\n",
            f"{net}/operstate": "up\n",
            f"{net}/flags": "0x1003\n",
            f"{net}/mtu": "1500\n",
            f"{net}/speed": "-1\n",
            f"{net}/napi_defer_hard_irqs": "2\n",
            f"{net}/gro_flush_timeout": "200000\n",
            f"{net}/queues/rx-0/x": "",
            f"{net}/queues/rx-1/x": "",
            f"{net}/device/numa_node": "1\n",
            "sys/class/net/lo/type": "772\n",
            "proc/net/route": ROUTES,
            "proc/net/igmp": "Idx\tDevice    : Count Querier\n"
            "1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"
            "7\teth0      :     3      V3\n",
            "proc/sys/net/ipv4/conf/all/rp_filter": "0\n",
            "proc/sys/net/ipv4/conf/eth0/rp_filter": "1\n",
        },
    )
    (tmp_path / net / "device" / "driver").symlink_to("../../bus/pci/drivers/ice")
    card = gather(files)
    assert (card.driver, card.state, card.is_enabled, card.mtu_bytes) == ("ice", "up", True, 1500)
    assert card.speed_mbps is None
    assert (card.others, card.is_on_default_route, card.is_physical) == (("lo",), True, True)
    assert (card.rx_queues, card.numa_node, card.groups, card.rp_filter) == (2, 1, 3, 1)
    assert (card.napi_defer_hard_irqs, card.gro_flush_timeout_ns) == (2, 200_000)
    assert not card.has_netlink
    assert gather(files, name="lo").is_loopback


def test_only_interrupts_that_receive_are_listed(tmp_path) -> None:
    files = system(
        tmp_path,
        {
            **{f"sys/devices/pci0/msi_irqs/{number}": "msix\n" for number in (30, 31, 32)},
            "sys/devices/pci0/virtio2/vendor": "1\n",
            "sys/devices/pci0/numa_node": "0\n",
            "sys/class/net/eth0/mtu": "1500\n",
            "proc/interrupts": INTERRUPTS,
            "proc/irq/31/smp_affinity_list": "0-1\n",
        },
    )
    device = tmp_path / "sys/class/net/eth0/device"
    device.symlink_to(tmp_path / "sys/devices/pci0/virtio2")
    card = gather(files)
    assert card.interrupts == (Interrupt(number=31, name="virtio2-input.0", cores=(0, 1)),)
    assert card.numa_node == 0


@pytest.mark.parametrize(
    ("label", "receives"),
    [("eth0-0", True), ("eth0-TxRx-0", True), ("mlx5_comp0@pci", True), ("mlx5_async", False)],
)
def test_interrupts_are_known_by_the_names_that_drivers_give(tmp_path, label, receives) -> None:
    device = "sys/class/net/eth0/device"
    files = system(
        tmp_path,
        {
            f"{device}/msi_irqs/40": "",
            f"{device}/msi_irqs/41": "",
            "proc/interrupts": f"  CPU0\n 40: 1 PCI x-edge {label}\n 41: 1 PCI x-edge eth0-rx-9\n",
        },
    )
    numbers = [each.number for each in gather(files).interrupts or ()]
    assert numbers == ([40, 41] if receives else [41])


def test_what_a_driver_answers_is_added_and_the_questions_are_closed(tmp_path) -> None:
    channels = Channels(rx=2, rx_max=4, is_combined=True)
    answers = Answers(kind="veth", xdp_program=(9, "native"), rx_ring=(1, 2), channels=channels)
    card = gather(SystemFiles(tmp_path), answers)
    assert card.has_netlink
    assert (card.driver, card.xdp_program_id, card.xdp_mode) == ("veth", 9, "native")
    assert (card.rx_ring, card.rx_ring_max, card.channels) == (1, 2, channels)
    assert answers.is_closed


def test_a_silent_driver_leaves_everything_unknown(tmp_path) -> None:
    card = gather(SystemFiles(tmp_path), Answers())
    assert card == Card(name="eth0", index=7, has_netlink=True)
