/*
 * Router advertisement schedule: per link the time of the next one and how many of the quick
 * initial ones are left. RFC 4861 wants at least 3 s between multicast advertisements; on the
 * point-to-point links of unnumbered peering the initial ones go once a second, as they decide how
 * fast a session comes up, and solicitations are answered sooner.
 */
#include "bgp/ra.h"

#include <stddef.h>

#include "base/mem.h"

#define RA_INITIAL 4
#define RA_INITIAL_MS 1000
#define RA_SOLICITED_MIN_MS 500
#define RA_MANY_MIN_MS 3000

struct ra_link {
	ifindex_t ifindex;
	uint32_t initial_left;
	struct ra_plan plan;
	mono_t next;
	mono_t last;
};

void ra_init(struct ra_schedule *s, uint64_t seed)
{
	map_init(&s->links, offsetof(struct ra_link, ifindex), sizeof(ifindex_t), seed);
}

void ra_fini(struct ra_schedule *s)
{
	size_t at = 0;
	struct ra_link *l;

	while ((l = map_next(&s->links, &at)) != NULL)
		mem_free(l);
	map_fini(&s->links);
}

static int64_t least_ms(const struct ra_link *l)
{
	return l->plan.many ? RA_MANY_MIN_MS : RA_SOLICITED_MIN_MS;
}

static mono_t soonest(const struct ra_link *l, mono_t now)
{
	mono_t earliest = mono_add_ms(l->last, least_ms(l));

	return mono_before(earliest, now) ? now : earliest;
}

/* Waits no longer than the new interval says; what is new is told at once, several times. */
static void replan(struct ra_link *l, const struct ra_plan *plan, mono_t now)
{
	bool news = plan->digest != l->plan.digest;

	l->plan = *plan;
	l->next = mono_min(l->next, mono_add_ms(l->last, plan->interval_ms));
	if (!news)
		return;
	l->initial_left = RA_INITIAL;
	l->next = soonest(l, now);
}

void ra_set_link(struct ra_schedule *s, const struct ra_host *host, ifindex_t ifindex,
    const struct ra_plan *plan, mono_t now)
{
	struct ra_link *l = map_find(&s->links, &ifindex);

	if (plan->wanted && l != NULL)
		replan(l, plan, now);
	if (plan->wanted == (l != NULL))
		return;
	host->watch(host->context, ifindex, plan->wanted);
	if (!plan->wanted) {
		mem_free(map_remove(&s->links, &ifindex));
		return;
	}
	l = mem_new(sizeof(*l));
	l->ifindex = ifindex;
	l->initial_left = RA_INITIAL;
	l->plan = *plan;
	l->next = now;
	l->last = mono_add_ms(now, -RA_MANY_MIN_MS);
	map_insert(&s->links, l);
}

void ra_solicited(struct ra_schedule *s, ifindex_t ifindex, mono_t now)
{
	struct ra_link *l = map_find(&s->links, &ifindex);

	if (l != NULL)
		l->next = mono_min(l->next, soonest(l, now));
}

static void ra_send_due(struct ra_link *l, const struct ra_host *host, mono_t now)
{
	host->send(host->context, l->ifindex, RA_LIFETIME_S);
	l->last = now;
	if (l->initial_left > 0)
		l->initial_left--;
	l->next = mono_add_ms(now, l->plan.interval_ms);
	if (l->initial_left > 0)
		l->next = mono_min(
		    l->next, mono_add_ms(now, l->plan.many ? RA_MANY_MIN_MS : RA_INITIAL_MS));
}

void ra_run(struct ra_schedule *s, const struct ra_host *host, struct arena *arena, mono_t now)
{
	struct ra_link **all;

	if (!mono_reached(ra_deadline(s), now))
		return;
	all = (struct ra_link **)map_sorted(&s->links, arena, NULL);
	for (size_t i = 0; i < s->links.count; i++)
		if (mono_reached(all[i]->next, now))
			ra_send_due(all[i], host, now);
}

mono_t ra_deadline(const struct ra_schedule *s)
{
	mono_t due = MONO_NEVER;
	size_t at = 0;
	struct ra_link *l;

	while ((l = map_next(&s->links, &at)) != NULL)
		due = mono_min(due, l->next);
	return due;
}

void ra_stop(struct ra_schedule *s, const struct ra_host *host, struct arena *arena)
{
	struct ra_link **all = (struct ra_link **)map_sorted(&s->links, arena, NULL);
	size_t count = s->links.count;

	for (size_t i = 0; i < count; i++) {
		ifindex_t ifindex = all[i]->ifindex;

		host->send(host->context, ifindex, 0);
		host->watch(host->context, ifindex, false);
		mem_free(map_remove(&s->links, &ifindex));
	}
}
