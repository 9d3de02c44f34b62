"""What goes on between a running machine and whoever is there: keys and other input, commands, the pace."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from emu.cli.escapes import Command, Escapes
from emu.cli.outputs import Console
from emu.cli.terminal import Terminal, is_interactive
from emu.core.errors import ConfigError
from emu.machine.config import Run
from emu.machine.inbox import Arrival
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

INTERRUPT = b"\x03"
"""Ctrl-C."""
STANDARD_INPUT = "-"
LARGEST_INPUT = 16 << 20
LONGEST_READ = 4096
MARK = "[emu] "
HINT = "Ctrl-A x quits, Ctrl-A h shows what else there is"


class Stream:
    """A pipe or a device as a source."""

    def __init__(self, stream: BinaryIO, received: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._received = received

    def fileno(self) -> int:
        """What to wait for."""
        return self._stream.fileno()

    def receive(self) -> bool:
        """Pass on what is there; False at its end."""
        try:
            data = os.read(self.fileno(), LONGEST_READ)
        except OSError:
            data = b""
        if data:
            self._received(data)
        return bool(data)


def _opened(name: str) -> BinaryIO:
    """A pipe that nobody writes to yet is no reason to wait here."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    return os.fdopen(descriptor, "rb", 0)  # raises for a folder


class Live:
    """Everything live about one run; it is there from `open` to `close`."""

    def __init__(self, machine: Machine, run: Run, console: Console, serial_port: str | None) -> None:
        """`console` shows the guest's output; `serial_port` is the kind of arrival that it answers with."""
        self._machine = machine
        self._run = run
        self._port = serial_port
        self._console = console
        self._began = time.monotonic()
        self._input: BinaryIO | None = None
        self._escapes = Escapes(self._commands(), self._typed)
        self._terminal: Terminal | None = None
        if serial_port and is_interactive() and not run.json:
            self._terminal = Terminal(self._escapes.take)

    def open(self) -> None:
        """Listen. Raises ConfigError where an input cannot be read."""
        outside = self._machine.loop.outside
        outside.pace = None if self._run.pace is None else self._run.pace == "real"
        if self._run.input is not None:
            self._listen_to(self._run.input)
        if self._terminal is not None:
            self._say(HINT)
            self._terminal.open()
            outside.add(self._terminal)

    def close(self) -> None:
        """Leave everything as it was found. Idempotent."""
        if self._terminal is not None:
            self._terminal.close()
        if self._input is not None and self._input is not sys.stdin.buffer:
            self._input.close()
        self._input = None

    def _listen_to(self, name: str) -> None:
        """A file is there from the start, as a whole; anything else comes when it comes."""
        try:
            stream = self._input = sys.stdin.buffer if name == STANDARD_INPUT else _opened(name)
            is_file = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            if is_file:
                self._send_file(name, stream)
            elif not (self._terminal is not None and name == STANDARD_INPUT):
                self._add(Stream(stream, self._send))
        except OSError as error:
            raise ConfigError(f"cannot read the input {name} ({error.strerror}): give another file") from None

    def _send_file(self, name: str, stream: BinaryIO) -> None:
        contents = stream.read(LARGEST_INPUT + 1)
        if len(contents) > LARGEST_INPUT:
            raise ConfigError(f"the input {name} is too long: give at most {LARGEST_INPUT >> 20} MiB")
        self._send(contents)

    def _add(self, stream: Stream) -> None:
        try:
            self._machine.loop.outside.add(stream)
        except PermissionError:  # nothing to wait for: the null device and its like are always ready
            while stream.receive():
                pass

    def _send(self, data: bytes) -> None:
        if data and self._port:
            self._machine.inbox.post(Arrival(self._port, data))

    def _typed(self, data: bytes) -> None:
        """Keys for the guest. One that does not listen is stopped by Ctrl-C, pressed twice."""
        if INTERRUPT in data and INTERRUPT in self._machine.pc.com1.unread:
            self._stop("Ctrl-C")
        else:
            self._send(data)

    def _commands(self) -> dict[str, Command]:
        """What Ctrl-A begins, by key."""
        return {
            "x": Command("quit", lambda: self._stop("Ctrl-A x")),
            "h": Command("this help", lambda: self._say(*self._escapes.help_lines())),
            "s": Command("say how the machine is", lambda: self._say(self._status())),
            "c": Command("put another disc into a CD drive, or take it out", self._change_disc),
            "b": Command("send a break to the guest's serial port", self._poster("break")),
            "p": Command("press the power button", self._poster("power button")),
            "r": Command("press the reset button", self._poster("reset button")),
        }

    def _change_disc(self) -> None:
        drives = [drive.position for drive in self._machine.config.drives if drive.cdrom]
        if not drives:
            self._say("this machine has no CD drive")
            return
        position: str | None = str(drives[0])
        if len(drives) > 1:
            position = self._ask(f"CD drive ({', '.join(map(str, drives))}): ")
        if position is None or position.strip() not in map(str, drives):
            self._say("no disc was changed")
            return
        path = self._ask(f"disc for the drive at {position} (nothing takes it out): ")
        if path is None:
            self._say("no disc was changed")
            return
        try:
            name = path.strip()
            self._machine.change_disc(int(position), Path(name).absolute() if name else None)
        except ConfigError as error:
            self._say(str(error))

    def _poster(self, kind: str) -> Callable[[], None]:
        return lambda: self._machine.inbox.post(Arrival(kind))

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

    def _say(self, *lines: str) -> None:
        """Words of ours amid the guest's."""
        sys.stdout.flush()
        sys.stderr.write(self._line_start() + "".join(f"{MARK}{line}\n" for line in lines))
        sys.stderr.flush()

    def _ask(self, question: str) -> str | None:
        """The machine waits for the answer."""
        assert self._terminal is not None
        sys.stdout.flush()
        return self._terminal.ask(f"{self._line_start()}{MARK}{question}")

    def _line_start(self) -> str:
        """What begins a line of ours."""
        begins, self._console.ends_in_a_line = self._console.ends_in_a_line, True
        return "" if begins else "\n"
