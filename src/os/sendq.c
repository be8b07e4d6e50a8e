/*
 * Send queue: one buffer with the live bytes in [start, end). It grows by doubling, moves the
 * live bytes to its front when that makes room, and gives its memory back when it runs empty
 * after having been large: a connection that had one bad minute does not keep the megabytes.
 */
#include "os/sendq.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#define ROOM_MIN ((size_t)4096)
#define ROOM_KEPT ((size_t)256 << 10)

static void sendq_reserve(struct sendq *q, size_t more)
{
	size_t live = q->end - q->start, room = q->room > 0 ? q->room : ROOM_MIN;

	if (q->room - q->end >= more)
		return;
	if (q->start > 0 && live > 0)
		memmove(q->bytes, q->bytes + q->start, live);
	q->start = 0;
	q->end = live;
	/* Keep half free, so that the bytes are not moved again for each small addition. */
	while (room / 2 < live + more)
		room *= 2;
	if (room > q->room)
		q->bytes = mem_resize(q->bytes, q->room = room);
}

void sendq_add(struct sendq *q, const void *bytes, size_t size)
{
	if (size == 0)
		return;
	sendq_reserve(q, size);
	memcpy(q->bytes + q->end, bytes, size);
	q->end += size;
}

size_t sendq_size(const struct sendq *q)
{
	return q->end - q->start;
}

static void sendq_emptied(struct sendq *q)
{
	q->start = q->end = 0;
	if (q->room > ROOM_KEPT)
		sendq_fini(q);
}

int sendq_send(struct sendq *q, int fd)
{
	while (sendq_size(q) > 0) {
		ssize_t n =
		    send(fd, q->bytes + q->start, sendq_size(q), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : errno;
		q->start += (size_t)n;
	}
	sendq_emptied(q);
	return 0;
}

void sendq_fini(struct sendq *q)
{
	mem_free(q->bytes);
	*q = (struct sendq){0};
}
