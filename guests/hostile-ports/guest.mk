include hostile/hostile.mk
disk := hostile-ports.real
hostile-ports.real := hostile-ports.c $(hostile)
