/*
 * Monotonic time, wrapped so that nanoseconds, seconds and plain numbers cannot be mixed by
 * accident. Time is never read inside the core: it comes in with each event.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int64_t ns;
} mono_t;

#define MONO_NEVER ((mono_t){INT64_MAX})

static inline mono_t mono_add_ms(mono_t t, int64_t ms)
{
	return (mono_t){t.ns + ms * 1000000};
}

static inline mono_t mono_add_s(mono_t t, int64_t s)
{
	return mono_add_ms(t, s * 1000);
}

static inline bool mono_before(mono_t a, mono_t b)
{
	return a.ns < b.ns;
}

/* a has been reached at time now */
static inline bool mono_reached(mono_t a, mono_t now)
{
	return a.ns <= now.ns;
}

static inline mono_t mono_min(mono_t a, mono_t b)
{
	return a.ns < b.ns ? a : b;
}

/* Milliseconds from `from` to `to`, rounded down; negative when `to` is earlier. */
static inline int64_t mono_ms_between(mono_t from, mono_t to)
{
	return (to.ns - from.ns) / 1000000;
}
