/* Time stamps and the summary of a series of them. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* CLOCK_MONOTONIC in nanoseconds: one clock for all namespaces and processes of the machine. */
uint64_t stamp_now_ns(void);

/* Durations in nanoseconds, in order of arrival. Zero-initialise; stamps_free() when done. */
struct stamps {
	uint64_t *ns;
	size_t count;
	size_t capacity;
};

void stamps_add(struct stamps *s, uint64_t ns);
void stamps_free(struct stamps *s);

/* Sorts s in place and prints "name":{"n":..,"median_us":..,"p99_us":..,"max_us":..} without
 * separators around it. */
void stamps_print(struct stamps *s, const char *name, FILE *out);
