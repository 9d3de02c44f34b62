/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integers by width. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef int s32;

#define PACKED __attribute__((packed))
#define NORETURN __attribute__((noreturn))
/* Memory that nobody expects to be zero. */
#define BUFFER __attribute__((section(".bss.buffers")))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
