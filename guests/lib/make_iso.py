"""Writes an ISO 9660 image that boots by El Torito without emulation; the same input gives the same bytes.

The boot image gets a boot information table (offset 8), from which boot.S learns where it lies.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from pathlib import Path

BOOT_SECTORS = 4  # of 512 bytes: one sector of a CD


def write_iso(boot: bytes, files: dict[str, bytes], out: Path, label: str) -> None:
    """Write a CD that boots `boot` and holds `files` by their ISO 9660 names."""
    seconds = float(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    os.environ["TZ"] = "UTC"
    time.tzset()
    time.time = lambda: seconds  # pycdlib dates everything by it

    import pycdlib

    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=1, vol_ident=label, sys_ident="EMU")
    iso.add_fp(io.BytesIO(boot), len(boot), "/BOOT.BIN;1")
    for name, data in sorted(files.items()):
        iso.add_fp(io.BytesIO(data), len(data), f"/{name};1")
    iso.add_eltorito("/BOOT.BIN;1", boot_load_size=BOOT_SECTORS, boot_info_table=True)
    iso.write(str(out))
    iso.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boot", type=Path, required=True, help="from make_image.py --sector 2048")
    parser.add_argument("--label", default="GUEST")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("files", nargs="*", metavar="NAME=PATH", help="further files, by ISO 9660 name")
    options = parser.parse_args()
    pairs = (item.split("=", 1) for item in options.files)
    files = {name: Path(path).read_bytes() for name, path in pairs}
    write_iso(options.boot.read_bytes(), files, options.out, options.label)


if __name__ == "__main__":
    main()
