"""The stock kernel under the law: however its boot is cut, watched, saved or stepped, it is the same run.

One machine boots and is saved again and again on its way, at fixed times and in the midst of transfers. From
each snapshot a fresh machine goes on in its own way, and must be at the next one what the first machine was.
Another machine boots without a stop, in slices and watched.

To step a billion instructions, or to have Python asked at each block of them, would take hours: both are
done through a window behind each snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import pytest

from emu.core.events import Observer
from emu.machine.bundled import FOLDER
from emu.machine.config import PEER_ADDRESS, Drive, MachineConfig, Nic
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason, Stop
from emu.machine.snapshot import Snapshot
from emu.observe.trace_hash import TraceHash
from tests.laws.bench import Everything
from tests.real.linux import LONGEST_NS, Terminal, kernel

MODULES = ("sd_mod", "sr_mod", "ata_piix", "ne2k-pci")
CD = FOLDER / "guests/hello/hello.iso"
SCRIPT = f"""
until [ -b /dev/sda ] && [ -b /dev/sdb ] && [ -b /dev/sr0 ]; do sleep 0.1; done
for disk in sda sdb; do
    dd if=/dev/$disk of=/tmp/$disk bs=64k count=4 2>/dev/null
    dd if=/tmp/$disk of=/dev/$disk bs=64k seek=8 conv=fsync 2>/dev/null
done
dd if=/dev/sr0 of=/tmp/cd bs=2048 count=16 2>/dev/null
ifconfig eth0 {PEER_ADDRESS + 8} up
ping -c 2 {PEER_ADDRESS}
poweroff -f
"""
STEPS = 3000
PYTHON_NS = 500_000


@dataclass(frozen=True)
class Cut:
    """Where the boot is cut: at a time, or behind the `count`th event of a kind since the cut before."""

    name: str
    event: str | None
    count: int


CUTS = (
    Cut("at the kernel's entry", None, 20_000),
    Cut("while the kernel unpacks itself", None, 600_000_000),
    Cut("before the console speaks", None, 3_900_000_000),
    Cut("in the midst of a line on the console", "console_output", 300),
    Cut("while the drives are probed", "disk_read", 1),
    Cut("at a timer interrupt of a program", "interrupt_delivered", 50),
    Cut("behind a read by DMA", "disk_read", 6),
    Cut("in the midst of a transfer by PIO", "port_string_read", 5),
    Cut("behind a write", "disk_write", 3),
    Cut("behind a frame's arrival", "frame_received", 1),
)
PACES = (Pace(), Pace(slice_bytes=100_003), Pace(slice_bytes=20_011))
END = Cut("to power-off", "powered_off", 0)


@dataclass(frozen=True)
class Leg:
    """What a machine does from one snapshot to the next: the stop, and the hash of all that happened."""

    start: Snapshot
    cut: Cut
    stop: Stop
    trace_hash: str
    end: Snapshot


@dataclass(frozen=True)
class Boot:
    """A whole boot: its legs, what was printed, and the hash of all of it."""

    legs: list[Leg]
    lines: list[str]
    trace_hash: str


class Traveller:
    """A machine for the kernel that is run from cut to cut."""

    def __init__(self, config: MachineConfig, *, pace: Pace | None = None, native: bool = True) -> None:
        self.terminal = Terminal()
        self.machine = Machine(config, serial=self.terminal, native=native)
        self.machine.loop.pace = pace or Pace()

    def run(self, cut: Cut = END) -> tuple[Stop, str]:
        """Run to the cut; the stop, and the hash of what happened on the way."""
        trace = TraceHash(self.machine.clock)
        watchers: list[Observer] = [trace]
        if cut.event is not None:
            watchers.append(self._watcher(cut.event, cut.count))
        for each in watchers:
            self.machine.observers.attach(each)
        stop = self.machine.run(until_ns=cut.count if cut.event is None else LONGEST_NS)
        for each in watchers:
            self.machine.observers.detach(each)
        return stop, trace.hexdigest()

    def _watcher(self, event: str, count: int) -> Observer:
        """Asks for a stop at the `count`th event."""
        left = count

        def seen(_self: Observer, *_arguments: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.machine.stop(Stop(Reason.ASKED))

        watcher: Observer = type("Watcher", (Observer,), {event: seen})()
        return watcher


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> MachineConfig:
    folder = tmp_path_factory.mktemp("linux")
    for number in (0, 2):
        (folder / f"{number}.img").write_bytes(Random(number).randbytes(2 << 20))
    return MachineConfig(
        memory_mib=128,
        kernel=kernel(folder, SCRIPT, MODULES, "libata.force=2:pio4"),
        drives=(
            Drive(folder / "0.img", 0),
            Drive(folder / "2.img", 2),
            Drive(CD, 3, cdrom=True),
        ),
        nics=(Nic(backend="peer"),),
    )


@pytest.fixture(scope="module")
def booted(config: MachineConfig) -> Boot:
    traveller, legs = Traveller(config), []
    whole = TraceHash(traveller.machine.clock)
    traveller.machine.observers.attach(whole)
    start = traveller.machine.save()
    for cut in (*CUTS, END):
        stop, trace_hash = traveller.run(cut)
        end = sharing(traveller.machine.save(), start)
        legs.append(Leg(start, cut, stop, trace_hash, end))
        start = end
    boot = Boot(legs, traveller.terminal.lines, whole.hexdigest())
    traveller.machine.close()
    return boot


def sharing(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    """The same snapshot, holding no second copy of memory that `other` holds."""
    kept = memory_of(other)
    memory = {at: kept[at] if kept.get(at) == chunk else chunk for at, chunk in memory_of(snapshot).items()}
    return replace(snapshot, memory=memory)


def memory_of(snapshot: Snapshot) -> dict[int, bytes]:
    assert snapshot.memory is not None
    return snapshot.memory


def from_snapshot(config: MachineConfig, snapshot: Snapshot, *, native: bool = True) -> Machine:
    machine = Traveller(config, native=native).machine
    machine.restore(snapshot)
    return machine


def assert_equal(found: Snapshot, wanted: Snapshot) -> None:
    assert found.processor == wanted.processor
    assert found.devices == wanted.devices
    memory, right = memory_of(found), memory_of(wanted)
    different = [hex(at) for at in memory.keys() | right.keys() if memory.get(at) != right.get(at)]
    assert different == []
    assert found == wanted


def test_the_boot_is_cut_everywhere_and_comes_to_its_end(booted: Boot) -> None:
    reasons = [leg.stop.reason for leg in booted.legs]
    wanted = [Reason.LIMIT if cut.event is None else Reason.ASKED for cut in CUTS]
    assert reasons == [*wanted, Reason.POWERED_OFF], booted.lines[-20:]
    assert "2 packets transmitted, 2 packets received, 0% packet loss" in booted.lines


def test_in_slices_and_watched_by_every_observer_it_is_the_same_boot(
    config: MachineConfig, booted: Boot
) -> None:
    other = Traveller(config, pace=Pace(slice_bytes=100_003))
    other.machine.observers.attach(Everything())
    stop, trace_hash = other.run()
    assert (stop, other.terminal.lines) == (booted.legs[-1].stop, booted.lines)
    assert trace_hash == booted.trace_hash
    assert_equal(other.machine.save(), booted.legs[-1].end)
    other.machine.close()


@pytest.mark.parametrize("number", range(len(CUTS) + 1), ids=[cut.name for cut in (*CUTS, END)])
def test_a_fresh_machine_goes_on_from_a_snapshot_to_the_next(
    config: MachineConfig, booted: Boot, number: int
) -> None:
    leg = booted.legs[number]
    other = Traveller(config, pace=PACES[number % len(PACES)])
    other.machine.restore(leg.start)
    assert_equal(other.machine.save(), leg.start)
    assert other.run(leg.cut) == (leg.stop, leg.trace_hash)
    assert_equal(other.machine.save(), leg.end)
    other.machine.close()


@pytest.mark.parametrize("number", range(len(CUTS)), ids=[cut.name for cut in CUTS])
def test_a_stepped_window_is_the_same_run(config: MachineConfig, booted: Boot, number: int) -> None:
    snapshot = booted.legs[number].end
    stepped, straight = from_snapshot(config, snapshot), from_snapshot(config, snapshot)
    stepped.loop.pace = Pace(single_step=True)
    assert stepped.run_steps(STEPS) is None
    end_ns = stepped.clock.now + 1
    assert stepped.run(end_ns) == straight.run(end_ns)
    assert_equal(stepped.save(), straight.save())
    stepped.close()
    straight.close()


@pytest.mark.parametrize("number", range(len(CUTS)), ids=[cut.name for cut in CUTS])
def test_a_window_with_the_python_callback_is_the_same_run(
    config: MachineConfig, booted: Boot, number: int
) -> None:
    snapshot = booted.legs[number].end
    native, python = from_snapshot(config, snapshot), from_snapshot(config, snapshot, native=False)
    end_ns = native.clock.now + PYTHON_NS
    assert native.run(end_ns) == python.run(end_ns)
    assert_equal(python.save(), native.save())
    native.close()
    python.close()
