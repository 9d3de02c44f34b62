include driver/driver.mk
disk := old-host.protected
old-host.protected := old-host.c $(driver)
cdrom := second.real
blank_disks := second
flags := -DDISKS=0x3 -DDISKS_LEFT=0 -DNIC_LEFT=0 -DFROM_CD=1
