/*
 * The state file: what the daemon has written into the kernel, kept over a restart. Only bytes
 * here; what they mean is record/state's business. Every function works, and does nothing, when
 * there is no file: without one the daemon lives by marks alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct statefile;

/* Opens DIR/state, making DIR (and its parents) if it can, and takes a lock that keeps a second
 * instance out. Never NULL; trouble is logged as a warning and leaves a statefile that is not
 * writable. `log` is lent for its lifetime. */
struct statefile *statefile_open(const char *dir, struct log *log);
void statefile_close(struct statefile *s);

/* Appends work. */
bool statefile_writable(const struct statefile *s);

/* All bytes of the file, owned by the caller (mem_free); NULL and size 0 when there are none or the
 * file is beyond the limit of 256 MiB. */
uint8_t *statefile_read(struct statefile *s, size_t *size);

/* Adds bytes to what statefile_flush() writes. */
void statefile_append(struct statefile *s, const uint8_t *bytes, size_t size);

/* Everything appended so far goes to the file in one write. The first error is logged. */
void statefile_flush(struct statefile *s);

/* Replaces the whole content, atomically (temporary file, rename). Pending appends are dropped:
 * they came before. */
void statefile_reset(struct statefile *s, const uint8_t *bytes, size_t size);
