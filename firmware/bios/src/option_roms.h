/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies in an option ROM. [PCI] 6.3; [BBS] BIOS Boot Specification 1.01, 3.1. */
#pragma once

#include "types.h"

enum {
	ROM_SIGNATURE = 0xAA55,
	ROM_BLOCK = 512,
	ROM_INITIALISATION = 3, /* the offset that is called */
	PCI_SIGNATURE = 0x52494350, /* "PCIR" */
	PCI_PC_COMPATIBLE = 0,
	PCI_LAST_IMAGE = 0x80,
	PNP_SIGNATURE = 0x506E5024, /* "$PnP" */
};

struct PACKED rom_header {
	u16 signature;
	u8 blocks;
	u8 code[21];
	u16 pci_structure, pnp_header;
};

struct PACKED pci_structure {
	u32 signature, identity;
	u16 devices, length;
	u8 revision, class[3];
	u16 blocks, level;
	u8 code_type, indicator;
};

struct PACKED pnp_header {
	u32 signature;
	u8 revision, paragraphs;
	u16 next;
	u8 reserved, checksum;
	u32 identity;
	u16 maker, product;
	u8 type[3], indicators;
	u16 connect, disconnect, boot;
};
