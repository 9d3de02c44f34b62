#pragma once
#include "services.h"

struct packet {
	u8 size, reserved;
	u16 count, offset, segment;
	u64 sector;
} __attribute__((packed));

extern struct packet packet;

/* INT 13h `function` (42h, 43h, 44h, 47h) on `count` sectors; memory at segment:0. */
struct registers by_packet(u8 function, u8 drive, u64 sector, u16 count, u16 segment);

/* parameters.c: AH=48h, AH=15h; how many sectors the disk has */
u64 disk_parameters(u8 drive);
void cd_parameters(u8 drive);
/* removable.c */
void removable(u8 cd);
