"""Instructions that the engine leaves to us: CPUID, RDTSC(P), SYSCALL, SYSENTER, RDMSR, WRMSR, INVLPG."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_void_p
from typing import Any

from emu.core.clock import Clock
from emu.cpu import context
from emu.cpu.blocks import Blocks
from emu.cpu.context import CS, HF_CS32, HF_CS64, HF_TF, RAX, RCX, RDX, RSP, SS, Segment
from emu.cpu.cpuid import CpuidTable
from emu.cpu.descriptors import GP, UD, Fault
from emu.cpu.guard import Failed, guarded
from emu.cpu.handle import Handle
from emu.cpu.library import HOOK_INSTRUCTION, InstructionCallback, SyscallCallback, x86
from emu.cpu.msrs import EFER_SCE, Msrs
from emu.cpu.port_instructions import code_at
from emu.cpu.state import FLAG_IF, FLAG_RF, FLAG_VM, State

CR4_TSD = 1 << 2
OPCODE_INVLPG = b"\x0f\x01"
ADDRESS_SIZE_PREFIX = 0x67
LOW_32 = 0xFFFF_FFFF
FLAT_CODE_64, FLAT_CODE_32, FLAT_DATA = 0x00A0_9B00, 0x00C0_9B00, 0x00C0_9300
CPUID_REGISTERS = (x86.UC_X86_REG_RAX, x86.UC_X86_REG_RBX, x86.UC_X86_REG_RCX, x86.UC_X86_REG_RDX)
INSTRUCTION_LENGTH = 2
"""SYSCALL and SYSENTER: the engine adds it to RIP after the hook."""


def length_of_invlpg(code: bytes, hidden: int) -> int:
    """Bytes of the INVLPG at the start of `code`, in the mode that `hidden` flags say [SDM] volume 2, 2.1."""
    position = code.index(OPCODE_INVLPG)
    prefixes, modrm = code[:position], code[position + 2]
    mode, base = modrm >> 6, modrm & 7
    length = position + 3
    if not hidden & HF_CS64 and bool(hidden & HF_CS32) == (ADDRESS_SIZE_PREFIX in prefixes):
        return length + (2 if mode == 2 or (mode, base) == (0, 6) else mode)
    if base == 4:
        base = code[length] & 7
        length += 1
    return length + (4 if mode == 2 or (mode, base) == (0, 5) else mode)


class SpecialInstructions:
    """The instruction hooks of one engine."""

    def __init__(
        self,
        *,
        handle: Handle,
        state: State,
        clock: Clock,
        cpuid: CpuidTable,
        msrs: Msrs,
        blocks: Blocks,
        refuse: Callable[[Fault], None],
        failed: Failed,
    ) -> None:
        """`refuse` delivers a fault of the instruction under way on the captured state."""
        self._handle = handle
        self._state = state
        self._clock = clock
        self._cpuid = cpuid
        self._msrs = msrs
        self._refuse = refuse
        answers = {x86.UC_X86_INS_CPUID: self._on_cpuid}
        if blocks.library is None:
            answers |= {x86.UC_X86_INS_RDTSC: self._on_rdtsc, x86.UC_X86_INS_RDTSCP: self._on_rdtscp}
        else:
            self._install_native(blocks.library, blocks)
        for instruction, answer in answers.items():
            handle.hook(HOOK_INSTRUCTION, InstructionCallback(guarded(answer, failed, 1)), instruction)
        for instruction, enter in (
            (x86.UC_X86_INS_SYSCALL, self._on_syscall),
            (x86.UC_X86_INS_SYSENTER, self._on_sysenter),
        ):
            handle.hook(HOOK_INSTRUCTION, SyscallCallback(guarded(enter, failed, None)), instruction)

    def _install_native(self, library: Any, blocks: Blocks) -> None:
        cells, clock = self._msrs.cells, self._clock
        cells.blocks = ctypes.addressof(blocks.cells)
        cells.write_register = ctypes.cast(self._handle.library.uc_reg_write, c_void_p).value
        cells.register_rax, cells.register_rcx = x86.UC_X86_REG_RAX, x86.UC_X86_REG_RCX
        cells.register_rdx, cells.register_cr4 = x86.UC_X86_REG_RDX, x86.UC_X86_REG_CR4
        cells.cost = clock.costs.timestamp_read_ns * clock.ticks_per_ns
        cells.ticks_per_ns = clock.ticks_per_ns
        user = ctypes.addressof(cells)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_rdtsc, x86.UC_X86_INS_RDTSC, user)
        self._handle.hook(HOOK_INSTRUCTION, library.emu_on_rdtscp, x86.UC_X86_INS_RDTSCP, user)

    def _on_cpuid(self, _engine: int, _user: int) -> int:
        handle = self._handle
        leaf = self._cpuid.query(handle.read(x86.UC_X86_REG_EAX), handle.read(x86.UC_X86_REG_ECX))
        for register, value in zip(
            (x86.UC_X86_REG_RAX, x86.UC_X86_REG_RBX, x86.UC_X86_REG_RCX, x86.UC_X86_REG_RDX),
            leaf,
            strict=True,
        ):
            handle.write(register, value)
        return 1

    def _on_rdtsc(self, _engine: int, _user: int) -> int:
        return self._timestamp(aux=False)

    def _on_rdtscp(self, _engine: int, _user: int) -> int:
        return self._timestamp(aux=True)

    def _timestamp(self, *, aux: bool) -> int:
        """EDX:EAX = TSC, ECX = TSC_AUX; 0 lets the engine raise #GP where CR4.TSD forbids it."""
        handle = self._handle
        self._state.glance()
        if self._state.control(4) & CR4_TSD and self._state.cpl:
            return 0
        self._clock.charge(self._clock.costs.timestamp_read_ns)
        now = self._msrs.timestamp()
        handle.write(x86.UC_X86_REG_RAX, now & LOW_32)
        handle.write(x86.UC_X86_REG_RDX, now >> 32)
        if aux:
            handle.write(x86.UC_X86_REG_RCX, self._msrs.tsc_aux)
        return 1

    def _on_syscall(self, _engine: int, _user: int) -> None:
        state = self._state
        state.capture()
        if state.efer & EFER_SCE and state.code64:
            self._syscall()
        else:
            self._refuse_before(Fault(UD))
        state.restore()

    def _syscall(self) -> None:
        """[SDM] volume 2, SYSCALL."""
        state, at = self._state, context.layout()
        star = state.qword(at.star)
        selector = star >> 32 & 0xFFFC
        state.set_gpr(RCX, state.rip + INSTRUCTION_LENGTH)
        state.set_gpr(11, state.flags & ~FLAG_RF)
        state.set_all_flags(state.flags & ~(state.dword(at.lstar + 16) | FLAG_RF | FLAG_VM) | 2)
        self._enter_ring_0(selector, selector + 8, FLAT_CODE_64)
        state.rip = state.qword(at.lstar) - INSTRUCTION_LENGTH

    def _on_sysenter(self, _engine: int, _user: int) -> None:
        self._state.capture()
        self._sysenter()
        self._state.restore()

    def _sysenter(self) -> None:
        """[SDM] volume 2, SYSENTER."""
        state, at = self._state, context.layout()
        selector = state.dword(at.sysenter_cs) & 0xFFFC
        if not state.protected or not selector:
            self._refuse_before(Fault(GP))
            return
        state.clear_flags(FLAG_IF | FLAG_VM | FLAG_RF)
        self._enter_ring_0(selector, selector + 8, FLAT_CODE_64 if state.long_mode else FLAT_CODE_32)
        mask = 0xFFFF_FFFF_FFFF_FFFF if state.long_mode else LOW_32
        state.set_gpr(RSP, state.qword(at.sysenter) & mask)
        state.rip = (state.qword(at.sysenter + 8) & mask) - INSTRUCTION_LENGTH

    def _enter_ring_0(self, code: int, stack: int, code_flags: int) -> None:
        state = self._state
        stepping = state.hidden & HF_TF
        state.set_segment(CS, Segment(code, 0, LOW_32, code_flags))
        state.set_segment(SS, Segment(stack, 0, LOW_32, FLAT_DATA))
        state.sync_hidden(0)
        state.hidden |= stepping

    def _refuse_before(self, fault: Fault) -> None:
        self._refuse(fault)
        self._state.rip -= INSTRUCTION_LENGTH

    def execute_msr(self, write: bool) -> Fault | None:
        """RDMSR or WRMSR on the captured state, RIP included; the fault that it raises instead."""
        state = self._state
        number = state.gpr(RCX) & LOW_32
        try:
            if write:
                self._msrs.write(number, state.gpr(RAX) & LOW_32 | (state.gpr(RDX) & LOW_32) << 32)
            else:
                value = self._msrs.read(number)
                state.set_gpr(RAX, value & LOW_32)
                state.set_gpr(RDX, value >> 32)
        except Fault as fault:
            return fault
        state.rip += INSTRUCTION_LENGTH
        return None

    def execute_invlpg(self) -> None:
        """INVLPG on the captured state, RIP included: all translations go, of large pages too."""
        state = self._state
        state.rip += length_of_invlpg(code_at(state, state.linear_ip), state.hidden)
        state.tlb_is_stale = True
