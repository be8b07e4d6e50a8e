/*
 * Commands whose answer has to wait for somebody's report.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_QUEUE_MAX 64

struct ctl_queue {
	struct {
		uint32_t client;
		char *line; /* owned */
	} list[CTL_QUEUE_MAX];
	size_t count;
};

/* `line` is copied. False: full. */
bool ctl_queue_add(struct ctl_queue *q, uint32_t client, const char *line);
/* The client hung up. */
void ctl_queue_remove(struct ctl_queue *q, uint32_t client);
void ctl_queue_fini(struct ctl_queue *q);
