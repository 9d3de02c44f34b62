"""The processor's architectural registers by name: what debuggers show and snapshots keep."""

from __future__ import annotations

from emu.cpu import context
from emu.cpu.context import (
    HF2_GIF,
    HF2_VINTR,
    HF_INHIBIT_IRQ,
    HF_LMA,
    HF_OSFXSR,
    HF_PE,
    Segment,
)
from emu.cpu.handle import Handle
from emu.cpu.library import x86
from emu.cpu.msrs import CSTAR, FMASK, LSTAR, PAT, STAR, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP
from emu.cpu.paging import EFER_LMA
from emu.cpu.state import CR0_PE, FLAG_VM, State

GENERAL = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{n}" for n in range(8, 16)))
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr", "gdtr", "idtr")
CONTROL, DEBUG = (0, 2, 3, 4), (0, 1, 2, 3, 6, 7)
WORDS = {
    "fpcw": x86.UC_X86_REG_FPCW,
    "fpsw": x86.UC_X86_REG_FPSW,
    "fptag": x86.UC_X86_REG_FPTAG,
    "fip": x86.UC_X86_REG_FIP,
    "fcs": x86.UC_X86_REG_FCS,
    "fdp": x86.UC_X86_REG_FDP,
    "fds": x86.UC_X86_REG_FDS,
    "fop": x86.UC_X86_REG_FOP,
    "mxcsr": x86.UC_X86_REG_MXCSR,
    "cr8": x86.UC_X86_REG_CR8,
}
WIDE = {f"fp{n}": (x86.UC_X86_REG_FP0 + n, 10) for n in range(8)}
WIDE |= {f"xmm{n}": (x86.UC_X86_REG_XMM0 + n, 16) for n in range(16)}
MSRS = {"star": STAR, "lstar": LSTAR, "cstar": CSTAR, "fmask": FMASK, "pat": PAT}
MSRS |= {"sysenter_cs": SYSENTER_CS, "sysenter_esp": SYSENTER_ESP, "sysenter_eip": SYSENTER_EIP}

Value = int | bytes | tuple[int, int, int, int]
Registers = dict[str, Value]

HF_MATH_SHIFT = 8
CR0_MATH, CR4_OSFXSR = 0xE, 1 << 9


def visible(state: State) -> Registers:
    """General registers, RIP, RFLAGS, segments with their hidden parts, control and debug registers."""
    state.capture()
    values: Registers = {name: state.gpr(number) for number, name in enumerate(GENERAL)}
    values |= {"rip": state.rip, "rflags": state.flags, "efer": state.efer}
    for number, name in enumerate(SEGMENTS):
        selector, base, limit, flags = state.segment(number)
        values[name] = (selector, base, limit, flags)
    values |= {f"cr{number}": state.control(number) for number in CONTROL}
    values |= {f"dr{number}": state.debug(number) for number in DEBUG}
    return values


def save(handle: Handle, state: State, msrs: dict[str, int]) -> Registers:
    """Everything that a guest can tell by its registers, the interrupt shadow and A20 included."""
    values = visible(state)
    values |= {"shadow": int(state.shadow), "a20": int(state.a20_mask >> 20 & 1)}
    values |= msrs
    values["kernel_gs_base"] = state.qword(context.layout().kernel_gs)
    values |= {name: handle.read(register) for name, register in WORDS.items()}
    values |= {name: handle.read_bytes(register, size) for name, (register, size) in WIDE.items()}
    return values


def reset_floating_point(handle: Handle) -> None:
    """x87 and SSE registers after RESET. [SDM] volume 3, table 9-1."""
    for register, size in WIDE.values():
        handle.write_bytes(register, bytes(size))
    last = dict.fromkeys(("fip", "fcs", "fdp", "fds", "fop"), 0)
    for name, value in {"fpcw": 0x40, "fpsw": 0, "fptag": 0x5555, "mxcsr": 0x1F80, **last}.items():
        handle.write(WORDS[name], value)


def load(handle: Handle, state: State, values: Registers) -> None:
    """Put back what `save` gave, MSRs apart."""
    for name, register in WORDS.items():
        handle.write(register, _int(values[name]))
    for name, (register, _) in WIDE.items():
        held = values[name]
        assert isinstance(held, bytes)
        handle.write_bytes(register, held)
    state.capture()
    for number, name in enumerate(GENERAL):
        state.set_gpr(number, _int(values[name]))
    for number, name in enumerate(SEGMENTS):
        held = values[name]
        assert isinstance(held, tuple)
        state.set_segment(number, Segment(*held))
    for number in CONTROL:
        state.set_control(number, _int(values[f"cr{number}"]))
    state.rip, state.efer = _int(values["rip"]), _int(values["efer"])
    state.set_qword(context.layout().kernel_gs, _int(values["kernel_gs_base"]))
    state.set_a20(bool(values["a20"]))
    _load_flags(state, _int(values["rflags"]), bool(values["shadow"]))
    state.forget_exception()
    state.restore()
    for number in DEBUG:
        handle.write(x86.UC_X86_REG_DR0 + number, _int(values[f"dr{number}"]))
    handle.flush_tlb()


def _load_flags(state: State, flags: int, shadow: bool) -> None:
    """EFLAGS, and the hidden flags that mirror control registers, segments and EFLAGS."""
    cr0, cr4 = state.control(0), state.control(4)
    hidden = state.hidden & context.HF_GUEST | context.HF_IOBPT
    hidden |= HF_PE if cr0 & CR0_PE else 0
    hidden |= (cr0 & CR0_MATH) << HF_MATH_SHIFT
    hidden |= HF_LMA if state.efer & EFER_LMA else 0
    hidden |= HF_OSFXSR if cr4 & CR4_OSFXSR else 0
    hidden |= HF_INHIBIT_IRQ if shadow else 0
    state.hidden = hidden
    state.set_dword(context.layout().hflags + 4, HF2_GIF | HF2_VINTR)
    state.set_all_flags(flags)
    level = 3 if flags & FLAG_VM else state.segment(context.SS).dpl if cr0 & CR0_PE else 0
    state.sync_hidden(level)


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value
