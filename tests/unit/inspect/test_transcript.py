from __future__ import annotations

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observers
from emu.inspect.decoders import UnplugDecoder
from emu.inspect.transcript import MOST_STEPS, Access, HostLine, Left, LogBytes, Transcript
from emu.xen.profiles import PROFILES
from emu.xen.unplug import Targets, UnplugPorts

BAR0 = 0xC000


class Disk:
    """A target that tells that it left."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers

    def unplug(self) -> None:
        for seen in self._observers.unplugged:
            seen("disk 0", "primary master")


class Bench:
    def __init__(self, profile: str = "seed") -> None:
        self.clock = Clock()
        self.observers = Observers()
        self.ports = PortBus(self.observers)
        unplug = UnplugPorts(
            profile=PROFILES[profile],
            targets=Targets(disks=[Disk(self.observers)]),
            clock=self.clock,
            host_log=self._host_log,
            guest_log=lambda line: None,
            is_blacklisted=lambda product, build: build == 13,
        )
        for region in unplug.ports():
            self.ports.claim(region)
        self.ports.move(unplug.bar0, BAR0)
        self.transcript = Transcript(self.clock, UnplugDecoder(unplug, self.ports))
        self.observers.attach(self.transcript)

    def _host_log(self, text: str) -> None:
        for seen in self.observers.host_log:
            seen(text)

    def log(self, text: bytes, port: int = 0x12) -> None:
        for byte in text:
            self.ports.write(port, 1, byte)


def test_the_six_steps_are_told_with_their_meanings_and_effects() -> None:
    bench = Bench()
    bench.ports.read(0x10, 2)
    bench.ports.read(0x12, 1)
    bench.ports.write(0x12, 2, 1)
    bench.ports.write(0x10, 4, 13)
    bench.clock.advance_to(5)
    bench.ports.read(0x10, 2)
    bench.ports.write(0x10, 2, 3)
    assert bench.transcript.steps == [
        Access(0, 0x10, 2, False, 0x49D2, f"{MAGIC}: the protocol is here"),
        Access(0, 0x12, 1, False, 1, "protocol version: with product, build and blacklist"),
        Access(0, 0x12, 2, True, 1, "product number of the driver: xensource-windows"),
        HostLine(0, "Citrix Windows PV drivers loaded in guest"),
        Access(0, 0x10, 4, True, 13, "build number of the driver: 13"),
        HostLine(0, "PV driver build 13"),
        HostLine(0, "Drivers are blacklisted!"),
        Access(5, 0x10, 2, False, 0xD249, f"{MAGIC}: this driver is blacklisted"),
        Access(5, 0x10, 2, True, 3, "devices to unplug: all_ide_disks all_nics"),
        Left(5, "disk 0", "primary master"),
    ]
    assert bench.transcript.departures == [Left(5, "disk 0", "primary master")]


MAGIC = "magic number: is the protocol here, may this driver load?"


def test_an_unnamed_product_shows_its_number() -> None:
    bench = Bench()
    bench.ports.write(0x12, 2, 9)
    assert isinstance(step := bench.transcript.steps[0], Access)
    assert step.meaning == "product number of the driver: 9"


def test_bytes_of_the_log_are_one_step_a_line() -> None:
    bench = Bench()
    bench.log(b"one\ntwo")
    bench.ports.read(0x11, 1)
    bench.log(b"2\n", BAR0 + 8)
    steps = bench.transcript.steps
    assert [step.text for step in steps if isinstance(step, LogBytes)] == [b"one\n", b"two", b"2\n"]
    assert [step.port for step in steps if isinstance(step, Access | LogBytes)] == [
        0x12,
        0x12,
        0x11,
        BAR0 + 8,
    ]


def test_a_repeated_access_is_counted() -> None:
    bench = Bench()
    for _ in range(5):
        bench.ports.read(0x10, 2)
    assert [step.count for step in bench.transcript.steps if isinstance(step, Access)] == [5]


def test_other_ports_are_no_part_of_it() -> None:
    bench = Bench()
    bench.ports.read(0x0F, 1)
    bench.ports.write(0x20, 1, 1)
    bench.ports.write(0xC100, 1, 1)
    assert bench.transcript.steps == []


def test_a_host_without_the_protocol_says_so() -> None:
    bench = Bench("none")
    bench.ports.read(0x10, 2)
    assert isinstance(step := bench.transcript.steps[0], Access)
    assert (step.value, step.meaning) == (0xFFFF, "no protocol on this host: the port floats")


def test_a_guest_cannot_fill_the_memory() -> None:
    bench = Bench()
    for n in range(MOST_STEPS):
        bench.ports.read(0x10 + n % 2, 1)
    bench.ports.write(0x10, 2, 1)
    assert len(bench.transcript.steps) == MOST_STEPS + 1
    assert bench.transcript.left_out == 1
    assert bench.transcript.departures == [Left(0, "disk 0", "primary master")]
    long = Bench()
    long.log(b"x" * 10_000)
    assert isinstance(step := long.transcript.steps[0], LogBytes)
    assert (len(step.text), step.count) == (4096, 10_000)
