include driver/driver.mk
disk := unplug-aux.protected
unplug-aux.protected := unplug-aux.c $(driver)
partition := second.real
cdrom := disc.real
disc.real := ../hello/hello.c
blank_disks := second third
flags := -DDISKS=0xb -DDISKS_LEFT=0x1 -DNIC_LEFT=1 -DFROM_CD=0
