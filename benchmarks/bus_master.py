"""The bus master moves a whole disk: READ DMA EXT and WRITE DMA EXT by a table of pieces of 64 KiB."""

from __future__ import annotations

from functools import partial

from benchmarks import qemu
from benchmarks.measurement import Measurement, Measurements
from benchmarks.program import FAIL, FINISH, MARK, SECTOR, boot_sector
from benchmarks.rig import DISK_BYTES

READ_DMA_EXT, WRITE_DMA_EXT = 0x25, 0x35
TO_MEMORY, FROM_MEMORY = 0x09, 0x01
"""Of the bus master's command register: the direction, and start."""
PIECE, BUFFER, TABLE = 0x1_0000, 0x20_0000, 0x1000
IDE = 0x8000_0900
"""Device 1, function 1, for port 0xcf8."""
COMMANDS = 48
FIND = f"""
mov dx, 0xcf8; mov eax, {IDE | 0x20:#x}; out dx, eax; mov dl, 0xfc; in eax, dx; and al, 0xfc; mov bp, ax;
mov dl, 0xf8; mov eax, {IDE | 0x04:#x}; out dx, eax; mov dl, 0xfc; in ax, dx; or al, 5; out dx, ax;
"""
DESCRIBE = f"""
mov di, {TABLE}; mov eax, {BUFFER}; mov cx, {DISK_BYTES // PIECE};
piece: stosd; mov dword ptr [di], 0; add di, 4; add eax, {PIECE}; loop piece; mov byte ptr [di-1], 0x80;
"""


def whole_disk(command: int, direction: int, times: int) -> bytes:
    """The whole disk into memory or out of it, so many times."""
    sectors = DISK_BYTES // SECTOR
    return boot_sector(
        f"{FIND} {DESCRIBE} mov dx, 0x1f6; mov al, 0xe0; out dx, al; mov esi, {times}; {MARK}"
        f"command: lea dx, [bp+2]; mov al, 6; out dx, al; lea dx, [bp+4]; mov eax, {TABLE}; out dx, eax;"
        f"mov dx, 0x1f2; mov al, {sectors >> 8}; out dx, al; mov al, {sectors & 0xFF}; out dx, al;"
        "xor al, al; mov cx, 3; address: inc dx; out dx, al; out dx, al; loop address;"
        f"mov dx, 0x1f7; mov al, {command}; out dx, al; mov dx, bp; mov al, {direction}; out dx, al;"
        "lea dx, [bp+2]; wait: in al, dx; test al, 1; jnz wait; mov dx, bp; xor al, al; out dx, al;"
        f"mov dx, 0x1f7; in al, dx; test al, 1; jnz failed; dec esi; jnz command; {MARK} {FINISH}"
        f"failed: {FAIL}"
    )


def measurements(rounds: int) -> Measurements:
    """Megabytes a second; the image is in the host's page cache, what is written goes to an overlay."""
    for name, command, direction in (
        ("bus master read, commands of 8 MiB", READ_DMA_EXT, TO_MEMORY),
        ("bus master write, commands of 8 MiB", WRITE_DMA_EXT, FROM_MEMORY),
    ):
        compared = qemu.compare(partial(whole_disk, command, direction), COMMANDS, rounds)
        rates = [COMMANDS * DISK_BYTES / 1e6 / seconds for seconds in compared.seconds]
        yield Measurement(name, "MB/s", tuple(rates), at_least=1000)
        yield from compared.rows(f"{name}: time")
