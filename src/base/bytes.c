/*
 * Reader and writer (see bytes.h for the rules). Invariant of both: p never passes end.
 */
#include "base/bytes.h"

#include <string.h>

#include "base/check.h"

struct reader reader_from(const void *bytes, size_t size)
{
	static const uint8_t nothing[1];
	const uint8_t *p = bytes != NULL ? bytes : nothing;

	check(bytes != NULL || size == 0);
	return (struct reader){.p = p, .end = p + size};
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->p == r->end;
}

void reader_fail(struct reader *r)
{
	r->failed = true;
	r->p = r->end;
}

const uint8_t *read_view(struct reader *r, size_t size)
{
	const uint8_t *at = r->p;

	if (r->failed || reader_left(r) < size) {
		reader_fail(r);
		return NULL;
	}
	r->p += size;
	return at;
}

static uint64_t read_number(struct reader *r, size_t size)
{
	const uint8_t *b = read_view(r, size);
	uint64_t v = 0;

	for (size_t i = 0; b != NULL && i < size; i++)
		v = v << 8 | b[i];
	return v;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_number(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_number(r, 2);
}

uint32_t read_u24(struct reader *r)
{
	return (uint32_t)read_number(r, 3);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_number(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_number(r, 8);
}

void read_bytes(struct reader *r, void *to, size_t size)
{
	const uint8_t *b = read_view(r, size);

	if (b != NULL)
		memcpy(to, b, size);
	else
		memset(to, 0, size);
}

struct reader read_slice(struct reader *r, size_t size)
{
	const uint8_t *b = read_view(r, size);

	if (b == NULL)
		return (struct reader){.p = r->end, .end = r->end, .failed = true};
	return reader_from(b, size);
}

struct writer writer_to(void *buffer, size_t size)
{
	return (struct writer){.start = buffer, .p = buffer, .end = (uint8_t *)buffer + size};
}

size_t writer_size(const struct writer *w)
{
	return (size_t)(w->p - w->start);
}

size_t writer_left(const struct writer *w)
{
	return w->overflow ? 0 : (size_t)(w->end - w->p);
}

void write_bytes(struct writer *w, const void *from, size_t size)
{
	if (writer_left(w) < size) {
		w->overflow = true;
		return;
	}
	if (size > 0)
		memcpy(w->p, from, size);
	w->p += size;
}

static void write_number(struct writer *w, uint64_t v, size_t size)
{
	uint8_t b[8];

	for (size_t i = size; i-- > 0; v >>= 8)
		b[i] = (uint8_t)v;
	write_bytes(w, b, size);
}

void write_u8(struct writer *w, uint8_t v)
{
	write_number(w, v, 1);
}

void write_u16(struct writer *w, uint16_t v)
{
	write_number(w, v, 2);
}

void write_u24(struct writer *w, uint32_t v)
{
	write_number(w, v, 3);
}

void write_u32(struct writer *w, uint32_t v)
{
	write_number(w, v, 4);
}

void write_u64(struct writer *w, uint64_t v)
{
	write_number(w, v, 8);
}

size_t write_begin_u8(struct writer *w)
{
	write_u8(w, 0);
	return writer_size(w);
}

size_t write_begin_u16(struct writer *w)
{
	write_u16(w, 0);
	return writer_size(w);
}

static void write_end(struct writer *w, size_t mark, size_t field)
{
	size_t size;

	if (w->overflow)
		return;
	check(mark >= field && mark <= writer_size(w));
	size = writer_size(w) - mark;
	if (size >> (8 * field) != 0) {
		w->overflow = true;
		return;
	}
	for (size_t i = 1; i <= field; i++, size >>= 8)
		w->start[mark - i] = (uint8_t)size;
}

void write_end_u8(struct writer *w, size_t mark)
{
	write_end(w, mark, 1);
}

void write_end_u16(struct writer *w, size_t mark)
{
	write_end(w, mark, 2);
}

void writer_rewind(struct writer *w, size_t size)
{
	check(size <= writer_size(w));
	w->p = w->start + size;
	w->overflow = false;
}
