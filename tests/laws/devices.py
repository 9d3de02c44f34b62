"""Every chip, mounted alone on a bus: what the device laws run over.

Add a chip by adding a factory to FACTORIES. A factory gets the clock and makes the same chip each time;
two of its chips share nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.memory import Image
from emu.core.wires import IrqLine
from emu.devices.cmos import memory_sizes
from emu.devices.debug_port import DebugPort, PostPort
from emu.devices.exit_port import ExitPort
from emu.devices.fw_cfg import FwCfg, MemoryRange, e820, standard_items
from emu.devices.i8042 import I8042
from emu.devices.ide.ata import AtaDisk
from emu.devices.ide.atapi import CdDrive
from emu.devices.ide.channel import Channel
from emu.devices.ide.controller import IdeController
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.pci.bus import PciBus
from emu.devices.pci.power_management import PowerManagement
from emu.devices.pic import PicPair
from emu.devices.pit import Pit8254
from emu.devices.power import ResetControl
from emu.devices.rtc import Rtc
from emu.devices.system_control import SystemControlA, SystemControlB
from emu.devices.uart import Uart16550
from emu.devices.vga.chip import Vga
from emu.devices.vga.pci import VgaFunction
from emu.devices.vga.planes import MEMORY_SIZE
from emu.xen.profiles import QEMU, SEED, Profile
from emu.xen.unplug import Targets, UnplugPorts
from tests.unit.devices.ide_driver import image

Stimulus = Callable[[Random], None]


@dataclass
class Mounted:
    """A chip on its own bus, its wires, and what may come to it from outside besides port accesses."""

    device: Device[Any]
    bus: PortBus
    lines: list[IrqLine] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    """What left the chip by callables and sinks, in order."""
    stimuli: list[Stimulus] = field(default_factory=list)


Factory = Callable[[Clock], Mounted]


class Collector:
    """A sink that keeps what it gets."""

    def __init__(self, kept: list[Any]) -> None:
        self.kept = kept

    def write(self, data: bytes) -> None:
        self.kept.append(data)


class Cable(Collector):
    """A link whose other end keeps what is sent."""

    def send(self, frame: bytes) -> None:
        self.write(frame)

    def attach(self, receive: Callable[[bytes], None]) -> None:
        pass

    def close(self) -> None:
        pass


class Gone:
    """A target of the unplug mask that tells that it was called."""

    def __init__(self, name: str, kept: list[Any]) -> None:
        self.name = name
        self._kept = kept

    def unplug(self) -> None:
        self._kept.append(self.name)


def mount(
    device: Device[Any],
    *lines: IrqLine,
    outputs: list[Any] | None = None,
    stimuli: list[Stimulus] | None = None,
) -> Mounted:
    """Put a chip's regions on a bus of its own."""
    bus = PortBus()
    for region in device.ports():
        bus.claim(region)
    return Mounted(device, bus, list(lines), [] if outputs is None else outputs, stimuli or [])


def programming(mounted: Mounted, *writes: tuple[int, int]) -> Mounted:
    """Let it also happen that a driver programs the chip, which random bytes hardly ever do."""

    def program(random: Random) -> None:
        for port, value in writes:
            mounted.bus.write(port, 1, value)

    mounted.stimuli.append(program)
    return mounted


def wire(name: str) -> IrqLine:
    """A wire that ends nowhere."""
    return IrqLine(name, lambda level: None)


def _pic(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    pic = PicPair(output=outputs.append)

    def change_input(random: Random) -> None:
        pic.input(random.choice([n for n in range(16) if n != 2]))(random.random() < 0.5)

    def acknowledge(random: Random) -> None:
        outputs.append(pic.acknowledge())

    mounted = mount(pic, outputs=outputs, stimuli=[change_input, change_input, acknowledge])
    master = ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x01))
    slave = ((0xA0, 0x11), (0xA1, 0x70), (0xA1, 0x02), (0xA1, 0x01))
    return programming(mounted, *master, *slave)


def _pit(clock: Clock) -> Mounted:
    irq = wire("irq0")
    pit = Pit8254(clock=clock, irq=irq)

    def change_gate(random: Random) -> None:
        pit.set_gate(random.randrange(3), random.random() < 0.5)

    mounted = mount(pit, irq, stimuli=[change_gate])
    programming(mounted, (0x43, 0x36), (0x40, 0x00), (0x40, 0x10))
    return programming(mounted, (0x43, 0x34), (0x40, 0xA9), (0x40, 0x04), (0x43, 0xB0), (0x42, 0), (0x42, 1))


def _rtc(clock: Clock) -> Mounted:
    irq = wire("irq8")
    contents = memory_sizes(below_4_gib=64 << 20)
    mounted = mount(Rtc(irq=irq, clock=clock, start=951_782_399, contents=contents), irq)
    every_second = ((0x70, 0x01), (0x71, 0xFF), (0x70, 0x03), (0x71, 0xFF), (0x70, 0x05), (0x71, 0xFF))
    programming(mounted, *every_second, (0x70, 0x0B), (0x71, 0x22), (0x70, 0x0C))
    return programming(mounted, (0x70, 0x0A), (0x71, 0x2F), (0x70, 0x0B), (0x71, 0x72), (0x70, 0x0C))


def _uart(clock: Clock) -> Mounted:
    irq, outputs = wire("irq4"), list[Any]()
    uart = Uart16550("com1", 0x3F8, irq=irq, clock=clock, sink=Collector(outputs))
    stimuli: list[Stimulus] = [
        lambda random: uart.receive(random.randbytes(random.randrange(1, 6))),
        lambda random: uart.receive_break(),
        lambda random: uart.set_modem_inputs(random.randrange(256)),
    ]
    mounted = mount(uart, irq, outputs=outputs, stimuli=stimuli)
    speed = ((0x3FB, 0x83), (0x3F8, 0x0C), (0x3F9, 0x00), (0x3FB, 0x03))
    return programming(mounted, *speed, (0x3FA, 0x81), (0x3F9, 0x0F), (0x3FC, 0x0B))


def _i8042(clock: Clock) -> Mounted:
    irq, mouse_irq, outputs = wire("irq1"), wire("irq12"), list[Any]()
    chip = I8042(
        irq=irq, mouse_irq=mouse_irq, clock=clock, a20=outputs.append, reset=lambda: outputs.append("reset")
    )

    def press(random: Random) -> None:
        chip.press(random.choice((b"\x1c", b"\xf0\x1c", random.randbytes(2))))

    mounted = mount(chip, irq, mouse_irq, outputs=outputs, stimuli=[press])
    return programming(mounted, (0x64, 0x60), (0x60, 0x43), (0x60, 0xF4))


def _system_control_b(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    return mount(SystemControlB(clock=clock, gate=outputs.append, output=lambda: True), outputs=outputs)


def _system_control_a(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    return mount(SystemControlA(a20=outputs.append, reset=lambda: outputs.append("reset")), outputs=outputs)


def _reset_control(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    return mount(ResetControl(reset=outputs.append), outputs=outputs)


def _debug_port(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    return mount(DebugPort("debug", 0xE9, sink=Collector(outputs)), outputs=outputs)


def _exit_port(clock: Clock) -> Mounted:
    outputs: list[Any] = []
    return mount(ExitPort(report=outputs.append), outputs=outputs)


def _fw_cfg(clock: Clock) -> Mounted:
    items = standard_items(ram_bytes=64 << 20)
    return mount(FwCfg(items=items, files={"etc/e820": e820([MemoryRange(0, 64 << 20)])}))


def _ide(clock: Clock) -> Mounted:
    """The PIIX3's IDE function with a write-protected disk and a CD; the bus master reads one descriptor."""
    irq, secondary_irq = wire("irq14"), wire("irq15")
    disk = image(300)
    disk.read_only = True
    primary = Channel(
        "ide0", irq=irq, command_base=0x1F0, control_base=0x3F6, master=AtaDisk("disk", image=disk)
    )
    secondary = Channel(
        "ide1",
        irq=secondary_irq,
        command_base=0x170,
        control_base=0x376,
        slave=CdDrive("cd", image=image(400)),
    )
    outputs: list[Any] = []
    ide = IdeController(
        "ide",
        primary=primary,
        secondary=secondary,
        read_memory=lambda address, length: bytes.fromhex("0010000000040080").ljust(length, b"\0"),
        write_memory=lambda address, data: outputs.append((address, data)),
    )
    bus = PortBus()
    PciBus("pci", ports=bus, memory=MmioBus()).plug(ide, 1, 1)
    ide.write_configuration(0x20, 4, 0xC001)
    ide.write_configuration(0x04, 2, 0x0005)
    mounted = Mounted(ide, bus, [irq, secondary_irq], outputs)
    address = ((0x1F6, 0xE0), (0x1F5, 0), (0x1F4, 0), (0x1F3, 5), (0x1F2, 4))
    programming(mounted, (0x3F6, 4), (0x3F6, 0), *address, (0x1F7, 0x20))
    programming(mounted, (0x3F6, 4), (0x3F6, 0), *address, (0xC000, 0), (0x1F7, 0xC8), (0xC000, 9))
    packet = ((0x176, 0xB0), (0x171, 0), (0x174, 0), (0x175, 2), (0x177, 0xA0), (0x170, 0x12), (0x170, 0))
    return programming(mounted, (0x376, 4), (0x376, 0), *packet, (0x170, 36), *((0x170, 0),) * 3)


def _power_management(clock: Clock) -> Mounted:
    sci, outputs, bus = wire("sci"), list[Any](), PortBus()
    power = PowerManagement("power", clock=clock, sci=sci, power_off=lambda: outputs.append("off"))
    PciBus("pci", ports=bus, memory=MmioBus()).plug(power, 1, 3)
    power.write_configuration(0x40, 4, 0x600)
    power.write_configuration(0x80, 1, 1)
    stimuli: list[Stimulus] = [
        lambda random: power.press_power_button(),
        lambda random: power.signal_event(random.randrange(16)),
    ]
    mounted = Mounted(power, bus, [sci], outputs, stimuli)
    programming(mounted, (0x600, 0xFF), (0x602, 0x01), (0x603, 0x00), (0xB2, 0xF1), (0x60E, 0), (0x60F, 0))
    return programming(mounted, (0x601, 0xFF), (0x603, 0x01), (0xB2, 0xF1), (0xAFE2, 0x02))


def _ne2k(clock: Clock) -> Mounted:
    irq, outputs = wire("nic"), list[Any]()
    mac = bytes.fromhex("525400123456")
    chip = Rtl8029("nic0", mac=mac, irq=irq, link=Cable(outputs))

    def arrive(random: Random) -> None:
        chip.receive(random.choice((mac, b"\xff" * 6)) + random.randbytes(random.randrange(1600)))

    mounted = mount(chip, irq, outputs=outputs, stimuli=[arrive, arrive])
    ring = ((0x00, 0x21), (0x01, 0x4C), (0x02, 0x80), (0x03, 0x7F), (0x0C, 0x1C), (0x0D, 0x00), (0x0F, 0x7F))
    programming(mounted, *ring, (0x00, 0x61), (0x07, 0x4C), (0x00, 0x22))
    transmit = ((0x00, 0x22), (0x04, 0x40), (0x05, 0x40), (0x06, 0x00), (0x00, 0x26))
    return programming(
        mounted, *transmit, (0x0A, 0x40), (0x0B, 0x00), (0x08, 0x00), (0x09, 0x40), (0x00, 0x0A)
    )


def _vga(clock: Clock) -> Mounted:
    memory, outputs = memoryview(bytearray(MEMORY_SIZE)), list[Any]()
    vga = Vga(clock=clock, memory=memory, starts_at=0, window_changed=lambda: outputs.append(vga.window()))

    def draw(random: Random) -> None:
        memory[random.randrange(MEMORY_SIZE)] = random.randrange(256)

    def touch(random: Random) -> None:
        offset, width = random.randrange(0x1_FFF0), random.choice((1, 2, 4))
        vga.memory_region.write(offset, width, random.getrandbits(8 * width))
        outputs.append(vga.memory_region.read(offset, width))

    def look(random: Random) -> None:
        outputs.append(vga.screen())

    mounted = mount(vga, outputs=outputs, stimuli=[draw, draw, touch, touch, look])
    programming(mounted, (0x3C4, 2), (0x3C5, 0x0F), (0x3CE, 6), (0x3CF, 0x05), (0x3CE, 5), (0x3CF, 0x00))
    programming(mounted, (0x3C4, 2), (0x3C5, 0x03), (0x3C4, 4), (0x3C5, 0x02), (0x3CE, 3), (0x3CF, 0x00))
    return programming(mounted, (0x3C2, 0x67), (0x3C0, 0x20), (0x3CE, 6), (0x3CF, 0x0E), (0x3D4, 0x0C))


class SilentVga(Vga):
    """A chip without memory of its own behind its ports: what answers is the function's doing."""

    def ports(self) -> tuple[Region, ...]:
        return (_constant("vga", 0x3C0),)


def _constant(name: str, base: int) -> Region:
    return Region(name, base, 16, lambda offset, width: offset, lambda offset, width, value: None)


def _vga_function(clock: Clock) -> Mounted:
    """The function at 03.0 with its ROM; random configuration writes move it, and gate that and its ports."""
    outputs: list[Any] = []
    memory = memoryview(bytearray(MEMORY_SIZE))
    chip = SilentVga(clock=clock, memory=memory, starts_at=0, window_changed=lambda: None)
    function = VgaFunction(
        "display",
        chip=chip,
        window_changed=lambda: outputs.append("the window may have changed"),
        rom=Image("rom", MEMORY_SIZE, 0x1_0000),
    )
    bus = PortBus()
    bus.claim(_constant("another chip", 0x300))
    pci = PciBus("pci", ports=bus, memory=MmioBus(), show=lambda image, base: outputs.append(base))
    pci.plug(function, 3)

    def configure(random: Random) -> None:
        offset, width = random.choice(((0x04, 2), (0x30, 4), (random.randrange(64) * 4, 4)))
        function.write_configuration(offset, width, random.getrandbits(8 * width) | random.choice((0, 3)))
        outputs.append(function.read_configuration(offset, width))

    return Mounted(function, bus, [], outputs, [configure, configure])


def _unplug(profile: Profile) -> Factory:
    def mounted(clock: Clock) -> Mounted:
        outputs: list[Any] = []
        device = UnplugPorts(
            profile=profile,
            targets=Targets(
                disks=[Gone("hda", outputs)],
                auxiliary_disks=[Gone("hdb", outputs)],
                nics=[Gone("nic", outputs)],
            ),
            clock=clock,
            host_log=outputs.append,
            guest_log=outputs.append,
            is_blacklisted=lambda product, build: product == 1 and build == 1,
            lock_rom=outputs.append,
        )

        def log_a_line(random: Random) -> None:
            for byte in random.randbytes(random.randrange(200)) + b"\n":
                chip.bus.write(0x12, 1, byte)

        def find_the_bucket_nearly_empty(random: Random) -> None:
            device.state.log.available = random.randrange(200)

        def blacklisted(random: Random) -> None:
            chip.bus.write(0x12, 2, 1)
            chip.bus.write(0x10, 4, 1)

        chip = mount(device, outputs=outputs, stimuli=[log_a_line, find_the_bucket_nearly_empty, blacklisted])
        chip.bus.move(device.bar0, 0xC000)
        return chip

    return mounted


FACTORIES: dict[str, Factory] = {
    "pic": _pic,
    "pit": _pit,
    "rtc": _rtc,
    "uart": _uart,
    "i8042": _i8042,
    "system control a": _system_control_a,
    "system control b": _system_control_b,
    "reset control": _reset_control,
    "post": lambda clock: mount(PostPort()),
    "debug port": _debug_port,
    "exit port": _exit_port,
    "fw_cfg": _fw_cfg,
    "ide": _ide,
    "power management": _power_management,
    "ne2k": _ne2k,
    "vga": _vga,
    "vga function": _vga_function,
    "unplug ports (seed)": _unplug(SEED),
    "unplug ports (qemu)": _unplug(QEMU),
}
