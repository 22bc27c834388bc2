import dataclasses

import pytest

from zerofeed.apps.doctor.facts import Capability, Card, Facts, Machine

__all__: list[str] = []


def test_nothing_is_known_unless_it_was_found_out() -> None:
    card = Card(name="eth0")
    asked = {"name", "index", "others"}
    for field in dataclasses.fields(card):
        if field.name not in asked:
            assert getattr(card, field.name) in {None, False}, field.name


def test_facts_cannot_be_changed_by_a_check() -> None:
    facts = Facts(Machine(), Card(name="lo"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.machine.release = "0"


def test_capabilities_are_the_kernels_bits() -> None:
    bits = {
        name: value.bit_length() - 1
        for name, value in vars(Capability).items()
        if isinstance(value, int) and name.isupper()
    }
    assert bits == {"NET_ADMIN": 12, "NET_RAW": 13, "IPC_LOCK": 14, "SYS_ADMIN": 21, "BPF": 39}
