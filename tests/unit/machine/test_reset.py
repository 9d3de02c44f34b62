"""Resets: what they reset, what they leave alone, and when they end the run instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from emu.core.events import Observers
from emu.inspect.outcome import Outcome, judge
from emu.machine.config import Drive, Kernel, MachineConfig, Nic, Run
from emu.machine.inbox import Arrival
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason, Stop
from emu.observe.trace_hash import TraceHash
from tests.unit.bzimage import bzimage
from tests.unit.machine.test_elf import CODE, executable
from tests.unit.rom import FOREVER, HALT, TRIPLE_FAULT, report, say, write, write_rom

WAYS = {
    "port cf9": write(0xCF9, 1, 6),
    "i8042": write(0x64, 1, 0xFE),
    "port 92": write(0x92, 1, 3),
    "a triple fault": TRIPLE_FAULT,
}
COUNT_UP = b"\x31\xc0\x8e\xd8\xff\x06\x00\x06\xa0\x00\x06\x04\x30" + b"\xba\xf8\x03\xee"
"""DS = 0; increment the word at 0x600; say it as a digit."""
THIRD_TIME = b"\x83\x3e\x00\x06\x03\x75"
"""Compare the word at 0x600 with 3; jump over what follows unless it is equal."""


def counting(way: str) -> bytes:
    """Says how often it has been started, resets, and reports the third time."""
    done = report(0)
    return COUNT_UP + THIRD_TIME + bytes((len(done),)) + done + WAYS[way] + FOREVER


class Kept:
    def __init__(self) -> None:
        self.text = b""

    def write(self, data: bytes) -> None:
        self.text += data


def configured(folder: Path, code: bytes, on_reset: str | None = None, **more: object) -> MachineConfig:
    config = MachineConfig(firmware=Path(write_rom(folder, code)), run=Run(on_reset=on_reset))
    return replace(config, **more)  # type: ignore[arg-type]


def run(config: MachineConfig) -> tuple[Stop, bytes]:
    said = Kept()
    machine = Machine(config, serial=said)
    stop = machine.run(10**9)
    machine.close()
    return stop, said.text


@pytest.mark.parametrize("way", WAYS)
def test_after_a_reset_firmware_starts_anew_with_memory_as_it_was(tmp_path: Path, way: str) -> None:
    assert run(configured(tmp_path, counting(way), "reboot")) == (Stop(Reason.REPORTED, 0), b"123")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "a triple fault"])
def test_firmware_is_reset_by_registers_unless_told_otherwise(tmp_path: Path, way: str) -> None:
    assert run(configured(tmp_path, counting(way)))[1] == b"123"
    stop, said = run(configured(tmp_path, counting(way), "exit"))
    assert (stop, said) == (Stop(Reason.RESET, detail=f"the machine was reset by {way}"), b"1")


@pytest.mark.parametrize("on_reset", [None, "exit"])
def test_a_triple_fault_is_a_crash_unless_resets_are_wanted(tmp_path: Path, on_reset: str | None) -> None:
    assert run(configured(tmp_path, counting("a triple fault"), on_reset)) == (Stop(Reason.CRASHED), b"1")


def test_a_guest_that_only_ever_resets_comes_to_its_limit(tmp_path: Path) -> None:
    for way in WAYS.values():
        machine = Machine(configured(tmp_path, way + FOREVER, "reboot"))
        assert machine.run(5_000).reason is Reason.LIMIT
        machine.close()


def test_the_reset_button_starts_a_kernel_anew_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "elf").write_bytes(executable((1 << 20, b"\xeb\xfe", 2)))
    kernel = Kernel(tmp_path / "elf", elf=True)
    for on_reset, reason in ((None, Reason.LIMIT), ("exit", Reason.RESET)):
        machine = Machine(configured(tmp_path, HALT, on_reset, kernel=kernel))
        machine.inbox.post(Arrival("reset button"))
        assert machine.run(5_000).reason is reason
        machine.close()


@pytest.mark.parametrize("on_reset", [None, "reboot"])
def test_the_reset_of_a_kernel_is_the_end_unless_told_otherwise(tmp_path: Path, on_reset: str | None) -> None:
    (tmp_path / "bzImage").write_bytes(bzimage())
    (tmp_path / "elf").write_bytes(executable((1 << 20, b"\xb0\x06\x66\xba\xf9\x0c\xee\xf4", 8)))
    kernel = Kernel(tmp_path / "elf", elf=True)
    machine = Machine(configured(tmp_path, HALT, on_reset, kernel=kernel))
    stop = machine.run(5_000)
    machine.close()
    if on_reset:
        assert stop.reason is Reason.LIMIT
    else:
        assert stop == Stop(Reason.RESET, detail="the machine was reset by port cf9")


def test_a_reset_that_ends_the_run_is_no_success_unless_the_guest_said_so() -> None:
    stop = Stop(Reason.RESET, detail="the machine was reset by port cf9")
    assert judge(stop, b"").outcome is Outcome.ERROR
    assert judge(stop, b"").reason == "the machine was reset by port cf9"
    verdict = judge(stop, b"Test result: SUCCESS\n")
    assert verdict.outcome is Outcome.SUCCESS
    assert verdict.reason == "the guest reported on its console; the machine was reset by port cf9"
    assert judge(stop, b"Test result: FAILURE\n").outcome is Outcome.FAILURE


PACES = {
    "in slices of one byte": (Pace(slice_bytes=1), True),
    "single-stepped": (Pace(single_step=True), True),
    "with the Python callback": (Pace(), False),
}


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("way", WAYS)
def test_however_a_run_with_resets_is_cut_it_is_the_same_run(tmp_path: Path, way: str, pace: str) -> None:
    def traced(pace: Pace, native: bool) -> tuple[str, int]:
        machine = Machine(configured(tmp_path, counting(way), "reboot"), observers=Observers(), native=native)
        digest = TraceHash(machine.clock)
        machine.observers.attach(digest)
        machine.loop.pace = pace
        assert machine.run(10**9).reason is Reason.REPORTED
        ended = digest.hexdigest(), machine.processor.retired
        machine.close()
        return ended

    assert traced(*PACES[pace]) == traced(Pace(), True)


QUIET = {0xF4, 0xCF9, 0x64, 0x92}
"""Ports that would end the run, or reset by themselves."""


def test_a_reset_gives_every_chip_its_reset_values(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 16))
    drives = Drive(image, 0), Drive(image, 1), Drive(image, 2, cdrom=True)
    machine = Machine(configured(tmp_path, say("") + HALT, drives=drives, nics=(Nic(), Nic())))
    fresh = machine.save()
    random = Random(1)
    for _ in range(20_000):
        port = random.choice((random.randrange(0x500), random.randrange(0xC000, 0xC300), 0xCF8, 0xCFC))
        width = random.choice((1, 2, 4))
        if not QUIET & set(range(port, port + width)):
            machine.ports.write(port, width, random.randrange(1 << 8 * width))
            machine.ports.read(port, width)
    dirty = machine.save()
    machine.reset()
    clean = machine.save()
    assert clean.lines == fresh.lines
    assert clean.processor == fresh.processor
    changed = {name for name in fresh.devices if clean.devices[name] != fresh.devices[name]}
    was_changed = {name for name in fresh.devices if dirty.devices[name] != fresh.devices[name]}
    assert len(was_changed) > 10
    assert changed == {"rtc"}  # a battery keeps its memory and its time
    machine.close()


BUSY_PROCESSOR = bytes.fromhex(
    "d9e8 66b800020000 0f22e0 66b9820000c0 6631d2 0f30 660f76c0 0f23c0 66bd78563412"
    "0f01162000 8ed8 9b d93e3000 fd"
)
"""FLD1; CR4.OSFXSR; WRMSR LSTAR; PCMPEQD XMM0; DR0; EBP; LGDT; DS; FSTCW; STD."""


def test_a_reset_gives_the_processor_its_reset_values(tmp_path: Path) -> None:
    machine = Machine(configured(tmp_path, BUSY_PROCESSOR + HALT))
    fresh = machine.save().processor
    assert machine.run(10**6).reason is Reason.IDLE
    dirty = machine.save().processor
    assert {name for name in fresh if dirty[name] != fresh[name]} >= {
        "cr4",
        "lstar",
        "xmm0",
        "dr0",
        "rbp",
        "fp7",
    }
    machine.reset()
    clean = machine.save().processor
    assert {name for name in fresh if clean[name] != fresh[name]} == {"retired", "tsc_offset"}
    machine.close()


def test_a_reset_leaves_memory_images_and_the_store_alone(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 16))
    machine = Machine(configured(tmp_path, HALT, drives=(Drive(image, 0),)))
    machine.memory.write(0x1000, CODE)
    machine.store.write("/a", "b")
    machine.pc.images.overlays[0].write(0, b"written")
    machine.reset()
    assert machine.memory.read(0x1000, 4) == CODE
    assert machine.store.read("/a") == b"b"
    assert machine.pc.images.overlays[0].read(0, 7) == b"written"
    machine.close()
