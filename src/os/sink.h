/*
 * Where a part of os/ puts what it has read. The loop hands the event to the engine at once and
 * executes the actions of that turn inside emit(): the emitter's own objects (a connection, a
 * client) may be gone when it returns, and it must not look at them again.
 *
 * Only the callback of a descriptor may emit. What happens while actions are executed (a connect
 * that fails at once, a write that breaks a connection) is kept by the part itself and pulled by
 * the loop afterwards with its …_next() function, as netlink_next().
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
