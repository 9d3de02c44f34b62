/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MC146818's clock. [MC146818] */
#pragma once

#include "bios.h"

enum clock_register {
	SECONDS = 0x00,
	SECONDS_ALARM = 0x01,
	MINUTES = 0x02,
	MINUTES_ALARM = 0x03,
	HOURS = 0x04,
	HOURS_ALARM = 0x05,
	DAY = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	STATUS_A = 0x0A,
	STATUS_B = 0x0B,
	STATUS_C = 0x0C,
	CENTURY = 0x32,
};
enum { UPDATING = 0x80 };						  /* status A */
enum { HALTED = 0x80, PERIODIC = 0x40, ALARM = 0x20, HOURS_24 = 0x02 }; /* status B; C has the same bits */

/* INT 1Ah AH=02h to 07h */
void clock_service(Frame *frame);
