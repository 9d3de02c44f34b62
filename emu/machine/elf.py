"""Executables in ELF: what goes where in physical memory, and how one without a boot protocol is entered.

[ELF] Tool Interface Standard, Executable and Linking Format 1.2, with its supplement for Intel processors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from struct import Struct

from emu.devices.fw_cfg import MemoryRange
from emu.machine.boot import (
    FLAGS_CODE_32,
    HANDED_OVER,
    Boot,
    BootError,
    Piece,
    Program,
    Room,
    flat_descriptors,
    flat_registers,
)

MAGIC = b"\x7fELF"
HEADER = Struct("<16sHHIIIIIHHH")
"""e_ident, e_type, e_machine, e_version, e_entry, e_phoff, e_shoff, e_flags, e_ehsize, and then
e_phentsize, e_phnum."""
PROGRAM_HEADER = Struct("<8I")
"""p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align."""
CLASS_32, CLASS_64, LITTLE_ENDIAN = 1, 2, 1
EXECUTABLE, INTEL_386 = 2, 3
MACHINES = {2: "SPARC", 3: "Intel 80386", 8: "MIPS", 20: "PowerPC", 40: "Arm", 62: "x86-64", 183: "AArch64"}
KINDS = {1: "a relocatable object", 3: "a shared object or position-independent", 4: "a core dump"}
LOAD, INTERPRETER = 1, 3
REMEDY = "give a 32-bit x86 executable (gcc -m32 -static -no-pie; ld -m elf_i386)"


@dataclass(frozen=True)
class Segment:
    """A part to load: where the linker thought it is, and where it goes."""

    virtual: int
    piece: Piece

    def physical(self, virtual: int) -> int | None:
        """Where a virtual address of the segment is loaded."""
        offset = virtual - self.virtual
        return self.piece.address + offset if 0 <= offset < self.piece.size else None


def read(image: bytes) -> Program:
    """A 32-bit executable for Intel processors. Raises BootError where `image` is anything else."""
    if len(image) < HEADER.size:
        raise BootError("the ELF is truncated amid its header: give the whole file")
    ident, kind, machine, _, entry, at, _, _, _, size, count = HEADER.unpack_from(image)
    if ident[4] != CLASS_32 or ident[5] != LITTLE_ENDIAN or machine != INTEL_386:
        bits = "64-bit" if ident[4] == CLASS_64 else "32-bit"
        order = "" if ident[5] == LITTLE_ENDIAN else "big-endian "
        raise BootError(
            f"it is a {bits} {order}ELF for {MACHINES.get(machine, f'machine {machine}')}: {REMEDY}"
        )
    if kind != EXECUTABLE:
        raise BootError(f"it is {KINDS.get(kind, 'no executable')}: {REMEDY}")
    if count and (size != PROGRAM_HEADER.size or at + count * size > len(image)):
        raise BootError("the ELF is truncated amid its program headers: give the whole file")
    segments = list(_segments(image, at, count))
    if not segments:
        raise BootError(f"the ELF has nothing to load: {REMEDY}")
    places = (segment.physical(entry) for segment in segments)
    physical = next((place for place in places if place is not None), entry)
    return Program(tuple(segment.piece for segment in segments), physical)


def _segments(image: bytes, at: int, count: int) -> Iterator[Segment]:
    for number in range(count):
        header = PROGRAM_HEADER.unpack_from(image, at + number * PROGRAM_HEADER.size)
        kind, offset, virtual, physical, in_file, in_memory, _, _ = header
        if kind == INTERPRETER:
            raise BootError(f"it is dynamically linked: {REMEDY}")
        if kind != LOAD or not in_memory:
            continue
        if offset + in_file > len(image):
            raise BootError(
                f"the ELF is truncated: segment {number} ends at byte {offset + in_file} of {len(image)}; "
                "give the whole file"
            )
        if in_file > in_memory:
            raise BootError(
                f"segment {number} of the ELF is larger in the file than in memory: link it again"
            )
        yield Segment(virtual, Piece(physical, image[offset : offset + in_file], in_memory))


def prepare(image: bytes, ranges: Sequence[MemoryRange]) -> Boot:
    """An image without a boot protocol: flat segments, paging off, general registers zero.

    `ranges` is the memory map. ESP is where the loader's table of segments begins, with free RAM below
    unless the image lies there. Raises BootError.
    """
    program = read(image)
    room = Room(ranges)
    boot = program.place(room)
    table = flat_descriptors(FLAGS_CODE_32)
    at = room.find("the table of segments", len(table), HANDED_OVER)
    registers = flat_registers(FLAGS_CODE_32, at) | {"rsp": at, "rip": program.entry}
    return replace(boot, memory=boot.memory | {at: table}, registers=registers)
