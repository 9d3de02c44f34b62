/* The other storm of this guest. */
#pragma once

/* Random pages, counts, addresses and commands to the network card while frames arrive. */
void storm_ring(void);
