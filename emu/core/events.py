"""Events of a run, and those who observe them.

Events arise at seams (buses, wires, the clock, the processor, back ends, the store), never inside a chip.
An observer overrides the methods it wants; an event that nobody wants costs one look at an empty tuple.
Observers never change the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Observer:
    """The events of a run, each a method that does nothing until it is overridden."""

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN: `width` bytes of `value` were read at `port`."""

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT: `width` bytes of `value` were written to `port`."""

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS moved `data`, elements of `width` bytes, from `port` in one go."""

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS moved `data`, elements of `width` bytes, to `port` in one go."""

    def mmio_read(self, address: int, width: int, value: int) -> None:
        """A read of device memory at the guest-physical `address`."""

    def mmio_write(self, address: int, width: int, value: int) -> None:
        """A write of device memory at the guest-physical `address`."""

    def line_changed(self, name: str, level: bool) -> None:
        """The wire `name` changed to `level`."""

    def interrupt_delivered(self, vector: int) -> None:
        """The processor took external interrupt `vector`."""

    def exception_delivered(self, vector: int, error_code: int | None, address: int) -> None:
        """Exception `vector`, raised by the instruction at linear `address`, is about to be delivered."""

    def software_interrupt(self, vector: int, address: int) -> None:
        """INT `vector` was executed; `address` is the linear address behind it."""

    def disk_read(self, drive: str, offset: int, data: bytes) -> None:
        """`drive` delivered `data` from byte `offset` of its image."""

    def disk_write(self, drive: str, offset: int, data: bytes) -> None:
        """`drive` stored `data` at byte `offset` of its image."""

    def disk_flush(self, drive: str) -> None:
        """`drive` was told to make its writes durable."""

    def disk_close(self, drive: str) -> None:
        """The handle of `drive` on its image was flushed and closed."""

    def frame_sent(self, nic: str, frame: bytes) -> None:
        """`nic` put `frame` on its link."""

    def frame_received(self, nic: str, frame: bytes) -> None:
        """The link brought `frame` to `nic`."""

    def link_close(self, nic: str) -> None:
        """The handle of `nic` on its link was closed."""

    def unplugged(self, target: str, location: str) -> None:
        """`target` (a drive, a NIC) left the bus at `location`."""

    def store_access(self, operation: str, path: str, value: str) -> None:
        """A store operation (`read`, `write`, `remove`, ...) on `path`."""

    def guest_log(self, line: bytes) -> None:
        """A line of the guest's log was handed to its destination."""

    def host_log(self, text: str) -> None:
        """The device model wrote `text` to the host's log."""

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine through the sink `name` (a serial port, a debug port)."""

    def guest_report(self, status: int) -> None:
        """The guest wrote `status` to the exit port."""

    def reset_requested(self, cause: str) -> None:
        """A chip pulled the reset line, for the named cause."""

    def powered_off(self) -> None:
        """The guest switched the machine off."""

    def fault(self, name: str) -> None:
        """The host misbehaves now, as the configuration's fault `name` says."""

    def note(self, source: str, text: str) -> None:
        """Something odd that the guest did and the hardware shrugged off."""


EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))


class Observers:
    """The attached observers, as one tuple of bound methods for each event."""

    port_read: tuple[Callable[[int, int, int], None], ...]
    port_write: tuple[Callable[[int, int, int], None], ...]
    port_string_read: tuple[Callable[[int, int, bytes], None], ...]
    port_string_written: tuple[Callable[[int, int, bytes], None], ...]
    mmio_read: tuple[Callable[[int, int, int], None], ...]
    mmio_write: tuple[Callable[[int, int, int], None], ...]
    line_changed: tuple[Callable[[str, bool], None], ...]
    interrupt_delivered: tuple[Callable[[int], None], ...]
    exception_delivered: tuple[Callable[[int, int | None, int], None], ...]
    software_interrupt: tuple[Callable[[int, int], None], ...]
    disk_read: tuple[Callable[[str, int, bytes], None], ...]
    disk_write: tuple[Callable[[str, int, bytes], None], ...]
    disk_flush: tuple[Callable[[str], None], ...]
    disk_close: tuple[Callable[[str], None], ...]
    frame_sent: tuple[Callable[[str, bytes], None], ...]
    frame_received: tuple[Callable[[str, bytes], None], ...]
    link_close: tuple[Callable[[str], None], ...]
    unplugged: tuple[Callable[[str, str], None], ...]
    store_access: tuple[Callable[[str, str, str], None], ...]
    guest_log: tuple[Callable[[bytes], None], ...]
    host_log: tuple[Callable[[str], None], ...]
    console_output: tuple[Callable[[str, bytes], None], ...]
    guest_report: tuple[Callable[[int], None], ...]
    reset_requested: tuple[Callable[[str], None], ...]
    powered_off: tuple[Callable[[], None], ...]
    fault: tuple[Callable[[str], None], ...]
    note: tuple[Callable[[str, str], None], ...]

    def __init__(self, *observers: Observer) -> None:
        self._attached: tuple[Observer, ...] = ()
        self._rebuild()
        for observer in observers:
            self.attach(observer)

    def attach(self, observer: Observer) -> None:
        """Let `observer` see every event from now on, after those attached before it."""
        self._attached += (observer,)
        self._rebuild()

    def detach(self, observer: Observer) -> None:
        """Let `observer` see nothing any more."""
        self._attached = tuple(other for other in self._attached if other is not observer)
        self._rebuild()

    def _rebuild(self) -> None:
        for event in EVENTS:
            default: Any = getattr(Observer, event)
            wanted = tuple(
                getattr(observer, event)
                for observer in self._attached
                if getattr(type(observer), event) is not default
            )
            setattr(self, event, wanted)
