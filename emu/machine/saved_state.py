"""A machine as an archive keeps it: its state as plain data, memory and overlays as blocks beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from emu.backends.overlay import PAGE as OVERLAY_PAGE
from emu.core.clock import FAR_FUTURE_TICKS
from emu.core.memory import PAGE
from emu.core.state import StateError
from emu.cpu.registers import Registers, Value
from emu.machine.blocks import MEMORY, Key, read_packed, unpacked
from emu.machine.machine import Machine
from emu.machine.run_loop import Stop
from emu.machine.snapshot import CHUNK, Snapshot, restore, save

WORD = 1 << 64
SEGMENT_BEYOND = (1 << 16, WORD, 1 << 32, 1 << 32)
"""Of selector, base, limit and attributes."""
BEYOND = {"block_size": 1 << 16, "retired": FAR_FUTURE_TICKS}
"""What registers of the processor's own are below; architectural ones are cut to their width."""


@dataclass(frozen=True)
class SavedState:
    """A snapshot without memory and overlays, and what the machine noted beside it."""

    ticks: int
    processor: Registers
    lines: dict[str, bool]
    devices: dict[str, Any]
    links: list[Any]
    store: Any
    discs: dict[str, list[str]]
    arrivals: int
    departed: tuple[tuple[str, str], ...]
    """What has left its bus."""
    pending: tuple[Stop | None, bool]
    """What the run has asked of its loop: to stop, to reset."""


def saved_state(machine: Machine) -> SavedState:
    """The state of a machine as it is now."""
    taken = save(machine.pc, memory=False, overlays=False)
    return SavedState(
        taken.ticks,
        taken.processor,
        taken.lines,
        taken.devices,
        taken.links,
        taken.store,
        taken.discs,
        taken.arrivals,
        machine.departed.save(),
        machine.loop.pending.save(),
    )


def memory_blocks(machine: Machine) -> Iterator[tuple[Key, bytes]]:
    """The pages of RAM that are not all zeros."""
    view, zeros = machine.memory.view, bytes(PAGE)
    for number in range(machine.memory.ram_bytes // PAGE):
        content = bytes(view[number * PAGE : (number + 1) * PAGE])
        if content != zeros:
            yield (MEMORY, number), content


def overlay_blocks(machine: Machine) -> Iterator[tuple[Key, bytes]]:
    """The pages of all overlays; the space of the disk at position N is N + 1."""
    for position, overlay in machine.pc.images.overlays.items():
        for number, content in overlay.state.pages.items():
            yield (position + 1, number), content


def newest(
    machine: Machine, streams: Iterable[IO[bytes]], base: Mapping[Key, bytes] | None = None
) -> Iterator[tuple[Key, bytes]]:
    """What the blocks of several streams hold, the newest stream first: of each block the newest alone.

    `base` are blocks as they were before all of them. Raises StateError, ValueError or zlib.error.
    """
    known: set[Key] = set()
    size_of = _sizes(machine)
    for stream in streams:
        found: dict[Key, tuple[bytes, int]] = {}
        for key, packed in read_packed(stream, PAGE):
            if key not in known:
                found[key] = packed, size_of(key)  # refused before there are too many
        known.update(found)
        for key, (packed, size) in found.items():
            yield key, unpacked(packed, size)
    for key, content in (base or {}).items():
        if key not in known:
            yield key, content


def put_back(machine: Machine, state: SavedState, blocks: Iterable[tuple[Key, bytes]]) -> None:
    """Make `machine` the saved one. Raises StateError where it does not fit."""
    _check_registers(machine, state.processor)
    memory: dict[int, bytearray] = {}
    overlays: dict[int, dict[str, bytes]] = {position: {} for position in machine.pc.images.overlays}
    for (space, number), content in blocks:
        if space == MEMORY:
            start, within = divmod(number * PAGE, CHUNK)
            chunk = memory.setdefault(start * CHUNK, bytearray(CHUNK))
            chunk[within : within + PAGE] = content
        else:
            overlays[space - 1][str(number)] = content
    restore(
        machine.pc,
        Snapshot(
            ticks=state.ticks,
            processor=state.processor,
            memory={start: bytes(chunk) for start, chunk in memory.items()},
            lines=state.lines,
            devices=state.devices,
            links=state.links,
            overlays={position: {"pages": pages} for position, pages in overlays.items()},
            store=state.store,
            discs=state.discs,
            arrivals=state.arrivals,
        ),
    )
    machine.departed.restore(state.departed)
    machine.loop.pending.restore(state.pending)


def _sizes(machine: Machine) -> Callable[[Key], int]:
    overlays, pages = machine.pc.images.overlays, machine.memory.ram_bytes // PAGE

    def size_of(key: Key) -> int:
        """Bytes in a block. Raises StateError where the machine has no such block."""
        space, number = key
        if space == MEMORY and number < pages:
            return PAGE
        disk = overlays.get(space - 1)
        if space == MEMORY or disk is None or number * OVERLAY_PAGE >= disk.size:
            raise StateError("the snapshot has memory or disks that the machine does not have")
        return min(OVERLAY_PAGE, disk.size - number * OVERLAY_PAGE)

    return size_of


def _check_registers(machine: Machine, registers: Registers) -> None:
    held = machine.processor.save()
    if held.keys() != registers.keys():
        raise StateError("the snapshot has other registers")
    for name, value in registers.items():
        if type(held[name]) is not type(value) or not _fits(name, value, held[name]):
            raise StateError(f"the snapshot's {name} is no value of that register")


def _fits(name: str, value: Value, like: Value) -> bool:
    match value:
        case bytes():
            return isinstance(like, bytes) and len(value) == len(like)
        case tuple():
            return all(0 <= part < beyond for part, beyond in zip(value, SEGMENT_BEYOND, strict=True))
        case _:
            return 0 <= value < BEYOND.get(name, WORD)
