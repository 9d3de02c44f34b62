include driver/driver.mk
disk := unplug-all.real
unplug-all.real := ../unplug-all/unplug-all.c $(driver)
cdrom := second.real
blank_disks := second
flags := -DDISKS=0x3 -DDISKS_LEFT=0 -DNIC_LEFT=0 -DFROM_CD=1 -DMASK_AT_ONCE=1
