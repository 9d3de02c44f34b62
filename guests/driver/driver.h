/* What a driver that unplugs emulated devices does, in pieces: find them, use them, ask the host, see them gone, boot
 * on. The guests beside this folder are made of these pieces, each built for one or more modes.
 *
 * A guest's guest.mk describes the machine file to it: DISKS and DISKS_LEFT have a bit for each position that holds
 * a disk before and after unplugging, NIC_LEFT says whether the card stays. The CD drive is at CD.
 */
#pragma once
#include "guest.h"
#include "ide.h"
#include "irq.h"
#include "pci.h"
#include "xen_unplug.h"

#ifndef CD
#define CD	2
#endif
enum { PRODUCT = 1, BUILD_NUMBER = 2008, FIRST_CD = 0xe0 };
enum { PRIMARY_MASTER = 0 };

/* storage.c */
void find_drives(u8 disks);
/* Writes to each of `disks`, then reads everything back; reads the boot sector of the primary master. */
void use_disks(u8 disks);
/* Reads the volume descriptors by PACKET. */
void use_cd(void);
/* The positions in `gone` are empty; those in `left` still hold disks. */
void disks_are_gone(u8 gone, u8 left);
/* The same of one master beside a slave that is there: the channel still answers, but no drive does. */
void master_is_gone(ide_position position);

/* network.c */
void find_nic(void);
/* Sends frames and takes their echo, by polling and by interrupt. */
void use_nic(void);
/* Leaves the card with its interrupt asserted and a frame on the way. */
void leave_nic_interrupting(void);
void nic_is_gone(void);

/* platform.c: the Xen platform device on PCI. */
void find_platform(void);
/* Lines that come half by port 0x12 and half by the platform device. */
void log_who_we_are(const char *name);

/* Everything, and a line that says what; ends the guest where something is missing. */
void find_devices(u8 disks);
void use_devices(u8 disks);

/* boot_on.c: starts the second stage, or reports if there is none or a check has failed. */
void boot_from_cd(void);
void boot_from_disk(void);
