"""The platform device and a NIC on a PCI bus, through configuration space and ports."""

from __future__ import annotations

from emu.backends.network import EchoLink
from emu.backends.observed import ObservedLink
from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.core.events import Observer, Observers
from emu.devices.ne2k.pci import Rtl8029Function
from emu.devices.ne2k.rtl8029 import Rtl8029
from emu.devices.pci.bus import PciBus
from emu.xen.platform import EmulatedNics, XenPlatform
from emu.xen.profiles import SEED
from emu.xen.unplug import Targets, UnplugPorts

MAC = bytes.fromhex("525400123456")
PLATFORM, NIC = 2, 4
NIC_PORTS = 0xC100


class Watcher(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def unplugged(self, target: str, location: str) -> None:
        self.seen.append((target, location))

    def link_close(self, nic: str) -> None:
        self.seen.append(("link closed", nic))


class Host:
    """A bus with the platform device and a NIC on it, both mapped by the guest."""

    def __init__(self) -> None:
        self.ports, self.memory, self.clock = PortBus(), MmioBus(), Clock()
        self.watcher = Watcher()
        observers = Observers(self.watcher)
        self.links: dict[int, bool] = {}
        self.host_log: list[str] = []
        self.guest_log: list[bytes] = []
        self.bus = PciBus("pci", ports=self.ports, memory=self.memory, link=self.links.__setitem__)
        for region in self.bus.ports():
            self.ports.claim(region)
        self.echo = EchoLink(clock=self.clock)
        link = ObservedLink(self.echo, nic="nic0", observers=observers)
        self.chip = Rtl8029("nic0", mac=MAC, irq=self.bus.intx(NIC, 0), link=link)
        self.bus.plug(Rtl8029Function("nic0", chip=self.chip), NIC)
        nics = EmulatedNics(self.bus, [link], host_log=self.host_log.append, observers=observers)
        self.unplug = UnplugPorts(
            profile=SEED,
            targets=Targets(nics=[nics]),
            clock=self.clock,
            host_log=self.host_log.append,
            guest_log=self.guest_log.append,
            is_blacklisted=lambda product, build: False,
        )
        self.platform = XenPlatform(unplug=self.unplug)
        self.bus.plug(self.platform, PLATFORM)
        self.ports.claim(self.unplug.fixed)
        self.configure(PLATFORM, 0x10, 0xC000)
        self.configure(PLATFORM, 0x14, 0xF200_0000)
        self.configure(NIC, 0x10, NIC_PORTS)
        self.configure(NIC, 0x04, 0x0001)

    def select(self, device: int, offset: int) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0000 | device << 11 | offset)

    def configuration(self, device: int, offset: int, width: int = 4) -> int:
        self.select(device, offset & ~3)
        return self.ports.read(0xCFC + (offset & 3), width)

    def configure(self, device: int, offset: int, value: int) -> None:
        self.select(device, offset)
        self.ports.write(0xCFC, 4, value)


def test_the_platform_device_is_identified_as_drivers_expect() -> None:
    host = Host()
    assert host.configuration(PLATFORM, 0x00) == 0x0001_5853
    assert host.configuration(PLATFORM, 0x08) == 0xFF80_0001
    assert host.configuration(PLATFORM, 0x2C) == 0x0001_5853
    assert host.configuration(PLATFORM, 0x3D, 1) == 1
    assert host.configuration(PLATFORM, 0x0E, 1) == 0


def test_the_platform_device_is_enabled_from_reset() -> None:
    host = Host()
    host.platform.reset()
    assert host.configuration(PLATFORM, 0x04, 2) == 3


def test_bar0_is_256_ports_and_bar1_is_16_mib_of_prefetchable_memory() -> None:
    host = Host()
    host.configure(PLATFORM, 0x10, 0xFFFF_FFFF)
    host.configure(PLATFORM, 0x14, 0xFFFF_FFFF)
    assert host.configuration(PLATFORM, 0x10) == 0xFFFF_FF01
    assert host.configuration(PLATFORM, 0x14) == 0xFF00_0008


def test_bar1_reads_0_and_ignores_writes() -> None:
    host = Host()
    for address in (0xF200_0000, 0xF2FF_FFF8):
        host.memory.write(address, 8, 0x1234)
        assert host.memory.read(address, 8) == 0
    assert host.memory.read(0xF300_0000, 4) == 0xFFFF_FFFF


def test_bar0_moves_with_its_base_and_shares_the_log_with_port_0x12() -> None:
    host = Host()
    host.ports.write(0xC008, 1, ord("a"))
    host.configure(PLATFORM, 0x10, 0xC800)
    host.ports.write(0xC808, 1, ord("b"))
    host.ports.write(0x12, 1, ord("\n"))
    assert host.guest_log == [b"ab"]
    assert host.ports.read(0xC000, 1) == 0xFF


def test_the_nic_is_identified_as_an_rtl8029() -> None:
    host = Host()
    assert host.configuration(NIC, 0x00) == 0x8029_10EC
    assert host.configuration(NIC, 0x08) >> 16 == 0x0200
    assert host.ports.read(NIC_PORTS, 1) == 0x21
    host.configure(NIC, 0x10, 0xFFFF_FFFF)
    assert host.configuration(NIC, 0x10) == 0xFFFF_FFE1


def test_an_unplugged_nic_is_gone_from_configuration_space_ports_interrupts_and_network() -> None:
    host = Host()
    for offset, value in ((0, 0x22), (0xF, 0x40), (0, 0x0A)):
        host.ports.write(NIC_PORTS + offset, 1, value)
    assert True in host.links.values()
    host.ports.write(0x10, 2, 2)
    assert host.configuration(NIC, 0x00) == 0xFFFF_FFFF
    assert {host.ports.read(NIC_PORTS + n, 1) for n in range(0x20)} == {0xFF}
    assert True not in host.links.values()
    assert host.echo.closed
    assert host.configuration(PLATFORM, 0x00) == 0x0001_5853


def test_unplugging_is_told_once_in_the_words_of_the_mail() -> None:
    host = Host()
    host.ports.write(0x10, 2, 2)
    host.ports.write(0x10, 2, 3)
    assert host.host_log == ["region type 1 at [c100,c120)."]
    assert host.watcher.seen == [("nic0", "04.0"), ("link closed", "nic0")]


def test_a_frame_under_way_is_lost_with_the_nic() -> None:
    host = Host()
    host.echo.send(MAC + MAC + bytes(48))
    host.ports.write(0x10, 2, 2)
    host.clock.advance_to(1_000_000)
    host.clock.fire_due()
    assert host.clock.next_deadline() is None
    assert not host.chip.state.interrupt_status.packet_received
