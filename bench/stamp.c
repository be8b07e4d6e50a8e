/* Percentiles by sorting all samples: nearest rank, no histogram, so that the p99 of 200 events is
 * one of them. */
#include "stamp.h"

#include <err.h>
#include <stdlib.h>
#include <time.h>

uint64_t stamp_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void stamps_add(struct stamps *s, uint64_t ns)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 256;
		s->ns = reallocarray(s->ns, s->capacity, sizeof(*s->ns));
		if (s->ns == NULL)
			err(1, "samples");
	}
	s->ns[s->count++] = ns;
}

void stamps_free(struct stamps *s)
{
	free(s->ns);
	*s = (struct stamps){0};
}

static int ns_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double rank_us(const struct stamps *s, unsigned percent)
{
	size_t rank = (s->count * percent + 99) / 100;

	return s->count ? (double)s->ns[rank ? rank - 1 : 0] / 1e3 : 0;
}

void stamps_print(struct stamps *s, const char *name, FILE *out)
{
	if (s->count)
		qsort(s->ns, s->count, sizeof(*s->ns), ns_cmp);
	fprintf(out, "\"%s\":{\"n\":%zu,\"median_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}", name,
	    s->count, rank_us(s, 50), rank_us(s, 99), rank_us(s, 100));
}
