include hostile/hostile.mk
disk := hostile-prd.protected
hostile-prd.protected := hostile-prd.c ring.c $(hostile)
