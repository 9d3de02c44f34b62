/* The console on COM1, polled: 16550A, 115200 8N1. */
#include "guest.h"

enum { COM1 = 0x3f8, DIVISOR_LATCH = 0x80, TRANSMITTER_EMPTY = 0x20 };

static void prepare(void)
{
	out8(COM1 + 1, 0);
	out8(COM1 + 3, DIVISOR_LATCH);
	out8(COM1 + 0, 1);
	out8(COM1 + 1, 0);
	out8(COM1 + 3, 3);
	out8(COM1 + 2, 7);
	out8(COM1 + 4, 3);
	shared->console_ready = 1;
}

void put_character(char character)
{
	if (!shared->console_ready)
		prepare();
	while (!(in8(COM1 + 5) & TRANSMITTER_EMPTY))
		;
	out8(COM1, (u8)character);
}

static void put_number(u64 value, bool hexadecimal, bool negative, int width, char pad)
{
	char digits[24];
	int length = 0;
	word decimal = (word)value;

	do {
		if (hexadecimal) {
			digits[length++] = "0123456789abcdef"[value & 15];
			value >>= 4;
		} else {
			digits[length++] = (char)('0' + decimal % 10);
			decimal /= 10;
			value = decimal;
		}
	} while (value);
	if (negative)
		digits[length++] = '-';
	for (; width > length; width--)
		put_character(pad);
	while (length)
		put_character(digits[--length]);
}

static void put_text(const char *text, int width)
{
	for (; *text; text++, width--)
		put_character(*text);
	for (; width > 0; width--)
		put_character(' ');
}

void printf(const char *format, ...)
{
	__builtin_va_list list;
	__builtin_va_start(list, format);
	for (; *format; format++) {
		if (*format != '%') {
			put_character(*format);
			continue;
		}
		int width = 0, longs = 0;
		char pad = *++format == '0' ? '0' : ' ';
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + *format - '0';
		for (; *format == 'l'; format++)
			longs++;
		switch (*format) {
		case 's':
			put_text(__builtin_va_arg(list, const char *), width);
			break;
		case 'c':
			put_character((char)__builtin_va_arg(list, int));
			break;
		case 'd': {
			long value = longs ? __builtin_va_arg(list, long) : __builtin_va_arg(list, int);
			put_number(value < 0 ? -(word)value : (word)value, false, value < 0, width, pad);
			break;
		}
		case 'u':
		case 'x': {
			u64 value = longs > 1 ? __builtin_va_arg(list, u64)
				  : longs ? __builtin_va_arg(list, word) : __builtin_va_arg(list, u32);
			put_number(value, *format == 'x', false, width, pad);
			break;
		}
		case 'p':
			put_number((word)__builtin_va_arg(list, void *), true, false, width, pad);
			break;
		default:
			put_character(*format);
		}
	}
	__builtin_va_end(list);
}
