"""The Linux boot protocol: a bzImage becomes memory contents and processor state.

The result is what a boot loader leaves behind.
[boot] Linux Documentation/arch/x86/boot.rst; [zero-page] zero-page.rst beside it. Bytes in, bytes and
registers out: nothing here touches a machine. The kernel is entered past its real-mode part, in 64-bit mode
where it has such an entry, else in 32-bit protected mode, and finds its boot parameters through RSI.
"""

from __future__ import annotations

from struct import pack, pack_into, unpack_from

from emu.core.memory import ONE_MIB, PAGE
from emu.cpu.registers import Registers
from emu.devices.fw_cfg import e820
from emu.machine.boot import FLAGS_CODE_32, FLAGS_CODE_64, Boot, BootError, flat_descriptors, flat_registers
from emu.machine.elf import MAGIC as ELF_MAGIC
from emu.machine.firmware_stub import Stub, stub

FOUR_GIB = 1 << 32
SECTOR = 512

# [boot] "The Real-Mode Kernel Header": offsets in the image, and so in the boot parameters.
SETUP_SECTORS, SIZE_IN_PARAGRAPHS, VIDEO_MODE, HEADER_END = 0x1F1, 0x1F4, 0x1FA, 0x201
SIGNATURE, VERSION, LOADER_TYPE, LOAD_FLAGS = 0x202, 0x206, 0x210, 0x211
RAMDISK_ADDRESS, COMMAND_LINE_POINTER, LAST_INITRD_BYTE = 0x218, 0x228, 0x22C
EXTRA_LOAD_FLAGS, COMMAND_LINE_SIZE, PREFERRED_ADDRESS, INITIAL_SIZE = 0x236, 0x238, 0x258, 0x260
LOADED_HIGH, HAS_64_BIT_ENTRY = 1, 1
MAGIC = b"HdrS"
OLDEST_VERSION = 0x20A
"""2.10 (Linux 2.6.31): the first that tells how much memory the kernel needs to unpack itself."""
KNOWS_RSDP = 0x20E
"""2.14 (Linux 5.0): the first that can be told where the ACPI tables begin."""
UNKNOWN_LOADER = 0xFF
NORMAL_VIDEO = 0xFFFF
PARAGRAPH = 16
DEFAULT_SETUP_SECTORS = 4

# [zero-page] Offsets in the boot parameters that are not the image's.
RSDP_ADDRESS, RANGE_COUNT, RANGES = 0x070, 0x1E8, 0x2D0
VGA_TEXT = pack("<BBHHBBBBHHBBH", 0, 0, 0, 0, 3, 80, 0, 0, 0, 0, 25, 1, 16)
"""`screen_info`: mode 3, 80 columns, 25 rows of 16 lines on a VGA, the cursor in the first place."""

# Where things lie while the kernel starts.
DESCRIPTORS, BOOT_PARAMETERS, PAGE_TABLES, COMMAND_LINE = 0x8000, 0x1_0000, 0x1_8000, 0x2_0000
KERNEL = ONE_MIB
ENTRY_64 = 0x200
"""Where 64-bit code begins behind 32-bit code."""

PAGED = 0x8000_0011
PHYSICAL_ADDRESS_EXTENSION = 1 << 5
LONG_MODE = 0x500
PRESENT_WRITABLE, LARGE = 3, 0x80
LARGE_PAGE = 2 << 20


def prepare(image: bytes, initrd: bytes, command_line: bytes, ram_bytes: int) -> Boot:
    """Load a bzImage into a machine with so much RAM. Raises BootError where that cannot be."""
    header = _setup_header(image)
    size = (image[SETUP_SECTORS] or DEFAULT_SETUP_SECTORS) * SECTOR + SECTOR
    code = image[size:]
    if -(-len(code) // PARAGRAPH) < unpack_from("<I", image, SIZE_IN_PARAGRAPHS)[0]:
        raise BootError("the kernel is truncated: give the whole bzImage")
    longest = unpack_from("<I", image, COMMAND_LINE_SIZE)[0]
    if len(command_line) > longest:
        raise BootError(f"the command line has {len(command_line)} bytes: this kernel takes {longest}")
    firmware = stub(ram_bytes)
    kernel_end = _kernel_end(image, len(code))
    if kernel_end > firmware.low_end:
        needed = _mib(kernel_end + firmware.tables_size)
        raise BootError(f"the kernel needs {needed} MiB to unpack itself: give more memory")
    initrd_at = _initrd_address(image, len(initrd), kernel_end, firmware)
    long_mode = bool(unpack_from("<H", image, EXTRA_LOAD_FLAGS)[0] & HAS_64_BIT_ENTRY)
    memory = {
        DESCRIPTORS: flat_descriptors(FLAGS_CODE_64 if long_mode else FLAGS_CODE_32),
        BOOT_PARAMETERS: _boot_parameters(header, initrd_at, len(initrd), firmware),
        COMMAND_LINE: command_line + b"\0",
        KERNEL: code,
    }
    if long_mode:
        memory[PAGE_TABLES] = _identity_map()
    if initrd:
        memory[initrd_at] = initrd
    return Boot(memory, _registers(long_mode))


def _setup_header(image: bytes) -> bytes:
    """The header as the boot parameters take it over. Raises BootError where there is none."""
    if image.startswith(ELF_MAGIC):
        raise BootError("this is an ELF, no bzImage: give it by --elf")
    if len(image) < INITIAL_SIZE + 4 or image[SIGNATURE : SIGNATURE + 4] != MAGIC:
        raise BootError("this is no bzImage: give a Linux kernel such as /boot/vmlinuz")
    version = unpack_from("<H", image, VERSION)[0]
    if version < OLDEST_VERSION:
        raise BootError(
            f"the kernel speaks boot protocol {version >> 8}.{version & 0xFF:02}: give Linux 2.6.31 or newer"
        )
    if not image[LOAD_FLAGS] & LOADED_HIGH:
        raise BootError("the kernel is a zImage, which loads below 1 MiB: give a bzImage")
    return image[SETUP_SECTORS : SIGNATURE + image[HEADER_END]]


def _kernel_end(image: bytes, code_size: int) -> int:
    """Behind what the kernel uses before it knows the memory map."""
    preferred: int
    initial_size: int
    preferred, initial_size = unpack_from("<QI", image, PREFERRED_ADDRESS)
    return max(KERNEL + code_size, max(preferred, KERNEL) + initial_size)


def _initrd_address(image: bytes, size: int, kernel_end: int, firmware: Stub) -> int:
    """As high as the kernel can reach. Raises BootError where there is no room."""
    last: int = unpack_from("<I", image, LAST_INITRD_BYTE)[0]
    address = (min(last + 1, firmware.low_end) - size) & -PAGE
    if size and address < kernel_end:
        raise BootError(
            f"the initrd of {_mib(size)} MiB does not fit beside the kernel in {_mib(firmware.low_end)} MiB: "
            f"give more memory, {_mib(kernel_end + size + PAGE + firmware.tables_size)} MiB at least"
        )
    return address


def _boot_parameters(header: bytes, initrd_at: int, size: int, firmware: Stub) -> bytes:
    page = bytearray(PAGE)
    page[: len(VGA_TEXT)] = VGA_TEXT
    page[SETUP_SECTORS : SETUP_SECTORS + len(header)] = header
    page[LOADER_TYPE] = UNKNOWN_LOADER
    pack_into("<H", page, VIDEO_MODE, NORMAL_VIDEO)
    pack_into("<II", page, RAMDISK_ADDRESS, initrd_at if size else 0, size)
    pack_into("<I", page, COMMAND_LINE_POINTER, COMMAND_LINE)
    if unpack_from("<H", page, VERSION)[0] >= KNOWS_RSDP:
        pack_into("<Q", page, RSDP_ADDRESS, firmware.rsdp)
    page[RANGE_COUNT] = len(firmware.ranges)
    table = e820(firmware.ranges)
    page[RANGES : RANGES + len(table)] = table
    return bytes(page)


def _identity_map() -> bytes:
    """Four levels less one: the first 4 GiB in pages of 2 MiB."""
    pointers, directories = PAGE_TABLES + PAGE, PAGE_TABLES + 2 * PAGE
    root = pack("<Q", pointers | PRESENT_WRITABLE).ljust(PAGE, b"\0")
    second = b"".join(pack("<Q", directories + n * PAGE | PRESENT_WRITABLE) for n in range(4))
    pages = range(0, FOUR_GIB, LARGE_PAGE)
    return (
        root + second.ljust(PAGE, b"\0") + b"".join(pack("<Q", at | LARGE | PRESENT_WRITABLE) for at in pages)
    )


def _registers(long_mode: bool) -> Registers:
    values = flat_registers(FLAGS_CODE_64 if long_mode else FLAGS_CODE_32, DESCRIPTORS)
    values |= {"rsi": BOOT_PARAMETERS, "rip": KERNEL, "rsp": DESCRIPTORS}
    if long_mode:
        values |= {"rip": KERNEL + ENTRY_64, "cr0": PAGED, "cr3": PAGE_TABLES}
        values |= {"cr4": PHYSICAL_ADDRESS_EXTENSION, "efer": LONG_MODE}
    return values


def _mib(size: int) -> int:
    return -(-size >> 20)
