"""The commands of the GDB remote serial protocol: a payload in, the payloads of the answer out.

[GDB] appendix E.2 to E.9. An answer of nothing says that a command is not known. There is one thread, the
processor, with the number 1.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from emu.debug.breakpoints import Breakpoint
from emu.debug.detectors import MemoryAccess
from emu.debug.gdb import registers
from emu.debug.gdb.monitor import Monitor
from emu.debug.gdb.packets import LARGEST
from emu.debug.gdb.target import Cause, Standing, Target, breakpoint_at
from emu.debug.gdb.target_description import describe

OK, REFUSED, MALFORMED, UNKNOWN = b"OK", b"E01", b"E16", b""
FEATURES = (
    "QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+;"
    "ReverseStep+;ReverseContinue+;swbreak+;hwbreak+;vContSupported+"
)
THREAD = 1
MOST_BREAKPOINTS = 1000
MEMORY_MAP = """<?xml version="1.0"?>
<!DOCTYPE memory-map SYSTEM "gdb-memory-map.dtd">
<memory-map><memory type="ram" start="0x0" length="0xffffffffffffffff"/></memory-map>
"""
"""Linear addresses, which page tables put anywhere: nothing can be said to be ROM, or to be nowhere."""
THREADS = """<?xml version="1.0"?>
<threads><thread id="1" core="0" name="processor"/></threads>
"""
KINDS = range(5)
"""Software and hardware breakpoints; what is written, read, or either."""
MOVED = "gdb does not know that yet: `maintenance flush register-cache` lets it look again\n"
WATCHED = {2: b"watch", 3: b"rwatch", 4: b"awatch"}
BROKEN = {0: b"swbreak", 1: b"hwbreak"}


class Leave(Enum):
    """How a client leaves."""

    DETACHED = "the machine goes on"
    KILLED = "the run is to end"
    OVER = "the run has ended, and the client was told"


Answer = list[bytes]


class Stub:
    """Serves one connection."""

    def __init__(self, target: Target, monitor: Monitor) -> None:
        self._target, self._monitor = target, monitor
        self.description = describe(monitor.width)
        self._breakpoints: dict[tuple[int, int, int], Breakpoint] = {}
        self._client: frozenset[str] = frozenset()
        self._standing = Standing(Cause.TRAP)
        self.acknowledges = True
        """Whether `+` and `-` are sent."""
        self.leave: Leave | None = None
        """Set when the client has left."""
        self._exact: dict[bytes, Callable[[], Answer]] = {
            b"?": lambda: [self._told()],
            b"g": lambda: [self._read_all()],
            b"bc": lambda: self._go_back(step=False),
            b"bs": lambda: self._go_back(step=True),
            b"vCont?": lambda: [b"vCont;c;C;s;S"],
            b"k": self._kill,
            b"qC": lambda: [b"QC1"],
            b"qAttached": lambda: [b"1"],
            b"qfThreadInfo": lambda: [b"m1"],
            b"qsThreadInfo": lambda: [b"l"],
            b"QStartNoAckMode": self._stop_acknowledging,
        }
        self._by_prefix: dict[bytes, Callable[[bytes], Answer]] = {
            b"G": self._write_all,
            b"p": self._read_one,
            b"P": self._write_one,
            b"m": self._read_memory,
            b"M": lambda rest: self._write_memory(rest, bytes.fromhex),
            b"X": lambda rest: self._write_memory(rest, None),
            b"c": lambda rest: self._resume(b"c", rest),
            b"s": lambda rest: self._resume(b"s", rest),
            b"C": lambda rest: self._resume(b"c", _behind_signal(rest)),
            b"S": lambda rest: self._resume(b"s", _behind_signal(rest)),
            b"vCont;": lambda rest: self._resume(_action(rest), b""),
            b"Z": self._insert,
            b"z": self._remove,
            b"D": self._detach,
            b"vKill;": lambda rest: [*self._kill(), OK],
            b"H": lambda rest: [OK if _is_ours(rest[1:]) else REFUSED],
            b"T": lambda rest: [OK if _is_ours(rest) else REFUSED],
            b"qThreadExtraInfo,": lambda rest: [self._doing().hex().encode()],
            b"qSupported": self._supported,
            b"qXfer:": self._transfer,
            b"qRcmd,": self._command,
        }

    def respond(self, payload: bytes) -> Answer:
        """The answer to a packet; whatever it asks, nothing is raised."""
        try:
            if payload in self._exact:
                return self._exact[payload]()
            for prefix, act in self._by_prefix.items():
                if payload.startswith(prefix):
                    return act(payload[len(prefix) :])
        except (ValueError, OverflowError):
            return [MALFORMED]
        return [UNKNOWN]

    def _told(self) -> bytes:
        """Why the machine stands here, as a stop reply."""
        standing = self._standing
        if standing.cause is Cause.INTERRUPT:
            return b"T02thread:1;"
        if standing.cause in (Cause.BEGINNING, Cause.END):
            return b"T05thread:1;replaylog:%s;" % (b"begin" if standing.cause is Cause.BEGINNING else b"end")
        kind = self._kind_of(standing.breakpoint)
        found = standing.breakpoint.detector if standing.breakpoint else None
        if isinstance(found, MemoryAccess) and kind in WATCHED:
            return b"T05thread:1;%s:%x;" % (WATCHED[kind], found.address)
        if kind in BROKEN and BROKEN[kind].decode() + "+" in self._client:
            return b"T05thread:1;%s:;" % BROKEN[kind]
        return b"T05thread:1;"

    def _kind_of(self, found: Breakpoint | None) -> int | None:
        return next((key[0] for key, each in self._breakpoints.items() if each is found), None)

    def _stand(self, standing: Standing) -> Answer:
        self._standing = standing
        return [*_shown(standing.text), self._told()]

    def _resume(self, action: bytes, rest: bytes) -> Answer:
        if rest and not self._target.set_registers(lambda values: registers.set_pc(values, _number(rest))):
            return [REFUSED]
        if self._target.ended is not None:
            return self._over()
        return self._stand(
            self._target.step() if action == b"s" else self._target.go_on(self._breakpoints.values())
        )

    def _over(self) -> Answer:
        """The run has ended, the client was told, and wants to go on all the same."""
        self.leave = Leave.OVER
        ended = self._target.ended
        return [b"W%02x" % ((ended.status or 0) & 0xFF if ended else 0)]

    def _go_back(self, *, step: bool) -> Answer:
        target = self._target
        return self._stand(target.step_back() if step else target.go_back(self._breakpoints.values()))

    def _kill(self) -> Answer:
        self._leave(Leave.KILLED)
        return []

    def _detach(self, rest: bytes) -> Answer:
        if rest and rest != b";1":
            raise ValueError("there is one process")
        self._leave(Leave.DETACHED)
        return [OK]

    def _leave(self, leave: Leave) -> None:
        self.leave = leave
        self._breakpoints.clear()

    def _read_all(self) -> bytes:
        values = self._target.registers()
        return b"".join(registers.read(values, each).hex().encode() for each in self.description.registers)

    def _write_all(self, rest: bytes) -> Answer:
        known, data = self.description.registers, bytes.fromhex(rest.decode("ascii"))
        done = self._target.set_registers(lambda values: registers.change_all(values, known, data))
        return [OK if done else REFUSED]

    def _read_one(self, rest: bytes) -> Answer:
        number = _number(rest)
        known = self.description.registers
        if number >= len(known):
            return [REFUSED]
        return [registers.read(self._target.registers(), known[number]).hex().encode()]

    def _write_one(self, rest: bytes) -> Answer:
        number, _, value = rest.partition(b"=")
        register = dict(enumerate(self.description.registers)).get(_number(number))
        data = bytes.fromhex(value.decode("ascii"))
        if register is None:
            return [REFUSED]
        known = register
        done = self._target.set_registers(lambda values: registers.change(values, known, data))
        return [OK if done else REFUSED]

    def _read_memory(self, rest: bytes) -> Answer:
        address, length = map(_number, rest.split(b",", 1))
        data = self._target.read_memory(address, min(length, LARGEST // 2))
        return [data.hex().encode() if data or not length else REFUSED]

    def _write_memory(self, rest: bytes, decode: Callable[[str], bytes] | None) -> Answer:
        where, colon, content = rest.partition(b":")
        address, length = map(_number, where.split(b",", 1))
        data = decode(content.decode("ascii")) if decode else content
        if not colon or len(data) != length:
            return [MALFORMED]
        return [OK if not data or self._target.write_memory(address, data) else REFUSED]

    def _insert(self, rest: bytes) -> Answer:
        key = _breakpoint(rest)
        if key[0] not in KINDS:
            return [UNKNOWN]
        if key not in self._breakpoints:
            if len(self._breakpoints) >= MOST_BREAKPOINTS:
                return [REFUSED]
            self._breakpoints[key] = breakpoint_at(*key)
        return [OK]

    def _remove(self, rest: bytes) -> Answer:
        self._breakpoints.pop(_breakpoint(rest), None)
        return [OK]

    def _supported(self, rest: bytes) -> Answer:
        self._client = frozenset(rest.lstrip(b":").decode("ascii", "replace").split(";"))
        return [f"PacketSize={LARGEST:x};{FEATURES}".encode()]

    def _stop_acknowledging(self) -> Answer:
        self.acknowledges = False
        return [OK]

    def _doing(self) -> bytes:
        return b"halted" if self._target.machine.processor.halted else b"running"

    def _transfer(self, rest: bytes) -> Answer:
        name, _, window = rest.rpartition(b":")
        documents: dict[bytes, Callable[[], str]] = {
            b"features:read:target.xml": self.description.xml,
            b"memory-map:read:": lambda: MEMORY_MAP,
            b"threads:read:": lambda: THREADS,
        }
        if name not in documents:
            return [UNKNOWN if not name.startswith(b"features:read:") else b"E00"]
        offset, length = map(_number, window.split(b",", 1))
        document = documents[name]().encode()
        length = min(length, LARGEST - 1)
        more = offset + length < len(document)
        return [(b"m" if more else b"l") + document[offset : offset + length]]

    def _command(self, rest: bytes) -> Answer:
        text = bytes.fromhex(rest.decode("ascii")).decode("utf-8", "replace")
        before = self._place()
        shown = self._monitor.run(text)
        if self._place() != before:
            self._target.moved()
            self._standing = Standing(Cause.TRAP)
            shown += MOVED
        return [*_shown(shown), OK]

    def _place(self) -> object:
        """Where the machine is, and what a client may have kept of that."""
        return self._target.travel.place, self._target.machine.processor.registers()


def _number(digits: bytes) -> int:
    """An unsigned hexadecimal number. Raises ValueError."""
    if not digits or not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        raise ValueError(f"{digits!r} is no number")
    return int(digits, 16) & 0xFFFF_FFFF_FFFF_FFFF


def _is_ours(thread: bytes) -> bool:
    """Whether a thread-id means the one thread that there is. Raises ValueError where it means nothing."""
    return thread == b"-1" or _number(thread) in (0, THREAD)


def _action(actions: bytes) -> bytes:
    """`c` or `s`: the first of the actions of vCont that is for our thread. Raises ValueError."""
    for each in actions.split(b";"):
        what, colon, thread = each.partition(b":")
        if colon and not _is_ours(thread):
            continue
        if what in (b"c", b"s"):
            return what
        if what[:1] in (b"C", b"S") and not _behind_signal(what[1:]):
            return what[:1].lower()
        raise ValueError("neither goes on nor steps")
    raise ValueError("nothing for our thread")


def _behind_signal(rest: bytes) -> bytes:
    """The address in `SIG[;ADDRESS]`: the guest knows no signals. Raises ValueError."""
    signal, _, address = rest.partition(b";")
    _number(signal)
    return address


def _shown(text: str) -> Answer:
    """Packets that let the client show `text`, none larger than was announced."""
    data = text.encode()
    most = (LARGEST - 1) // 2
    return [b"O" + data[at : at + most].hex().encode() for at in range(0, len(data), most)]


def _breakpoint(rest: bytes) -> tuple[int, int, int]:
    kind, address, size = rest.split(b";", 1)[0].split(b",")
    return _number(kind), _number(address), _number(size)
