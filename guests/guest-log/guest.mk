disk := guest-log.protected
guest-log.protected := guest-log.c
