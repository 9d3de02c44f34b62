"""The last accesses to ports, as the run that led here made them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observer
from emu.observe.kinds import Decoder

KEPT = 4096


def plain_words(port: int, width: int, value: int, write: bool) -> str:
    """What was moved."""
    return f"{'write' if write else 'read'} {width} port {port:#x} = {value:#0{2 + 2 * width}x}"


def describe(
    port: int, width: int, value: int, write: bool, ports: PortBus, decoders: Collection[Decoder]
) -> str:
    """An access in words: what was moved, and what it means to whom."""
    access = plain_words(port, width, value, write)
    for decoder in decoders:
        decoded = decoder(port, width, value, write)
        if decoded is not None:
            return f"{access}  {decoded.text}"
    owner = ports.owner(port)
    if owner is None:
        return f"{access}  nobody answers"
    region, offset = owner
    name = f"+{offset:#x}"
    fields = ""
    if region.registers is not None:
        name = region.registers.name(offset, write=write) or name
        fields = region.registers.explain(offset, value, write=write)
    return f"{access}  {region.name} {name}" + (f": {fields}" if fields else "")


@dataclass(frozen=True)
class Access:
    """One access: when, in ticks, and in words."""

    ticks: int
    port: int
    text: str


class History(Observer):
    """Keeps the last accesses; goes back with the machine."""

    def __init__(self, clock: Clock, ports: PortBus, decoders: Collection[Decoder]) -> None:
        self._clock, self._ports, self._decoders = clock, ports, decoders
        self._kept: list[Access] = []
        self._dropped = 0

    def save(self) -> int:
        """How many accesses there have been."""
        return self._dropped + len(self._kept)

    def restore(self, count: int) -> None:
        """Forget all but the first `count` accesses."""
        del self._kept[max(count - self._dropped, 0) :]
        self._dropped = min(self._dropped, count)

    def last(self, count: int) -> list[Access]:
        """The last `count` accesses before now."""
        return self._kept[-count:]

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        self._add(port, describe(port, width, value, False, self._ports, self._decoders))

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        self._add(port, describe(port, width, value, True, self._ports, self._decoders))

    def port_string_read(self, port: int, width: int, data: bytes) -> None:
        """REP INS."""
        self._add(port, f"read {width} port {port:#x}, {len(data) // width} elements")

    def port_string_written(self, port: int, width: int, data: bytes) -> None:
        """REP OUTS."""
        self._add(port, f"write {width} port {port:#x}, {len(data) // width} elements")

    def _add(self, port: int, text: str) -> None:
        self._kept.append(Access(self._clock.ticks, port, text))
        if len(self._kept) > 2 * KEPT:
            self._dropped += KEPT
            del self._kept[:KEPT]
