/* Every string instruction, each with RET behind it, and the table of them: kind, width, prefix, address size. */
	.intel_syntax noprefix
#if defined(REAL_MODE)
	.code16gcc
#define WORD		.long
#elif defined(LONG_MODE)
	.code64
#define WORD		.quad
#else
	.code32
#define WORD		.long
#endif
	.section .rodata
	.balign	8
	.global routines, routines_end
routines:

	/* Opcode bytes, as the assembler would need another mnemonic for each. */
	.macro	routine kind, opcode, width, prefix, narrow
	.section .text
1:
	.if	\narrow
	.byte	0x67
	.endif
	.if	\prefix == 1
	.byte	0xf3
	.elseif	\prefix == 2
	.byte	0xf2
	.endif
#ifdef REAL_MODE
	.if	\width == 4
	.byte	0x66
	.endif
#else
	.if	\width == 2
	.byte	0x66
	.endif
	.if	\width == 8
	.byte	0x48
	.endif
#endif
	.if	\width == 1
	.byte	\opcode
	.else
	.byte	\opcode + 1
	.endif
	ret
	.section .rodata
	WORD	1b
	.byte	\kind, \width, \prefix, \narrow
	.endm

	.macro	widths kind, opcode, prefix, narrow
	routine	\kind, \opcode, 1, \prefix, \narrow
	routine	\kind, \opcode, 2, \prefix, \narrow
	routine	\kind, \opcode, 4, \prefix, \narrow
#ifdef LONG_MODE
	routine	\kind, \opcode, 8, \prefix, \narrow
#endif
	.endm

	.macro	sizes kind, opcode, prefix
	widths	\kind, \opcode, \prefix, 0
	widths	\kind, \opcode, \prefix, 1
	.endm

	sizes	0, 0xa4, 0		/* MOVS */
	sizes	0, 0xa4, 1
	sizes	1, 0xaa, 0		/* STOS */
	sizes	1, 0xaa, 1
	sizes	2, 0xac, 0		/* LODS */
	sizes	2, 0xac, 1
	sizes	3, 0xae, 0		/* SCAS */
	sizes	3, 0xae, 1
	sizes	3, 0xae, 2
	sizes	4, 0xa6, 0		/* CMPS */
	sizes	4, 0xa6, 1
	sizes	4, 0xa6, 2
	.section .rodata
routines_end:
