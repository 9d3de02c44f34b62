disk := rep.real rep.protected rep.long
rep.real := rep.c routines.S ticks.c ports.c
rep.protected := rep.c routines.S ticks.c ports.c faults.c
rep.long := rep.c routines.S ticks.c ports.c faults.c
