/*
 * Bytes that wait to be written to a descriptor.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. */
struct sendq {
	uint8_t *bytes; /* owned */
	size_t start, end, room;
};

void sendq_add(struct sendq *q, const void *bytes, size_t size);
size_t sendq_size(const struct sendq *q);
/* Sends what the socket takes without blocking or signal; 0, or the errno that ends the socket. */
int sendq_send(struct sendq *q, int fd);
void sendq_fini(struct sendq *q);
