/* What the guests that storm have in common: where numbers come from, and how a machine is brought back to its senses.
 *
 * A storm is the same in every run: it is drawn by xorshift from a seed. What it must not do is end the run (exit
 * port, resets, soft off) or unplug devices: that would be an orderly end, too, but another.
 */
#pragma once
#include "chips.h"
#include "guest.h"
#include "ide.h"
#include "irq.h"
#include "ne2k.h"
#include "pci.h"

extern pci_function ide_function, nic_function, platform_function, power_function;
extern u16 bus_master, nic_ports;

/* The next number, and one below `limit`. */
u32 draw(void);
u32 draw_below(u32 limit);
void begin_draws(u32 seed);

/* Finds what is stormed; ends the guest where it is missing. */
void find_victims(void);
/* Gives every chip the state that a driver gives it. */
void recover(void);
/* Disk, network card, clocks and keyboard controller do their work; `after` says after what. */
void check_alive(const char *after);
