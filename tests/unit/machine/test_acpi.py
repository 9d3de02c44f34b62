"""The ACPI tables, read as an operating system reads them; and the commands, carried out as firmware does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from struct import iter_unpack, pack, unpack_from

import pytest

from emu.core.bus import MmioBus, PortBus
from emu.core.events import Observers
from emu.devices.pci.bus import PciBus
from emu.devices.pci.power_management import PowerManagement
from emu.machine.acpi import aml
from emu.machine.acpi.dsdt import COM_INTERRUPTS, routing
from emu.machine.acpi.resources import END
from emu.machine.acpi.tables import firmware_files
from emu.machine.board import POWER_MANAGEMENT_BASE
from emu.machine.config import Kernel, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.unit.acpi_tables import rsdp, tables
from tests.unit.bzimage import bzimage
from tests.unit.rom import HALT, write_rom

MIB = 1 << 20
FW_CFG_SELECTOR, FW_CFG_DATA, FILE_DIRECTORY = 0x510, 0x511, 0x19


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """One whose firmware does nothing: a kernel is entered instead, and it halts."""
    (tmp_path / "bzImage").write_bytes(bzimage())
    config = MachineConfig(
        firmware=Path(write_rom(tmp_path, HALT)),
        kernel=Kernel(tmp_path / "bzImage"),
        memory_mib=16,
        nics=(Nic(), Nic()),
    )
    made = Machine(config)
    yield made
    made.close()


def test_the_rsdp_is_found_by_a_scan_and_its_checksum_holds(machine: Machine) -> None:
    assert sum(machine.memory.read(rsdp(machine), 20)) & 0xFF == 0


def test_every_table_is_reached_and_its_checksum_holds(machine: Machine) -> None:
    found = tables(machine)
    assert set(found) == {b"RSDT", b"FACP", b"FACS", b"DSDT"}
    for name, contents in found.items():
        assert contents[:4] == name
        assert name == b"FACS" or sum(contents) & 0xFF == 0


def test_the_tables_lie_in_memory_that_a_kernel_is_told_to_leave_alone(machine: Machine) -> None:
    root = unpack_from("<I", machine.memory.read(rsdp(machine), 20), 16)[0]
    facs, dsdt = unpack_from("<II", tables(machine)[b"FACP"], 36)
    page = machine.memory.read(0x1_0000, 0x1000)
    ranges = list(iter_unpack("<QQI", page[0x2D0 : 0x2D0 + 20 * page[0x1E8]]))
    for address in (root, facs, dsdt):
        (kind,) = [kind for base, size, kind in ranges if base <= address < base + size]
        assert kind == 4
    assert facs % 64 == 0


def test_both_pointers_to_the_dsdt_agree_and_only_one_points_to_the_facs(machine: Machine) -> None:
    fixed = tables(machine)[b"FACP"]
    assert unpack_from("<Q", fixed, 140)[0] == unpack_from("<I", fixed, 40)[0]
    assert unpack_from("<Q", fixed, 132)[0] == 0


def test_the_fixed_registers_are_where_the_table_says(machine: Machine) -> None:
    fixed = tables(machine)[b"FACP"]
    event, control, timer, general = (unpack_from("<I", fixed, at)[0] for at in (56, 64, 76, 80))
    claimed = dict(machine.ports.regions)
    names = claimed[event].registers
    assert names is not None
    assert [names.name(at - event, write=False) for at in (event, event + 2, control, timer, general)] == [
        "PM status",
        "PM enable",
        "PM control",
        "PM timer",
        "general-purpose status",
    ]
    for narrow, wide in ((56, 148), (64, 172), (76, 208), (80, 220)):
        space, address = fixed[wide], unpack_from("<Q", fixed, wide + 4)[0]
        assert (space, address) == (1, unpack_from("<I", fixed, narrow)[0])


def test_writing_the_tables_enable_value_turns_sci_on_and_the_disable_value_off(machine: Machine) -> None:
    fixed = tables(machine)[b"FACP"]
    command, enable, disable = unpack_from("<IBB", fixed, 48)
    control = unpack_from("<I", fixed, 64)[0]
    assert machine.ports.read(control, 2) & 1 == 0
    machine.ports.write(command, 1, enable)
    assert machine.ports.read(control, 2) & 1 == 1
    machine.ports.write(command, 1, disable)
    assert machine.ports.read(control, 2) & 1 == 0


def test_the_power_button_raises_the_interrupt_that_the_table_names(machine: Machine) -> None:
    fixed = tables(machine)[b"FACP"]
    event = unpack_from("<I", fixed, 56)[0]
    machine.ports.write(0xB2, 1, fixed[52])
    machine.ports.write(event + 2, 2, 1 << 8)
    (power,) = (each.function for each in machine.pci.functions() if each.location == "01.3")
    assert isinstance(power, PowerManagement)
    power.press_power_button()
    assert machine.pc.pics.state.slave.request == 1 << unpack_from("<H", fixed, 46)[0] - 8


def test_the_soft_off_state_of_the_dsdt_ends_the_run(machine: Machine) -> None:
    dsdt, fixed = tables(machine)[b"DSDT"], tables(machine)[b"FACP"]
    at = dsdt.index(b"_S5_\x12")
    sleep_type = dsdt[at + 7]
    assert sleep_type == 0
    machine.ports.write(unpack_from("<I", fixed, 64)[0], 2, sleep_type << 10 | 1 << 13)
    assert machine.run(10**9).reason is Reason.POWERED_OFF


def test_the_reset_register_resets(machine: Machine) -> None:
    fixed = tables(machine)[b"FACP"]
    assert unpack_from("<I", fixed, 112)[0] & 1 << 10
    causes: list[str] = []
    machine.observers.reset_requested = (causes.append,)
    machine.ports.write(unpack_from("<Q", fixed, 120)[0], 1, fixed[128])
    assert causes == ["port cf9"]


def routes(dsdt: bytes) -> dict[tuple[int, int], bytes]:
    """What _PRT says of each slot and pin: the name of a link, or the bytes of an interrupt's number."""
    assert dsdt.count(b"_PRT\x12") == 1
    at = dsdt.index(b"_PRT\x12") + 5
    size = dsdt[at] & 0xF | dsdt[at + 1] << 4
    end, count = at + size, dsdt[at + 2]
    at += 3
    found = {}
    for _ in range(count):
        assert dsdt[at] == 0x12
        element, at = dsdt[at + 1 : at + 1 + dsdt[at + 1]], at + 1 + dsdt[at + 1]
        prefix = element[2]
        width = {0x0B: 2, 0x0C: 4}[prefix]
        address = int.from_bytes(element[3 : 3 + width], "little")
        assert address & 0xFFFF == 0xFFFF
        rest = element[3 + width :]
        pin, source = (rest[1], rest[2:]) if rest[0] == 0x0A else (rest[0], rest[1:])
        found[address >> 16, pin] = source
    assert at == end
    return found


def real_routes() -> dict[tuple[int, int], int]:
    """Which link rises when a pin of a slot does, tried on a bus."""
    levels = [False] * 4

    def note(link: int, level: bool) -> None:
        levels[link] = level

    bus = PciBus("pci", ports=PortBus(), memory=MmioBus(Observers()), link=note)
    found = {}
    for slot in range(32):
        for pin in range(4):
            bus.intx(slot, pin).set(True)
            found[slot, pin] = levels.index(True)
            bus.intx(slot, pin).set(False)
    return found


def test_every_interrupt_pin_has_the_link_that_the_bus_wires_it_to(machine: Machine) -> None:
    told = routes(tables(machine)[b"DSDT"])
    real = real_routes()
    assert told.keys() == real.keys()
    assert told.pop((1, 0)) == bytes((0, 0x0A, 9))  # the power management function, which drives SCI itself
    assert told == {place: b"LNK%c\0" % b"ABCD"[real[place]] for place in told}
    assert len(routing()) == len(real)


def test_interrupts_arrive_where_the_firmware_has_routed_them(machine: Machine) -> None:
    for slot in (4, 5):
        machine.ports.write(0xCF8, 4, 0x8000_003C | slot << 11)
        irq = machine.ports.read(0xCFC, 1)
        assert irq in (10, 11)
        assert machine.ports.read(0x4D1, 1) & 1 << irq - 8
        wire = next(line for line in machine.pc.lines if line.name == f"irq {irq}")
        machine.pci.intx(slot, 0).set(True)
        assert wire.level
        machine.pci.intx(slot, 0).set(False)


def test_cards_answer_at_the_ports_that_they_were_given(machine: Machine) -> None:
    bases = []
    for slot in (4, 5):
        machine.ports.write(0xCF8, 4, 0x8000_0010 | slot << 11)
        base = machine.ports.read(0xCFC, 4) & ~3
        bases.append(base)
        machine.ports.write(base, 1, 0x21)
        assert (machine.ports.read(base + 0x0A, 1), machine.ports.read(base + 0x0B, 1)) == (0x50, 0x43)
    assert all(first >= 0xC000 and first + 0x20 <= second for first, second in pairwise(bases))


def test_after_a_reset_everything_is_there_again(machine: Machine) -> None:
    before = tables(machine)
    machine.memory.write(0xF_0000, bytes(0x1_0000))
    machine.memory.write(0xFF_F000, bytes(0x1000))
    machine.reset()
    assert tables(machine) == before
    assert machine.ports.read(POWER_MANAGEMENT_BASE + 4, 2) == 0


def test_the_serial_ports_told_are_those_that_answer(machine: Machine) -> None:
    dsdt = tables(machine)[b"DSDT"]
    claimed = {base for base, _ in machine.ports.regions}
    for base, irq in COM_INTERRUPTS.items():
        template = pack("<BBHHBBBH", 0x47, 1, base, base, 1, 8, 0x22, 1 << irq) + END
        assert (template in dsdt) == (base in claimed)


def read_file(machine: Machine, name: bytes) -> bytes:
    """As firmware reads it from the configuration device."""

    def item(key: int, size: int) -> bytes:
        machine.ports.write(FW_CFG_SELECTOR, 2, key)
        return bytes(machine.ports.read(FW_CFG_DATA, 1) for _ in range(size))

    count = int.from_bytes(item(FILE_DIRECTORY, 4), "big")
    for size, key, _, called in iter_unpack(">IHH56s", item(FILE_DIRECTORY, 4 + 64 * count)[4:]):
        if called.rstrip(b"\0") == name:
            return item(key, size)
    raise AssertionError(f"no file {name!r}")


def load(machine: Machine, high: int, f_segment: int) -> dict[bytes, tuple[int, bytearray]]:
    """Another reading of the commands, by their documentation; files by name, with their addresses."""
    script = read_file(machine, b"etc/table-loader")
    loaded: dict[bytes, tuple[int, bytearray]] = {}
    for at in range(0, len(script), 128):
        command, name = unpack_from("<I56s", script, at)
        name = name.rstrip(b"\0")
        if command == 1:
            align, zone = unpack_from("<IB", script, at + 60)
            address = {1: high, 2: f_segment}[zone]
            assert address % align == 0
            loaded[name] = (address, bytearray(read_file(machine, name)))
            continue
        data = loaded[name][1]
        if command == 2:
            target, offset, size = unpack_from("<56sIB", script, at + 60)
            pointer = int.from_bytes(data[offset : offset + size], "little") + loaded[target.rstrip(b"\0")][0]
            data[offset : offset + size] = pointer.to_bytes(size, "little")
        else:
            assert command == 3
            offset, start, length = unpack_from("<III", script, at + 60)
            data[offset] = data[offset] - sum(data[start : start + length]) & 0xFF
    return loaded


def test_firmware_gets_the_same_tables_by_the_configuration_device(machine: Machine) -> None:
    root = unpack_from("<I", machine.memory.read(rsdp(machine), 20), 16)[0]
    facs = unpack_from("<I", tables(machine)[b"FACP"], 36)[0]
    for address, data in load(machine, facs, rsdp(machine)).values():
        assert machine.memory.read(address, len(data)) == data
        assert address in (rsdp(machine), facs)
    assert facs < root < facs + 0x2000


def test_the_tables_follow_the_power_managements_registers() -> None:
    base: int | None = None
    files = firmware_files(low_ram=64 * MIB, power_base=lambda: base)
    tables = files["etc/acpi/tables"]
    assert not isinstance(tables, bytes)
    usual = tables()
    base = 0x600
    moved = tables()
    assert len(usual) == len(moved)
    start = usual.index(b"FACP")
    blocks = [unpack_from("<I", moved, start + at)[0] for at in (56, 64, 76, 80)]
    assert blocks == [0x600, 0x604, 0x608, 0x60C]
    assert unpack_from("<I", usual, start + 56)[0] == POWER_MANAGEMENT_BASE


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("_HID", b"_HID"),
        ("PIC", b"PIC_"),
        ("\\_SB", b"\\_SB_"),
        ("\\_SB.PCI0", b"\\\x2e_SB_PCI0"),
        ("\\_SB.PCI0.ISA", b"\\\x2f\x03_SB_PCI0ISA_"),
    ],
)
def test_names_are_encoded_by_segments_of_four(name: str, encoded: bytes) -> None:
    assert aml.path(name) == encoded


def test_a_segment_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 4"):
        aml.path("\\_SB.BRIDGE")


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (1, "01"), (2, "0a02"), (0xFF, "0aff"), (0x100, "0b0001"), (0x1_0000, "0c00000100")],
)
def test_integers_take_the_shortest_form(value: int, encoded: str) -> None:
    assert aml.integer(value) == bytes.fromhex(encoded)


def test_an_eisa_identifier_packs_letters_into_five_bits() -> None:
    assert aml.eisa_id("PNP0A03") == bytes.fromhex("0c41d00a03")


@pytest.mark.parametrize(
    ("body", "length"),
    [(62, "3f"), (63, "4104"), (4093, "4fff"), (4094, "810001")],
)
def test_a_package_length_counts_itself_in_as_few_bytes_as_it_can(body: int, length: str) -> None:
    contents = bytes(body - 4)
    assert aml.scope("ABCD", contents)[1:].startswith(bytes.fromhex(length) + b"ABCD" + contents[:1])
