disk := exceptions.protected exceptions.long exceptions.real
exceptions.protected := main.c instructions.c segments.c user.c pages.c tasks.c
exceptions.long := main.c instructions.c segments.c user.c pages.c long.c
exceptions.real := real.c
