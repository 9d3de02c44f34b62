"""Random configuration writes: nothing crashes, and a restored twin has the same bus."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emu.core.device import Device
from tests.unit.devices.test_pci import Machine

values = st.one_of(
    st.integers(0, 0xFFFF_FFFF), st.sampled_from((0, 3, 7, 0xFFFF_FFFF, 0xC001, 0xCF8, 0xF000_0000))
)
registers = st.one_of(st.integers(0, 255), st.sampled_from((0x04, 0x10, 0x14, 0x30, 0x60, 0x63)))
writes = st.lists(
    st.tuples(st.sampled_from((1, 4)), registers, st.sampled_from((1, 2, 4)), values), max_size=30
)


def devices(machine: Machine) -> tuple[Device[Any], ...]:
    return machine.bus, machine.isa, machine.card


def layout(machine: Machine) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    ports = [(base, region.name) for base, region in machine.ports.regions]
    memory = [(base, region.name) for base, region in machine.memory.regions]
    return sorted(ports), sorted(memory)


@settings(max_examples=25, deadline=None)
@given(writes, st.booleans())
def test_a_restored_bus_has_the_same_layout(steps: list[tuple[int, int, int, int]], level: bool) -> None:
    machine, twin = Machine(), Machine()
    for device, register, width, value in steps:
        machine.write(device, register, value & (1 << 8 * width) - 1, width)
    machine.irq.set(level)
    for one, other in zip(devices(machine), devices(twin), strict=True):
        other.restore(one.save())
        assert other.save() == one.save()
    assert layout(twin) == layout(machine)
    assert [line.level for line in twin.lines.values()] == [line.level for line in machine.lines.values()]
