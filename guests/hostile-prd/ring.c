/* A DP8390 whose ring, transmitter and remote DMA are told nonsense. */
#include "ring.h"
#include "../hostile/hostile.h"

enum { ACCESSES = 600, START = 0x02, STOP = 0x01, TRANSMIT = 0x04, PAGE_1 = 0x40 };
enum { PAGE_START = 1, PAGE_STOP = 2, BOUNDARY = 3, TRANSMIT_PAGE = 4, REMOTE_ADDRESS = 8, RECEIVE = 12, LOOP = 13, CURRENT = 7 };

static void put(u16 number, u8 value)
{
	out8((u16)(nic_ports + number), value);
}

/* Pages in any order, in memory and out of it; sometimes an empty ring, or one that ends before it begins. */
static void draw_ring(void)
{
	u8 page = draw() & 1 ? (u8)draw() : (u8)(0x40 + draw_below(0x40));

	put(0, STOP | 0x20);
	put(PAGE_START, page);
	put(PAGE_STOP, draw() & 1 ? (u8)draw() : page);
	put(BOUNDARY, (u8)draw());
	put(RECEIVE, 0x1f);	/* everything, runts and errors as well */
	put(LOOP, (u8)(draw_below(4) ? 0 : draw()));
	put(0, PAGE_1 | STOP | 0x20);
	put(CURRENT, draw() & 1 ? (u8)draw() : page);
	put(0, START | 0x20);
}

void storm_ring(void)
{
	for (u32 i = 0; i < ACCESSES; i++) {
		u16 data = (u16)(nic_ports + 0x10 + draw_below(8));

		switch (draw_below(8)) {
		case 0:
			draw_ring();
			break;
		case 1:
			put(TRANSMIT_PAGE, (u8)draw());
			put(TRANSMIT_PAGE + 1, (u8)draw());
			put(TRANSMIT_PAGE + 2, (u8)(draw_below(4) ? draw_below(6) : draw()));
			put(0, START | TRANSMIT | 0x20);	/* the echo of it arrives */
			break;
		case 2:
			for (u16 n = 0; n < 4; n++)
				put(REMOTE_ADDRESS + n, (u8)draw());
			put(0, (u8)(START | draw_below(5) << 3));
			break;
		case 3:
			for (u32 n = draw_below(32); n; n--)
				draw() & 1 ? out16(data, (u16)draw()) : (void)in16(data);
			break;
		case 4:
			draw() & 1 ? out32(data, draw()) : (void)in32(data);
			break;
		default:
			put((u16)draw_below(16), (u8)draw());
			in8((u16)(nic_ports + draw_below(16)));
		}
	}
}
