/* Finding and using devices; see inventory.h. */
#include "inventory.h"
#include "guest.h"
#include "irq.h"
#include "ne2k.h"

enum { ETHERNET = 0x0200, RTL8029 = 0x802910ec, IDENTIFY = 0xec, IDENTIFY_PACKET = 0xa1, NO_INTERRUPTS = 2 };
enum { PRIMARY_IRQ = 14, VOLUME_DESCRIPTOR = 16 };

static u8 buffer[CDROM_SECTOR];

/* An absent master beside a slave is ready for any command, but never has data. */
static bool identifies(ide_position position, u8 command)
{
	if (!ide_begin(position, command) || !ide_wait(position, 0)
			|| !(in8(ide_control_port(position)) & IDE_REQUEST))
		return false;
	in16_string(ide_port(position, IDE_DATA), buffer, IDE_SECTOR / 2);
	return true;
}

void find_drives(struct inventory *inventory)
{
	for (ide_position position = 0; position < POSITIONS; position++)
		inventory->drives[position] = identifies(position, IDENTIFY) ? IDE_DISK
			: identifies(position, IDENTIFY_PACKET) ? IDE_CDROM : IDE_ABSENT;
}

void find_nics(struct inventory *inventory)
{
	u32 count = 0;

	while (count < MOST_NICS && (inventory->nics[count] = pci_find_class(ETHERNET, count)) != PCI_NONE)
		count++;
	inventory->nic_count = count;
}

void print_inventory(const char *title, const struct inventory *inventory)
{
	const char *separator = " ";

	printf("%s:", title);
	for (ide_position position = 0; position < POSITIONS; position++) {
		if (inventory->drives[position] == IDE_ABSENT)
			continue;
		printf("%s%s %u", separator, inventory->drives[position] == IDE_DISK ? "disk" : "CD", position);
		separator = ", ";
	}
	for (u32 nic = 0; nic < inventory->nic_count; nic++) {
		printf("%sNIC", separator);
		separator = ", ";
	}
	printf("\n");
}

ide_position position_of(const struct inventory *inventory, enum ide_kind kind, u32 index)
{
	ide_position position = 0;

	while (position < POSITIONS && (inventory->drives[position] != kind || index-- > 0))
		position++;
	return position;
}

static bool interrupts(ide_position position)
{
	out8(ide_port(position, IDE_DEVICE), (u8)(0xa0 | (position & 1) << 4));
	out8(ide_control_port(position), 0);
	in8(ide_port(position, IDE_STATUS));
	out8(ide_port(position, IDE_COMMAND), IDENTIFY);
	bool came = irq_comes(PRIMARY_IRQ + position / 2);
	if (ide_wait(position, IDE_REQUEST))
		in16_string(ide_port(position, IDE_DATA), buffer, IDE_SECTOR / 2);
	out8(ide_control_port(position), NO_INTERRUPTS);
	return came;
}

static void use_disk(ide_position position)
{
	check(interrupts(position), "a disk that remains announces data by its interrupt");
	check(ide_read(position, 0, 1, buffer), "a disk that remains gives its first sector");
}

static void use_cd(ide_position position)
{
	check(cdrom_read(position, VOLUME_DESCRIPTOR, 1, buffer), "a CD that remains gives a sector");
	check(!memcmp(buffer, "\1CD001\1", 7), "which is its volume descriptor");
}

static void use_nic(pci_function function)
{
	struct ne2k card;

	if (pci_read32(function, PCI_VENDOR) != RTL8029)
		return;
	pci_write16(function, PCI_COMMAND, pci_read16(function, PCI_COMMAND) | PCI_COMMAND_IO);
	check(ne2k_begin(&card, (u16)pci_base(function, 0)), "a network card that remains starts and tells its address");
}

void use_everything(const struct inventory *inventory)
{
	for (ide_position position = 0; position < POSITIONS; position++)
		if (inventory->drives[position] == IDE_DISK)
			use_disk(position);
		else if (inventory->drives[position] == IDE_CDROM)
			use_cd(position);
	for (u32 nic = 0; nic < inventory->nic_count; nic++)
		use_nic(inventory->nics[nic]);
}
