#pragma once
#include "services.h"

/* INT 11h, the rest of INT 15h, and what services keep. */
void machine(void);
