include hostile/hostile.mk
disk := hostile-config.long
hostile-config.long := hostile-config.c $(hostile)
