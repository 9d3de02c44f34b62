"""A whole machine as data: time, registers, memory, devices, wires, and what lies behind the devices.

Registers go by their architectural names, devices by their names and their states as plain data. Memory
is kept as the chunks that are not zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.core.memory import PAGE
from emu.core.state import Plain, StateError
from emu.cpu.registers import Registers
from emu.machine.pc import Pc

CHUNK = 0x1_0000
ZEROS = bytes(CHUNK)


@dataclass(frozen=True)
class Snapshot:
    """What `save` takes; equal snapshots are equal machines."""

    ticks: int
    processor: Registers
    memory: dict[int, bytes] | None
    """None where the pages of memory are kept elsewhere, by checkpoints."""
    lines: dict[str, bool]
    devices: dict[str, Plain]
    links: list[Plain]
    overlays: dict[int, Plain]
    store: Plain
    discs: dict[str, list[str]]
    """The paths of the discs that each CD drive knows."""
    arrivals: int = 0
    """How many had been taken from outside."""


def save(pc: Pc, *, memory: bool = True, overlays: bool = True) -> Snapshot:
    """Take a snapshot, if wanted without memory or overlays. The machine is not changed."""
    return Snapshot(
        ticks=pc.clock.ticks,
        processor=pc.processor.save(),
        memory=_chunks(pc) if memory else None,
        lines={f"{number} {line.name}": line.level for number, line in enumerate(pc.lines)},
        devices={device.name: device.save() for device in pc.devices},
        links=[link.save() for link in pc.links],
        overlays={n: overlay.save() for n, overlay in pc.images.overlays.items()} if overlays else {},
        store=pc.store.save(),
        discs=pc.images.save_discs(),
        arrivals=pc.inbox.taken,
    )


def restore(pc: Pc, snapshot: Snapshot) -> None:
    """Put `pc`, wired as the saved one was, into the saved state. Raises StateError where it was not.

    Time comes first, because devices arm timers; wires before the devices that drive them; devices in
    the order of the wiring, and the processor last.
    """
    names = {device.name for device in pc.devices}
    if names != set(snapshot.devices) or len(snapshot.links) != len(pc.links):
        raise StateError("the snapshot is of a machine with other devices")
    lines = {f"{number} {line.name}": line for number, line in enumerate(pc.lines)}
    if lines.keys() != snapshot.lines.keys() or pc.images.overlays.keys() != snapshot.overlays.keys():
        raise StateError("the snapshot is of a machine with other wires or disks")
    pc.clock.restore(snapshot.ticks)
    pc.inbox.restore(snapshot.arrivals)
    for name, line in lines.items():
        line.restore(snapshot.lines[name])
    pc.store.restore(snapshot.store)
    for position, overlay in pc.images.overlays.items():
        overlay.restore(snapshot.overlays[position])
    for link, saved in zip(pc.links, snapshot.links, strict=True):
        link.restore(saved)
    pc.images.restore_discs(snapshot.discs)
    for device in pc.devices:
        device.restore(snapshot.devices[device.name])
    if snapshot.memory is not None:
        _fill(pc, snapshot.memory)
    pc.processor.restore(snapshot.processor)


def _chunks(pc: Pc) -> dict[int, bytes]:
    view, size = pc.memory.view, pc.memory.ram_bytes
    chunks = {}
    for start in range(0, size, CHUNK):
        chunk = bytes(view[start : start + CHUNK])
        if chunk != ZEROS:
            chunks[start] = chunk
    return chunks


def _fill(pc: Pc, chunks: dict[int, bytes]) -> None:
    view, size = pc.memory.view, pc.memory.ram_bytes
    for start in range(0, size, CHUNK):
        wanted = chunks.get(start, ZEROS)
        if view[start : start + CHUNK] == wanted:
            continue
        for page in range(0, CHUNK, PAGE):  # what is the same stays unwritten
            if view[start + page : start + page + PAGE] != wanted[page : page + PAGE]:
                view[start + page : start + page + PAGE] = wanted[page : page + PAGE]
