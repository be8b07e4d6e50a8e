/*
 * Where we run: what the engine is told about this machine at start.
 */
#pragma once

#include "event.h"

/* Fills seed, wall_offset_ns, hostname, boot_id and netns; leaves the rest alone. What cannot be
 * found out stays empty or 0 (boot_id in a container without /proc, netns likewise). */
void host_describe(struct event_start *start);
