"""POST code, debug consoles and the exit port."""

from __future__ import annotations

from emu.core.bus import PortBus
from emu.devices.debug_port import DebugPort, PostPort
from emu.devices.exit_port import ExitPort


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def test_the_post_port_reads_back_what_was_written() -> None:
    bus = PortBus()
    bus.claim(PostPort().ports()[0])
    bus.write(0x80, 1, 0xA5)
    assert bus.read(0x80, 1) == 0xA5


def test_a_debug_port_reads_e9_and_passes_bytes_to_its_sink() -> None:
    bus, sink = PortBus(), Sink()
    for base in (0xE9, 0x402):
        bus.claim(DebugPort(f"debug {base:#x}", base, sink=sink).ports()[0])
        assert bus.read(base, 1) == 0xE9
        for byte in b"hi":
            bus.write(base, 1, byte)
    assert sink.data == b"hihi"


def test_the_exit_port_passes_on_every_status_and_reads_all_ones() -> None:
    reports: list[int] = []
    bus, port = PortBus(), ExitPort(report=reports.append)
    bus.claim(port.ports()[0])
    for status in (0, 3, 4, 5, 0x7F):
        bus.write(0xF4, 1, status)
    assert reports == [0, 3, 4, 5, 0x7F]
    assert port.state.status == 0x7F
    assert bus.read(0xF4, 1) == 0xFF


def test_a_wide_write_to_the_exit_port_reports_its_low_byte() -> None:
    reports: list[int] = []
    bus = PortBus()
    bus.claim(ExitPort(report=reports.append).ports()[0])
    bus.write(0xF4, 4, 0x01020305)
    assert reports == [5]
