/*
 * Growing text buffer for logs, tables and configuration text. Always NUL-terminated.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	char *text;  /* owned; NULL while empty: use str_text() */
	size_t size; /* bytes without the NUL */
	size_t room;
};

void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t size);
__attribute__((format(printf, 2, 3))) void str_addf(struct str *s, const char *format, ...);
__attribute__((format(printf, 2, 0))) void str_addv(
    struct str *s, const char *format, va_list args);
/* The text, "" while empty; valid until the next change. */
const char *str_text(const struct str *s);
/* Back to empty, memory kept. */
void str_clear(struct str *s);
void str_fini(struct str *s);

/* Bytes of the UTF-8 sequence at `s` (of `size` bytes, at least one), or 0 when it is not a valid
 * one. */
size_t utf8_sequence(const uint8_t *s, size_t size);
/* Appends; a byte that belongs to no UTF-8 sequence becomes "?". */
void str_add_utf8(struct str *s, const char *text);
