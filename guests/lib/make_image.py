"""Turns a guest's linked parts into one image: boot sector, chain.S with its directory, the parts.

Each `NAME.MODE` is linked here, as its address follows from the parts before it. A disk may have a second
such image behind the first: the active partition of its partition table.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
from pathlib import Path

REAL_BASE = 0x1000
REAL_LIMIT = 0xF000
CHAIN = 0x10000
PARTS_END = 0x80000
DIRECTORY = 16
MOST_PARTS = 14
HIDDEN_SECTORS_OFFSET = 28
SECTORS_OFFSET = 64
PARTITION_TABLE = 446
ACTIVE, NO_FILE_SYSTEM, NO_GEOMETRY = 0x80, 0xDA, b"\xfe\xff\xff"
SECTOR = 512
CYLINDER = 16 * 63 * SECTOR
FREE = 16 * SECTOR  # at the end of every disk, for guests to write to
MODES = {"real": 0, "protected": 1, "long": 2}
EMULATIONS = {"real": "elf_i386", "protected": "elf_i386", "long": "elf_x86_64"}


def link(part: str, folder: Path, base: int, script: Path) -> bytes:
    """Link part `NAME.MODE` from its objects in `folder` to run at `base`; its bytes, padded to 16."""
    mode = part.split(".")[1]
    objects = sorted((folder / part).glob("*.o"))
    library = folder.parent / "lib" / mode
    elf = folder / f"{part}.elf"
    flat = folder / f"{part}.bin"
    command = ["ld", "-m", EMULATIONS[mode], "-T", str(script), f"--defsym=BASE={base}", "--build-id=none"]
    command += ["-z", "noexecstack", "--no-warn-rwx-segments", "-o", str(elf), str(library / "start.o")]
    subprocess.run([*command, *map(str, objects), str(library / "libguest.a")], check=True)
    subprocess.run(["objcopy", "-O", "binary", str(elf), str(flat)], check=True)
    data = flat.read_bytes()
    return data + bytes(-len(data) % 16)


def build(parts: list[str], folder: Path, chain: bytes, script: Path) -> bytes:
    """What the boot sector loads to CHAIN: the chain, its directory filled in, and the parts."""
    if len(parts) > MOST_PARTS:
        raise SystemExit(f"{folder.name}: at most {MOST_PARTS} parts")
    image = bytearray(chain)
    struct.pack_into("<HH", image, DIRECTORY, 0, len(parts))
    for number, part in enumerate(parts):
        mode = part.split(".")[1]
        address = CHAIN + len(image)
        data = link(part, folder, REAL_BASE if mode == "real" else address, script)
        if mode == "real" and REAL_BASE + len(data) > REAL_LIMIT:
            raise SystemExit(f"{folder.name}: {part} has {len(data)} bytes, too many for real mode")
        struct.pack_into("<4I", image, 2 * DIRECTORY + 16 * number, MODES[mode], address, len(data), 0)
        image += data
    if CHAIN + len(image) > PARTS_END:
        raise SystemExit(f"{folder.name}: the parts end at {CHAIN + len(image):#x}, past {PARTS_END:#x}")
    return bytes(image)


def bootable(boot: bytes, loaded: bytes, sector: int, hidden_sectors: int = 0) -> bytearray:
    """A boot sector that loads `loaded`, followed by it, in whole sectors."""
    image = bytearray(boot) + loaded + bytes(-len(loaded) % sector)
    struct.pack_into("<H", image, SECTORS_OFFSET, (len(image) - len(boot)) // sector)
    if hidden_sectors:
        struct.pack_into("<I", image, HIDDEN_SECTORS_OFFSET, hidden_sectors)
    return image


def describe_partition(image: bytearray, start: int, size: int) -> None:
    """Make `size` sectors from `start` on the active partition, the first in the table."""
    entry = struct.pack("<B3sB3sII", ACTIVE, NO_GEOMETRY, NO_FILE_SYSTEM, NO_GEOMETRY, start, size)
    image[PARTITION_TABLE : PARTITION_TABLE + len(entry)] = entry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boot", type=Path, required=True, help="boot.S as a flat file")
    parser.add_argument("--chain", type=Path, required=True, help="chain.S as a flat file")
    parser.add_argument("--script", type=Path, required=True, help="the linker script")
    parser.add_argument("--folder", type=Path, required=True, help="where the objects lie")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sector", type=int, choices=(512, 2048), default=512)
    parser.add_argument("--partition", action="append", default=[], metavar="NAME.MODE")
    parser.add_argument("parts", nargs="+", metavar="NAME.MODE")
    options = parser.parse_args()

    boot, chain = options.boot.read_bytes(), options.chain.read_bytes()
    image = bootable(boot, build(options.parts, options.folder, chain, options.script), options.sector)
    if options.partition:
        start = len(image) // SECTOR
        loaded = build(options.partition, options.folder, chain, options.script)
        partition = bootable(boot, loaded, SECTOR, hidden_sectors=start)
        describe_partition(image, start, len(partition) // SECTOR)
        image += partition
    if options.sector == SECTOR:
        image += bytes(FREE)
        image += bytes(-len(image) % CYLINDER)  # whole cylinders, so that a BIOS finds a geometry
    options.out.write_bytes(image)


if __name__ == "__main__":
    main()
