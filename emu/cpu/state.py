"""The processor's registers, by their names, on top of a captured context."""

from __future__ import annotations

from struct import Struct

from emu.core.memory import Memory
from emu.cpu import context as layout_of
from emu.cpu.context import CS, DS, ES, FS, GS, NO_EXCEPTION, RSP, SS, Context, Segment
from emu.cpu.handle import Handle
from emu.cpu.library import x86
from emu.cpu.paging import Paging

FLAG_TF, FLAG_IF, FLAG_DF = 1 << 8, 1 << 9, 1 << 10
FLAG_NT, FLAG_RF, FLAG_VM, FLAG_AC = 1 << 14, 1 << 16, 1 << 17, 1 << 18

ARITHMETIC_FLAGS = 0x8D5
CC_IS_EFLAGS = 1
"""The engine's mark that its condition-code source holds flags ready-made."""

CR0_PE, CR0_TS = 1, 8
SEGMENT_64BIT, SEGMENT_32BIT = 1 << 21, 1 << 22
"""The L and D bits of a segment's flags."""


SEGMENT = Struct("<I4xQII")
"""A segment register in the context: selector, base, limit, flags."""


class State(Context):
    """`capture`, then read and change; nothing reaches the engine before `restore`."""

    def __init__(self, handle: Handle, memory: Memory) -> None:
        super().__init__(handle)
        self._layout = layout_of.layout()
        at = self._layout
        self._segment_at = [at.segments + number * at.stride for number in range(10)]
        self._cs_base = at.segments + CS * at.stride + 8
        self._hflags, self._rip, self._gpr = at.hflags, at.rip, at.gpr
        self.flags = 0
        """EFLAGS as the guest would see them at the moment of `capture`."""
        self.paging = Paging(memory)
        self.tlb_is_stale = False
        """Whether CR3 was changed here: the engine's translations must go with the next `restore`."""

    def restore(self) -> None:
        """Give the engine this state."""
        super().restore()
        if self.tlb_is_stale:
            self._handle.flush_tlb()
            self.tlb_is_stale = False

    def capture(self) -> None:
        """Take the engine's state, the computed flags included."""
        self.flags = self._handle.read(x86.UC_X86_REG_EFLAGS)
        super().capture()

    def glance(self) -> None:
        """Take the engine's state but for the computed flags: `flags` is stale. Cheaper than `capture`."""
        super().capture()

    @property
    def backwards(self) -> bool:
        """EFLAGS.DF, also after a mere `glance`."""
        return self.dword(self._rip + 44) != 1

    def load_paging(self) -> Paging:
        """A walker for the captured state."""
        at = self._layout
        paging = self.paging
        paging.cr0, paging.cr3 = self.qword(at.cr0), self.qword(at.cr0 + 24)
        paging.cr4, paging.efer = self.qword(at.cr0 + 32), self.qword(at.efer)
        paging.a20_mask = self.a20_mask
        return paging

    def gpr(self, number: int) -> int:
        """A general register, 64 bits, by its encoding (0 RAX to 15 R15)."""
        return self.qword(self._gpr + 8 * number)

    def set_gpr(self, number: int, value: int) -> None:
        """Set a general register, all 64 bits."""
        self.set_qword(self._layout.gpr + 8 * number, value)

    @property
    def rip(self) -> int:
        """The instruction pointer, relative to CS."""
        return self.qword(self._rip)

    @rip.setter
    def rip(self, value: int) -> None:
        self.set_qword(self._layout.rip, value)

    @property
    def rsp(self) -> int:
        """The stack pointer."""
        return self.gpr(RSP)

    @rsp.setter
    def rsp(self, value: int) -> None:
        self.set_gpr(RSP, value)

    def segment(self, number: int) -> Segment:
        """A segment register with its hidden part."""
        return Segment._make(SEGMENT.unpack_from(self.raw, self._segment_at[number]))

    def segment_base(self, number: int) -> int:
        """The base of a segment register."""
        return self.qword(self._segment_at[number] + 8)

    def set_segment(self, number: int, segment: Segment) -> None:
        """Set a segment register with its hidden part; hidden flags follow with `sync_hidden`."""
        SEGMENT.pack_into(self.raw, self._segment_at[number], *segment)

    def control(self, number: int) -> int:
        """CR0, CR2, CR3 or CR4."""
        return self.qword(self._layout.cr0 + 8 * number)

    def set_control(self, number: int, value: int) -> None:
        """Set a control register without any of its effects but those of `sync_hidden`."""
        self.set_qword(self._layout.cr0 + 8 * number, value)

    def debug(self, number: int) -> int:
        """DR0 to DR7."""
        return self.qword(self._layout.dr0 + 8 * number)

    def set_debug(self, number: int, value: int) -> None:
        """Set a debug register in the context (breakpoints of DR7 are armed by the engine's own MOV)."""
        self.set_qword(self._layout.dr0 + 8 * number, value)

    @property
    def efer(self) -> int:
        """The extended feature enable register."""
        return self.qword(self._layout.efer)

    @efer.setter
    def efer(self, value: int) -> None:
        self.set_qword(self._layout.efer, value)

    @property
    def hidden(self) -> int:
        """The engine's hidden flags."""
        return self.dword(self._hflags)

    @hidden.setter
    def hidden(self, value: int) -> None:
        self.set_dword(self._layout.hflags, value)

    @property
    def cpl(self) -> int:
        """Current privilege level."""
        return self.hidden & layout_of.HF_CPL

    @property
    def shadow(self) -> bool:
        """Whether STI or MOV SS holds interrupts off for one instruction."""
        return bool(self.hidden & layout_of.HF_INHIBIT_IRQ)

    @property
    def protected(self) -> bool:
        """CR0.PE, vm86 included."""
        return bool(self.hidden & layout_of.HF_PE)

    @property
    def long_mode(self) -> bool:
        """EFER.LMA: long mode, compatibility mode included."""
        return bool(self.hidden & layout_of.HF_LMA)

    @property
    def code64(self) -> bool:
        """64-bit mode proper."""
        return bool(self.hidden & layout_of.HF_CS64)

    @property
    def vm86(self) -> bool:
        """EFLAGS.VM."""
        return bool(self.qword(self._layout.eflags) & FLAG_VM)

    @property
    def enabled(self) -> bool:
        """EFLAGS.IF."""
        return bool(self.qword(self._layout.eflags) & FLAG_IF)

    @property
    def linear_ip(self) -> int:
        """The linear address that RIP stands for."""
        if self.dword(self._hflags) & layout_of.HF_CS64:
            return self.qword(self._rip)
        return self.qword(self._cs_base) + self.qword(self._rip) & 0xFFFF_FFFF

    @property
    def a20_mask(self) -> int:
        """What physical addresses are masked with."""
        mask = self.dword(self._layout.a20)
        return mask | 0xFFFF_FFFF_0000_0000

    def set_a20(self, enabled: bool) -> None:
        """Let address line 20 through, or hold it low."""
        self.set_dword(self._layout.a20, 0xFFFF_FFFF if enabled else 0xFFEF_FFFF)

    def clear_flags(self, mask: int) -> None:
        """Clear EFLAGS bits other than the arithmetic ones."""
        at = self._layout.eflags
        self.set_qword(at, self.qword(at) & ~mask)

    def set_all_flags(self, flags: int) -> None:
        """Set EFLAGS whole, the arithmetic flags included; hidden flags follow with `sync_hidden`.

        The engine takes arithmetic flags and DF out of EFLAGS when it starts and puts them back at the end.
        """
        at = self._layout.rip
        self.set_qword(at + 8, flags & ~(ARITHMETIC_FLAGS | FLAG_DF) if self._handle.running else flags)
        self.set_qword(at + 24, flags & ARITHMETIC_FLAGS)
        self.set_dword(at + 40, CC_IS_EFLAGS)
        self.set_dword(at + 44, -1 if flags & FLAG_DF else 1)

    @property
    def error_code(self) -> int:
        """Error code of the exception that the engine announced."""
        return self.dword(self._layout.error_code)

    @property
    def is_software_interrupt(self) -> bool:
        """Whether the announced vector comes from INT n."""
        return bool(self.dword(self._layout.error_code + 4))

    def forget_exception(self) -> None:
        """Tell the engine that delivery is done: the next fault is not a nested one."""
        self.set_dword(self._layout.old_exception, NO_EXCEPTION)
        self.set_dword(self._layout.error_code + 4, 0)

    def intercept(self, vmcb: int, intercepts: int) -> None:
        """Make intercepted instructions exit, by the engine's SVM machinery; let I/O meet breakpoints."""
        self.set_qword(self._layout.vmcb, vmcb)
        self.set_qword(self._layout.vmcb + 16, intercepts)
        self.hidden |= layout_of.HF_GUEST | layout_of.HF_IOBPT

    def sync_hidden(self, cpl: int) -> None:
        """Derive the hidden flags from segments and `cpl` (CR0's mirror is left alone).

        TF, IOPL and VM have places among them, but the engine takes those from EFLAGS itself; a bit that
        is left in the hidden flags would outlive the guest's change of EFLAGS.
        """
        mirrored = (
            layout_of.HF_CPL
            | layout_of.HF_CS32
            | layout_of.HF_SS32
            | layout_of.HF_ADDSEG
            | layout_of.HF_CS64
            | layout_of.HF_TF
        )
        flags = self.qword(self._layout.eflags)
        hidden = self.hidden & ~mirrored | layout_of.HF_IOBPT | cpl
        code, stack = self.segment(CS), self.segment(SS)
        if hidden & layout_of.HF_LMA and code.flags & SEGMENT_64BIT:
            hidden |= layout_of.HF_CS64 | layout_of.HF_CS32 | layout_of.HF_SS32
        else:
            hidden |= layout_of.HF_CS32 if code.flags & SEGMENT_32BIT else 0
            hidden |= layout_of.HF_SS32 if stack.flags & SEGMENT_32BIT else 0
            flat = hidden & layout_of.HF_PE and not flags & FLAG_VM and hidden & layout_of.HF_CS32
            bases = self.segment(DS).base | self.segment(ES).base | stack.base
            hidden |= 0 if flat and not bases else layout_of.HF_ADDSEG
        self.hidden = hidden

    def reset(self) -> None:
        """The state after RESET [SDM] volume 3, table 9-1, that delivery and the context know."""
        at = self._layout
        for number in range(16):
            self.set_gpr(number, 0)
        self.set_gpr(2, 0x206A7)
        for number in (ES, SS, DS, FS, GS):
            self.set_segment(number, Segment(0, 0, 0xFFFF, 0x9300))
        self.set_segment(CS, Segment(0xF000, 0xFFFF_0000, 0xFFFF, 0x9B00))
        self.set_segment(layout_of.LDTR, Segment(0, 0, 0xFFFF, 0x8200))
        self.set_segment(layout_of.TR, Segment(0, 0, 0xFFFF, 0x8B00))
        self.set_segment(layout_of.GDTR, Segment(0, 0, 0xFFFF, 0))
        self.set_segment(layout_of.IDTR, Segment(0, 0, 0xFFFF, 0))
        for number, value in ((0, 0x6000_0010), (2, 0), (3, 0), (4, 0)):
            self.set_control(number, value)
        for number in range(4):
            self.set_debug(number, 0)
        self.set_debug(6, 0xFFFF_0FF0)
        self.set_debug(7, 0x400)
        self.efer = 0
        self.rip = 0xFFF0
        self.set_all_flags(2)
        self.set_dword(at.hflags, layout_of.HF_ADDSEG)
        self.set_dword(at.hflags + 4, layout_of.HF2_GIF | layout_of.HF2_VINTR)
        for offset in (at.star, at.lstar, at.lstar + 8, at.lstar + 16, at.kernel_gs):
            self.set_qword(offset, 0)
        for offset in (at.sysenter, at.sysenter + 8):
            self.set_qword(offset, 0)
        self.set_dword(at.sysenter_cs, 0)
        self.set_qword(at.pat, 0x0007_0406_0007_0406)
        self.set_a20(True)
        self.forget_exception()
