disk := start.real modes.protected modes.long back.real
start.real := start.c
modes.protected := protected.c vm86.c
modes.long := long.c
back.real := back.c
