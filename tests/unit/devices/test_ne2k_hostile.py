"""Whatever a guest writes to the network card, and whatever arrives meanwhile, the card goes on."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emu.backends.network import NullLink
from emu.core.bus import PortBus
from emu.core.wires import IrqLine
from emu.devices.ne2k.rtl8029 import Rtl8029

BASE = 0xC100
MAC = bytes.fromhex("525400123456")

ports = st.integers(0, 0x1F)
widths = st.sampled_from([1, 2, 4])
actions = st.one_of(
    st.tuples(st.just("read"), ports, widths),
    st.tuples(st.just("write"), ports, widths, st.integers(0, 0xFFFF_FFFF)),
    st.tuples(st.just("command"), st.integers(0, 0xFF)),
    st.tuples(st.just("read_string"), ports, widths, st.integers(1, 600)),
    st.tuples(st.just("write_string"), ports, widths, st.binary(min_size=4, max_size=64)),
    st.tuples(st.just("receive"), st.binary(max_size=80), st.integers(0, 20)),
)


def card() -> tuple[PortBus, Rtl8029]:
    bus = PortBus()
    chip = Rtl8029("nic0", mac=MAC, irq=IrqLine("nic", lambda level: None), link=NullLink())
    bus.move(chip.region, BASE)
    return bus, chip


def act(bus: PortBus, chip: Rtl8029, action: tuple[Any, ...]) -> object:
    match action:
        case ("read", port, width):
            return bus.read(BASE + port, width)
        case ("write", port, width, value):
            bus.write(BASE + port, width, value & (1 << 8 * width) - 1)
        case ("command", value):
            bus.write(BASE, 1, value)
        case ("read_string", port, width, count):
            return bus.read_string(BASE + port, width, count)
        case ("write_string", port, width, data):
            return bus.write_string(BASE + port, width, data)
        case ("receive", data, repeats):
            chip.receive(MAC + data * repeats)
    return None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(actions, max_size=60), st.lists(actions, max_size=15))
def test_random_accesses_never_fail_and_a_restored_twin_answers_alike(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    bus, chip = card()
    for action in before:
        act(bus, chip, action)
    twin_bus, twin = card()
    twin.restore(chip.save())
    assert twin.save() == chip.save()
    assert [act(twin_bus, twin, action) for action in after] == [act(bus, chip, action) for action in after]
    assert twin.save() == chip.save()
