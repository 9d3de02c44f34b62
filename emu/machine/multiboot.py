"""The Multiboot protocol, version 1: how most kernels that people write themselves are entered.

[MB] Multiboot Specification 0.6.96; section numbers are its own. A header in its first 8 KiB says what
the image wants; it is entered in protected mode, paging off, with a magic number in EAX and in EBX where
the information lies: memory sizes and map, command line, modules, the loader's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from struct import pack, pack_into, unpack_from

from emu.core.memory import ONE_MIB
from emu.devices.fw_cfg import MemoryRange
from emu.machine import elf
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

HEADER_MAGIC, LOADED_MAGIC = 0x1BAD_B002, 0x2BAD_B002
SEARCHED, ALIGNMENT = 8192, 4

# 3.1.1: what the image asks for. Of the lower 16 flags a loader must know all that are set.
ALIGN_MODULES, WANTS_MEMORY, WANTS_VIDEO, OWN_ADDRESSES = 1 << 0, 1 << 1, 1 << 2, 1 << 16
KNOWN = ALIGN_MODULES | WANTS_MEMORY | WANTS_VIDEO
REQUIRED = 0xFFFF
ADDRESSES, VIDEO = 12, 32
"""Where in the header the address fields and the video fields lie. 3.1.3, 3.1.4."""
TEXT_MODE = 1

# 3.3: the information.
HAS_MEMORY, HAS_COMMAND_LINE, HAS_MODULES, HAS_MAP, HAS_NAME = 1 << 0, 1 << 2, 1 << 3, 1 << 6, 1 << 9
INFORMATION_SIZE = 88
MODULE_SIZE, MAP_ENTRY_SIZE = 16, 24
NAME = b"emu\0"
KIBIBYTE = 1024


@dataclass(frozen=True)
class Module:
    """A file that the image finds in memory, and the text that tells it what it is."""

    data: bytes
    text: bytes


@dataclass(frozen=True)
class Header:
    """What the image asks for, and at which byte of the file it does."""

    at: int
    flags: int


def find_header(image: bytes) -> Header | None:
    """The header, if the image has one. 3.1: among the first 8192 bytes, aligned to 4."""
    for at in range(0, min(len(image), SEARCHED) - 11, ALIGNMENT):
        magic, flags, checksum = unpack_from("<III", image, at)
        if magic == HEADER_MAGIC and not (magic + flags + checksum) & 0xFFFF_FFFF:
            return Header(at, flags)
    return None


def prepare(
    image: bytes,
    header: Header,
    modules: Sequence[Module],
    command_line: bytes,
    ranges: Sequence[MemoryRange],
) -> Boot:
    """An image as the loader enters it, in a machine with this memory map. Raises BootError."""
    if unknown := header.flags & REQUIRED & ~KNOWN:
        raise BootError(f"it wants what no Multiboot loader knows (flags {unknown:#06x}): correct its header")
    own = header.flags & OWN_ADDRESSES
    program = _addressed(image, header) if own else elf.read(image)
    room = Room(ranges)
    boot = program.place(room)
    memory = dict(boot.memory)
    table = flat_descriptors(FLAGS_CODE_32)
    table_at = room.find("the table of segments", len(table), HANDED_OVER)
    memory[table_at] = table
    loaded = []
    for module in modules:
        at = room.find("the initrd", len(module.data), max(program.end, ONE_MIB))
        memory[at] = module.data
        loaded.append((at, module))
    size = len(_information(0, loaded, command_line, ranges))
    information_at = room.find("the information", size, HANDED_OVER)
    memory[information_at] = _information(information_at, loaded, command_line, ranges)
    registers = flat_registers(FLAGS_CODE_32, table_at)
    registers |= {"rax": LOADED_MAGIC, "rbx": information_at, "rsp": table_at, "rip": program.entry}
    return replace(boot, memory=memory, registers=registers, warnings=_warnings(image, header))


def _addressed(image: bytes, header: Header) -> Program:
    """An image of any format, whose header says where it goes. 3.1.3."""
    if header.at + ADDRESSES + 20 > len(image):
        raise BootError("the image is truncated amid its Multiboot header: give the whole file")
    header_address, start, load_end, bss_end, entry = unpack_from("<5I", image, header.at + ADDRESSES)
    offset = header.at - (header_address - start)
    if header_address < start or offset < 0:
        raise BootError("the addresses in its Multiboot header contradict each other: correct them")
    size = load_end - start if load_end else len(image) - offset
    if size <= 0 or (bss_end and bss_end < start + size):
        raise BootError("the addresses in its Multiboot header contradict each other: correct them")
    if offset + size > len(image):
        raise BootError(
            f"the image is truncated: by its header it ends at byte {offset + size} of {len(image)}; "
            "give the whole file"
        )
    in_memory = bss_end - start if bss_end else size
    return Program((Piece(start, image[offset : offset + size], in_memory),), entry)


def _warnings(image: bytes, header: Header) -> tuple[str, ...]:
    """The display is a VGA's text mode whatever the image prefers."""
    if not header.flags & WANTS_VIDEO or header.at + VIDEO + 16 > len(image):
        return ()
    mode, width, height, depth = unpack_from("<4I", image, header.at + VIDEO)
    if mode == TEXT_MODE:
        return ()
    return (f"it prefers graphics of {width} x {height} x {depth}: there is text alone",)


def _information(
    at: int, modules: Sequence[tuple[int, Module]], command_line: bytes, ranges: Sequence[MemoryRange]
) -> bytes:
    """3.3, with all that it points to behind it."""
    data = bytearray(INFORMATION_SIZE)

    def append(piece: bytes) -> int:
        start = len(data)
        data.extend(piece.ljust(-(-len(piece) // ALIGNMENT) * ALIGNMENT, b"\0"))
        return at + start

    memory_map = b"".join(
        pack("<IQQI", MAP_ENTRY_SIZE - 4, each.base, each.size, each.kind) for each in ranges
    )
    texts = [append(module.text + b"\0") for _, module in modules]
    listed = b"".join(
        pack("<4I", start, start + len(module.data), text, 0)
        for (start, module), text in zip(modules, texts, strict=True)
    )
    flags = HAS_MEMORY | HAS_COMMAND_LINE | HAS_MAP | HAS_NAME | HAS_MODULES * bool(modules)
    pack_into("<III", data, 0, flags, *memory_sizes(ranges))
    pack_into("<I", data, 16, append(command_line + b"\0"))
    if modules:
        pack_into("<II", data, 20, len(modules), append(listed))
    pack_into("<II", data, 44, len(memory_map), append(memory_map))
    pack_into("<I", data, 64, append(NAME))
    return bytes(data)


def memory_sizes(ranges: Sequence[MemoryRange]) -> tuple[int, int]:
    """KiB of RAM from 0 on, and from 1 MiB on up to the first hole."""
    lower, upper = (next(each.size for each in ranges if each.base == base) for base in (0, ONE_MIB))
    return lower // KIBIBYTE, upper // KIBIBYTE
