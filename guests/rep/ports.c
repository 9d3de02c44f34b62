/* INS and OUTS against single IN and OUT. */
#include "ide.h"
#include "ports.h"
#include "rep.h"

#define INS(instruction, port, to, count) \
	__asm__ volatile(instruction : "+D"(to), "+c"(count) : "d"((u16)(port)) : "memory", "cc")
#define OUTS(instruction, port, from, count) \
	__asm__ volatile(instruction : "+S"(from), "+c"(count) : "d"((u16)(port)) : "memory", "cc")

enum { POST = 0x80 };

static void post_port(void)
{
	u8 *buffer = (u8 *)TARGET;
	word to = TARGET, from = SOURCE, count = 5;
	bool right = true;

	out8(POST, 0x5a);
	u8 byte = in8(POST);
	memset(buffer, 0x99, 64);
	INS("rep insb", POST, to, count);
	for (u32 i = 0; i < 5; i++)
		right &= buffer[i] == byte;
	check(right && buffer[5] == 0x99, "REP INSB reads as often as the count says, each as IN AL would");
	check(to == TARGET + 5 && count == 0, "and leaves DI and CX behind it");

	u16 pair = in16(POST);
	to = TARGET + 20;
	count = 3;
	INS("std\n\trep insw\n\tcld", POST, to, count);
	check(to == TARGET + 14 && count == 0, "REP INSW goes down with DF");
	check(*(u16 *)(buffer + 16) == pair && *(u16 *)(buffer + 20) == pair && buffer[22] == 0x99, "and reads as IN AX");

	u32 four = in32(POST);
	to = TARGET + 32;
	count = 2;
	INS("rep insd", POST, to, count);
	check(to == TARGET + 40 && *(u32 *)(buffer + 36) == four && buffer[40] == 0x99, "REP INSD reads as IN EAX");
	to = TARGET;
	count = 0;
	INS("rep insb", POST, to, count);
	check(to == TARGET && count == 0, "REP INSB with count 0 does nothing");
	INS("insb", POST, to, count);
	check(to == TARGET + 1 && count == 0, "INSB alone leaves CX alone");

	for (u32 i = 0; i < 16; i++)
		((u8 *)SOURCE)[i] = (u8)(0x10 + i);
	count = 4;
	OUTS("rep outsb", POST, from, count);
	check(from == SOURCE + 4 && count == 0, "REP OUTSB advances SI");
	check(in8(POST) == byte || in8(POST) == 0x13, "and what it wrote last is what OUT would have written");
	count = 2;
	OUTS("std\n\trep outsw\n\tcld", POST, from, count);
	check(from == SOURCE && count == 0, "REP OUTSW goes down with DF");
	count = 3;
	OUTS("rep outsd", POST, from, count);
	check(from == SOURCE + 12 && count == 0, "REP OUTSD advances by four");
	count = 0;
	OUTS("rep outsb", POST, from, count);
	check(from == SOURCE + 12, "REP OUTSB with count 0 does nothing");
	OUTS("outsb", POST, from, count);
	check(from == SOURCE + 13 && count == 0, "OUTSB alone leaves CX alone");
	out8(POST, 0);
}

static bool begin_identify(void)
{
	return ide_begin(0, 0xec) && ide_wait(0, IDE_REQUEST);
}

static void identify(void)
{
	static u16 single[256], strings[256];
	word to, count;

	if (ide_probe(0, single) != IDE_DISK)
		return;			/* there is no disk to ask */
	check(begin_identify(), "the disk is ready to identify itself again");
	to = (word)strings;
	count = 256;
	INS("rep insw", ide_port(0, IDE_DATA), to, count);
	check(to == (word)strings + 512 && count == 0, "REP INSW takes a whole sector");
	check(!memcmp(single, strings, 512), "it reads what single IN read");
	check(!(in8(ide_port(0, IDE_STATUS)) & IDE_REQUEST), "then the disk has no more");

	memset(strings, 0, 512);
	check(begin_identify(), "the disk is ready a third time");
	to = (word)strings;
	count = 100;
	INS("rep insd", ide_port(0, IDE_DATA), to, count);
	count = 56;
	INS("rep insw", ide_port(0, IDE_DATA), to, count);
	check(!memcmp(single, strings, 512), "a sector may be taken in pieces, by fours and by twos");

	memset(strings, 0, 512);
	check(begin_identify(), "the disk is ready a fourth time");
	to = (word)(strings + 255);
	count = 256;
	INS("std\n\trep insw\n\tcld", ide_port(0, IDE_DATA), to, count);
	bool reversed = true;
	for (u32 i = 0; i < 256; i++)
		reversed &= strings[255 - i] == single[i];
	check(reversed, "with DF a sector arrives backwards");
}

void ports(void)
{
	post_port();
	identify();
}
