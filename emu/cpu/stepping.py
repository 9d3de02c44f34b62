"""One instruction at a time, as the same run.

A step sets TF behind the guest's back, in the engine's hidden flags alone, so nothing is translated
differently and no hook is added. Blocks keep the extents that they have at full speed: where one begins
the engine is first asked for the natural one (started, and stopped at the announcement), and the clock
is charged for it as at full speed. Two things differ when single instructions are translated, and are
made equal here: the engine announces the end of a repeated string instruction once more at full speed,
and restarts a block that stored into itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.core.memory import FIRST_SPECIAL, LAST_SPECIAL
from emu.core.processor import Exit
from emu.cpu.blocks import Probe, Stop
from emu.cpu.context import HF_TF, RCX
from emu.cpu.descriptors import DB
from emu.cpu.library import HOOK_WRITE, HOOK_WRITE_PROTECTED, MemoryCallback
from emu.cpu.port_instructions import StringInstruction, code_at, decode_string
from emu.cpu.state import FLAG_TF, State

if TYPE_CHECKING:
    from emu.cpu.engine import UnicornProcessor

FLAG_ZF = 1 << 6
FOUR_GIB = 1 << 32
DR6_SINGLE_STEP, DR6_BREAKPOINTS = 1 << 14, 0xF
DR7_TYPE_IO = 2
MOV_TO_DEBUG = b"\x0f\x23"
COMPARES = (0xA6, 0xA7, 0xAE, 0xAF)


def written_debug_status(state: State, code: bytes, status: int) -> int:
    """DR6 as the instruction leaves it: what MOV DR6 writes, or the old `status`.

    The step's own trap marks DR6 too late to tell the two apart.
    """
    start = 1 if state.code64 and code[:1] and 0x40 <= code[0] <= 0x4F else 0
    operation, modrm = code[start : start + 2], code[start + 2 : start + 3]
    if operation != MOV_TO_DEBUG or not modrm or modrm[0] >> 3 & 7 != 6:
        return status
    return state.gpr(modrm[0] & 7 | (8 if start and code[0] & 1 else 0))


def _is_on_io(control: int, number: int) -> bool:
    """Whether DR7 has enabled breakpoint `number` and has it on I/O."""
    return bool(control >> 2 * number & 3) and control >> 16 + 4 * number & 3 == DR7_TYPE_IO


class Stepper:
    """Single steps of one processor."""

    def __init__(self, processor: UnicornProcessor) -> None:
        self._processor = processor
        self.inside = False
        """Whether the open block has been executed in part."""
        self.busy = False
        """Whether a step is under way: a delivery then ends it."""
        self._hidden_trap = False
        self._trapped = False
        self._debug_status = 0
        self._absorbing = False
        self._written: list[tuple[int, bytes]] = []
        self._redirected: list[tuple[int, bytes]] = []
        self._write_hook: int | None = None
        self._restarted = False
        protected = MemoryCallback(self._on_write_protected)
        # Not everywhere: the engine has no fast stores where a hook may want to know.
        for within in ((FIRST_SPECIAL, LAST_SPECIAL), (processor.memory.plain_end, FOUR_GIB - 1)):
            processor.handle.hook(HOOK_WRITE_PROTECTED, protected, within=within)

    def step(self) -> Exit:
        """Execute one instruction, or say why not; see `Processor.step`."""
        cpu = self._processor
        cpu.translations.walk_in_engine()
        self._watch_stores()
        cpu.prepare()
        if not self.inside:
            ended = self._open_block()
            if ended is not None:
                return ended
        return self._execute()

    def leave(self) -> None:
        """Full speed follows: remove what slows it down."""
        if self._write_hook is not None:
            self._processor.handle.unhook(self._write_hook)
            self._write_hook = None
            self._processor.code.forget()

    def _open_block(self) -> Exit | None:
        """Ask for the natural extent of the block that begins here, and announce it."""
        cpu, cells = self._processor, self._processor.blocks.cells
        if self._run(Probe.STOPPING):
            return Exit.STEPPED
        if cells.stopped != Stop.PROBED:
            return cpu.ended_in_step()
        return self._announce(cells.probed_start, cells.probed_size)

    def _announce(self, start: int, size: int) -> Exit | None:
        cpu = self._processor
        stop = cpu.blocks.announce(start, size)
        if not stop:
            return None
        self.inside = False
        return cpu.decided(stop)

    def _run(self, probe: Probe) -> int:
        """Let the engine go with announcements only noted; its error is mended and returned."""
        cpu, cells = self._processor, self._processor.blocks.cells
        cells.probing, cells.probed_size = probe, 0
        cells.stopped = Stop.RUNNING
        self.busy = True
        error = cpu.start()
        self.busy = False
        cells.probing = Probe.COUNTING
        if error and not self._absorbing:
            self._clear_trap()
            self.inside = False
            cpu.mend(error)
        return error

    def _execute(self) -> Exit:
        """Run one instruction of the open block."""
        cpu, cells = self._processor, self._processor.blocks.cells
        state = cpu.state
        state.capture()
        address = state.linear_ip
        code = code_at(state, address)
        string = decode_string(code, state.hidden)
        before = bytes(state.raw)
        count = state.gpr(RCX)
        shadow = state.shadow or bool(state.flags & FLAG_TF)
        self._single_step()
        self._debug_status = written_debug_status(state, code, self._debug_status)
        if self._run(Probe.RECORDING):
            return Exit.STEPPED
        if cells.stopped == Stop.PROBED:
            self._clear_trap()
        elif not self._trapped:
            return self._delivered_or_halted()
        size = cells.probed_size
        if self._stored_into_block() and not self._restarted:
            return self._restart(before, address, size)
        self._restarted = False
        self.inside = address + size < cells.start + cells.size
        self._finish_string(string, count, shadow, address)
        if not self.inside:
            cpu.blocks.close(cells.size)
        return Exit.STEPPED

    def _single_step(self) -> None:
        """Set the hidden TF, unless the guest steps itself."""
        cpu, state = self._processor, self._processor.state
        self._trapped = False
        self._written.clear()
        self._hidden_trap = not state.flags & FLAG_TF
        if self._hidden_trap:
            self._debug_status = state.debug(6)
            state.hidden |= HF_TF
            state.restore()
        cpu.blocks.cells.stopped = Stop.RUNNING

    def swallow_trap(self, vector: int) -> bool:
        """Whether `vector`, just announced on the captured state, is the end of a step of ours."""
        state = self._processor.state
        if not (self.busy and self._hidden_trap) or vector != DB or state.is_software_interrupt:
            return False
        status = state.debug(6)
        if not status & DR6_SINGLE_STEP:
            return False  # a breakpoint of the guest's, before the instruction
        # At a single step the engine also marks breakpoints on the next instruction, enabled or not. Those of
        # the guest fault by themselves, before it; only one on I/O may have been hit along with the step.
        hit = status & sum(1 << n for n in range(4) if _is_on_io(state.debug(7), n))
        ours = DR6_SINGLE_STEP | DR6_BREAKPOINTS
        state.set_debug(6, status & ~ours | self._debug_status & ours | hit)
        if hit & ~self._debug_status:
            return False
        state.hidden &= ~HF_TF
        state.forget_exception()
        state.restore()
        self._trapped = True
        self._hidden_trap = False
        self._processor.handle.stop()
        return True

    def _clear_trap(self) -> None:
        """Take the hidden TF back after a step that did not end in its trap."""
        if self._hidden_trap:
            self._hidden_trap = False
            state = self._processor.state
            state.capture()
            state.hidden &= ~HF_TF
            state.restore()

    def _delivered_or_halted(self) -> Exit:
        self._clear_trap()
        self.inside = self._restarted = False
        return self._processor.ended_in_step()

    def _finish_string(
        self, string: StringInstruction | None, count: int, shadow: bool, address: int
    ) -> None:
        """Where full speed announces the end of a repeated instruction once more, do so too.

        It does when the count has run out, but neither in an interrupt shadow, nor when a comparison ended
        the loop. The instruction is then gone back to, to be executed with a count of 0.
        """
        if string is None or not string.repeat or shadow or not count & string.address_mask:
            return
        state = self._processor.state
        state.capture()
        if state.linear_ip == address or state.gpr(RCX) & string.address_mask:
            return
        if string.opcode in COMPARES and bool(state.flags & FLAG_ZF) != (string.repeat == 0xF3):
            return
        state.rip -= state.linear_ip - address
        state.restore()

    def _watch_stores(self) -> None:
        if self._write_hook is None:
            self._write_hook = self._processor.handle.hook(HOOK_WRITE, MemoryCallback(self._on_write))
            self._processor.code.forget()

    def _on_write(self, _engine: int, _kind: int, address: int, size: int, _value: int, _user: int) -> bool:
        if self.busy:
            self._written.append((address, self._processor.memory.peek(address, size)))
        return True

    def _stored_into_block(self) -> bool:
        """Whether the instruction just executed stored into the open block."""
        if not self._written:
            return False
        cells = self._processor.blocks.cells
        paging = self._processor.state.load_paging()
        first, last = cells.start, cells.start + cells.size - 1
        parts = (
            [(first, last)] if first >> 12 == last >> 12 else [(first, first | 0xFFF), (last & ~0xFFF, last)]
        )
        for start, end in parts:
            physical = paging.probe(start)
            if physical is not None and any(
                address < physical + end - start + 1 and physical < address + len(old)
                for address, old in self._written
            ):
                return True
        return False

    def _restart(self, before: bytes, address: int, size: int) -> Exit:
        """Undo the instruction and announce it as a block of its own, as the engine does at full speed."""
        cpu, state = self._processor, self._processor.state
        for where, old in reversed(self._written):
            cpu.memory.poke(where, old)
        state.capture()
        state.raw[:] = before
        state.restore()
        ended = self._announce(address, size)
        if ended is not None:
            return ended
        self._restarted = True
        return self._execute()

    def repeat_with_engines_walk(self) -> None:
        """Execute an instruction for which our own walk of the page tables found nothing.

        The engine's walk either raises the fault or knows better: it can tell the processor's own accesses
        to descriptors, which may be the supervisor's alone, from those of a program in ring 3.
        """
        cpu, state, cells = self._processor, self._processor.state, self._processor.blocks.cells
        state.capture()
        address = state.linear_ip
        cpu.translations.walk_in_engine()
        self._single_step()
        if self._run(Probe.RECORDING):
            return
        if self._trapped or cells.stopped == Stop.PROBED:
            self._clear_trap()
            self.inside = address + cells.probed_size < cells.start + cells.size

    def absorb_write(self) -> None:
        """Execute an instruction that stores into write-protected memory, and let the store vanish.

        It is a block of its own. Stores into ROM over RAM reach the RAM.
        """
        cpu, state, cells = self._processor, self._processor.state, self._processor.blocks.cells
        state.capture()
        cpu.blocks.close_at(state.linear_ip)
        cpu.translations.walk_in_engine()
        self._absorbing = True
        self._redirected.clear()
        self._single_step()
        undo = self._written
        self._run(Probe.RECORDING)
        self._absorbing = False
        for where, old in reversed(undo):
            cpu.memory.poke(where, old)
        for where, new in self._redirected:
            cpu.memory.write(where, new)
        if self._trapped or cells.stopped == Stop.PROBED:
            cpu.blocks.charge(cells.probed_start, cells.probed_size)
        self._clear_trap()

    def _on_write_protected(
        self, _engine: int, _kind: int, address: int, size: int, value: int, _user: int
    ) -> bool:
        if not self._absorbing:
            return False
        memory = self._processor.memory
        self._written.append((address, memory.peek(address, size)))
        data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        self._redirected.append((address, data))
        return True
