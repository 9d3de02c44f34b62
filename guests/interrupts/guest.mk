disk := interrupts.real interrupts.protected interrupts.long
interrupts.real := interrupts.c windows.c chips.c
interrupts.protected := interrupts.c windows.c chips.c ring3.c
interrupts.long := interrupts.c windows.c chips.c ring3.c
