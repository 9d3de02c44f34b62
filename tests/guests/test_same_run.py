"""A run under the debugger is the same run: breakpoints, going back and snapshots leave no trace in it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emu.debug.debugger import Debugger
from emu.debug.gates import Gates
from emu.debug.session import run_script
from emu.inspect.cues import Cues
from emu.machine.checkpoints import Follower
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.observe.trace_hash import TraceHash

WANDERING = """
break port 0x60-0x64 after 3 every 40
break exception log eax
break mode after 5 once
continue
reverse-step 3
step 2
snapshot here
continue
reverse-continue
next
goto 3ms
restore here
disable all
goto 9ms
last write port 0x20-0x3ff
step 30
reverse-next
continue
"""


def hash_of(name: str, script: str | None) -> str:
    """The trace hash of a run to its end, if with a `script` then under the debugger."""
    gates, config, lines = Gates(), load(name), list[str]()
    machine = Machine(config, tracked=script is not None)
    seen = TraceHash(machine.clock)
    machine.observers.attach(gates.observer(seen))
    followers: list[Follower] = []
    if config.run.keys:
        cues = Cues(machine, config.run.keys)
        machine.observers.attach(cues)
        followers.append(cues)
    if script is None:
        machine.run()
    else:
        debugger = Debugger(machine, say=lines.append, gates=gates, followers=followers)
        assert run_script(debugger, script.splitlines(), lines.append) == 0, lines
        assert lines[-2].startswith("ended: SUCCESS"), lines
    machine.close()
    return seen.hexdigest()


@pytest.mark.parametrize("name", ["hello", "modes", "keyboard", "unplug-all"])
def test_a_run_under_the_debugger_is_the_same_run(name: str) -> None:
    assert hash_of(name, WANDERING) == hash_of(name, None)


def test_keys_are_typed_again_where_another_run_begins_before_them() -> None:
    gates, config, lines = Gates(), load("keyboard"), list[str]()
    machine = Machine(config, tracked=True)
    cues = Cues(machine, config.run.keys)
    machine.observers.attach(cues)
    debugger = Debugger(machine, say=lines.append, gates=gates, followers=[cues])
    script = ["continue", "goto 1ms", "override off", "continue"]
    assert run_script(debugger, script, lines.append) == 0, lines
    ends = [where for said, where in pairwise(lines) if said.startswith("ended: SUCCESS")]
    assert len(ends) == 2, lines
    assert ends[0] == ends[1], "without keys the guest has less to check"
    machine.close()
