"""The whole machine on one page: every chip, its ports, its wires.

time        one Clock, advanced by the processor       memory  RAM, ROM below 4 GiB and below 1 MiB
interrupts  chips -> ISA lines -> two 8259A -> INTR    PCI     INTx -> links -> PIRQs -> ISA lines
unplug      ports 0x10 to 0x1f -> disks, NICs          events  every seam -> Observers

PCI 00.0 host bridge   01.0 ISA bridge   01.1 IDE   01.3 power management
    02.0 Xen platform device   03.0 VGA   04.0, 05.0 ... NICs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emu.backends.host_files import HostFiles
from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.events import Observers
from emu.core.memory import LOW_LIMIT, Memory, Segment
from emu.core.wires import IrqLine, SharedInput
from emu.cpu.engine import UnicornProcessor
from emu.devices.cmos import BootDevice, boot_order, memory_sizes
from emu.devices.debug_port import DebugPort, PostPort
from emu.devices.exit_port import ExitPort
from emu.devices.fw_cfg import FwCfg, MemoryRange, e820, standard_items
from emu.devices.i8042 import I8042
from emu.devices.ide.channel import Channel
from emu.devices.ide.controller import IdeController
from emu.devices.ne2k.pci import Rtl8029Function
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.pci.bus import PciBus
from emu.devices.pci.function import PciFunction
from emu.devices.pci.host_bridge import HostBridge
from emu.devices.pci.isa_bridge import IsaBridge
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
from emu.machine.acpi.tables import firmware_files as acpi_files
from emu.machine.card_roms import CardRoms
from emu.machine.config import MachineConfig
from emu.machine.faults import Faults
from emu.machine.images import Images
from emu.machine.inbox import Inbox
from emu.machine.parts import RESET_BUTTON, EmulatedDisk, Outlets, low_rom, make_links
from emu.xen.blacklist import Blacklist
from emu.xen.platform import EmulatedNics, XenPlatform
from emu.xen.profiles import PROFILES
from emu.xen.unplug import Targets, UnplugPorts
from emu.xen.xenstore.store import Store

FOUR_GIB = 1 << 32
FIRST_NIC_SLOT = 4
PAYLOADS: Mapping[str, Any] = {
    "serial": bytes,
    "serial2": bytes,
    "key": bytes,
    "typed": list[bytes],
    "disc": tuple[int, str | None],
    "break": None,
    "reset button": None,
    "power button": None,
}
"""What comes with each kind of arrival."""


class Pc:
    """A PIIX3 PC with the Xen platform device. Nothing here runs; see `emu.machine.machine`."""

    def __init__(
        self,
        config: MachineConfig,
        firmware: bytes,
        out: Outlets,
        seen: Observers,
        *,
        native: bool,
        tracked: bool,
        files: HostFiles,
        deferred: bool,
    ) -> None:
        clock = self.clock = Clock(config.costs)
        ports, mmio = self.ports, self.mmio = PortBus(seen), MmioBus(seen)
        faults = self.faults = Faults(config, clock, seen)

        # memory: the firmware ends at 4 GiB; its tail shows below 1 MiB until RAM shadows it
        ram = config.memory_mib << 20
        low_ram = min(ram, LOW_LIMIT)
        roms = CardRoms(config, files)
        memory = self.memory = Memory(ram, len(firmware) + MEMORY_SIZE + roms.size, mmio, tracked=tracked)
        rom = memory.add_image(firmware)
        memory.place(Segment(FOUR_GIB - len(firmware), len(firmware), rom, None))
        planes = memory.add_image(bytes(MEMORY_SIZE))

        # the processor, and its interrupt controllers
        cpu = self.processor = UnicornProcessor(
            memory=memory, ports=ports, clock=clock, observers=seen, native=native
        )
        pics = self.pics = PicPair(output=cpu.set_interrupt_wanted)
        self.interrupts = faults.answer_for(pics) if config.faults else pics
        self.lines: list[IrqLine] = []

        def line(name: str, sink: Callable[[bool], None]) -> IrqLine:
            self.lines.append(IrqLine(name, sink, seen))
            return self.lines[-1]

        def pin(number: int) -> Callable[[bool], None]:
            return faults.wire(number, pics.input(number))

        def isa(number: int) -> IrqLine:
            return line(f"irq {number}", pin(number))

        def shared(number: int, *names: str) -> Sequence[IrqLine]:
            """Wires of an ISA interrupt that what is routed there shares with a chip."""
            common = SharedInput(pin(number))
            common.lines = tuple(line(name, common.changed) for name in names)
            return common.lines

        # the ISA side
        pit = Pit8254(clock=clock, irq=isa(0))
        a20 = line("a20", cpu.set_a20)  # the one written last decides
        a20.restore(True)
        cmos = memory_sizes(below_4_gib=low_ram, above_4_gib=ram - low_ram)
        cmos |= boot_order([BootDevice.DISK, BootDevice.CDROM, BootDevice.NETWORK])
        memory_map = [MemoryRange(0, low_ram)] + [MemoryRange(FOUR_GIB, ram - low_ram)] * (ram > low_ram)
        self.com1 = Uart16550("com1", 0x3F8, irq=isa(4), clock=clock, sink=faults.console("com1", out.serial))
        irq_3, com2_irq = shared(3, "irq 3", "com2")
        self.com2 = Uart16550(
            "com2", 0x2F8, irq=com2_irq, clock=clock, sink=faults.console("com2", out.serial2)
        )
        keyboard = self.keyboard = I8042(
            irq=isa(1),
            mouse_irq=isa(12),
            clock=clock,
            a20=a20.set,
            reset=lambda: out.reset("i8042"),
        )
        isa_devices: list[Device[Any]] = [
            pics,  #                                                             0x20, 0xa0, 0x4d0
            pit,  #                                                              0x40 to 0x43
            keyboard,  #                                                         0x60, 0x64
            SystemControlB(  #                                                   0x61
                clock=clock, gate=lambda level: pit.set_gate(2, level), output=lambda: pit.output(2)
            ),
            Rtc(irq=isa(8), clock=clock, start=config.epoch, contents=cmos),  #  0x70, 0x71
            PostPort(),  #                                                       0x80
            SystemControlA(a20=a20.set, reset=lambda: out.reset("port 92")),  # 0x92
            DebugPort("debug e9", 0xE9, sink=out.debug),
            ExitPort(report=out.report),  #                                      0xf4
            self.com2,  #                                                        0x2f8 to 0x2ff
            self.com1,  #                                                        0x3f8 to 0x3ff
            DebugPort("debug 402", 0x402, sink=out.firmware_debug),
        ]

        # PCI: 0xcf8, 0xcfc, and 0xcf9 between them
        irq_9, sci = shared(9, "irq 9", "sci")
        isa_bridge = IsaBridge(
            "isa bridge", interrupts={3: irq_3, 9: irq_9} | {n: isa(n) for n in (5, 6, 7, 10, 11)}
        )
        power = PowerManagement("power", clock=clock, sci=sci, power_off=out.power_off)
        fw_cfg = FwCfg(  # 0x510, 0x511
            items=standard_items(ram_bytes=low_ram),
            files={
                "etc/e820": e820(memory_map),
                **acpi_files(low_ram=low_ram, power_base=lambda: power.base),
            },
        )
        vga = self.vga = Vga(
            clock=clock,
            memory=memory.view[planes : planes + MEMORY_SIZE],
            starts_at=planes,
            window_changed=lambda: host_bridge.drive_outputs(),
        )
        display = self.display = VgaFunction(
            "display",
            chip=vga,
            window_changed=lambda: host_bridge.drive_outputs(),
            rom=roms.place_vga(memory),
        )
        host_bridge = self.host_bridge = HostBridge(
            "host bridge",
            place=memory.place,
            rom=low_rom(rom, len(firmware)),
            vga_window=display.window,
        )
        pci = self.pci = PciBus(
            "pci", ports=ports, memory=mmio, show=memory.show, link=isa_bridge.set_link, observers=seen
        )
        reset_control = ResetControl(reset=lambda hard: out.reset("port cf9"))

        # disks and CD drives: 0x1f0, 0x170
        images = self.images = Images(
            config.drives, seen, files=files, deferred=deferred, between=faults.image
        )
        ide = self.ide = IdeController(
            "ide",
            primary=Channel(
                "primary",
                irq=isa(14),
                command_base=0x1F0,
                control_base=0x3F6,
                mechanics=faults.mechanics(0),
                **images.pair(0),
            ),
            secondary=Channel(
                "secondary",
                irq=isa(15),
                command_base=0x170,
                control_base=0x376,
                mechanics=faults.mechanics(2),
                **images.pair(2),
            ),
            read_memory=memory.read,
            write_memory=memory.write,
        )

        # network cards
        links = self.links = make_links(config.nics, clock, seen, files, faults.link)
        cards = [
            Rtl8029(f"rtl8029 {n}", mac=nic.mac, irq=pci.intx(FIRST_NIC_SLOT + n, 0), link=link)
            for n, (nic, link) in enumerate(zip(config.nics, links, strict=True))
        ]

        # the Xen side: 0x10 to 0x1f
        profile = PROFILES[config.profile]
        self.store = Store(observers=seen)
        self.blacklist = Blacklist(self.store, profile.products)
        disks = [EmulatedDisk(disk, seen) for disk in ide.hard_disks]
        unplug = self.unplug = UnplugPorts(
            profile=profile,
            version=config.protocol_version,
            targets=Targets(
                disks=disks,
                auxiliary_disks=[disk for disk in disks if disk.position != 0],
                nics=[EmulatedNics(pci, links, host_log=profile.voice(out.host_log), observers=seen)],
            ),
            clock=clock,
            host_log=out.host_log,
            guest_log=out.guest_log,
            is_blacklisted=self.blacklist.is_blacklisted,
            throttle=config.log_throttle,
            lock_rom=host_bridge.lock_rom,
        )

        # where everything is plugged in; the reset register lies between the PCI bus's ports
        xen_platform = XenPlatform(unplug=unplug)
        functions: dict[tuple[int, int], PciFunction[Any]]
        functions = {(0, 0): host_bridge, (1, 0): isa_bridge, (1, 1): ide, (1, 3): power}
        functions[2, 0], functions[3, 0] = xen_platform, display  #              0x3b4 to 0x3da
        for n, (card, link, image) in enumerate(zip(cards, links, roms.place_nics(memory), strict=True)):
            functions[FIRST_NIC_SLOT + n, 0] = Rtl8029Function(link.name, chip=card, rom=image)
        for (slot, number), function in functions.items():
            pci.plug(function, slot, number)
        on_ports: list[Device[Any]] = [*isa_devices, fw_cfg, pci, reset_control, unplug]
        faults.stand_before(ports, unplug.exhaust_log)
        of_faults: list[Device[Any]] = [faults] if config.faults else []
        self.devices: list[Device[Any]] = [*of_faults, *on_ports, *functions.values(), vga, *cards]
        for device in on_ports:
            for region in device.ports():
                ports.claim(region)

        # what comes from outside
        self.inbox = Inbox(
            clock=clock,
            retired=lambda: cpu.retired,
            wake=cpu.ask_exit,
            appliers={
                "serial": self.com1.receive,
                "serial2": self.com2.receive,
                "key": keyboard.press,
                "typed": keyboard.type,
                "disc": images.change_disc,
                "break": lambda _: self.com1.receive_break(),
                "reset button": lambda _: out.reset(RESET_BUTTON),
                "power button": lambda _: power.press_power_button(),
            },
            payloads=PAYLOADS,
        )
