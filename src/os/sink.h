/*
 * Where the parts of os/ put what they saw. The loop hands each event to the engine at once, or,
 * while it executes the actions of a turn, queues a deep copy for afterwards. An emitter therefore
 * must expect that actions run inside emit(), and that its own objects (a connection, a client)
 * may be gone when it returns.
 */
#pragma once

#include "event.h"

struct event_sink {
	void *context;
	/* `event` and what it points to are lent for the call. */
	void (*emit)(void *context, const struct event *event);
};

static inline void event_emit(const struct event_sink *sink, const struct event *event)
{
	sink->emit(sink->context, event);
}
