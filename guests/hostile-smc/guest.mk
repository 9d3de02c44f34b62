disk := hostile-smc.real hostile-smc.protected hostile-smc.long
sources := hostile-smc.c ../hostile/draw.c
hostile-smc.real := $(sources)
hostile-smc.protected := $(sources)
hostile-smc.long := $(sources)
