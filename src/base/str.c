/*
 * Growing text buffer: doubles its room, keeps the NUL.
 */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

static void str_reserve(struct str *s, size_t more)
{
	size_t room = s->room != 0 ? s->room : 64;

	while (room < s->size + more + 1)
		room *= 2;
	if (room == s->room)
		return;
	s->text = mem_resize(s->text, room);
	s->room = room;
}

void str_add_bytes(struct str *s, const void *bytes, size_t size)
{
	str_reserve(s, size);
	if (size > 0)
		memcpy(s->text + s->size, bytes, size);
	s->size += size;
	s->text[s->size] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text));
}

void str_addv(struct str *s, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	check(n >= 0);
	str_reserve(s, (size_t)n);
	vsnprintf(s->text + s->size, (size_t)n + 1, format, args);
	s->size += (size_t)n;
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_addv(s, format, args);
	va_end(args);
}

const char *str_text(const struct str *s)
{
	return s->text != NULL ? s->text : "";
}

void str_clear(struct str *s)
{
	s->size = 0;
	if (s->text != NULL)
		s->text[0] = '\0';
}

void str_fini(struct str *s)
{
	mem_free(s->text);
	*s = (struct str){0};
}

size_t utf8_sequence(const uint8_t *s, size_t size)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80	     ? 1
		   : s[0] >> 5 == 6  ? 2
		   : s[0] >> 4 == 14 ? 3
		   : s[0] >> 3 == 30 ? 4
				     : 0;
	uint32_t point;

	if (n <= 1)
		return n;
	if (n > size)
		return 0;
	point = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	return point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : n;
}

void str_add_utf8(struct str *s, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t size = utf8_sequence((const uint8_t *)text, left);

		if (size > 0)
			str_add_bytes(s, text, size);
		else
			str_add(s, "?");
		size += size == 0;
		text += size;
		left -= size;
	}
}
