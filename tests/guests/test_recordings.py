"""A recording leads through the same run again, from its start and from any of its snapshots."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from emu.core.errors import ConfigError
from emu.core.state import to_plain
from emu.debug.places import Place
from emu.debug.time_travel import TimeTravel
from emu.machine import recording as recording_module
from emu.machine.archive import MANIFEST, Archive
from emu.machine.checkpoints import Checkpoints
from emu.machine.config import MachineConfig, Nic
from emu.machine.inbox import Arrival
from emu.machine.keys import strokes
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.recording import ARRIVALS, KIND, Content, Recorder, Recording
from emu.machine.replay import Difference, Replay
from emu.machine.run_loop import Pace, Reason, Stop
from emu.machine.snapshot_file import read_snapshot, write_snapshot
from emu.machine.spool import MOST_SNAPSHOTS
from tests.echo import echo
from tests.guests import forged
from tests.guests.test_snapshot_files import length_ns, write_disk
from tests.unit.rom import write_rom

GUESTS = ("hello", "modes", "unplug-all", "ide-cdrom", "ne2k", "smc", "power-off")
Feed = Callable[[Machine], None]


BREATHS = 4


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot is taken whenever the loop has come by so often."""
    monkeypatch.setattr(recording_module, "monotonic", count().__next__)
    monkeypatch.setattr(recording_module, "SHORTEST_INTERVAL_S", BREATHS)
    monkeypatch.setattr(recording_module, "PATIENCE", 0)


def record(
    config: MachineConfig, file: Path, *, feed: Feed = lambda machine: None, embed: int = 1 << 30
) -> tuple[Stop, Machine]:
    """Record a run in slices, so that there are snapshots; the stop, and the machine as it was then."""
    machine = Machine(config, tracked=True, deferred=True)
    recorder = Recorder(machine, embed=embed)
    machine.loop.pace = Pace(slice_bytes=3_000_000)
    feed(machine)
    stop = machine.run(int((config.run.limit_s or 10) * 1e9))
    recorder.write(file, stop)
    recorder.close()
    return stop, machine


def replayed(file: Path, **how: Any) -> Difference | Stop | None:
    recording = Recording.open(file, **how)
    machine = recording.machine()
    try:
        return Replay(recording, machine).run()
    finally:
        machine.close()
        recording.close()


@pytest.mark.parametrize("name", GUESTS)
def test_a_replay_is_the_same_run(name: str, tmp_path: Path) -> None:
    file = tmp_path / "run.emu"
    record(load(name), file)[1].close()
    assert replayed(file) is None


@pytest.mark.parametrize("name", ["modes", "unplug-all", "smc", "ide-cdrom"])
def test_each_snapshot_of_a_recording_leads_to_its_end(name: str, tmp_path: Path) -> None:
    file = tmp_path / "run.emu"
    stop, recorded = record(load(name), file)
    recording = Recording.open(file)
    assert 3 < len(recording.times) <= MOST_SNAPSHOTS + 1
    machine = recording.machine(tracked=True)
    for ticks in [*recording.times[:: len(recording.times) // 3], recording.times[1]]:
        recording.put_back(machine, ticks)
        assert machine.clock.ticks == ticks
        ended = machine.run()
        assert (ended, machine.save(), machine.departures) == (stop, recorded.save(), recorded.departures)
    machine.close()
    recorded.close()


@pytest.mark.parametrize("begins", [0, -2])
def test_time_travel_goes_back_over_the_snapshots_of_a_recording(begins: int, tmp_path: Path) -> None:
    file = tmp_path / "run.emu"
    _, recorded = record(load("unplug-all"), file)
    recording = Recording.open(file)
    machine = recording.machine(tracked=True)
    recording.put_back(machine, recording.times[begins])
    travel = TimeTravel(machine, stored=recording)
    travel.go_to(Place(recording.end.ticks))
    assert machine.save() == recorded.save()
    departures = recorded.departures
    recorded.close()
    fresh = Machine(load("unplug-all"))
    for part in (7, 3, 5, 1, 6):
        ticks = recording.end.ticks * part // 8
        travel.go_to(Place(ticks))
        if part in (1, 6):
            fresh.loop.run_to(ticks)
            assert machine.save() == fresh.save()
    assert travel.step_back(3)
    travel.go_to(Place(recording.end.ticks))
    assert machine.departures == departures
    fresh.close()
    machine.close()


def test_a_checkpoint_loaded_before_all_others_leads_back_to_them(tmp_path: Path) -> None:
    file = tmp_path / "run.emu"
    record(load("unplug-all"), file)[1].close()
    recording = Recording.open(file)
    machine = recording.machine(tracked=True)
    first, later = recording.times[1], recording.times[-2]
    recording.put_back(machine, later)
    checkpoints = Checkpoints(machine, stored=recording)
    checkpoints.take()
    there = machine.save()
    machine.run()
    assert checkpoints.go(first) == first
    assert checkpoints.go(later) == later
    assert machine.save() == there
    machine.close()
    recording.close()


def test_a_steered_run_forgets_the_snapshots_behind(tmp_path: Path) -> None:
    file = tmp_path / "run.emu"
    record(load("unplug-all"), file)[1].close()
    recording = Recording.open(file)
    machine = recording.machine(tracked=True)
    travel = TimeTravel(machine, stored=recording)
    middle = recording.end.ticks // 2
    travel.go_to(Place(middle))
    travel.change(lambda: machine.memory.write(0x9_0000, b"changed"))
    travel.run(until=recording.end.ticks)
    assert recording.times[-2] > middle
    travel.go_to(Place(recording.times[-2] + 1000))
    assert machine.memory.read(0x9_0000, 7) == b"changed"
    machine.close()


def feed_keys(machine: Machine) -> None:
    machine.inbox.post(Arrival("typed", strokes("some keys<enter>")))
    machine.inbox.post(Arrival("serial", b"some bytes"))


def test_keys_and_bytes_come_again(tmp_path: Path) -> None:
    rom = Path(write_rom(tmp_path, echo()))
    config = MachineConfig(memory_mib=2, firmware=rom)
    config = replace(config, run=replace(config.run, limit_s=0.01))
    stop, machine = record(config, tmp_path / "run.emu", feed=feed_keys)
    assert stop.reason is Reason.LIMIT
    assert len(machine.inbox.log) == 2
    machine.close()
    assert replayed(tmp_path / "run.emu") is None


def test_an_unplugged_world_of_peers_and_served_files_comes_again(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "boot").write_bytes(b"x" * 1000)
    config = load("ne2k")
    nics = tuple(replace(nic, backend="peer", serve=served) for nic in config.nics) or (Nic(backend="peer"),)
    config = replace(config, nics=nics, run=replace(config.run, limit_s=0.05))
    record(config, tmp_path / "run.emu")[1].close()
    (served / "boot").unlink()
    served.rmdir()
    assert replayed(tmp_path / "run.emu") is None


def test_images_with_write_are_committed_at_the_end_and_not_by_a_replay(tmp_path: Path) -> None:
    config = write_disk(tmp_path)
    length_ns(config)
    written = [drive.image.read_bytes() for drive in config.drives]
    before = [drive.image.read_bytes() for drive in write_disk(tmp_path).drives]
    assert written != before
    file = tmp_path / "run.emu"
    _, machine = record(config, file)
    assert [drive.image.read_bytes() for drive in config.drives] == before
    machine.commit()
    machine.close()
    assert [drive.image.read_bytes() for drive in config.drives] == written
    assert replayed(file) is None
    assert [drive.image.read_bytes() for drive in config.drives] == written


def test_a_disc_that_came_from_outside_comes_again_though_it_has_gone(tmp_path: Path) -> None:
    disc = tmp_path / "other.iso"
    config = load("ide-cdrom")
    cd = next(drive for drive in config.drives if drive.cdrom)
    disc.write_bytes(cd.image.read_bytes() + bytes(2048))

    def feed(machine: Machine) -> None:
        machine.change_disc(cd.position, disc)

    record(config, tmp_path / "run.emu", feed=feed)[1].close()
    disc.unlink()
    assert replayed(tmp_path / "run.emu") is None


def test_a_run_that_goes_on_from_a_snapshot_can_be_recorded(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "file").write_bytes(b"served")
    config = load("unplug-all")
    nics = tuple(replace(nic, backend="peer", serve=served) for nic in config.nics)
    machine = Machine(replace(config, nics=nics))
    machine.run(30_000_000)
    write_snapshot(tmp_path / "saved.emu", machine)
    machine.close()
    (served / "file").unlink()
    machine = read_snapshot(tmp_path / "saved.emu").machine(tracked=True, deferred=True)
    begun = machine.clock.ticks
    recorder = Recorder(machine)
    stop = machine.run(45_000_000)  # it waits for an echo, which this peer does not give
    recorder.write(tmp_path / "run.emu", stop)
    ended = machine.save()
    machine.close()
    recording = Recording.open(tmp_path / "run.emu")
    assert recording.times[0] == begun
    again = recording.machine()
    assert again.clock.ticks == begun
    assert Replay(recording, again).run() is None
    assert again.save() == ended
    again.close()


def referenced(folder: Path) -> Path:
    """A recording that has its inputs outside; the path of an image."""
    config = write_disk(folder)
    record(config, folder / "run.emu", embed=0)[1].close()
    return config.drives[0].image


def test_inputs_that_are_not_inside_are_looked_for(tmp_path: Path) -> None:
    image = referenced(tmp_path)
    assert replayed(tmp_path / "run.emu") is None
    other = tmp_path / "elsewhere"
    other.mkdir()
    image.rename(other / image.name)
    with pytest.raises(ConfigError, match="is not there"):
        replayed(tmp_path / "run.emu")
    assert replayed(tmp_path / "run.emu", image_dir=other) is None
    (other / image.name).rename(image)
    (tmp_path / "run.emu").rename(other / "run.emu")
    assert replayed(other / "run.emu") is None


def test_an_image_that_has_changed_is_refused(tmp_path: Path) -> None:
    image = referenced(tmp_path)
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    with pytest.raises(ConfigError, match=f"{image} has changed since"):
        replayed(tmp_path / "run.emu")


def test_an_image_that_changes_during_the_run_is_told_of(tmp_path: Path) -> None:
    config = write_disk(tmp_path)
    machine = Machine(config, tracked=True)
    recorder = Recorder(machine)
    image = config.drives[0].image
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    with pytest.raises(ConfigError, match="was changed during the run"):
        recorder.write(tmp_path / "run.emu", None)
    assert not (tmp_path / "run.emu").exists()
    machine.close()


def rewritten(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The same recording without snapshots, changed by somebody who can seal."""

    def without_snapshots(members: dict[str, Any]) -> None:
        members[MANIFEST]["snapshots"] = []
        change(members)

    forged.rewritten(file, file, KIND, without_snapshots)


@pytest.fixture
def fed(tmp_path: Path) -> Path:
    """A recording with arrivals."""
    rom = Path(write_rom(tmp_path, echo()))
    config = MachineConfig(memory_mib=2, firmware=rom)
    config = replace(config, run=replace(config.run, limit_s=0.01))
    record(config, tmp_path / "run.emu", feed=feed_keys)[1].close()
    return tmp_path / "run.emu"


def test_a_log_with_another_payload_differs_from_then_on(fed: Path) -> None:
    moments: list[int] = []

    def change(members: dict[str, Any]) -> None:
        arrival = next(each for each in members[ARRIVALS] if each["arrival"]["kind"] == "serial")
        moments.append(arrival["position"]["ticks"])
        arrival["arrival"]["payload"] = b"other byte"

    rewritten(fed, change)
    found = replayed(fed)
    assert isinstance(found, Difference)
    assert found.since == found.ticks
    assert moments[0] <= found.ticks < moments[0] + 4 * 2_000_000
    assert "event" in found.what


def test_a_log_with_a_moment_that_never_comes_differs_there(fed: Path) -> None:
    def change(members: dict[str, Any]) -> None:
        members[ARRIVALS][0]["position"]["ticks"] += 1

    rewritten(fed, change)
    found = replayed(fed)
    assert isinstance(found, Difference)
    assert "came from outside" in found.what or "event" in found.what


def test_a_log_without_its_arrivals_differs(fed: Path) -> None:
    rewritten(fed, lambda members: members.update({ARRIVALS: []}))
    assert isinstance(replayed(fed), Difference)


def test_a_log_of_what_no_machine_takes_is_refused(fed: Path) -> None:
    def change(members: dict[str, Any]) -> None:
        members[ARRIVALS][0]["arrival"]["kind"] = "earthquake"

    rewritten(fed, change)
    with pytest.raises(ConfigError, match="earthquake"):
        replayed(fed)


@pytest.mark.parametrize("field", ["end", "stop", "begins", "inputs", "config", "snapshots"])
def test_content_that_is_none_is_refused(fed: Path, field: str) -> None:
    rewritten(fed, lambda members: members[MANIFEST].update({field: "nonsense"}))
    with pytest.raises(ConfigError, match="is damaged"):
        Recording.open(fed)


def test_an_input_larger_than_it_says_is_refused(fed: Path) -> None:
    def change(members: dict[str, Any]) -> None:
        members[MANIFEST]["inputs"][0]["size"] = 100

    rewritten(fed, change)
    with pytest.raises(ConfigError, match="is damaged"):
        replayed(fed)


def test_an_end_elsewhere_is_a_difference(fed: Path) -> None:
    def change(members: dict[str, Any]) -> None:
        members[MANIFEST]["end"]["retired"] += 1

    rewritten(fed, change)
    found = replayed(fed)
    assert isinstance(found, Difference)
    assert "bytes of code" in found.what


def test_a_full_disk_ends_the_snapshots_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**where: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    machine = Machine(load("hello"), tracked=True)
    recorder = Recorder(machine)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    stop = machine.run()
    recorder.write(tmp_path / "run.emu", stop)
    monkeypatch.undo()
    assert recorder.problem == "the recording has no more snapshots: No space left on device"
    machine.close()
    assert Recording.open(tmp_path / "run.emu").times == [0]
    assert replayed(tmp_path / "run.emu") is None


def test_the_plain_content_of_a_recording_says_everything(fed: Path) -> None:
    archive = Archive(fed, KIND)
    content = archive.read(Content, archive.content)
    assert to_plain(content) == archive.content
    assert content.config.memory_mib == 2
