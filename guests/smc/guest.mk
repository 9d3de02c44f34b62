disk := smc.real smc.protected smc.long
smc.real := smc.c
smc.protected := smc.c straight.c
smc.long := smc.c straight.c
