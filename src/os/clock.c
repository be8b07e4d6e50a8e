/*
 * The clock. CLOCK_MONOTONIC is the clock of sd-event's timeouts too, so a deadline that the
 * engine names and the moment at which the loop wakes up are the same scale.
 */
#include "os/clock.h"

#include <time.h>

#include "base/check.h"

static int64_t clock_read(clockid_t id)
{
	struct timespec t;

	check(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

mono_t clock_now(void)
{
	return (mono_t){clock_read(CLOCK_MONOTONIC)};
}

int64_t clock_wall_offset_ns(void)
{
	return clock_read(CLOCK_REALTIME) - clock_read(CLOCK_MONOTONIC);
}
