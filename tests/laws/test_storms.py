"""Storms: whatever a guest does to ports and device memory, in whatever width, no chip takes harm.

That is: nothing raises, answers are as wide as what was asked, state stays bounded, and in the middle of any
storm a restored twin goes on alike. First each chip of `tests.laws.devices` alone, then the whole PC.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.machine.config import Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from tests.laws.devices import FACTORIES, Factory, Mounted
from tests.laws.test_device_state import twin_of, wait

BEYOND = 3
"""Accesses also begin shortly before a chip's ports, and reach beyond them."""
ROOM = 1 << 18
"""By so many bytes a chip's state may grow: a drive holds up to 128 sectors that were read ahead."""

Step = tuple[str, int, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(("read", "write", "write", "read string", "write string", "wait", "stimulus")),
        st.integers(0, 0xFFFF),
        st.sampled_from((1, 2, 4)),
        st.one_of(st.integers(0, 0xFFFF_FFFF), st.sampled_from((0, 1, 2, 3, 0x40, 0x80, 0xFF))),
    ),
    max_size=60,
)
every_chip = pytest.mark.parametrize("factory", FACTORIES.values(), ids=list(FACTORIES))


def weight(plain: Any) -> int:
    """About how many bytes a saved state takes."""
    if isinstance(plain, dict):
        return sum(1 + weight(each) for each in plain.values())
    if isinstance(plain, list | tuple):
        return sum(1 + weight(each) for each in plain)
    return len(plain) if isinstance(plain, bytes | bytearray | str) else 8


def places_of(bus: PortBus) -> list[int]:
    return [
        (base + n) & 0xFFFF for base, region in bus.regions for n in range(-BEYOND, region.size + BEYOND - 1)
    ]


def access(bus: PortBus, kind: str, port: int, width: int, value: int) -> object:
    """One access; that its answer has the right size is checked here."""
    count = value % 70 + 1
    match kind:
        case "read":
            answer = bus.read(port, width)
            assert 0 <= answer < 1 << 8 * width
            return answer
        case "write":
            bus.write(port, width, value & (1 << 8 * width) - 1)
        case "read string":
            data = bus.read_string(port, width, count)
            assert width <= len(data) <= count * width
            assert len(data) % width == 0
            return data
        case "write string":
            data = bytes(value >> n % 4 * 8 & 0xFF for n in range(count * width))
            taken = bus.write_string(port, width, data)
            assert width <= taken <= len(data)
            assert taken % width == 0
            return taken
    return None


def storm(clock: Clock, mounted: Mounted, script: list[Step]) -> list[Any]:
    """All that the chip answered, and its pins after each step."""
    places = places_of(mounted.bus)
    mounted.outputs.clear()
    seen: list[Any] = []
    for kind, place, width, value in script:
        if kind == "wait":
            wait(clock, value % 2_000_000)
        elif kind == "stimulus" and mounted.stimuli:
            mounted.stimuli[place % len(mounted.stimuli)](Random(value))
        else:
            seen.append(access(mounted.bus, kind, places[place % len(places)], width, value))
        seen.append([line.level for line in mounted.lines])
    return [*seen, *mounted.outputs]


@every_chip
@settings(max_examples=12)
@given(steps, steps)
def test_a_chip_survives_any_accesses_and_its_restored_twin_goes_on_alike(
    factory: Factory, before: list[Step], after: list[Step]
) -> None:
    clock = Clock()
    mounted = factory(clock)
    light = weight(mounted.device.save())
    storm(clock, mounted, before)
    # What is due now fires before the twin is made: it would not fire twice.
    wait(clock, 0)
    assert weight(mounted.device.save()) <= light + ROOM
    twin_clock, twin = twin_of(clock, mounted, factory)
    assert storm(twin_clock, twin, after) == storm(clock, mounted, after)
    assert twin.device.save() == mounted.device.save()


@every_chip
def test_a_chip_that_is_stormed_for_long_keeps_no_more_than_it_has_room_for(factory: Factory) -> None:
    random = Random(1)
    clock = Clock()
    mounted = factory(clock)
    places, light = places_of(mounted.bus), weight(mounted.device.save())
    for _ in range(3000):
        kind = random.choice(("write", "write string", "read"))
        access(mounted.bus, kind, random.choice(places), random.choice((1, 2, 4)), random.getrandbits(32))
    wait(clock, 1_000_000)
    assert weight(mounted.device.save()) <= light + ROOM


# The whole PC: no instruction runs, the storm comes from the processor's side of the buses.

CONFIG_ADDRESS, CONFIG_DATA = 0xCF8, 0xCFC
LENGTH = 400


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "disk.img").write_bytes(bytes(n % 251 for n in range(300 * 512)))
    (folder / "disc.iso").write_bytes(bytes(n % 253 for n in range(60 * 2048)))
    return folder


def pc(images: Path) -> Machine:
    drives = (Drive(images / "disk.img", 0), Drive(images / "disc.iso", 2, cdrom=True))
    nics = (Nic(bytes.fromhex("525400123456"), backend="echo"),)
    machine = Machine(MachineConfig(memory_mib=2, drives=drives, nics=nics))
    for slot in (0x09, 0x20):  # IDE and the card, as firmware leaves them
        for register, value in ((0x10, 0xC201), (0x20, 0xC001), (0x04, 5)):
            machine.ports.write(CONFIG_ADDRESS, 4, 0x8000_0000 | slot << 8 | register)
            machine.ports.write(CONFIG_DATA, 4, value)
    return machine


def draw_port(machine: Machine, random: Random) -> int:
    if random.random() < 0.2:
        return random.randrange(0x10000)
    base, region = random.choice(machine.ports.regions)
    return (base + random.randrange(-BEYOND, region.size + BEYOND)) & 0xFFFF


def draw_address(mmio: MmioBus, random: Random) -> int:
    if not mmio.regions or random.random() < 0.2:
        return random.getrandbits(32)
    base, region = random.choice(mmio.regions)
    return (base + random.choice((0, random.randrange(region.size), region.size - 1))) & 0xFFFF_FFFF


def storm_pc(machine: Machine, seed: int, *, configure: bool) -> list[object]:
    """Random accesses to ports, device memory and, if wanted, PCI configuration; all answers."""
    random = Random(seed)
    seen: list[object] = []
    for _ in range(LENGTH):
        width, value = (
            random.choice((1, 2, 4)),
            random.choice((random.getrandbits(32), random.getrandbits(3))),
        )
        match random.randrange(8):
            case 0:
                address = draw_address(machine.mmio, random)
                answer = machine.mmio.read(address, width)
                assert 0 <= answer < 1 << 8 * width
                seen.append(answer)
            case 1:
                machine.mmio.write(draw_address(machine.mmio, random), width, value & (1 << 8 * width) - 1)
            case 2 if configure:
                address = 0x8000_0000 | random.choice((0x00, 0x08, 0x09, 0x0B, 0x10, 0x18, 0x20)) << 8
                machine.ports.write(CONFIG_ADDRESS, 4, address | random.randrange(0, 256, 4))
                seen.append(access(machine.ports, "write", CONFIG_DATA, 4, value))
            case 3:
                wait(machine.clock, random.choice((0, 1000, 300_000)))
            case _:
                kind = random.choice(("read", "write", "read string", "write string"))
                seen.append(access(machine.ports, kind, draw_port(machine, random), width, value))
    wait(machine.clock, 0)
    return seen


@pytest.mark.parametrize("configure", [False, True], ids=["ports and memory", "with configuration"])
@pytest.mark.parametrize("seed", range(6))
def test_the_whole_pc_survives_a_storm_and_a_restored_one_goes_on_alike(
    images: Path, seed: int, configure: bool
) -> None:
    machine, twin = pc(images), pc(images)
    fresh = machine.save().devices
    storm_pc(machine, 2 * seed, configure=configure)
    snapshot = machine.save()
    for name, plain in snapshot.devices.items():
        assert weight(plain) <= weight(fresh[name]) + ROOM
    twin.restore(snapshot)
    assert twin.save() == snapshot
    assert storm_pc(twin, 2 * seed + 1, configure=configure) == storm_pc(
        machine, 2 * seed + 1, configure=configure
    )
    ended, twin_ended = machine.save(), twin.save()
    assert twin_ended.devices == ended.devices
    assert twin_ended == ended
    machine.close()
    twin.close()
