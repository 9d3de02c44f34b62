disk := registers.protected off.real
registers.protected := registers.c
off.real := off.c
