/*
 * A sink that keeps what was emitted, and a bounded way to run the loop until something holds.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/sink.h"

#define COLLECT_MAX 512

struct collected {
	struct event event; /* without what it pointed to */
	char text[256];	    /* the beginning of PEER_BYTES, of a note or a CTL_REQUEST */
};

struct collector {
	struct collected list[COLLECT_MAX];
	size_t count;
	size_t bytes; /* of all PEER_BYTES */
	void (*then)(struct collector *c, const struct event *event);
	void *context;
};

static inline void collect(void *context, const struct event *event)
{
	struct collector *c = context;
	struct collected *e = &c->list[c->count % COLLECT_MAX];

	c->count++;
	*e = (struct collected){.event = *event};
	if (event->kind == EVENT_PEER_BYTES)
		c->bytes += event->peer.size;
	if (event->kind == EVENT_PEER_BYTES || event->kind == EVENT_PEER_HANDOVER)
		memcpy(e->text, event->peer.bytes,
		    event->peer.size < sizeof(e->text) ? event->peer.size : sizeof(e->text) - 1);
	if (event->kind == EVENT_CTL_REQUEST)
		snprintf(e->text, sizeof(e->text), "%s", event->ctl.line);
	if (c->then != NULL)
		c->then(c, event);
}

static inline size_t collected_count(const struct collector *c, enum event_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count && i < COLLECT_MAX; i++)
		n += c->list[i].event.kind == kind;
	return n;
}

static inline const struct collected *collected_last(
    const struct collector *c, enum event_kind kind)
{
	for (size_t i = c->count; i-- > 0;)
		if (c->list[i % COLLECT_MAX].event.kind == kind)
			return &c->list[i % COLLECT_MAX];
	return NULL;
}

static inline void log_nothing(
    void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	(void)text;
}
