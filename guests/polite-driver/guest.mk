disk := polite-driver.protected
cdrom := from-cd.protected
blank_disks := blank
polite-driver.protected := polite-driver.c inventory.c
from-cd.protected := polite-driver.c inventory.c
