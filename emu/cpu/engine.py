"""The processor: Unicorn, driven so that time is counted and decisions fall where blocks begin.

`run` lets the engine go until the block callback stops it. Exceptions and INT n arrive in a hook while the
engine runs and are delivered there; external interrupts are delivered between runs. Whatever the engine
will not do by itself is in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observers
from emu.core.memory import Memory
from emu.core.processor import Exit
from emu.cpu import context
from emu.cpu.address_space import AddressSpace
from emu.cpu.blocks import Blocks, Stop
from emu.cpu.context import HF_TF
from emu.cpu.cpuid import CpuidTable
from emu.cpu.delivery import Event, Kind, ShutdownError, deliver, exception, fault_event
from emu.cpu.descriptors import DB, GP, UD, Fault
from emu.cpu.guard import guarded
from emu.cpu.handle import EngineError, Handle
from emu.cpu.intercepts import (
    EXIT_INVLPG,
    EXIT_MSR,
    EXIT_VECTORS,
    INTERCEPT_INVLPG,
    INTERCEPT_MSR,
    VMCB,
    map_control_block,
)
from emu.cpu.library import (
    ERROR_FETCH,
    ERROR_NO_TRANSLATION,
    ERROR_WRITE_PROTECTED,
    HOOK_CODE,
    HOOK_INTERRUPT,
    HOOK_INVALID_INSTRUCTION,
    BlockCallback,
    InterruptCallback,
    InvalidCallback,
    x86,
)
from emu.cpu.look import Look, Looker
from emu.cpu.msrs import Msrs
from emu.cpu.port_instructions import PortInstructions, code_at
from emu.cpu.registers import MSRS, Registers, load, reset_floating_point, save, visible
from emu.cpu.special import SpecialInstructions
from emu.cpu.state import FLAG_IF, FLAG_TF, State
from emu.cpu.stepping import Stepper
from emu.cpu.translated_code import TranslatedCode
from emu.cpu.translations import Translations

DR6_SINGLE_STEP = 1 << 14
INT1 = b"\xf1"

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
        self._shutdown = False
        self._stopped_in_delivery = False
        self.translations = Translations(self.handle, memory, self.blocks, self._fail)
        self._space = AddressSpace(self.handle, memory, clock, self.translations, self._fail)
        self._control_block = map_control_block(self._space)
        self._ports = PortInstructions(
            handle=self.handle,
            state=self.state,
            ports=ports,
            clock=clock,
            memory=memory,
            failed=self._fail,
            blocks=self.blocks,
        )
        self.special = SpecialInstructions(
            handle=self.handle,
            state=self.state,
            clock=clock,
            cpuid=cpuid or CpuidTable(),
            msrs=self.msrs,
            blocks=self.blocks,
            refuse=self._refuse,
            failed=self._fail,
        )
        self.stepper = Stepper(self)
        interrupted = guarded(self._on_interrupt, self._fail_and_stop, None)
        self.handle.hook(HOOK_INTERRUPT, InterruptCallback(interrupted))
        invalid = guarded(self._on_invalid, self._fail_and_stop, True)
        self.handle.hook(HOOK_INVALID_INSTRUCTION, InvalidCallback(invalid))
        self.code = TranslatedCode(self.handle, self.blocks, self.translations, self._space, memory)
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
        self._follow_efer()
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
        self._shutdown = False
        self.code.forget()

    def watch_instruction(self, linear: int, reached: Callable[[], None]) -> int:
        """Call `reached` before each execution of the instruction at `linear`; gives a handle.

        Not while the engine runs. A hook of one address changes no block's extent.
        """
        callback = guarded(lambda *_: reached(), self._fail, None)
        hook = self.handle.hook(HOOK_CODE, BlockCallback(callback), within=(linear, linear))
        self.code.forget()  # what has been translated calls nobody
        return hook

    def unwatch_instruction(self, hook: int) -> None:
        """Take back a `watch_instruction`."""
        self.handle.unhook(hook)
        self.code.forget()

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
        self.halted = self._shutdown = False
        self.handle.write(x86.UC_X86_REG_CR4, 0)
        state = self.state
        state.capture()
        state.reset()
        self._follow_efer()
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
        if self._shutdown:
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
        return Exit.SHUTDOWN if self._shutdown else self.stepper.step()

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
        self._stopped_in_delivery = False
        self.code.running = True
        error = self.handle.start(self.handle.read(x86.UC_X86_REG_RIP))
        self.code.running = False
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
            self._refuse(Fault(UD))
        else:
            raise EngineError(self.handle.library.uc_strerror(error).decode())

    def _ended(self) -> Exit:
        cells = self.blocks.cells
        if self._shutdown:
            return Exit.SHUTDOWN
        if cells.stopped == Stop.RUNNING:
            return Exit.SPENT if self._stopped_in_delivery else self._halt()
        return self.decided(Stop(cells.stopped))

    def decided(self, stop: Stop) -> Exit:
        """The answer to a stop at an announcement; a request has been heeded then."""
        if stop == Stop.ASKED:
            self.blocks.cells.asked = False
        return EXITS[stop]

    def ended_in_step(self) -> Exit:
        """How a step ended that neither trapped nor failed."""
        if self._shutdown:
            return Exit.SHUTDOWN
        return Exit.STEPPED if self._stopped_in_delivery else self._halt()

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
        self._deliver(Event(vector, Kind.EXTERNAL))

    def _on_interrupt(self, _engine: int, vector: int, _user: int) -> None:
        self.state.capture()
        if vector >= EXIT_VECTORS:
            self._on_exit(vector - EXIT_VECTORS)
        elif vector == DB and self._ports.permission.take_refusal():
            self._refuse(Fault(GP))
        elif not self.stepper.swallow_trap(vector):
            self._on_exception(vector)

    def _on_exception(self, vector: int) -> None:
        state = self.state
        address = state.linear_ip
        if state.is_software_interrupt:
            event = Event(vector, Kind.SOFTWARE)
        elif vector == DB:
            event = exception(DB, resume=False)
        else:
            event = fault_event(vector, state.error_code)
        trap = vector == DB and bool(state.debug(6) & DR6_SINGLE_STEP and state.flags & FLAG_TF)
        self.blocks.close_at(address, completed=trap)
        self._deliver(event, address)
        self._stop_if_due()

    def _on_exit(self, code: int) -> None:
        """An emulated exit, which leaves the block behind the instruction."""
        state = self.state
        stepping = state.hidden & HF_TF and not state.flags & FLAG_TF
        if code == EXIT_MSR:
            fault = self.special.execute_msr(bool(state.error_code))
            self._follow_efer()
        elif code == EXIT_INVLPG:
            self.special.execute_invlpg()
            fault = None
        else:
            raise EngineError(f"the engine left the guest with exit code {code:#x}, which nobody asked for")
        self.blocks.close_at(state.linear_ip)
        if fault is None:
            state.forget_exception()
            state.hidden &= ~(HF_TF if stepping else 0)
            state.restore()
        else:
            self._deliver(fault_event(fault.vector, fault.error_code), state.linear_ip)
        self._stop_if_due()

    def _follow_efer(self) -> None:
        """Let what depends on EFER of the captured state be as it says.

        Translations that we fill in are of small pages only. INVLPG has to drop those of a whole large page.
        """
        state = self.state
        if self.translations.follow(state.efer):
            self.code.forget_soon()
        invlpg = 0 if self.translations.has_no_execute else INTERCEPT_INVLPG
        state.intercept(VMCB, INTERCEPT_MSR | invlpg)

    def _on_invalid(self, _engine: int, _user: int) -> bool:
        self.state.capture()
        if code_at(self.state, self.state.linear_ip)[:1] == INT1:
            self._trap_by_instruction()
        else:
            self._refuse(Fault(UD))
        return True

    def _deliver(self, event: Event, address: int = 0) -> None:
        """Deliver on the captured state, put it into the engine, and charge the clock."""
        self._announce(event, address)
        try:
            delivered = deliver(self.state, event)
        except ShutdownError:
            self._shutdown = True
            self.handle.stop()
            return
        if delivered is not event:
            self._announce(delivered, address)
        self.state.restore()
        self.clock.charge(self.clock.costs.delivery_ns)

    def _announce(self, event: Event, address: int) -> None:
        if event.kind is Kind.EXCEPTION:
            for seen in self.observers.exception_delivered:
                seen(event.vector, event.error_code, address)
        elif event.kind is Kind.SOFTWARE:
            for interrupted in self.observers.software_interrupt:
                interrupted(event.vector, address)

    def _stop_if_due(self) -> None:
        """A delivery is a decision point of its own: a guest may fault for ever without a block."""
        cells = self.blocks.cells
        interruptible = cells.wanted and self.state.enabled
        if self.clock.due or cells.asked or interruptible or self.stepper.busy:
            self._stopped_in_delivery = True
            self.handle.stop()

    def _trap_by_instruction(self) -> None:
        """INT1, which the engine does not know: #DB, pointing behind it, whatever the gate's DPL."""
        self.state.rip += len(INT1)
        address = self.state.linear_ip
        self.blocks.close_at(address)
        self._deliver(exception(DB, resume=False), address)
        self._stop_if_due()

    def _refuse(self, fault: Fault) -> None:
        """Deliver a fault of the instruction under way on the captured state."""
        address = self.state.linear_ip
        self.blocks.close_at(address)
        self._deliver(fault_event(fault.vector, fault.error_code), address)
        self._stop_if_due()

    def _fail(self, failure: BaseException) -> None:
        """Keep what a hook raised until the engine is back, and have it come back soon."""
        if self._failure is None:
            self._failure = failure
        self.blocks.cells.asked = True

    def _fail_and_stop(self, failure: BaseException) -> None:
        """The same in a delivery, which may be repeated without a block in between."""
        self._fail(failure)
        self.handle.stop()
