"""The 8259A interrupt controller, and the two of them on a PC.

`Pic8259` is the chip as a register machine: inputs, an INT pin, acknowledge cycles, two registers.
`PicPair` is its mounting: which ports, which wire goes where, and the edge/level register of the ISA bridge.

[8259A] Intel 8259A Programmable Interrupt Controller (231468). [PIIX3] Intel 82371SB (290550).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.bus import Region
from emu.core.device import Device
from emu.core.registers import Named, Register, bit, registers
from emu.core.registers import field as bits
from emu.core.state import Plain

SPURIOUS_INPUT = 7
CASCADE_INPUT = 2
CASCADE_BIT = 1 << CASCADE_INPUT
FLOATING_BUS = 0xFF

LOWEST_SET = tuple((value & -value).bit_length() - 1 if value else 8 for value in range(256))
"""The position of the lowest bit that is set; 8 where none is."""


class InitializationWord1(Register):
    """ICW1."""

    needs_word4 = bit(0)
    single = bit(1)
    interval_of_4 = bit(2)
    level_triggered = bit(3)
    initialization = bit(4)
    address_high = bits(7, 5)


class InitializationWord4(Register):
    """ICW4."""

    mode_8086 = bit(0)
    automatic_end = bit(1)
    buffered_master = bit(2)
    buffered = bit(3)
    special_fully_nested = bit(4)


class OperationWord2(Register):
    """OCW2: ends of interrupts and rotation."""

    level = bits(2, 0)
    command = bits(7, 5)


class OperationWord3(Register):
    """OCW3: what a read gives, poll, special mask mode."""

    in_service = bit(0)
    select_read = bit(1)
    poll = bit(2)
    operation_word3 = bit(3)
    special_mask = bit(5)
    set_special_mask = bit(6)


ALL_LEVEL = InitializationWord1.level_triggered.mask
AUTOMATIC_END = InitializationWord4.automatic_end.mask
NESTED = InitializationWord4.special_fully_nested.mask
MODE_8086 = InitializationWord4.mode_8086.mask
SELECTS_WORD1 = InitializationWord1.initialization.mask
SELECTS_WORD3 = OperationWord3.operation_word3.mask


@dataclass
class Pic8259:
    """One chip: its fields are its state, its methods what its pins and registers do.

    Masks have bit n for input n. An edge-triggered request lasts as long as its input stays high and it has
    not been acknowledged ([8259A] "the IR input must remain high until after the first INTA").
    """

    inputs: int = 0
    request: int = 0
    in_service: int = 0
    mask: int = 0
    level_triggered: int = 0
    vector_base: int = 0
    cascade: int = 0
    word1: InitializationWord1 = field(default_factory=InitializationWord1)
    word4: InitializationWord4 = field(default_factory=InitializationWord4)
    expected_word: int = 0
    """The initialization word that comes next, 2 to 4; 0 where none does."""
    ready: bool = False
    """Whether an initialization sequence has been completed."""
    highest: int = 0
    """The input that has the highest priority; the others follow in order."""
    rotate_on_automatic_end: bool = False
    special_mask: bool = False
    read_in_service: bool = False
    poll: bool = False

    def set_input(self, mask: int, level: bool) -> None:
        """The input whose bit is set in `mask` is now at `level`."""
        if level:
            if not self.inputs & mask:
                self.inputs |= mask
                self.request |= mask
        else:
            self.inputs &= ~mask
            self.request &= ~mask

    def set_level_triggered(self, mask: int) -> None:
        """Inputs in `mask` ask for as long as they are high, the others once for each rising edge."""
        became_level = mask & ~self.level_triggered
        self.level_triggered = mask
        self.request |= self.inputs & became_level

    @property
    def interrupt(self) -> bool:
        """The INT pin."""
        return self.request & ~self.mask != 0 and self._winner() is not None

    def acknowledge(self) -> int | None:
        """An INTA cycle: the input that it accepts, or None where the request has gone (spurious)."""
        winner = self._winner()
        if winner is None:
            return None
        mask = 1 << winner
        if not (self.level_triggered & mask or self.word1 & ALL_LEVEL):
            self.request &= ~mask
        if not self.word4 & AUTOMATIC_END:
            self.in_service |= mask
        elif self.rotate_on_automatic_end:
            self.highest = (winner + 1) & 7
        return winner

    def vector(self, number: int) -> int:
        """What the chip puts on the data bus in the second INTA cycle for an input."""
        if self.word4 & MODE_8086:
            return self.vector_base & 0xF8 | number
        if self.word1.interval_of_4:
            return self.word1 & 0xE0 | number << 2
        return self.word1 & 0xC0 | number << 3

    def has_slave(self, number: int) -> bool:
        """Whether another chip is to answer for this input."""
        return bool(self.cascade >> number & 1) and not self.word1.single

    def read(self, offset: int) -> int:
        """A read with A0 = `offset`; after a poll command it is an acknowledge cycle at either address."""
        if self.poll:
            self.poll = False
            winner = self.acknowledge()
            return 0 if winner is None else 0x80 | winner
        if offset:
            return self.mask
        return self.in_service if self.read_in_service else self.request

    def write(self, offset: int, value: int) -> None:
        """A write with A0 = `offset`."""
        if offset:
            self._write_data(value)
        elif value & SELECTS_WORD1:
            self._initialize(InitializationWord1(value))
        elif value & SELECTS_WORD3:
            self._operate(OperationWord3(value))
        else:
            self._end(OperationWord2(value))

    def _winner(self) -> int | None:
        wanted = self.request & ~self.mask
        if not wanted or not self.ready:
            return None
        highest = self.highest
        rank = LOWEST_SET[(wanted >> highest | wanted << 8 - highest) & 0xFF]
        winner = (rank + highest) & 7
        serving = self.in_service & ~self.mask if self.special_mask else self.in_service
        if serving:
            limit = LOWEST_SET[(serving >> highest | serving << 8 - highest) & 0xFF]
            nested = self.word4 & NESTED and rank == limit and self.has_slave(winner)
            if rank >= limit and not nested:
                return None
        return winner

    def _initialize(self, word: InitializationWord1) -> None:
        self.word1 = word
        if not word.needs_word4:
            self.word4 = InitializationWord4(0)
        self.mask = self.in_service = 0
        self.request = self.inputs & (0xFF if word & ALL_LEVEL else self.level_triggered)
        self.highest = 0
        self.cascade = 7
        self.special_mask = self.read_in_service = self.poll = self.rotate_on_automatic_end = False
        self.expected_word = 2
        self.ready = False

    def _write_data(self, value: int) -> None:
        last = 4 if self.word1.needs_word4 else 3
        match self.expected_word:
            case 0:
                self.mask = value
                return
            case 2:
                self.vector_base = value
                self.expected_word = 4 if self.word1.single else 3
            case 3:
                self.cascade = value
                self.expected_word = 4
            case _:
                self.word4 = InitializationWord4(value & 0x1F)
                self.expected_word = 5
        if self.expected_word > last:
            self.expected_word = 0
            self.ready = True

    def _operate(self, word: OperationWord3) -> None:
        if word.set_special_mask:
            self.special_mask = bool(word.special_mask)
        if word.poll:
            self.poll = True
        elif word.select_read:
            self.read_in_service = bool(word.in_service)

    def _end(self, word: OperationWord2) -> None:
        level = word.level
        match word.command:
            case 0b000:
                self.rotate_on_automatic_end = False
            case 0b100:
                self.rotate_on_automatic_end = True
            case 0b001 | 0b101:
                self._end_highest(rotate=word.command == 0b101)
            case 0b011:
                self.in_service &= ~(1 << level)
            case 0b111:
                self.in_service &= ~(1 << level)
                self.highest = (level + 1) & 7
            case 0b110:
                self.highest = (level + 1) & 7

    def _end_highest(self, *, rotate: bool) -> None:
        serving = self.in_service & ~self.mask if self.special_mask else self.in_service
        if not serving:
            return
        rank = LOWEST_SET[(serving >> self.highest | serving << 8 - self.highest) & 0xFF]
        ended = (rank + self.highest) & 7
        self.in_service &= ~(1 << ended)
        if rotate:
            self.highest = (ended + 1) & 7


@dataclass
class PicPairState:
    """Both chips."""

    master: Pic8259 = field(default_factory=Pic8259)
    slave: Pic8259 = field(default_factory=Pic8259)


COMMAND = Named("IRR/ISR", "ICW1/OCW2/OCW3")
DATA = Named("OCW1 mask", "OCW1 mask/ICW2-4")
MASTER_LEVEL_CAPABLE, SLAVE_LEVEL_CAPABLE = 0xF8, 0xDE
"""IRQ 0, 1, 2, 8 and 13 are always edge-triggered, [PIIX3] 2.5.5."""


class PicPair(Device[PicPairState]):
    """Two 8259A as a PC has them: the slave's INT drives IR2 of the master."""

    def __init__(self, *, output: Callable[[bool], None]) -> None:
        """`output` is told the level of INTR whenever it changes, and after a restore."""
        super().__init__("pic", PicPairState())
        self._output = output
        self._level = False

    def ports(self) -> tuple[Region, ...]:
        """Command and data of both chips, and the edge/level control registers."""
        chip_names = registers({0: COMMAND, 1: DATA})
        return (
            Region("pic master", 0x20, 2, self._read_master, self._write_master, registers=chip_names),
            Region("pic slave", 0xA0, 2, self._read_slave, self._write_slave, registers=chip_names),
            Region(
                "pic edge/level",
                0x4D0,
                2,
                self._read_trigger,
                self._write_trigger,
                registers=registers({0: "ELCR1", 1: "ELCR2"}),
            ),
        )

    def input(self, number: int) -> Callable[[bool], None]:
        """Where the wire of IRQ `number` (0 to 15, not 2) ends."""
        if not 0 <= number <= 15 or number == CASCADE_INPUT:
            raise ValueError(f"a PC has no IRQ {number}")
        mask = 1 << (number & 7)

        def feel_at_master(level: bool) -> None:
            self.state.master.set_input(mask, level)
            self._drive_intr()

        def feel_at_slave(level: bool) -> None:
            self.state.slave.set_input(mask, level)
            self.drive_outputs()

        return feel_at_slave if number > 7 else feel_at_master

    def acknowledge(self) -> int:
        """The processor's INTA cycles: the vector. Input 7 answers for a request that has gone meanwhile."""
        master = self.state.master
        number = master.acknowledge()
        if number is None:
            vector = master.vector(SPURIOUS_INPUT)
        elif master.has_slave(number):
            vector = self._acknowledge_slave(number)
        else:
            vector = master.vector(number)
        self.drive_outputs()
        return vector

    def number(self, vector: int) -> int | None:
        """The IRQ whose vector this is; None for one of nobody's."""
        for first, chip in ((0, self.state.master), (8, self.state.slave)):
            if vector & ~7 == chip.vector(0):
                return first + (vector & 7)
        return None

    def reset(self) -> None:
        """Power-on state; the levels at the inputs are the wires' and stay."""
        old = self.state
        self.state = PicPairState(
            Pic8259(inputs=old.master.inputs & ~CASCADE_BIT), Pic8259(inputs=old.slave.inputs)
        )
        self.drive_outputs()

    def restore(self, plain: Plain) -> None:
        """Take a saved state and tell the level of INTR."""
        super().restore(plain)
        self._output(self._level)

    def drive_outputs(self) -> None:
        """The slave's INT into the master, the master's INT to the processor."""
        master = self.state.master
        cascade = self.state.slave.interrupt
        if cascade != bool(master.inputs & CASCADE_BIT):
            master.set_input(CASCADE_BIT, cascade)
        self._drive_intr()

    def _drive_intr(self) -> None:
        level = self.state.master.interrupt
        if level != self._level:
            self._level = level
            self._output(level)

    def _acknowledge_slave(self, number: int) -> int:
        slave = self.state.slave
        if number != CASCADE_INPUT or slave.cascade & 7 != CASCADE_INPUT:
            return FLOATING_BUS
        accepted = slave.acknowledge()
        self._drop_cascade()
        return slave.vector(SPURIOUS_INPUT if accepted is None else accepted)

    def _drop_cascade(self) -> None:
        # INT falls with each acknowledge cycle, so a further request of the slave makes a new edge.
        self.state.master.set_input(CASCADE_BIT, False)

    def _read_master(self, offset: int, width: int) -> int:
        value = self.state.master.read(offset)
        self.drive_outputs()
        return value

    def _write_master(self, offset: int, width: int, value: int) -> None:
        self.state.master.write(offset, value)
        self.drive_outputs()

    def _read_slave(self, offset: int, width: int) -> int:
        if self.state.slave.poll:
            self._drop_cascade()
        value = self.state.slave.read(offset)
        self.drive_outputs()
        return value

    def _write_slave(self, offset: int, width: int, value: int) -> None:
        self.state.slave.write(offset, value)
        self.drive_outputs()

    def set_level_triggered(self, mask: int) -> None:
        """ELCR: IRQ n is a level where bit n is set, else an edge."""
        self.state.master.set_level_triggered(mask & MASTER_LEVEL_CAPABLE)
        self.state.slave.set_level_triggered(mask >> 8 & SLAVE_LEVEL_CAPABLE)
        self.drive_outputs()

    def _read_trigger(self, offset: int, width: int) -> int:
        return (self.state.slave if offset else self.state.master).level_triggered

    def _write_trigger(self, offset: int, width: int, value: int) -> None:
        if offset:
            self.state.slave.set_level_triggered(value & SLAVE_LEVEL_CAPABLE)
        else:
            self.state.master.set_level_triggered(value & MASTER_LEVEL_CAPABLE)
        self.drive_outputs()
