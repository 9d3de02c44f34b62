/* Packets whose data go by the bus master. */
#include "cd.h"
#include "pci.h"

enum { SECONDARY = 8, COMMAND = 0, STATUS = 2, TABLE = 4, START = 1, TO_MEMORY = 8, ACTIVE = 1, INTERRUPT = 4 };

static struct {
	u32 address;
	u16 count, last;
} table[2] __attribute__((aligned(16)));

static u16 base;
static u8 read[8 * BLOCK] __attribute__((aligned(4)));

static void bus_read(u32 bytes, u32 first)
{
	table[0].address = (u32)(word)read;
	table[0].count = (u16)first;
	table[0].last = first == bytes ? 0x8000 : 0;
	table[1].address = (u32)(word)read + first;
	table[1].count = (u16)(bytes - first);
	table[1].last = 0x8000;
	memset(read, 0, bytes);
	out8((u16)(base + COMMAND), 0);
	out8((u16)(base + STATUS), INTERRUPT | 2);
	out32((u16)(base + TABLE), (u32)(word)table);
	send(0, BY_DMA);
	out8((u16)(base + COMMAND), TO_MEMORY | START);
	check(irq_comes_within(CD_IRQ, 1000), "the end of a packet by DMA interrupts");
	if (on_tcg())
		pause_ms(2);	/* QEMU interrupts a little before it clears Active */
	check_equal(in8((u16)(base + STATUS)) & (INTERRUPT | ACTIVE), INTERRUPT, "table and transfer end together");
	check_equal(get(IDE_STATUS) & (IDE_BUSY | IDE_REQUEST | IDE_FAILED), 0, "without an error");
	check_equal(get(IDE_COUNT) & 3, STATUS_PHASE, "the command has ended");
	out8((u16)(base + COMMAND), 0);
	out8((u16)(base + STATUS), INTERRUPT);
}

void dma(void)
{
	pci_function function = pci_find_class(0x0101, 0);

	pci_write16(function, PCI_COMMAND, pci_read16(function, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	base = (u16)(pci_base(function, 4) + SECONDARY);
	make_read(16, 8);
	check_equal(run(), 8 * BLOCK, "eight blocks by PIO");
	get(IDE_STATUS);
	control(0);
	irq_forget(CD_IRQ);
	bus_read(8 * BLOCK, 8 * BLOCK);
	check(!memcmp(read, data, 8 * BLOCK), "are the same by DMA");
	bus_read(8 * BLOCK, BLOCK + 6);
	check(!memcmp(read, data, 8 * BLOCK), "in two pieces, too");
	make(INQUIRY);
	packet[4] = 36;
	bus_read(36, 36);
	check(read[0] == 5 && read[1] == 0x80, "any answer can go by DMA");
	make(TEST_UNIT_READY);
	send(0, BY_DMA);
	check(irq_comes_within(CD_IRQ, 1000), "a command without data does not need it");
	check_equal(get(IDE_STATUS) & (IDE_REQUEST | IDE_FAILED), 0, "and succeeds");
}
