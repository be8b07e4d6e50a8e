/*
 * Reader and writer: the only way to touch wire bytes.
 *
 * A reader is a bounded cursor with a sticky failure flag. After a failure every read gives zero
 * and the reader is empty, so loops end and a decoder tests once per element. read_slice() carves
 * a child that cannot see past its end: an attribute parser cannot read its neighbour.
 *
 * A writer fills a buffer lent by the caller, with a sticky overflow flag. begin/end pairs patch
 * lengths. Numbers are in network byte order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

struct reader reader_from(const void *bytes, size_t size);
/* Bytes left; 0 after a failure. */
size_t reader_left(const struct reader *r);
/* Everything was consumed and nothing failed. */
bool reader_done(const struct reader *r);
/* Mark as failed (a value that does not fit its rule) and empty it. */
void reader_fail(struct reader *r);

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u24(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* Copies `size` bytes; zeroes `to` on failure. */
void read_bytes(struct reader *r, void *to, size_t size);
/* A view of the next `size` bytes, consumed; NULL on failure (and for size 0 at the end). */
const uint8_t *read_view(struct reader *r, size_t size);
/* A child over the next `size` bytes; a failed, empty child when there are fewer. */
struct reader read_slice(struct reader *r, size_t size);

struct writer {
	uint8_t *start;
	uint8_t *p;
	uint8_t *end;
	bool overflow;
};

struct writer writer_to(void *buffer, size_t size);
/* Bytes written so far. */
size_t writer_size(const struct writer *w);
/* Room left; 0 after an overflow. */
size_t writer_left(const struct writer *w);

void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u24(struct writer *w, uint32_t v);
void write_u32(struct writer *w, uint32_t v);
void write_u64(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, const void *from, size_t size);

/* Reserve a length field of 1 or 2 bytes; the mark goes to the matching end call. */
size_t write_begin_u8(struct writer *w);
size_t write_begin_u16(struct writer *w);
/* Patch the length of what was written since; more than the field can hold is an overflow. */
void write_end_u8(struct writer *w, size_t mark);
void write_end_u16(struct writer *w, size_t mark);
/* Forget everything after `size` bytes (a record that did not fit); clears an overflow. */
void writer_rewind(struct writer *w, size_t size);
