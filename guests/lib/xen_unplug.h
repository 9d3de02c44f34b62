/* The Xen unplug protocol as a driver speaks it, at ports 0x10 to 0x1f; the steps are those of the mail that
 * proposed it (xen-devel, 15 December 2008).
 */
#pragma once
#include "types.h"

enum {
	UNPLUG_MAGIC_PORT = 0x10,	/* read, two bytes */
	UNPLUG_VERSION_PORT = 0x12,	/* read, a byte */
	UNPLUG_PRODUCT_PORT = 0x12,	/* written, two bytes */
	UNPLUG_BUILD_PORT = 0x10,	/* written, four bytes */
	UNPLUG_MASK_PORT = 0x10,	/* written, two bytes */
	UNPLUG_LOG_PORT = 0x12,		/* written, a byte */
	UNPLUG_LOG_OFFSET = 8,		/* the same in the platform device's first region */
	UNPLUG_MAGIC = 0x49d2, UNPLUG_MAGIC_BLACKLISTED = 0xd249,
};
enum unplug_mask { UNPLUG_DISKS = 1, UNPLUG_NICS = 2, UNPLUG_AUXILIARY_DISKS = 4 };
enum unplug_answer {
	UNPLUG_ABSENT,		/* no such host: leave everything alone */
	UNPLUG_BLACKLISTED,	/* do not load */
	UNPLUG_ALLOWED,
};

/* Steps 1 to 5: magic, version, product, build (not told to a host of version 0), magic again. */
enum unplug_answer unplug_ask(u16 product, u32 build, u8 *version);
/* Step 6. */
void unplug(enum unplug_mask mask);
u16 unplug_magic(void);
/* Sends `text` to the host's log; a line ends with a newline. */
void unplug_log(const char *text);
