from __future__ import annotations

import json
from typing import Any

import pytest

from emu.core.bus import MmioBus, PortBus, Region
from emu.core.clock import Clock
from emu.core.events import EVENTS, Observer, Observers
from emu.core.registers import Named, Register, bit, registers
from emu.observe.kinds import KINDS, Decoded
from emu.observe.tracer import Journal, trace_observers


class LineStatus(Register):
    data_ready = bit(0)
    transmitter_empty = bit(6)


NAMES = registers({0: "receiver buffer/transmitter holding", 5: Named("line status", "", LineStatus)})


def magic(port: int, width: int, value: int, write: bool) -> Decoded | None:
    return Decoded("unplug", "magic number") if port == 0x10 else None


class Bench:
    def __init__(self, *kinds: str, as_json: bool = False) -> None:
        self.lines: list[str] = []
        self.observers = Observers()
        self.clock = Clock()
        self.ports = PortBus(self.observers)
        self.mmio = MmioBus(self.observers)
        for bus in (self.ports, self.mmio):
            bus.claim(
                Region(
                    "com1", 0x3F8, 8, lambda offset, width: 0x41, lambda offset, width, value: None, 1, NAMES
                )
            )
        journal = Journal(
            self.lines.append, clock=self.clock, position=lambda: (0xF000, 0xE05B), as_json=as_json
        )
        for observer in trace_observers(kinds, journal, ports=self.ports, mmio=self.mmio, decoders=[magic]):
            self.observers.attach(observer)

    def send(self, event: str, *arguments: Any) -> None:
        for seen in getattr(self.observers, event):
            seen(*arguments)

    @property
    def texts(self) -> list[str]:
        """The lines without time and place."""
        return [line.split("f000:0000e05b")[1][1:].strip() for line in self.lines]


def test_a_line_has_time_place_kind_register_and_fields() -> None:
    bench = Bench("ports")
    bench.clock.advance_to(1_234_567)
    bench.ports.read(0x3FD, 1)
    assert bench.lines == [
        "      1.234567 ms  f000:0000e05b  ports      read  0x3fd.1 = 0x41          "
        "com1 line status: data_ready transmitter_empty\n"
    ]


def test_reads_and_writes_go_by_their_own_names() -> None:
    bench = Bench("ports")
    bench.ports.read(0x3F8, 1)
    bench.ports.write(0x3F8, 1, 0x0A)
    bench.ports.write(0x3FA, 1, 7)
    bench.ports.read(0x200, 2)
    assert bench.texts == [
        "ports      read  0x3f8.1 = 0x41          com1 receiver buffer",
        "ports      write 0x3f8.1 = 0x0a          com1 transmitter holding",
        "ports      write 0x3fa.1 = 0x07          com1 +0x2",
        "ports      read  0x200.2 = 0xffff        nobody answers",
    ]


def test_a_decoded_access_is_shown_once_under_its_own_kind() -> None:
    both, ports, unplug = Bench("ports", "unplug"), Bench("ports"), Bench("unplug")
    for bench in (both, ports, unplug):
        bench.ports.read(0x10, 2)
        bench.ports.read(0x3F8, 1)
    assert both.texts == [
        "unplug     read  0x010.2 = 0xffff        magic number",
        "ports      read  0x3f8.1 = 0x41          com1 receiver buffer",
    ]
    assert [text.split()[0] for text in ports.texts] == ["ports", "ports"]
    assert unplug.texts == both.texts[:1]


def test_json_lines_hold_the_same_facts() -> None:
    bench = Bench("ports", as_json=True)
    bench.clock.advance_to(5)
    bench.ports.read(0x3FD, 1)
    [line] = bench.lines
    record = json.loads(line)
    assert line.endswith("\n")
    assert record["text"].startswith("read  0x3fd.1 = 0x41")
    assert {name: value for name, value in record.items() if name != "text"} == {
        "ns": 5, "cs": 0xF000, "rip": 0xE05B, "exact": True, "kind": "ports", "event": "port_read",
        "port": 0x3FD, "width": 1, "value": 0x41, "device": "com1", "register": "line status",
        "fields": "data_ready transmitter_empty",
    }  # fmt: skip


def test_device_memory_is_named_too_and_its_place_is_that_of_the_block() -> None:
    bench = Bench("mmio")
    bench.mmio.read(0x3FD, 1)
    bench.mmio.write(0x1_0000_0000, 4, 1)
    assert "f000:0000e05b+" in bench.lines[0]
    assert bench.texts[0].endswith("com1 line status: data_ready transmitter_empty")
    assert bench.texts[1].endswith("= 0x00000001   nobody answers")


EXAMPLES: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "port_read": ("ports", (0x80, 1, 0xFF), "read  0x080.1 = 0xff          nobody answers"),
    "port_write": ("ports", (0x80, 4, 1), "write 0x080.4 = 0x00000001    nobody answers"),
    "port_string_read": (
        "ports",
        (0x3F8, 1, bytes(20)),
        "read  0x3f8.1 x 20            com1: " + "00 " * 16 + "...",
    ),
    "port_string_written": ("ports", (0x3F8, 2, b"ab"), "write 0x3f8.2 x 1             com1: 61 62"),
    "mmio_read": ("mmio", (0x1000, 4, 1), "read  0x00001000.4 = 0x00000001    nobody answers"),
    "mmio_write": ("mmio", (0x1000, 4, 1), "write 0x00001000.4 = 0x00000001    nobody answers"),
    "line_changed": ("irq", ("irq 4", True), "irq 4 goes high"),
    "interrupt_delivered": ("irq", (0x24,), "interrupt 0x24 delivered"),
    "exception_delivered": ("exceptions", (13, 0x10, 0x7C00), "exception 0x0d #GP error 0x0010 at 0x7c00"),
    "software_interrupt": ("exceptions", (0x10, 0x7C02), "int 0x10 before 0x7c02"),
    "disk_read": ("disk", ("disk 0", 512, b"\x55\xaa"), "disk 0 read 2 bytes at 0x200: 55 aa"),
    "disk_write": ("disk", ("disk 0", 0, b"\x55"), "disk 0 wrote 1 bytes at 0x0: 55"),
    "disk_flush": ("disk", ("disk 0",), "disk 0 flushed"),
    "disk_close": ("disk", ("disk 0",), "disk 0 closed its image"),
    "frame_sent": (
        "net",
        ("nic 0", bytes.fromhex("ffffffffffff5254001234560800") + bytes(46)),
        "nic 0 sent 60 bytes 52:54:00:12:34:56 -> ff:ff:ff:ff:ff:ff type 0800",
    ),
    "frame_received": ("net", ("nic 0", b""), "nic 0 received 0 bytes  ->  type"),
    "link_close": ("net", ("nic 0",), "nic 0 closed its link"),
    "unplugged": ("unplug", ("disk 0", "primary master"), "disk 0 left primary master"),
    "store_access": ("store", ("read", "/a", "b\n"), "read /a 'b\\n'"),
    "guest_log": ("unplug", (b"hi\x1b\xff",), "guest log 'hi\\x1b\\\\xff'"),
    "host_log": ("unplug", ("PV driver build 1",), "host log 'PV driver build 1'"),
    "console_output": ("machine", ("com1", b"A\x1b"), "com1 put out 'A\\x1b'"),
    "guest_report": ("machine", (0,), "the guest reported status 0"),
    "reset_requested": ("machine", ("i8042",), "reset by i8042"),
    "powered_off": ("machine", (), "power off"),
    "fault": ("faults", ("port 0x10 floats",), "a host that misbehaves: port 0x10 floats"),
    "note": ("machine", ("uart", "odd"), "uart: odd"),
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_a_kind_and_words(event: str) -> None:
    kind, arguments, text = EXAMPLES[event]
    bench = Bench(*KINDS)
    bench.send(event, *arguments)
    assert bench.texts == [f"{kind:<10} {text}".strip()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_its_own_events_only(kind: str) -> None:
    bench = Bench(kind)
    for event, (_, arguments, _) in EXAMPLES.items():
        bench.send(event, *arguments)
    expected = [event for event, (own, _, _) in EXAMPLES.items() if own == kind]
    assert len(bench.lines) == len(expected)


def test_what_is_not_traced_costs_nothing() -> None:
    bench = Bench("disk")
    wanted = {event for event in EVENTS if getattr(bench.observers, event)}
    assert wanted == {"disk_read", "disk_write", "disk_flush", "disk_close"}
    assert not isinstance(bench.observers, Observer)
