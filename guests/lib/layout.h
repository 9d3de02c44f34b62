/* Where things lie in a guest's memory; for C and for the assembler.
 *
 *	00600	struct shared (what the parts of a guest hand on to each other)
 *	01000	a part in real mode, at most 56 KiB; all its segments are 0
 *	10000	stack of the running part, growing down
 *	10000	chain.S, then the parts in protected and long mode, up to 80000
 *	80000	BOOT_BUFFER; free for real mode up to 90000
 *	100000	page tables of parts in long mode (identity, 4 GiB, 2 MiB pages)
 *	200000	free for the guest
 */
#define SHARED		0x600
#define REAL_BASE	0x1000
#define STACK_TOP	0xfff0
#define CHAIN		0x10000
#define CHAIN_SEGMENT	0x1000
#define CHAIN_NEXT	3	/* offset: real mode, begins the next part */
#define CHAIN_LEAVE	10	/* offset: 32-bit code, goes to real mode at EAX = segment:offset, DL kept */
#define CHAIN_BOOT	6	/* offset: real mode, makes BOOT_BUFFER the boot sector and starts it, DL kept */
#define CHAIN_DIRECTORY	16
#define BOOT_BUFFER	0x80000
#define BOOT_SIZE	2048
#define PAGE_TABLES	0x100000
#define FREE_MEMORY	0x200000

#define CODE32		0x08
#define DATA32		0x10
#define CODE16		0x18	/* base = CHAIN */
#define DATA16		0x20	/* base = 0, limit 64 KiB */
#define CODE64		0x28
