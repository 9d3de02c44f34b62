"""Discs that are changed while a machine runs: from outside through the inbox, and by a list in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.devices.ide.atapi import CdDrive
from emu.machine.config import Drive, MachineConfig
from emu.machine.inbox import Stamped
from emu.machine.machine import Machine
from emu.machine.run_loop import Pace, Reason
from emu.observe.trace_hash import TraceHash
from tests.unit.rom import HALT, write, write_rom

ENABLE = write(0xCF8, 4, 0x8000_0904) + write(0xCFC, 2, 5) + write(0x176, 1, 0xA0)
GET_EVENT = b"\x4a\x01\x00\x00\x10\x00\x00\x00\x08\x00\x00\x00"
PACKET = b"".join(write(0x170, 2, GET_EVENT[n] | GET_EVENT[n + 1] << 8) for n in range(0, 12, 2))
POLL = write(0x174, 1, 8) + write(0x175, 1, 0) + write(0x177, 1, 0xA0) + PACKET
READ_EVENT = b"\xba\x70\x01\xed\xed\xed\x88\xc3\xed\xba\x77\x01\xec\x80\xfb\x02"
"""The reply's four words, the event of the third to BL; status; compare the event with `new media`."""


def waiting_for_a_disc() -> bytes:
    """Polls until there is a new medium, then reports 0."""
    loop = POLL + READ_EVENT + b"\x74\x03\xe9"
    back = (-len(loop) - 2).to_bytes(2, "little", signed=True)
    return ENABLE + loop + back + write(0xF4, 1, 0) + HALT


@pytest.fixture
def config(tmp_path: Path) -> MachineConfig:
    for name, blocks in (("first.iso", 3), ("second.iso", 4), ("third.iso", 5)):
        (tmp_path / name).write_bytes(bytes(2048 * blocks))
    return MachineConfig(
        firmware=Path(write_rom(tmp_path, waiting_for_a_disc())),
        drives=(Drive(tmp_path / "first.iso", 2, cdrom=True, next=(tmp_path / "second.iso",)),),
    )


def drive(machine: Machine) -> CdDrive:
    place = machine.pc.ide.channels[1].positions[0]
    assert isinstance(place, CdDrive)
    return place


def test_a_disc_from_outside_is_found_by_the_guest_and_by_every_replay(
    config: MachineConfig, tmp_path: Path
) -> None:
    def run(replayed: list[Stamped] | None, pace: Pace) -> tuple[str, list[Stamped]]:
        machine = Machine(config)
        digest = TraceHash(machine.clock)
        machine.observers.attach(digest)
        machine.loop.pace = pace
        if replayed is None:
            assert machine.run(300_000).reason is Reason.LIMIT
            machine.change_disc(2, tmp_path / "third.iso")
        else:
            machine.inbox.replay(replayed)
        assert machine.run(10**7).reason is Reason.REPORTED
        assert drive(machine).capacity == 5
        machine.close()
        return digest.hexdigest(), machine.inbox.log

    digest, log = run(None, Pace())
    assert [stamped.arrival.kind for stamped in log] == ["disc"]
    assert run(log, Pace()) == (digest, log)
    assert run(log, Pace(slice_bytes=1)) == (digest, log)
    assert run(log, Pace(single_step=True)) == (digest, log)


def test_a_snapshot_brings_the_disc_with_it(config: MachineConfig, tmp_path: Path) -> None:
    machine = Machine(config)
    machine.run(100_000)
    before = machine.save()
    machine.change_disc(2, tmp_path / "third.iso")
    machine.run(10**7)
    after = machine.save()
    assert drive(machine).capacity == 5
    machine.restore(before)
    assert drive(machine).capacity == 3
    assert machine.save() != after
    other = Machine(config)
    other.restore(after)
    assert drive(other).capacity == 5
    assert other.save() == after
    for each in (machine, other):
        each.close()


def test_the_same_disc_goes_by_the_same_number(config: MachineConfig, tmp_path: Path) -> None:
    machine = Machine(config)
    for name in ("third.iso", "second.iso", "third.iso"):
        machine.change_disc(2, tmp_path / name)
        machine.change_disc(2, None)
    assert len(drive(machine).discs) == 3
    machine.close()


def test_discs_that_cannot_be_put_in_are_refused_when_asked_for(
    config: MachineConfig, tmp_path: Path
) -> None:
    machine = Machine(config)
    for position, name, reason in (
        (2, "absent.iso", "absent.iso does not exist: check the path"),
        (2, ".", "is a directory: give the path of an image file"),
        (0, "third.iso", "there is no CD drive at position 0: give 2"),
    ):
        with pytest.raises(ConfigError, match=reason):
            machine.change_disc(position, tmp_path / name)
    assert machine.inbox.next_ticks() is None
    machine.close()


def test_discs_to_come_are_opened_at_the_start(config: MachineConfig, tmp_path: Path) -> None:
    (tmp_path / "second.iso").unlink()
    with pytest.raises(ConfigError, match=r"second.iso does not exist: check the path"):
        Machine(config)
