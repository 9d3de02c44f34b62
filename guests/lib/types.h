/* Whole numbers by their width. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef unsigned long word;	/* as wide as a general register of the part's mode (real mode: 32 bits) */
typedef _Bool bool;

#define true	1
#define false	0
#define NULL	((void *)0)
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
