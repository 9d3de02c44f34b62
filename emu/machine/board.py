"""What hardware leaves open: choices that firmware and its tables must agree on."""

from __future__ import annotations

POWER_MANAGEMENT_BASE = 0xB000
"""Where the PIIX4's registers go; our BIOS chooses it, too."""
IO_WINDOW, MEMORY_WINDOW = 0xC000, 0xE000_0000
"""From where on PCI functions get their ports and their memory."""
LINK_INTERRUPTS = (10, 11, 10, 11)
"""The IRQ that each PCI interrupt link, PIRQA# to PIRQD#, is routed to."""
POSSIBLE_INTERRUPTS = (5, 10, 11)
"""The IRQs that a PCI interrupt may be routed to: those without an ISA device."""
COM_PORTS = (0x3F8, 0x2F8)
"""The serial ports that there are, by their bases."""
