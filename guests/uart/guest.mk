disk := uart.real
uart.real := uart.c line.c fifo.c note.c
