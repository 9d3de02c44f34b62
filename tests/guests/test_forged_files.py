"""A snapshot or a recording whose seal holds and whose contents are nonsense is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emu.core.errors import ConfigError
from emu.core.state import to_plain
from emu.machine import recording as recording_module
from emu.machine import spool
from emu.machine.archive import MANIFEST
from emu.machine.config import Drive, Fault, MachineConfig, Nic
from emu.machine.inbox import Arrival, DivergedError
from emu.machine.keys import strokes
from emu.machine.machine import Machine
from emu.machine.recording import Recorder, Recording
from emu.machine.replay import Replay
from emu.machine.run_loop import Pace, Reason, Stop
from emu.machine.snapshot_file import STATE, read_snapshot, write_snapshot
from tests.echo import echo
from tests.guests.forged import forged, rewritten
from tests.unit.rom import write_rom

FORGERIES, SEED = 40, 1
LENGTH_NS, LONGER_NS = 4_000_000, 300_000
NO_KEYS = {"strokes": [], "due_at": 1_600_000, "invited": True, "polls": 0}
FOURTH_DRIVE = [{"image": "/none", "position": 4, "cdrom": False, "write": False, "next": []}]
NO_FAULT = [to_plain(Fault(kind="earthquake", name="no such"))]


def everything(folder: Path) -> MachineConfig:
    """A small machine with one of each."""
    image = folder / "disk.img"
    image.write_bytes(bytes(1 << 16))
    disc = folder / "disc.iso"
    disc.write_bytes(bytes(1 << 15))
    config = MachineConfig(
        memory_mib=2,
        firmware=Path(write_rom(folder, echo())),
        drives=(Drive(image, 0), Drive(disc, 2, cdrom=True)),
        nics=(Nic(backend="peer", serve=image), Nic(backend="echo")),
    )
    return replace(config, run=replace(config.run, limit_s=LENGTH_NS / 1e9))


def feed(machine: Machine) -> None:
    machine.inbox.post(Arrival("serial", b"some words"))
    machine.inbox.post(Arrival("typed", strokes("key<enter>")))
    machine.change_disc(2, machine.config.drives[1].image)


def count_refused(act: Callable[[Path], None], kept: Path, kind: str) -> int:
    """How many forgeries of `kept` are refused by `act`, each in one sentence."""
    random, refused = Random(SEED), 0
    for _ in range(FORGERIES):
        said = forged(kept, kept.with_name("forged.emu"), kind, random)
        try:
            act(kept.with_name("forged.emu"))
        except ConfigError as error:
            refused += "\n" not in str(error)
        except Exception as error:
            error.add_note(said)
            raise
    return refused


def go_on(file: Path) -> None:
    with closing(read_snapshot(file)) as saved, closing(saved.machine()) as machine:
        machine.run(machine.clock.now + LONGER_NS)


def give_up(machine: Machine) -> None:
    """An end far away is no nonsense, but nothing to wait for."""
    if machine.clock.now > 2 * LENGTH_NS:
        machine.stop(Stop(Reason.ASKED))


def replay(file: Path) -> None:
    with closing(Recording.open(file)) as recording:
        with closing(recording.machine(tracked=True)) as machine:
            Replay(recording, machine).run(lambda: give_up(machine))
        with closing(recording.machine(tracked=True)) as machine:
            for ticks in recording.times:
                recording.put_back(machine, ticks)
                with suppress(DivergedError):
                    machine.run(machine.clock.now + LONGER_NS)


def test_a_forged_snapshot_is_refused_or_goes_on(tmp_path: Path) -> None:
    with closing(Machine(everything(tmp_path))) as machine:
        feed(machine)
        machine.run(1_500_000)
        write_snapshot(tmp_path / "saved.emu", machine)
    assert count_refused(go_on, tmp_path / "saved.emu", "snapshot") > FORGERIES // 3


def test_a_forged_recording_is_refused_or_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "SHORTEST_INTERVAL_S", 0)
    monkeypatch.setattr(recording_module, "PATIENCE", 0)
    monkeypatch.setattr(spool, "MOST_SNAPSHOTS", 2)
    monkeypatch.setattr(spool, "SPARED", 1)
    with closing(Machine(everything(tmp_path), tracked=True, deferred=True)) as machine:
        recorder = Recorder(machine)
        machine.loop.pace = Pace(slice_bytes=6_000_000)
        feed(machine)
        recorder.write(tmp_path / "run.emu", machine.run(LENGTH_NS))
        recorder.close()
    assert count_refused(replay, tmp_path / "run.emu", "recording") > FORGERIES // 3


FORGED_STATES: dict[str, tuple[tuple[str, ...], Any]] = {
    "a time that never comes": (("ticks",), 1 << 63),
    "a time before all": (("ticks",), -1),
    "a register that is too wide": (("processor", "ds"), [1 << 40, 0, 0, 0]),
    "a register that is none": (("processor", "rzx"), 1),
    "a wire that is none": (("lines", "wire"), True),
    "a configuration space without its end": (("devices", "host bridge", "configuration"), b"short"),
    "bytes that come from nowhere": (("devices", "com1", "arrives_at"), 1_600_000),
    "keys that come from nowhere": (("devices", "i8042", "typist"), NO_KEYS),
    "a third position": (("devices", "ide", "channels"), [1, 2, 3]),
    "a drive without its disc": (("discs",), {}),
    "fewer arrivals than none": (("arrivals",), -1),
}


@pytest.mark.parametrize("what", FORGED_STATES)
def test_a_state_that_no_machine_can_be_in_is_refused(tmp_path: Path, what: str) -> None:
    with closing(Machine(everything(tmp_path))) as machine:
        machine.run(1_500_000)
        write_snapshot(tmp_path / "saved.emu", machine)
    (*path, last), value = FORGED_STATES[what]

    def change(members: dict[str, Any]) -> None:
        within = members[STATE]
        for part in path:
            within = within[part]
        within[last] = value

    rewritten(tmp_path / "saved.emu", tmp_path / "forged.emu", "snapshot", change)
    with closing(read_snapshot(tmp_path / "saved.emu")) as saved, closing(saved.machine()):
        pass
    with pytest.raises(ConfigError, match=r"does not fit|is damaged"):
        go_on(tmp_path / "forged.emu")


@pytest.mark.parametrize(
    ("name", "value"),
    [("memory_mib", 1 << 40), ("profile", "none such"), ("drives", FOURTH_DRIVE), ("faults", NO_FAULT)],
)
def test_a_machine_that_nobody_could_describe_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    with closing(Machine(everything(tmp_path))) as machine:
        write_snapshot(tmp_path / "saved.emu", machine)

    def change(members: dict[str, Any]) -> None:
        members[MANIFEST]["config"][name] = value

    rewritten(tmp_path / "saved.emu", tmp_path / "forged.emu", "snapshot", change)
    with pytest.raises(ConfigError, match="is damaged"):
        read_snapshot(tmp_path / "forged.emu")
