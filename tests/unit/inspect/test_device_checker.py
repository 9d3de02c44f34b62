"""What guests do to devices around their unplugging, on a bus with a card and at the ports of disks."""

from __future__ import annotations

from emu.backends.network import NullLink
from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.events import Observers
from emu.devices.ide.registers import Command
from emu.devices.ne2k.pci import Rtl8029Function
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.pci.bus import PciBus
from emu.inspect.device_checker import BOOTSTRAP, DeviceChecker
from emu.inspect.findings import Findings
from emu.inspect.protocol_rules import Verdict
from emu.xen.platform import EmulatedNics

NIC, NIC_PORTS = 4, 0xC100
RIGHT, UNWISE = Verdict.RIGHT, Verdict.UNWISE


class Host:
    """A NIC on a bus; disks are ports that nobody answers at."""

    def __init__(self, *, firmware: bool = True) -> None:
        self.clock = Clock()
        self.observers = Observers()
        self.ports = PortBus(self.observers)
        self.bus = PciBus("pci", ports=self.ports, memory=MmioBus())
        for region in self.bus.ports():
            self.ports.claim(region)
        chip = Rtl8029("nic 0", mac=bytes(6), irq=self.bus.intx(NIC, 0), link=NullLink("nic 0 null"))
        self.bus.plug(Rtl8029Function("nic 0", chip=chip), NIC)
        self.nics = EmulatedNics(self.bus, observers=self.observers)
        self.configure(0x10, NIC_PORTS)
        self.configure(0x04, 1)
        self.checker = DeviceChecker(
            self.ports, self.bus, Findings(self.clock, lambda: None), firmware=firmware
        )
        self.observers.attach(self.checker)

    def select(self, offset: int, device: int = NIC) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0000 | device << 11 | offset)

    def configure(self, offset: int, value: int) -> None:
        self.select(offset)
        self.ports.write(0xCFC, 4, value)

    def look_for(self, device: int) -> None:
        self.select(0, device)
        self.ports.read(0xCFC, 4)

    def boot(self) -> None:
        for seen in self.observers.disk_read:
            seen("disk 0", 0, bytes(512))

    def drive_leaves(self, name: str, location: str) -> None:
        for seen in self.observers.unplugged:
            seen(name, location)

    def command(self, device: int, command: int, base: int = 0x1F0) -> None:
        self.ports.write(base + 6, 1, device)
        self.ports.write(base + 7, 1, command)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        return dict(self.checker.found.state.found.keys())

    def words(self, rule: str) -> str:
        return self.checker.found.state.found[rule, self.verdicts[rule]].words


def test_a_card_that_nobody_has_found_leaves_in_time() -> None:
    host = Host()
    host.boot()
    host.look_for(NIC + 1)
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": RIGHT}


def test_a_card_that_the_guest_has_found_leaves_late() -> None:
    host = Host()
    host.boot()
    host.look_for(NIC)
    host.clock.advance_to(2_500_000)
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": UNWISE}
    assert host.words("nics-before-enumeration") == (
        "unplugged nic 0 only after it had been found on PCI, 2.500000 ms before"
    )


def test_firmware_may_find_a_card() -> None:
    host = Host()
    host.look_for(NIC)
    host.boot()
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": RIGHT}


def test_the_bootstrap_interrupt_ends_firmware() -> None:
    host = Host()
    for seen in host.observers.software_interrupt:
        seen(BOOTSTRAP, 0)
    host.look_for(NIC)
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": UNWISE}


def test_where_a_kernel_was_entered_there_is_no_firmware() -> None:
    host = Host(firmware=False)
    host.look_for(NIC)
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": UNWISE}


def test_nothing_is_said_of_a_card_that_firmware_unplugs() -> None:
    host = Host()
    host.nics.unplug()
    assert host.verdicts == {}


def test_the_ports_of_a_card_that_has_left_are_to_be_left_alone() -> None:
    host = Host()
    host.boot()
    host.ports.read(NIC_PORTS, 1)
    host.nics.unplug()
    assert "gone-left-alone" not in host.verdicts
    host.ports.write(NIC_PORTS + 31, 1, 0)
    host.ports.read(NIC_PORTS, 1)
    assert host.words("gone-left-alone") == (
        "wrote port 0xc11f, though nic 0 had been unplugged: nobody answers there"
    )
    assert host.checker.found.state.found["gone-left-alone", UNWISE].count == 2


def test_ports_beside_those_of_the_card_are_not_meant() -> None:
    host = Host()
    host.nics.unplug()
    host.ports.read(NIC_PORTS - 1, 1)
    host.ports.read(NIC_PORTS + 32, 1)
    assert host.verdicts == {}


def test_ports_that_were_given_to_somebody_else_may_be_used() -> None:
    host = Host()
    host.nics.unplug()
    host.ports.claim(Region("other", NIC_PORTS, 32, lambda offset, width: 0, lambda *_: None))
    host.ports.write(NIC_PORTS, 1, 0)
    assert host.verdicts == {}


def test_looking_for_a_drive_that_has_left_is_no_fault() -> None:
    host = Host()
    host.drive_leaves("disk 0", "primary master")
    for command in (Command.IDENTIFY_DEVICE, Command.IDENTIFY_PACKET_DEVICE, Command.DEVICE_RESET):
        host.command(0xA0, command)
    assert host.verdicts == {}


def test_a_command_to_a_drive_that_has_left_is_unwise() -> None:
    host = Host()
    host.drive_leaves("disk 1", "primary slave")
    host.command(0xE0, Command.READ_SECTORS)
    assert host.verdicts == {}
    host.command(0xF0, Command.READ_SECTORS)
    assert host.words("gone-left-alone") == (
        "gave command 0x20 to the primary slave, though disk 1 had been unplugged: nobody answers there"
    )


def test_the_channels_are_told_apart() -> None:
    host = Host()
    host.drive_leaves("disk 2", "secondary master")
    host.command(0xE0, Command.READ_SECTORS)
    assert host.verdicts == {}
    host.command(0xE0, Command.READ_SECTORS, base=0x170)
    assert host.verdicts == {"gone-left-alone": UNWISE}


def test_after_a_reset_everything_is_plugged_in_again() -> None:
    host = Host()
    host.boot()
    host.look_for(NIC)
    host.drive_leaves("disk 0", "primary master")
    for seen in host.observers.reset_requested:
        seen("test")
    host.command(0xE0, Command.READ_SECTORS)
    host.boot()
    host.nics.unplug()
    assert host.verdicts == {"nics-before-enumeration": RIGHT}
