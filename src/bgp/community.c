/*
 * Communities of three sizes as sets: sorted, each element once, so that equal sets are equal bytes
 * (attr_table.c); and their text. What extended communities mean is in extcomm.c.
 *
 * RFC 1997, 4360, 8092.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "bgp/attr_row.h"

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_extcomm(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct extcomm));
}

static int compare_large(const void *a, const void *b)
{
	const struct large_community *x = a, *y = b;
	int order = compare_u32(&x->global, &y->global);

	if (order == 0)
		order = compare_u32(&x->local1, &y->local1);
	return order != 0 ? order : compare_u32(&x->local2, &y->local2);
}

/* Returns how many are left. */
static size_t sort_unique(
    void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	uint8_t *b = array;
	size_t kept = count > 0 ? 1 : 0;

	if (count > 1)
		qsort(array, count, size, compare);
	for (size_t i = 1; i < count; i++)
		if (compare(b + (kept - 1) * size, b + i * size) != 0)
			memmove(b + kept++ * size, b + i * size, size);
	return kept;
}

size_t communities_sort(uint32_t *all, size_t count)
{
	return sort_unique(all, count, sizeof(*all), compare_u32);
}

size_t extcomms_sort(struct extcomm *all, size_t count)
{
	return sort_unique(all, count, sizeof(*all), compare_extcomm);
}

size_t large_communities_sort(struct large_community *all, size_t count)
{
	return sort_unique(all, count, sizeof(*all), compare_large);
}

/* How many of `count` elements of `size` bytes an attribute has room for. */
static uint16_t fitting(size_t count, size_t size)
{
	return (uint16_t)(count < UINT16_MAX / size ? count : UINT16_MAX / size);
}

static void *copy_array(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *to = arena_new(arena, count * size + 1);

	if (count > 0)
		memcpy(to, from, count * size);
	return to;
}

void attrs_set_communities(
    struct attrs *a, const uint32_t *communities, size_t count, struct arena *arena)
{
	uint32_t *copy = copy_array(arena, communities, count, sizeof(*copy));

	a->community_count = fitting(communities_sort(copy, count), sizeof(*copy));
	a->communities = copy;
}

void attrs_add_communities(
    struct attrs *a, const uint32_t *communities, size_t count, struct arena *arena)
{
	uint32_t *all = arena_new(arena, (a->community_count + count) * sizeof(*all) + 1);

	if (a->community_count > 0)
		memcpy(all, a->communities, a->community_count * sizeof(*all));
	if (count > 0)
		memcpy(all + a->community_count, communities, count * sizeof(*all));
	attrs_set_communities(a, all, a->community_count + count, arena);
}

void attrs_set_extcomms(
    struct attrs *a, const struct extcomm *extcomms, size_t count, struct arena *arena)
{
	struct extcomm *copy = copy_array(arena, extcomms, count, sizeof(*copy));

	a->extcomm_count = fitting(extcomms_sort(copy, count), sizeof(*copy));
	a->extcomms = copy;
}

void attrs_set_large(
    struct attrs *a, const struct large_community *large, size_t count, struct arena *arena)
{
	struct large_community *copy = copy_array(arena, large, count, sizeof(*copy));

	a->large_count = fitting(large_communities_sort(copy, count), sizeof(*copy));
	a->large = copy;
}

bool attrs_have_community(const struct attrs *a, uint32_t community)
{
	for (size_t i = 0; i < a->community_count; i++)
		if (a->communities[i] == community)
			return true;
	return false;
}

/* The names of the registry of well-known communities (RFC 1997, 3765, 7611, 7999, 8326, 9494) in
 * the words of FRR's configuration. */
static const struct {
	uint32_t community;
	const char *name;
} well_known[] = {{COMMUNITY_INTERNET, "internet"},
    {COMMUNITY_GRACEFUL_SHUTDOWN, "graceful-shutdown"}, {0xffff0001, "accept-own"},
    {0xffff0002, "route-filter-translated-v4"}, {0xffff0003, "route-filter-v4"},
    {0xffff0004, "route-filter-translated-v6"}, {0xffff0005, "route-filter-v6"},
    {COMMUNITY_LLGR_STALE, "llgr-stale"}, {COMMUNITY_NO_LLGR, "no-llgr"},
    {0xffff0008, "accept-own-nexthop"}, {COMMUNITY_BLACKHOLE, "blackhole"},
    {COMMUNITY_NO_EXPORT, "no-export"}, {COMMUNITY_NO_ADVERTISE, "no-advertise"},
    {COMMUNITY_NO_EXPORT_SUBCONFED, "local-AS"}, {0xffffff04, "no-peer"}};

/* Decimal, up to `max`; *end: where it stopped. */
static bool number_parse(const char *text, uint32_t max, uint32_t *n, const char **end)
{
	uint64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && v <= max; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*n = (uint32_t)v;
	*end = p;
	return p > text && v <= max;
}

bool community_parse(const char *text, uint32_t *community)
{
	uint32_t high, low;
	const char *end;

	for (size_t i = 0; i < sizeof(well_known) / sizeof(*well_known); i++)
		if (strcmp(well_known[i].name, text) == 0) {
			*community = well_known[i].community;
			return true;
		}
	if (number_parse(text, UINT32_MAX, community, &end) && *end == '\0')
		return true;
	if (!number_parse(text, UINT16_MAX, &high, &end) || *end != ':' ||
	    !number_parse(end + 1, UINT16_MAX, &low, &end) || *end != '\0')
		return false;
	*community = high << 16 | low;
	return true;
}

bool large_community_parse(const char *text, struct large_community *l)
{
	const char *end;

	return number_parse(text, UINT32_MAX, &l->global, &end) && *end == ':' &&
	       number_parse(end + 1, UINT32_MAX, &l->local1, &end) && *end == ':' &&
	       number_parse(end + 1, UINT32_MAX, &l->local2, &end) && *end == '\0';
}

static void community_text(uint32_t community, struct str *out)
{
	for (size_t i = 0; i < sizeof(well_known) / sizeof(*well_known); i++) {
		if (well_known[i].community == community) {
			str_add(out, well_known[i].name);
			return;
		}
	}
	str_addf(out, "%u:%u", community >> 16, community & 0xffff);
}

void communities_text(const struct attrs *a, struct str *out)
{
	for (size_t i = 0; i < a->community_count; i++) {
		str_add(out, i > 0 ? " " : "");
		community_text(a->communities[i], out);
	}
}

void large_communities_text(const struct attrs *a, struct str *out)
{
	for (size_t i = 0; i < a->large_count; i++)
		str_addf(out, "%s%u:%u:%u", i > 0 ? " " : "", a->large[i].global,
		    a->large[i].local1, a->large[i].local2);
}
