/*
 * The only clock of the daemon. Everything behind the waist gets its time with each event.
 */
#pragma once

#include "base/mono.h"

/* Nanoseconds of CLOCK_MONOTONIC: never goes back, stands still while the machine is suspended. */
mono_t clock_now(void);

/* Wall clock minus monotonic clock: for shows. */
int64_t clock_wall_offset_ns(void);
