/* The first sector of a disk (or, with CDROM, of an El Torito image without emulation).
 *
 * The BIOS loads it to 0000:7C00 with DL = drive. It reads the rest of the guest to 1000:0000 and upwards by
 * INT 13h AH=42h (on a disk, where that fails, by AH=02h) and jumps there with DL = drive. `sectors`, at
 * offset 64, is how many to read; make_image.py writes it. The same code begins a partition: `hidden_sectors`, at
 * offset 28, lie before it. On a CD the boot information table at offset 8 says where the image lies.
 */
	.intel_syntax noprefix
	.code16
#ifdef CDROM
	.equ	SECTOR, 2048
#else
	.equ	SECTOR, 512
#endif
	.equ	CHUNK, 0x8000 / SECTOR		/* sectors a call: 32 KiB never cross a 64 KiB boundary */

	.section .text
	.global _start
_start:
	jmp	begin
	.org	8
volume_descriptor:	.long	0
image_lba:		.long	0
	.org	28
hidden_sectors:		.long	0
	.org	64
sectors:		.word	0

begin:
	cli
	cld
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	sp, 0x7c00
	sti
	jmp	0:1f
1:	mov	drive, dl
#ifdef CDROM
	mov	eax, image_lba
#else
	mov	eax, hidden_sectors
#endif
	inc	eax
	mov	packet_lba, eax
next_chunk:
	mov	ax, sectors
	test	ax, ax
	jz	loaded
	cmp	ax, CHUNK
	jbe	1f
	mov	ax, CHUNK
1:	mov	packet_count, ax
	mov	si, offset packet
	mov	dl, drive
	mov	ah, 0x42
	int	0x13
	jc	fall_back
	mov	ax, CHUNK
	cmp	ax, sectors
	jae	loaded
	sub	sectors, ax
	add	packet_lba, ax
	adc	word ptr packet_lba + 2, 0
	add	word ptr packet_segment, 0x8000 / 16
	jmp	next_chunk

loaded:
	mov	dl, drive
	jmp	0x1000:0

fall_back:
#ifndef CDROM
	/* One sector at a time by cylinder, head and sector. */
	mov	dl, drive
	xor	di, di
	push	es
	mov	ah, 8
	int	0x13
	pop	es
	jc	failed
	and	cx, 0x3f
	mov	per_track, cx
	movzx	ax, dh
	inc	ax
	mov	heads, ax
next_sector:
	mov	ax, packet_lba
	xor	dx, dx
	div	word ptr per_track
	mov	cx, dx
	inc	cx				/* sectors count from 1 */
	xor	dx, dx
	div	word ptr heads
	mov	dh, dl
	mov	ch, al
	shl	ah, 6
	or	cl, ah
	mov	dl, drive
	mov	es, packet_segment
	xor	bx, bx
	mov	ax, 0x0201
	int	0x13
	jc	failed
	inc	word ptr packet_lba
	add	word ptr packet_segment, 512 / 16
	dec	word ptr sectors
	jnz	next_sector
	jmp	loaded

per_track:		.word	0
heads:			.word	0
#endif

failed:
	mov	si, offset message
1:	mov	dx, 0x3fd
2:	in	al, dx
	test	al, 0x20
	jz	2b
	lodsb
	mov	dl, 0xf8
	out	dx, al
	test	al, al
	jnz	1b
	mov	al, 4
	out	0xf4, al
3:	cli
	hlt
	jmp	3b

message:	.asciz	"Boot sector: cannot read the guest\nTest result: ERROR\n"
drive:			.byte	0
	.balign	4
packet:			.byte	16, 0
packet_count:		.word	0
			.word	0
packet_segment:		.word	0x1000
packet_lba:		.quad	0

	.org	446				/* the partition table; the code must not reach it */
	.org	510
	.word	0xaa55
#ifdef CDROM
	.org	SECTOR
#endif
