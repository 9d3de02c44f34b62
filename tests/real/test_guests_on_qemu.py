"""The bundled guests run on QEMU's PC with its own firmware as they should on ours.

So a guest that fails here is itself wrong; where QEMU is known to differ from the manual the guest says so.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

GUESTS = Path(__file__).parents[2] / "guests"
QEMU = "qemu-system-x86_64"
MACHINE = ["-M", "pc,accel=tcg", "-cpu", "max", "-m", "64", "-no-reboot"]
CONSOLE = ["-display", "none", "-serial", "stdio"]
EXIT_PORT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
EXIT_BYTES = {"SUCCESS": 0, "SKIP": 3, "ERROR": 4, "FAILURE": 5}
ON_PLAIN_PC = (
    *("hello", "modes", "exceptions", "interrupts", "smc", "rep", "power-off"),
    *("ne2k", "uart", "rtc", "keyboard", "pci-scan", "ide-disk", "ide-dma", "ide-cdrom"),
)
IN_ITS_OWN_TIME = {"rtc": ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]}
"""Where QEMU's clocks go by the instructions it executes, since a busy host would be late for the guest."""
TRIES = {"ide-disk": 3, "ide-dma": 3, "ide-cdrom": 3}
"""QEMU's disks take the host's time, and a busy one may be late; what is wrong is so each time."""
NETWORK = "user,restrict=on"
"""QEMU's own host answers at 10.0.2.2 as our peer does; what it does not know it drops."""

needs_tools = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "ld", "objcopy", "make")),
    reason="gcc, GNU binutils and make build the guests",
)
needs_qemu = pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"{QEMU} is not installed")


def build(folder: Path, *only: str) -> Path:
    """Build every guest, or `only` those named, below `folder`; where the images lie."""
    make = ["make", "--silent", "-C", str(GUESTS), f"BUILD={folder / 'build'}", f"OUT={folder / 'out'}"]
    make += [f"PYTHON={sys.executable}", *([f"GUESTS={' '.join(only)}"] if only else [])]
    subprocess.run(make, check=True, capture_output=True, timeout=300)
    return folder / "out"


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("guests"))


def run_qemu(*drive: str, timeout: float = 60) -> tuple[str, int]:
    """What the guest wrote to COM1, and the byte that it wrote to the exit port."""
    command = [QEMU, *MACHINE, *CONSOLE, *EXIT_PORT, *drive]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    return done.stdout.decode(errors="replace"), done.returncode >> 1


def disk(path: Path, position: int = 0, *options: str) -> tuple[str, str]:
    return "-drive", ",".join((f"file={path},format=raw,if=ide,index={position},snapshot=on", *options))


def machine(folder: Path) -> list[str]:
    """QEMU's options for the machine that a guest's machine file describes."""
    wanted = tomllib.loads((folder / f"{folder.name}.toml").read_text())
    options = ["-nodefaults", "-boot", "c"]
    for drive in wanted.get("disk", []):
        options += disk(folder / drive["image"], drive["position"])
    for drive in wanted.get("cdrom", []):
        options += disk(folder / drive["image"], drive["position"], "media=cdrom", "readonly=on")
    for n, nic in enumerate(wanted.get("nic", [])):
        options += ["-netdev", f"{NETWORK},id=net{n}", "-device"]
        options.append(f"ne2k_pci,netdev=net{n},mac={nic['mac']},addr={n + 4},romfile=")
    return options


@needs_tools
@needs_qemu
@pytest.mark.parametrize("name", ON_PLAIN_PC)
def test_guest_succeeds_on_qemu(images: Path, name: str) -> None:
    for _ in range(TRIES.get(name, 1)):
        console, byte = run_qemu(*machine(images / name), *IN_ITS_OWN_TIME.get(name, []))
        if byte == EXIT_BYTES["SUCCESS"]:
            break
    assert console.rstrip().splitlines()[-1] == "Test result: SUCCESS", console
    assert byte == EXIT_BYTES["SUCCESS"]


@needs_tools
@needs_qemu
def test_guest_boots_from_a_cd(images: Path) -> None:
    console, byte = run_qemu("-cdrom", str(images / "hello" / "hello.iso"))
    assert console.splitlines() == ["Hello from the guest", "Test result: SUCCESS"]
    assert byte == EXIT_BYTES["SUCCESS"]


@needs_tools
@needs_qemu
def test_fault_loop_never_ends(images: Path) -> None:
    image = images / "fault-loop" / "fault-loop.img"
    with pytest.raises(subprocess.TimeoutExpired):
        run_qemu(*disk(image), timeout=2)


@needs_tools
def test_every_guest_has_its_files(images: Path) -> None:
    folders = sorted(path.parent.name for path in GUESTS.glob("*/guest.mk"))
    assert sorted(path.name for path in images.iterdir()) == folders
    for name in folders:
        machine = tomllib.loads((images / name / f"{name}.toml").read_text())
        assert machine["guest"]["expected"] in EXIT_BYTES
        drives = machine.get("disk", []) + machine.get("cdrom", [])
        assert all((images / name / drive["image"]).is_file() for drive in drives)
        assert (images / name / f"{name}.elf").read_bytes()[:4] == b"\x7fELF"


@needs_tools
def test_building_twice_gives_the_same_bytes(images: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    files = sorted(path.relative_to(images) for path in images.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [str(path) for path in files if not filecmp.cmp(images / path, again / path, shallow=False)] == []
