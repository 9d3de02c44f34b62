disk := keyboard.protected
keyboard.protected := keyboard.c controller.c cable.c typed.c
