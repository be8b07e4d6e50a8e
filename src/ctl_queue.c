/*
 * Waiting commands, oldest first. A client has at most one under way (os/ctlsock.h).
 */
#include "ctl_queue.h"

#include <string.h>

#include "base/mem.h"

bool ctl_queue_add(struct ctl_queue *q, uint32_t client, const char *line)
{
	if (q->count == CTL_QUEUE_MAX)
		return false;
	q->list[q->count].client = client;
	q->list[q->count++].line = mem_strdup(line);
	return true;
}

void ctl_queue_remove(struct ctl_queue *q, uint32_t client)
{
	for (size_t i = q->count; i-- > 0;) {
		if (q->list[i].client != client)
			continue;
		mem_free(q->list[i].line);
		q->count--;
		memmove(&q->list[i], &q->list[i + 1], (q->count - i) * sizeof(q->list[0]));
	}
}

void ctl_queue_fini(struct ctl_queue *q)
{
	for (size_t i = 0; i < q->count; i++)
		mem_free(q->list[i].line);
	q->count = 0;
}
