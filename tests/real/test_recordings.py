"""A recording of the stock kernel's boot: opened at its end, stepped back through, and replayed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest

from emu.debug.places import Place
from emu.debug.time_travel import TimeTravel
from emu.machine.config import MachineConfig
from emu.machine.machine import Machine
from emu.machine.recording import Recorder, Recording
from emu.machine.run_loop import Reason
from tests.real.linux import LONGEST_NS, Terminal, kernel

MODULES = ("sd_mod", "ata_piix")
LONGEST_STEP_S = 3.0


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording; the kernel and its initial file system have gone."""
    folder = tmp_path_factory.mktemp("boot")
    started = kernel(folder, "poweroff -f\n", MODULES)
    terminal = Terminal()
    machine = Machine(
        MachineConfig(kernel=started, memory_mib=256), serial=terminal, tracked=True, deferred=True
    )
    recorder = Recorder(machine)
    stop = machine.run(LONGEST_NS)
    assert stop.reason is Reason.POWERED_OFF, terminal.lines
    recorder.write(folder / "boot.emu", stop)
    recorder.close()
    machine.close()
    (folder / "initrd").unlink()
    return folder / "boot.emu"


def test_its_end_is_opened_and_stepped_back_from(recorded: Path) -> None:
    recording = Recording.open(recorded)
    machine = recording.machine(tracked=True)
    travel = TimeTravel(machine, stored=recording)
    travel.go_to(Place(recording.end.ticks))
    assert machine.processor.retired == recording.end.retired
    end, times = machine.save(), []
    for _ in range(4):
        before = travel.place
        began = process_time()
        assert travel.step_back()
        times.append(process_time() - began)
        assert travel.place < before
    travel.go_to(Place(recording.end.ticks // 2))
    began = process_time()
    assert travel.step_back()
    times.append(process_time() - began)
    assert max(times) <= LONGEST_STEP_S, times
    travel.go_to(Place(recording.end.ticks))
    assert machine.save() == end
    machine.close()
    recording.close()


def test_its_replay_is_the_same_run(recorded: Path) -> None:
    replay = [sys.executable, "-m", "emu", "replay", str(recorded)]
    done = subprocess.run(replay, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same run" in done.stdout
