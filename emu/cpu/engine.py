"""The processor: Unicorn, driven so that time is counted and decisions fall where blocks begin.

`run` lets the engine go until the block callback stops it. Exceptions and INT n arrive in a hook while the
engine runs and are delivered there; external interrupts are delivered between runs. Whatever the engine
will not do by itself is in the modules beside this one.
"""

from __future__ import annotations

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observers
from emu.core.memory import Memory
from emu.core.processor import Exit
from emu.cpu import context
from emu.cpu.address_space import AddressSpace
from emu.cpu.announcements import Announcements
from emu.cpu.blocks import Blocks, Stop
from emu.cpu.cpuid import CpuidTable
from emu.cpu.delivery import Event, Kind
from emu.cpu.descriptors import UD, Fault
from emu.cpu.executed import Executed
from emu.cpu.handle import EngineError, Handle
from emu.cpu.intercepts import (
    map_control_block,
)
from emu.cpu.library import (
    ERROR_FETCH,
    ERROR_NO_TRANSLATION,
    ERROR_WRITE_PROTECTED,
    x86,
)
from emu.cpu.look import Look, Looker
from emu.cpu.msrs import Msrs
from emu.cpu.port_instructions import PortInstructions
from emu.cpu.registers import MSRS, Registers, load, reset_floating_point, save, visible
from emu.cpu.special import SpecialInstructions
from emu.cpu.state import FLAG_IF, State
from emu.cpu.stepping import Stepper
from emu.cpu.translated_code import TranslatedCode
from emu.cpu.translations import Translations
from emu.cpu.watches import Watches

EXITS = {Stop.SPENT: Exit.SPENT, Stop.ASKED: Exit.ASKED, Stop.INTERRUPTIBLE: Exit.INTERRUPTIBLE}


class UnicornProcessor:
    """An x86-64 processor on the Unicorn engine; see `emu.core.processor.Processor`."""

    def __init__(
        self,
        *,
        memory: Memory,
        ports: PortBus,
        clock: Clock,
        observers: Observers | None = None,
        cpuid: CpuidTable | None = None,
        native: bool = True,
    ) -> None:
        """`native` False keeps to the Python block callback even where the native one could be built."""
        self.clock = clock
        self.memory = memory
        self.observers = observers or Observers()
        self.halted = False
        self.handle = Handle()
        self.state = State(self.handle, memory)
        self._scratch = context.Context(self.handle)
        self._looker = Looker(self.handle, memory)
        self.blocks = Blocks(self.handle, self.state, clock, memory, native=native)
        self.msrs = Msrs(self.state, clock)
        self._failure: BaseException | None = None
        self.translations = Translations(self.handle, memory, self.blocks, self._fail)
        self._space = AddressSpace(self.handle, memory, clock, self.translations, self._fail)
        self._control_block = map_control_block(self._space)
        self.permission = PortInstructions(
            handle=self.handle,
            state=self.state,
            ports=ports,
            clock=clock,
            memory=memory,
            failed=self._fail,
            blocks=self.blocks,
        ).permission
        self.special = SpecialInstructions(
            handle=self.handle,
            state=self.state,
            clock=clock,
            cpuid=cpuid or CpuidTable(),
            msrs=self.msrs,
            blocks=self.blocks,
            refuse=lambda fault: self.announcements.refuse(fault),
            failed=self._fail,
        )
        self.stepper = Stepper(self)
        self.announcements = Announcements(self)
        self.code = TranslatedCode(self.handle, self.blocks, self.translations, self._space, memory)
        self.watches = Watches(self.handle, self.code, self._fail)
        self._space.synchronise()
        self.reset()

    def close(self) -> None:
        """Free the engine."""
        self.handle.close()

    @property
    def interrupt_wanted(self) -> bool:
        """The INTR pin."""
        return bool(self.blocks.cells.wanted)

    @interrupt_wanted.setter
    def interrupt_wanted(self, level: bool) -> None:
        self.blocks.cells.wanted = level

    def set_interrupt_wanted(self, level: bool) -> None:
        """Drive the INTR pin."""
        self.blocks.cells.wanted = level

    @property
    def retired(self) -> int:
        """Bytes of guest code retired, exact at every decision point."""
        return int(self.blocks.cells.retired)

    @property
    def code_position(self) -> tuple[int, int]:
        """CS and RIP, wherever it is asked: in a callback for device memory RIP is that of the block."""
        return self.handle.read(x86.UC_X86_REG_CS), self.handle.read(x86.UC_X86_REG_RIP)

    def look(self) -> Look:
        """Where the guest is, and its memory by linear address, wherever it is asked: nothing changes."""
        return self._looker.look()

    @property
    def mode(self) -> str:
        """The mode that the guest is in, in words, wherever it is asked: nothing changes."""
        return self._looker.mode()

    def registers(self) -> Registers:
        """The architectural registers by name."""
        return visible(self.state)

    def save(self) -> Registers:
        """All of the processor's state: registers by name, and where in which block it is."""
        self.state.capture()
        msrs = {name: self.msrs.read(number) for name, number in MSRS.items()}
        values = save(self.handle, self.state, msrs)
        cells = self.blocks.cells
        values |= {"tsc_offset": self.msrs.tsc_offset, "tsc_aux": self.msrs.tsc_aux}
        values |= {
            "halted": int(self.halted),
            "retired": cells.retired,
            "inside_block": int(self.stepper.inside),
        }
        return values | {"block_start": cells.start if cells.size else 0, "block_size": cells.size}

    def restore(self, values: Registers) -> None:
        """Take what `save` gave. Memory has been restored before."""
        load(self.handle, self.state, values)
        numbers = {name: value for name, value in values.items() if isinstance(value, int)}
        self.state.capture()
        for name, number in MSRS.items():
            self.msrs.write(number, numbers[name])
        self.announcements.follow_efer()
        self.state.restore()
        self.msrs.tsc_offset, self.msrs.tsc_aux = numbers["tsc_offset"], numbers["tsc_aux"]
        cells = self.blocks.cells
        cells.retired, cells.start, cells.size = (
            numbers["retired"],
            numbers["block_start"],
            numbers["block_size"],
        )
        cells.asked = False
        self.halted, self.stepper.inside = bool(numbers["halted"]), bool(numbers["inside_block"])
        self.announcements.shut_down = False
        self.code.forget()

    def count_code(self) -> Executed:
        """Count what is executed from now on; not while running."""
        executed = Executed(self.blocks, self._fail)
        self.code.forget()
        return executed

    def leave_block(self) -> None:
        """End the open block where the processor stands in it: a decision point of the debugger's making."""
        self.state.capture()
        self.blocks.close_at(self.state.linear_ip)
        self.stepper.inside = False

    @property
    def block_began(self) -> int:
        """When the open block began, in ticks."""
        return int(self.blocks.cells.opened)

    @property
    def at_decision_point(self) -> bool:
        """Whether no block is open: where timers may fire and interrupts be delivered."""
        return not self.blocks.open

    def reset(self) -> None:
        """The RESET pin."""
        self.blocks.close(0)
        self.stepper.inside = False
        self.halted = self.announcements.shut_down = False
        self.handle.write(x86.UC_X86_REG_CR4, 0)
        state = self.state
        state.capture()
        state.reset()
        self.announcements.follow_efer()
        state.restore()
        reset_floating_point(self.handle)
        self.msrs.reset()
        self.handle.flush_tlb()

    def set_a20(self, enabled: bool) -> None:
        """The A20M pin: let address line 20 through, or hold it low."""
        self._scratch.capture()
        self._scratch.set_dword(context.layout().a20, 0xFFFF_FFFF if enabled else 0xFFEF_FFFF)
        self._scratch.restore()
        self.handle.flush_tlb()

    def ask_exit(self) -> None:
        """Make `run` return at the next decision point."""
        self.blocks.cells.asked = True

    def run(self) -> Exit:
        """Run until the clock's deadline, an interrupt that can be taken, HLT, a request or shutdown."""
        while self.stepper.inside:
            ended = self.stepper.step()
            if ended is not Exit.STEPPED:
                return ended
        self.stepper.leave()
        if self.announcements.shut_down:
            return Exit.SHUTDOWN
        self.translations.walk_here()
        self.prepare()
        error = self.start()
        if error:
            self.mend(error)
            return Exit.SPENT
        return self._ended()

    def step(self) -> Exit:
        """Execute one instruction; see `emu.core.processor.Processor.step`."""
        return Exit.SHUTDOWN if self.announcements.shut_down else self.stepper.step()

    def prepare(self) -> None:
        """Bring the engine up to date before it starts."""
        if self.code.is_stale:
            self.code.forget()
        self.blocks.begin_run()
        if self.blocks.cells.wanted:
            self.state.capture()
            self.blocks.cells.shadowed = self.state.shadow

    def start(self) -> int:
        """Let the engine go; the engine's error number when it is back. Raises what a hook raised."""
        self.announcements.stopped = False
        error = self.handle.start(self.handle.read(x86.UC_X86_REG_RIP))
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return error

    def mend(self, error: int) -> None:
        """Do what the engine stopped for with `error`. Raises EngineError where that is beyond us."""
        if error == ERROR_NO_TRANSLATION:
            self.stepper.repeat_with_engines_walk()
        elif error == ERROR_WRITE_PROTECTED:
            self.stepper.absorb_write()
        elif error in ERROR_FETCH:  # nothing executable there: the bus floats, FF FF is an invalid opcode
            self.state.capture()
            self.announcements.refuse(Fault(UD))
        else:
            raise EngineError(self.handle.library.uc_strerror(error).decode())

    def _ended(self) -> Exit:
        cells = self.blocks.cells
        if self.announcements.shut_down:
            return Exit.SHUTDOWN
        if cells.stopped == Stop.RUNNING:
            return Exit.SPENT if self.announcements.stopped else self._halt()
        return self.decided(Stop(cells.stopped))

    def decided(self, stop: Stop) -> Exit:
        """The answer to a stop at an announcement; a request has been heeded then."""
        if stop == Stop.ASKED:
            self.blocks.cells.asked = False
        return EXITS[stop]

    def ended_in_step(self) -> Exit:
        """How a step ended that neither trapped nor failed."""
        if self.announcements.shut_down:
            return Exit.SHUTDOWN
        return Exit.STEPPED if self.announcements.stopped else self._halt()

    def _halt(self) -> Exit:
        """The engine came back without being stopped: HLT, the last instruction of its block."""
        self.blocks.close(self.blocks.cells.size)
        self.halted = True
        return Exit.HALTED

    @property
    def interrupts_enabled(self) -> bool:
        """EFLAGS.IF."""
        return bool(self.handle.read(x86.UC_X86_REG_EFLAGS) & FLAG_IF)

    def can_interrupt(self) -> bool:
        """Whether IF is set and no shadow of STI or MOV SS holds interrupts off."""
        self.state.capture()
        return bool(self.state.flags & FLAG_IF) and not self.state.shadow

    def interrupt(self, vector: int) -> None:
        """Deliver external interrupt `vector` through the IVT or IDT of the current mode."""
        for seen in self.observers.interrupt_delivered:
            seen(vector)
        self.halted = False
        self.state.capture()
        self.announcements.deliver(Event(vector, Kind.EXTERNAL))

    def _fail(self, failure: BaseException) -> None:
        """Keep what a hook raised until the engine is back, and have it come back soon."""
        if self._failure is None:
            self._failure = failure
        self.blocks.cells.asked = True

    def fail_and_stop(self, failure: BaseException) -> None:
        """The same in a delivery, which may be repeated without a block in between."""
        self._fail(failure)
        self.handle.stop()
