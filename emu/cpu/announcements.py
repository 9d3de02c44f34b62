"""What the engine announces by hooks: exceptions, INT n, emulated exits, invalid opcodes; their delivery.

Deliveries are made while the engine runs, on a captured state; the engine goes on in the handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.cpu.context import HF_TF
from emu.cpu.delivery import Event, Kind, ShutdownError, deliver, exception, fault_event
from emu.cpu.descriptors import DB, GP, UD, Fault
from emu.cpu.guard import guarded
from emu.cpu.handle import EngineError
from emu.cpu.intercepts import EXIT_INVLPG, EXIT_MSR, EXIT_VECTORS, INTERCEPT_INVLPG, INTERCEPT_MSR, VMCB
from emu.cpu.library import (
    HOOK_INTERRUPT,
    HOOK_INVALID_INSTRUCTION,
    InterruptCallback,
    InvalidCallback,
)
from emu.cpu.port_instructions import code_at
from emu.cpu.state import FLAG_TF

if TYPE_CHECKING:
    from emu.cpu.engine import UnicornProcessor

DR6_SINGLE_STEP = 1 << 14
INT1 = b"\xf1"


class Announcements:
    """The hooks of one processor for what leaves the straight path of code."""

    def __init__(self, processor: UnicornProcessor) -> None:
        self._processor = processor
        self._state = processor.state
        self.shut_down = False
        """Whether a triple fault has stopped the processor for good."""
        self.stopped = False
        """Whether a delivery has stopped the engine."""
        handle, failed = processor.handle, processor.fail_and_stop
        interrupted = guarded(self._on_interrupt, failed, None)
        handle.hook(HOOK_INTERRUPT, InterruptCallback(interrupted))
        invalid = guarded(self._on_invalid, failed, True)
        handle.hook(HOOK_INVALID_INSTRUCTION, InvalidCallback(invalid))

    def _on_interrupt(self, _engine: int, vector: int, _user: int) -> None:
        self._state.capture()
        if vector >= EXIT_VECTORS:
            self._on_exit(vector - EXIT_VECTORS)
        elif vector == DB and self._processor.permission.take_refusal():
            self.refuse(Fault(GP))
        elif not self._processor.stepper.swallow_trap(vector):
            self._on_exception(vector)

    def _on_exception(self, vector: int) -> None:
        state = self._state
        address = state.linear_ip
        if state.is_software_interrupt:
            event = Event(vector, Kind.SOFTWARE)
        elif vector == DB:
            event = exception(DB, resume=False)
        else:
            event = fault_event(vector, state.error_code)
        trap = vector == DB and bool(state.debug(6) & DR6_SINGLE_STEP and state.flags & FLAG_TF)
        self._processor.blocks.close_at(address, completed=trap)
        self.deliver(event, address)
        self._stop_if_due()

    def _on_exit(self, code: int) -> None:
        """An emulated exit, which leaves the block behind the instruction."""
        state = self._state
        stepping = state.hidden & HF_TF and not state.flags & FLAG_TF
        if code == EXIT_MSR:
            fault = self._processor.special.execute_msr(bool(state.error_code))
            self.follow_efer()
        elif code == EXIT_INVLPG:
            self._processor.special.execute_invlpg()
            fault = None
        else:
            raise EngineError(f"the engine left the guest with exit code {code:#x}, which nobody asked for")
        self._processor.blocks.close_at(state.linear_ip)
        if fault is None:
            state.forget_exception()
            state.hidden &= ~(HF_TF if stepping else 0)
            state.restore()
        else:
            self.deliver(fault_event(fault.vector, fault.error_code), state.linear_ip)
        self._stop_if_due()

    def _on_invalid(self, _engine: int, _user: int) -> bool:
        self._state.capture()
        if code_at(self._state, self._state.linear_ip)[:1] == INT1:
            self._trap_by_instruction()
        else:
            self.refuse(Fault(UD))
        return True

    def _trap_by_instruction(self) -> None:
        """INT1, which the engine does not know: #DB, pointing behind it, whatever the gate's DPL."""
        self._state.rip += len(INT1)
        address = self._state.linear_ip
        self._processor.blocks.close_at(address)
        self.deliver(exception(DB, resume=False), address)
        self._stop_if_due()

    def refuse(self, fault: Fault) -> None:
        """Deliver a fault of the instruction under way on the captured state."""
        address = self._state.linear_ip
        self._processor.blocks.close_at(address)
        self.deliver(fault_event(fault.vector, fault.error_code), address)
        self._stop_if_due()

    def follow_efer(self) -> None:
        """Let what depends on EFER of the captured state be as it says.

        Translations that we fill in are of small pages only. INVLPG has to drop those of a whole large page.
        """
        state = self._state
        if self._processor.translations.follow(state.efer):
            self._processor.code.forget_soon()
        invlpg = 0 if self._processor.translations.has_no_execute else INTERCEPT_INVLPG
        state.intercept(VMCB, INTERCEPT_MSR | invlpg)

    def deliver(self, event: Event, address: int = 0) -> None:
        """Deliver on the captured state, put it into the engine, and charge the clock."""
        self._announce(event, address)
        try:
            delivered = deliver(self._state, event)
        except ShutdownError:
            self.shut_down = True
            self._processor.handle.stop()
            return
        if delivered is not event:
            self._announce(delivered, address)
        self._state.restore()
        self._processor.clock.charge(self._processor.clock.costs.delivery_ns)

    def _announce(self, event: Event, address: int) -> None:
        if event.kind is Kind.EXCEPTION:
            for seen in self._processor.observers.exception_delivered:
                seen(event.vector, event.error_code, address)
        elif event.kind is Kind.SOFTWARE:
            for interrupted in self._processor.observers.software_interrupt:
                interrupted(event.vector, address)

    def _stop_if_due(self) -> None:
        """A delivery is a decision point of its own: a guest may fault for ever without a block."""
        cells = self._processor.blocks.cells
        interruptible = cells.wanted and self._state.enabled
        if self._processor.clock.due or cells.asked or interruptible or self._processor.stepper.busy:
            self.stopped = True
            self._processor.handle.stop()
