/* The Xen unplug protocol; see xen_unplug.h. */
#include "xen_unplug.h"
#include "ports.h"

u16 unplug_magic(void)
{
	return in16(UNPLUG_MAGIC_PORT);
}

enum unplug_answer unplug_ask(u16 product, u32 build, u8 *version)
{
	*version = 0;
	if (unplug_magic() != UNPLUG_MAGIC)
		return UNPLUG_ABSENT;
	*version = in8(UNPLUG_VERSION_PORT);
	if (*version == 0)
		return UNPLUG_ALLOWED;
	out16(UNPLUG_PRODUCT_PORT, product);
	out32(UNPLUG_BUILD_PORT, build);
	return unplug_magic() == UNPLUG_MAGIC ? UNPLUG_ALLOWED : UNPLUG_BLACKLISTED;
}

void unplug(enum unplug_mask mask)
{
	out16(UNPLUG_MASK_PORT, (u16)mask);
}

void unplug_log(const char *text)
{
	for (; *text; text++)
		out8(UNPLUG_LOG_PORT, (u8)*text);
}
