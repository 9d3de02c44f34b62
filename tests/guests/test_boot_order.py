"""What our BIOS boots, how it starts it, and the line that says why not."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import pycdlib
import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import Drive, MachineConfig
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason
from tests.unit.rom import report

HELLO = FOLDER / "guests/hello/hello.img"
SAID_HELLO = ["Hello from the guest", "Test result: SUCCESS"]
FLOPPY_BYTES = {"floppy 1.2": 1_228_800, "floppy 1.44": 1_474_560, "floppy 2.88": 2_949_120}
SECTOR, CD_SECTOR, ENTRY_BYTES = 512, 2048, 32
CATALOGUE_AT = 17 * CD_SECTOR + 0x47
"""Where the boot record of a CD says which sector its catalogue is in."""
LONGEST_NS = 200_000_000
NOTHING_ELSE = "network: no boot ROM; nothing else to boot from, waiting"
GIVES_UP = b"\xcd\x18"
"""INT 18h: the next device shall be tried."""


class Sink:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, data: bytes) -> None:
        self.kept += data

    @property
    def lines(self) -> list[str]:
        return self.kept.decode("ascii").splitlines()


@dataclass(frozen=True)
class Booted:
    """A run: what the guest said, what the BIOS said, and whether it came to a report."""

    serial: list[str]
    bios: list[str]
    reported: bool


def boot(*drives: Drive) -> Booted:
    serial, debug = Sink(), Sink()
    machine = Machine(MachineConfig(drives=drives), serial=serial, debug=debug)
    stop = machine.run(LONGEST_NS)
    machine.close()
    return Booted(serial.lines, debug.lines, stop.reason is Reason.REPORTED)


def disk(folder: Path, code: bytes, signature: bytes = b"\x55\xaa") -> Drive:
    path = folder / "disk.img"
    path.write_bytes((code.ljust(510, b"\0") + signature).ljust(64 * SECTOR, b"\0"))
    return Drive(path, 0)


def cd(folder: Path, image: bytes | None, media: str = "noemul", sectors: int = 1) -> Drive:
    """A CD whose El Torito boot image is `image`, if any; the BIOS is to load `sectors` of 512 bytes."""
    path = folder / "cd.iso"
    iso = pycdlib.PyCdlib()
    iso.new()
    if image is not None:
        iso.add_fp(io.BytesIO(image), len(image), "/BOOT.;1")
        iso.add_eltorito("/BOOT.;1", media_name=media, boot_load_size=len(image) // SECTOR)
    iso.write(str(path))
    iso.close()
    if image is not None:
        contents = bytearray(path.read_bytes())
        entry = CD_SECTOR * int.from_bytes(contents[CATALOGUE_AT : CATALOGUE_AT + 4], "little") + ENTRY_BYTES
        contents[entry + 6 : entry + 8] = sectors.to_bytes(2, "little")
        path.write_bytes(contents)
    return Drive(path, 2, cdrom=True)


def with_partition(image: bytes) -> bytes:
    """The image with a partition entry that ends at its last cylinder, head 15 and sector 63."""
    cylinders = len(image) // (16 * 63 * SECTOR)
    sectors = len(image) // SECTOR - 63
    entry = (
        b"\x80\x01\x01\x00\xda\x0f\x3f"
        + bytes((cylinders - 1,))
        + b"\x3f\0\0\0"
        + sectors.to_bytes(4, "little")
    )
    return image[:446] + entry + image[462:]


@pytest.mark.parametrize("size", FLOPPY_BYTES.values(), ids=FLOPPY_BYTES)
def test_an_image_of_a_floppys_size_on_a_cd_is_booted_as_drive_0(tmp_path: Path, size: int) -> None:
    image = HELLO.read_bytes().ljust(size, b"\0")
    booted = boot(cd(tmp_path, image, "floppy"))
    assert booted.serial == SAID_HELLO
    assert booted.bios == ["emu BIOS: disk: none present; CD E0h (secondary master): booting"]


def test_an_image_with_a_partition_on_a_cd_is_booted_as_the_first_disk(tmp_path: Path) -> None:
    image = with_partition(HELLO.read_bytes())
    booted = boot(cd(tmp_path, image, "hdemul"))
    assert booted.serial == SAID_HELLO


DRIVE_IN_DL = b"\x88\xd0\xba\xf8\x03\x04\x30\xee"
"""Send DL + '0' to COM1: MOV AL, DL; MOV DX, 3F8h; ADD AL, '0'; OUT DX, AL."""


@pytest.mark.parametrize(("media", "drive"), [("noemul", 0xE0), ("floppy", 0x00), ("hdemul", 0x80)])
def test_dl_tells_what_the_image_is_booted_as(tmp_path: Path, media: str, drive: int) -> None:
    size = FLOPPY_BYTES["floppy 1.44"] if media == "floppy" else 2 * 16 * 63 * SECTOR
    image = with_partition((DRIVE_IN_DL + report(0)).ljust(510, b"\0") + b"\x55\xaa" + bytes(size - SECTOR))
    path = cd(tmp_path, image, media)
    serial = Sink()
    machine = Machine(MachineConfig(drives=(path,)), serial=serial)
    assert machine.run(LONGEST_NS).reason is Reason.REPORTED
    assert serial.kept[0] == (drive + ord("0")) & 0xFF


def call13(ax: int, dx: int) -> bytes:
    """INT 13h with DS:SI at 0000:0600; what comes back in AX goes to 0000:0500, carry to COM1 as 0 or 1."""
    load = b"\xb8" + ax.to_bytes(2, "little") + b"\xba" + dx.to_bytes(2, "little") + b"\xbe\0\x06"
    return load + b"\xcd\x13\xa3\0\x05\xba\xf8\x03\xb0\0\x14\x30\xee"  # ADC AL, '0'


PACKET = b"\xbe\0\x06\xb9\x13\0\xba\xf8\x03\xf3\x6e"
"""Send the 19 bytes at 0000:0600 to COM1: REP OUTSB."""


def test_a_floppy_on_a_cd_is_there_until_its_emulation_is_ended(tmp_path: Path) -> None:
    code = call13(0x4B01, 0) + PACKET + call13(0x0800, 0) + call13(0x4B00, 0) + call13(0x0800, 0)
    image = (code + report(0)).ljust(510, b"\0") + b"\x55\xaa"
    image = image.ljust(FLOPPY_BYTES["floppy 1.44"], b"\0")
    serial = Sink()
    machine = Machine(MachineConfig(drives=(cd(tmp_path, image, "floppy"),)), serial=serial)
    assert machine.run(LONGEST_NS).reason is Reason.REPORTED
    told, packet, after = serial.kept[:1], serial.kept[1:20], serial.kept[20:]
    size, media, drive, controller, sector, device = struct.unpack_from("<BBBBIH", packet)
    assert (bytes(told), bytes(after)) == (b"0", b"001")
    assert (size, media, drive, controller, device) == (19, 2, 0x00, 1, 0)
    assert (packet[16], packet[17], packet[18]) == (79, 18, 1)  # last cylinder, sectors, last head
    assert sector > 18


def test_the_disk_comes_first(tmp_path: Path) -> None:
    booted = boot(disk(tmp_path, report(0)), cd(tmp_path, None))
    assert (booted.bios, booted.reported) == (["emu BIOS: disk 80h (primary master): booting"], True)


def test_a_disk_without_signature_is_passed_over_and_the_line_says_so(tmp_path: Path) -> None:
    booted = boot(
        disk(tmp_path, report(1), signature=b"\0\0"), Drive(FOLDER / "guests/hello/hello.iso", 2, cdrom=True)
    )
    assert booted.serial == SAID_HELLO
    assert booted.bios == [
        "emu BIOS: disk 80h (primary master): no signature 55 AA in sector 0; "
        "CD E0h (secondary master): booting"
    ]


def test_what_gives_up_by_int_18h_is_followed_by_the_next(tmp_path: Path) -> None:
    booted = boot(disk(tmp_path, GIVES_UP), cd(tmp_path, None))
    assert booted.bios == [
        "emu BIOS: disk 80h (primary master): booting",
        f"emu BIOS: CD E0h (secondary master): no El Torito boot record; {NOTHING_ELSE}",
    ]
    assert not booted.reported


@pytest.mark.parametrize(
    ("image", "sectors", "reason"),
    [
        (None, 0, "no El Torito boot record"),
        (bytes(CD_SECTOR), 0, "boot image is empty"),
        (bytes(CD_SECTOR), 2000, "boot image does not fit into memory"),
        (bytes(CD_SECTOR), 1000, "disc too short"),
    ],
    ids=["no boot record", "empty image", "long image", "image behind the end"],
)
def test_one_line_says_why_nothing_booted(
    tmp_path: Path, image: bytes | None, sectors: int, reason: str
) -> None:
    booted = boot(cd(tmp_path, image, sectors=sectors))
    assert booted.bios == [
        f"emu BIOS: disk: none present; CD E0h (secondary master): {reason}; {NOTHING_ELSE}"
    ]
