"""Our BIOS on somebody else's chips: QEMU's PC boots the test kit of firmware/bios/tests."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QEMU = "qemu-system-i386"
TOOLS = (QEMU, "make", "gcc", "ld", "objcopy")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
SECTOR = 512
PATTERN_FROM = 64
TABLES_BYTES = 128 << 10
"""How much QEMU's ACPI tables take, padded as they are."""

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@dataclass(frozen=True)
class Kit:
    """What make has built: the ROM and the boot programs."""

    bios: Path
    services: bytes
    keys: bytes
    restart: bytes


@dataclass(frozen=True)
class Outcome:
    """A finished run: what came from COM1 and from the debug port, and the byte at the exit port."""

    serial: str
    debug: str
    status: int

    @property
    def refuted(self) -> list[str]:
        """The facts that did not hold."""
        return [line for line in self.serial.splitlines() if line.startswith("NOT ok")]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    build = tmp_path_factory.mktemp("bios")
    for folder, variables in (
        ("firmware/bios", [f"BUILD={build}/objects", f"OUT={build}"]),
        ("firmware/bios/tests", [f"BUILD={build}/tests"]),
    ):
        subprocess.run(["make", "-s", "-C", str(ROOT / folder), *variables], check=True)
    programs = [(build / "tests" / f"{name}.bin").read_bytes() for name in ("services", "keys", "restart")]
    return Kit(build / "bios.bin", *programs)


def arguments(kit: Kit, folder: Path, *options: str, memory: int = 64) -> list[str]:
    return [
        *(QEMU, "-M", "pc", "-accel", "tcg", "-m", str(memory), "-nodefaults", "-display", "none"),
        *("-bios", str(kit.bios), "-serial", "stdio", "-debugcon", f"file:{folder}/debug"),
        *("-global", "isa-debugcon.iobase=0x402", "-device", "isa-debug-exit,iobase=0xf4,iosize=1"),
        *options,
    ]


def run(kit: Kit, folder: Path, *options: str, memory: int = 64) -> Outcome:
    command = arguments(kit, folder, *options, memory=memory)
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    return Outcome(done.stdout.decode(), (folder / "debug").read_text(), done.returncode >> 1)


def disk(folder: Path, program: bytes, size: int = 8 << 20, name: str = "disk.img") -> Path:
    """A disk that starts with `program` and then holds each sector's number in its words."""
    path = folder / name
    with path.open("wb") as image:
        image.write(program)
        image.seek(PATTERN_FROM * SECTOR)
        for number in range(PATTERN_FROM, (8 << 20) // SECTOR):
            image.write((number & 0xFFFF).to_bytes(2, "little") * (SECTOR // 2))
        image.truncate(size)
    return path


def drive(path: Path, position: int = 0) -> tuple[str, str]:
    return "-drive", f"if=ide,format=raw,file={path},index={position}"


def cd_drive(path: Path | None, position: int = 2) -> tuple[str, str]:
    media = "" if path is None else f",format=raw,readonly=on,file={path}"
    return "-drive", f"if=ide,media=cdrom,index={position}{media}"


def iso(folder: Path, program: bytes) -> Path:
    """A CD whose El Torito image is `program`, without emulation."""
    pycdlib = pytest.importorskip("pycdlib")
    path = folder / "boot.iso"
    image = pycdlib.PyCdlib()
    image.new()
    image.add_fp(io.BytesIO(program), len(program), "/BOOT.;1")
    image.add_eltorito("/BOOT.;1", boot_load_size=len(program) // SECTOR)
    image.write(str(path))
    image.close()
    return path


def assert_success(outcome: Outcome) -> None:
    assert outcome.refuted == []
    assert outcome.serial.splitlines()[-1] == "Test result: SUCCESS"
    assert outcome.status == 0


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_boots_from_a_disk_at_each_position_and_every_service_answers(
    kit: Kit, tmp_path: Path, position: int
) -> None:
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, kit.services), position), "-device", "ne2k_pci")
    assert_success(outcome)
    assert "booted from 80" in outcome.serial
    assert "ok the network card's registers are at its base address" in outcome.serial
    assert outcome.debug.count("hello from int 10h") == 2


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_boots_from_a_cd_at_each_position(kit: Kit, tmp_path: Path, position: int) -> None:
    outcome = run(kit, tmp_path, *cd_drive(iso(tmp_path, kit.services), position))
    assert_success(outcome)
    assert "booted from e0" in outcome.serial


def test_the_disk_comes_first_and_the_cd_when_the_disk_does_not_boot(kit: Kit, tmp_path: Path) -> None:
    cd = iso(tmp_path, kit.services)
    both = run(kit, tmp_path, *drive(disk(tmp_path, kit.services)), *cd_drive(cd))
    assert "booted from 80" in both.serial
    unsigned = disk(tmp_path, b"", name="unsigned.img")
    fallen_back = run(kit, tmp_path, *drive(unsigned), *cd_drive(cd))
    assert "booted from e0" in fallen_back.serial
    assert "disk 80h (primary master): no signature 55 AA in sector 0" in fallen_back.debug


def test_the_boot_order_of_cmos_is_followed(kit: Kit, tmp_path: Path) -> None:
    cd = iso(tmp_path, kit.services)
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, kit.services)), *cd_drive(cd), "-boot", "order=dc")
    assert "booted from e0" in outcome.serial


def test_int_18h_goes_on_with_the_next_device(kit: Kit, tmp_path: Path) -> None:
    gives_up = b"\xcd\x18".ljust(510, b"\0") + b"\x55\xaa"
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, gives_up)), *cd_drive(iso(tmp_path, kit.services)))
    assert "booted from e0" in outcome.serial


def test_the_machine_boots_again_after_every_kind_of_restart(kit: Kit, tmp_path: Path) -> None:
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, kit.restart)))
    assert (outcome.serial, outcome.status) == ("12345R", 0)


@pytest.mark.parametrize("size", [1 << 30, 40 << 30, 200 << 30])
def test_large_disks_are_read_to_their_last_sector(kit: Kit, tmp_path: Path, size: int) -> None:
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, kit.services, size)))
    assert_success(outcome)


@pytest.mark.parametrize(
    ("memory", "above"),
    [
        (8, []),
        (3072, []),
        (5120, ["0100000000 0080000000 ram"]),
    ],
)
def test_the_memory_map_tells_all_ram_and_where_acpi_tables_are(
    kit: Kit, tmp_path: Path, memory: int, above: list[str]
) -> None:
    outcome = run(kit, tmp_path, *drive(disk(tmp_path, kit.services)), memory=memory)
    told = [line.removeprefix("range ") for line in outcome.serial.splitlines() if line.startswith("range ")]
    end = min(memory, 3072) << 20
    assert [line for line in told if not line.endswith(" reserved")] == [
        "0000000000 000009fc00 ram",
        f"0000100000 {end - TABLES_BYTES - (1 << 20):010x} ram",
        f"{end - TABLES_BYTES:010x} {TABLES_BYTES:010x} acpi",
        *above,
    ]
    assert "ok ranges are in order and do not overlap" in outcome.serial


@pytest.fixture
def waiting(kit: Kit, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A machine with an empty CD drive and nothing else to boot from."""
    options = (*cd_drive(None), "-boot", "order=cd")
    with subprocess.Popen(arguments(kit, tmp_path, *options), stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_when_nothing_boots_one_line_says_why(waiting: subprocess.Popen[bytes], tmp_path: Path) -> None:
    for _ in range(300):
        told = (tmp_path / "debug").read_text() if (tmp_path / "debug").exists() else ""
        if "waiting" in told:
            break
        time.sleep(0.05)
    assert told.splitlines() == [
        "emu BIOS: disk: none present; CD E0h (secondary master): no disc; nothing else to boot from, waiting"
    ]
    assert waiting.poll() is None


def test_keys_arrive_by_interrupt_as_int_16h_tells_them(kit: Kit, tmp_path: Path) -> None:
    names = ["a", "shift-a", "ctrl-c", "alt-x", "f1", "up", "kp_enter", "7", "shift-7", "esc"]
    codes = ["1e61", "1e41", "2e03", "2d00", "3b00", "4800", "1c0d", "0837", "0826", "011b"]
    path = tmp_path / "monitor"
    options = (*drive(disk(tmp_path, kit.keys)), "-monitor", f"unix:{path},server=on,wait=off")
    with subprocess.Popen(arguments(kit, tmp_path, *options), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        assert any(line.strip() == b"type" for line in lines)
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(path))
            told = []
            for name in names:
                monitor.sendall(f"sendkey {name}\n".encode())
                told.append(next(lines).decode().strip().removeprefix("key "))
            process.wait(timeout=30)
    assert told == codes
