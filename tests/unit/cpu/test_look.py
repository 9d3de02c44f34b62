"""Looking at a guest: code position, mode, memory through its page tables, and that nothing changes."""

from __future__ import annotations

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.memory import Memory
from emu.cpu.engine import UnicornProcessor
from emu.cpu.look import Look, QuietPaging
from emu.cpu.paging import ACCESSED, CR0_PG, PRESENT, USER, WRITABLE

DIRECTORY, TABLE = 0x10_0000, 0x10_1000
DEVICE = 0xE000_0000


class Guest:
    """Two megabytes, a device, and page tables that show both; linear 0x400000 on is all there is."""

    def __init__(self) -> None:
        self.device_reads: list[int] = []
        bus = MmioBus()
        self.memory = Memory(2 << 20, 1 << 20, bus)
        bus.claim(Region("device", DEVICE, 0x1000, self._read_device, lambda *_: None, 8))
        self._entry(DIRECTORY + 4, TABLE | PRESENT)
        self._entry(TABLE, 0x5000 | PRESENT)
        self._entry(TABLE + 4, 0x3000 | PRESENT | WRITABLE | USER)
        self._entry(TABLE + 8, DEVICE | PRESENT)
        self.memory.write(0x5000, b"a" * 0x1000)
        self.memory.write(0x3000, b"b" * 0x1000)

    def _read_device(self, offset: int, width: int) -> int:
        self.device_reads.append(offset)
        return 0

    def _entry(self, where: int, value: int) -> None:
        self.memory.write(where, value.to_bytes(4, "little"))

    def look(self, *, bits: int = 32, base: int = 0, tables: int = DIRECTORY, ip: int = 0) -> Look:
        paging = QuietPaging(self.memory, cr0=CR0_PG | 1, cr3=tables)
        return Look(8, ip, bits, base, 0, tuple(range(16)), paging)


def test_memory_is_read_through_the_page_tables_across_pages() -> None:
    assert Guest().look().read(0x40_0FFE, 4) == b"aabb"


def test_a_missing_page_ends_what_can_be_read() -> None:
    look = Guest().look()
    assert look.read(0x40_0000 - 2, 4) == b""
    assert look.read(0x7F_FFFF, 1) == b""


def test_a_device_is_not_read() -> None:
    guest = Guest()
    assert guest.look().read(0x40_1FFC, 8) == b"bbbb"
    assert guest.device_reads == []


def test_page_tables_in_a_device_are_not_read() -> None:
    guest = Guest()
    assert guest.look(tables=DEVICE).read(0x40_0000, 1) == b""
    assert guest.device_reads == []


def test_no_accessed_bit_is_set() -> None:
    guest = Guest()
    guest.look().read(0x40_0000, 0x2000)
    for where in (DIRECTORY + 4, TABLE, TABLE + 4):
        assert not int.from_bytes(guest.memory.read(where, 4), "little") & ACCESSED


def test_linear_addresses_wrap_as_the_mode_says() -> None:
    guest = Guest()
    assert guest.look(bits=16, base=0xFFFF_0000, ip=0xFFF0).linear_ip == 0xFFFF_FFF0
    assert guest.look(base=0xFFFF_FFF0, ip=0x20).linear_ip == 0x10
    assert guest.look(bits=64, ip=1 << 40).linear_ip == 1 << 40
    assert guest.look().stack_pointer == 4


def test_a_processor_is_looked_at_where_it_is_and_stays_as_it_is() -> None:
    guest = Guest()
    cpu = UnicornProcessor(memory=guest.memory, ports=PortBus(), clock=Clock())
    cpu.restore({**cpu.save(), "rip": 0x1234, "rbx": 7, "cr0": CR0_PG | 1, "cr3": DIRECTORY})
    before = cpu.save()
    look = cpu.look()
    assert (look.cs, look.ip, look.bits, look.linear_ip) == (0xF000, 0x1234, 16, 0xFFFF_1234)
    assert look.general[3] == 7
    assert look.read(0x40_0FFF, 2) == b"ab"
    assert not int.from_bytes(guest.memory.read(TABLE, 4), "little") & ACCESSED
    assert cpu.save() == before
    cpu.restore({**before, "cr3": DEVICE})
    assert cpu.look().read(0x40_0000, 1) == b""
    assert guest.device_reads == []
    cpu.close()
