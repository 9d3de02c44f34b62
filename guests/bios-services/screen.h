#pragma once
#include "services.h"

/* serial.c: INT 14h */
void serial(void);
