/* What the files of this guest share. */
#pragma once

void straight(void);
