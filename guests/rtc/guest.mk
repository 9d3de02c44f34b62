disk := rtc.protected
rtc.protected := rtc.c calendar.c interrupts.c
