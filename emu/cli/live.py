"""What goes on between a running machine and whoever is there: keys, commands, what they see meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from emu.cli.display import Display
from emu.cli.escapes import Command, Escapes
from emu.cli.inputs import STANDARD_INPUT, Input
from emu.cli.keystrokes import keys_of
from emu.cli.outputs import Console
from emu.cli.progress import Progress
from emu.cli.render import is_rich
from emu.cli.terminal import Terminal, has_keyboard
from emu.core.errors import ConfigError
from emu.machine.config import Run
from emu.machine.inbox import Arrival
from emu.machine.keys import strokes
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

INTERRUPT = b"\x03"
"""Ctrl-C."""
MARK = "[emu] "
HINT = "Ctrl-A x quits, Ctrl-A h shows what else there is"


class Live:
    """Everything live about one run; it is there from `open` to `close`."""

    def __init__(self, machine: Machine, run: Run, console: Console, serial_port: str | None) -> None:
        """`console` shows the guest's output; `serial_port` is the kind of arrival that answers it."""
        self._machine = machine
        self._pace = run.pace
        self._port = serial_port
        self._console = console
        self._began = time.monotonic()
        self._escapes = Escapes(self._commands(), self._typed)
        self._display: Display | None = None
        self._terminal: Terminal | None = None
        self._input: Input | None = None
        self._progress: Progress | None = None
        if run.display == "text":
            self._display = Display(lambda: machine.pc.vga.screen(), sys.stdout)
        console_is_shown = serial_port is not None and sys.stdout.isatty()
        if has_keyboard() and (console_is_shown or self._display):
            self._terminal = Terminal(self._escapes.take)
        elif is_rich(sys.stderr) and not (console_is_shown or self._display):
            self._progress = Progress(machine, sys.stderr, run.limit_s)
        if run.input is not None and not (run.input == STANDARD_INPUT and self._terminal):
            port = serial_port or "serial"
            self._input = Input(run.input, lambda data: machine.inbox.post(Arrival(port, data)))

    def open(self) -> None:
        """Listen and show. Raises ConfigError where an input cannot be read."""
        outside = self._machine.loop.outside
        outside.pace = None if self._pace is None else self._pace == "real"
        if self._input is not None:
            self._input.open(outside)
        if self._terminal is not None:
            self._terminal.open()
            outside.add(self._terminal)
        if self._display is not None:
            self._display.open()
        if self._terminal is not None:
            self.say(HINT)

    def close(self) -> None:
        """Leave everything as it was found. Idempotent."""
        if self._display is not None:
            self._display.close()
        if self._terminal is not None:
            self._terminal.close()
        if self._input is not None:
            self._input.close()
        self.wipe()

    def breathe(self) -> None:
        """Between blocks: show how things are, if it is time."""
        if self._display is not None:
            self._display.breathe()
        if self._progress is not None:
            self._progress.breathe()

    def wipe(self) -> None:
        """Somebody is about to write to standard error."""
        if self._progress is not None:
            self._progress.wipe()

    def _typed(self, data: bytes) -> None:
        """Keys for the guest. One that does not listen is stopped by Ctrl-C, pressed twice."""
        if self._display is not None:
            self._machine.inbox.post(Arrival("typed", strokes(keys_of(data))))
            return
        uart = self._machine.pc.com1 if self._port == "serial" else self._machine.pc.com2
        if INTERRUPT in data and INTERRUPT in uart.unread:
            self._stop("Ctrl-C")
        elif self._port is not None:
            self._machine.inbox.post(Arrival(self._port, data))

    def _commands(self) -> dict[str, Command]:
        """What Ctrl-A begins, by key."""
        return {
            "x": Command("quit", lambda: self._stop("Ctrl-A x")),
            "h": Command("this help", lambda: self.say(*self._escapes.help_lines())),
            "s": Command("say how the machine is", lambda: self.say(self._status())),
            "c": Command("put another disc into a CD drive, or take it out", self._change_disc),
            "b": Command("send a break to the guest's serial port", self._poster("break")),
            "p": Command("press the power button", self._poster("power button")),
            "r": Command("press the reset button", self._poster("reset button")),
            "d": Command("press Ctrl-Alt-Del on the guest's keyboard", self._press_ctrl_alt_del),
        }

    def _poster(self, kind: str) -> Callable[[], None]:
        return lambda: self._machine.inbox.post(Arrival(kind))

    def _press_ctrl_alt_del(self) -> None:
        self._machine.inbox.post(Arrival("typed", strokes("<ctrl-alt-del>")))

    def _stop(self, key: str) -> None:
        self._machine.stop(Stop(Reason.ASKED, detail=f"stopped by {key}"))

    def _status(self) -> str:
        machine = self._machine
        selector, offset = machine.processor.code_position
        doing = "halted" if machine.processor.halted else "running"
        return (
            f"{machine.clock.now / 1e9:.3f} s virtual, {time.monotonic() - self._began:.1f} s wall, "
            f"{doing} at {selector:04x}:{offset:x}"
        )

    def _change_disc(self) -> None:
        drives = [drive.position for drive in self._machine.config.drives if drive.cdrom]
        if not drives:
            self.say("this machine has no CD drive")
            return
        position: str | None = str(drives[0])
        if len(drives) > 1:
            position = self._ask(f"CD drive ({', '.join(map(str, drives))}): ")
        known = position is not None and position.strip() in map(str, drives)
        path = self._ask(f"disc for the drive at {position} (nothing takes it out): ") if known else None
        if position is None or path is None:
            self.say("no disc was changed")
            return
        try:
            name = path.strip()
            self._machine.change_disc(int(position), Path(name).absolute() if name else None)
        except ConfigError as error:
            self.say(str(error))

    def say(self, *lines: str) -> None:
        """Words of ours amid the guest's."""
        if self._display is not None:
            self._display.say(*lines)
            return
        sys.stdout.flush()
        sys.stderr.write(self._line_start() + "".join(f"{MARK}{line}\n" for line in lines))
        sys.stderr.flush()

    def _ask(self, question: str) -> str | None:
        """The machine waits for the answer."""
        assert self._terminal is not None
        if self._display is not None:
            self._display.close()
        sys.stdout.flush()
        answer = self._terminal.ask(f"{self._line_start()}{MARK}{question}")
        if self._display is not None:
            self._display.open()
        return answer

    def _line_start(self) -> str:
        """What begins a line of ours."""
        begins, self._console.ends_in_a_line = self._console.ends_in_a_line, True
        return "" if begins else "\n"
