"""The driver that the unplug guests are made of drives QEMU's disks, CD, PCI and NE2000 as it does ours.

QEMU has no unplug protocol without Xen, so the guest that expects none runs there, in all three modes.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.test_guests_on_qemu import CONSOLE, EXIT_PORT, MACHINE, QEMU, build

needs_tools = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "ld", "objcopy", "make", QEMU)),
    reason=f"gcc, GNU binutils and make build the guest, and {QEMU} runs it",
)


def answer(wire: socket.socket) -> None:
    """Send every frame back with source and destination swapped, until an empty datagram comes."""
    while True:
        frame, sender = wire.recvfrom(2048)
        if not frame:
            return
        wire.sendto(frame[6:12] + frame[:6] + frame[12:], sender)


@pytest.fixture
def echo() -> Iterator[int]:
    """The UDP port of a station that echoes."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=answer, args=(wire,), daemon=True)
    thread.start()
    port: int = wire.getsockname()[1]
    yield port
    wire.sendto(b"", ("127.0.0.1", port))
    thread.join()
    wire.close()


def unused_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        port: int = wire.getsockname()[1]
        return port


def drive(path: Path, index: int, *options: str) -> tuple[str, str]:
    return "-drive", ",".join((f"file={path},format=raw,if=ide,index={index},snapshot=on", *options))


@needs_tools
def test_the_driver_uses_qemus_devices_in_three_modes(tmp_path: Path, echo: int) -> None:
    folder = build(tmp_path, "no-protocol") / "no-protocol"
    drives = [
        *drive(folder / "no-protocol.img", 0),
        *drive(folder / "no-protocol-second.img", 1),
        *drive(folder / "no-protocol.iso", 2, "media=cdrom", "readonly=on"),
    ]
    link = f"socket,id=wire,udp=127.0.0.1:{echo},localaddr=127.0.0.1:{unused_port()}"
    card = ["-netdev", link, "-device", "ne2k_pci,netdev=wire,romfile=", "-boot", "c"]
    command = [QEMU, *MACHINE, *CONSOLE, *EXIT_PORT, *drives, *card]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    console = done.stdout.decode(errors="replace")
    assert console.rstrip().splitlines()[-1] == "Test result: SUCCESS", console + done.stderr.decode()
    assert console.count("No unplug protocol on this host") == 3
    assert "Second stage, from the primary master: disk 0, disk 1, CD 2, a NIC" in console
