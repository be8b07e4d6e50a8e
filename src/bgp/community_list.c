/*
 * Lists of communities, in three sizes. A standard entry is a set: it matches a route that has all
 * of it, or exactly it. An expanded entry is a regular expression over the text of the route's
 * whole set; a route without communities has an empty text.
 *
 * The community `internet` (0:0) in a standard entry matches every route (FRR; RFC 1997 gives the
 * name no number).
 */
#include <string.h>

#include "base/check.h"
#include "bgp/extcomm.h"
#include "bgp/policy_list.h"

/* The communities of a route that a list of one kind looks at. */
struct members {
	const uint8_t *values;
	size_t count, size;
};

static struct members members_of(enum list_kind kind, const struct attrs *a)
{
	if (kind == LIST_COMMUNITY)
		return (struct members){
		    (const uint8_t *)a->communities, a->community_count, sizeof(uint32_t)};
	if (kind == LIST_LARGE_COMMUNITY)
		return (struct members){
		    (const uint8_t *)a->large, a->large_count, sizeof(struct large_community)};
	check(kind == LIST_EXTCOMMUNITY);
	return (struct members){
	    (const uint8_t *)a->extcomms, a->extcomm_count, sizeof(struct extcomm)};
}

/* *a has only these. */
static struct attrs attrs_with(enum list_kind kind, const struct members *m)
{
	struct attrs a = {0};

	if (kind == LIST_COMMUNITY) {
		a.communities = (const uint32_t *)(const void *)m->values;
		a.community_count = (uint16_t)m->count;
	} else if (kind == LIST_LARGE_COMMUNITY) {
		a.large = (const struct large_community *)(const void *)m->values;
		a.large_count = (uint16_t)m->count;
	} else {
		a.extcomms = (const struct extcomm *)(const void *)m->values;
		a.extcomm_count = (uint16_t)m->count;
	}
	return a;
}

static void members_text(enum list_kind kind, const struct members *m, struct str *out)
{
	struct attrs a = attrs_with(kind, m);

	if (kind == LIST_COMMUNITY)
		communities_text(&a, out);
	else if (kind == LIST_LARGE_COMMUNITY)
		large_communities_text(&a, out);
	else
		extcomms_text(&a, out);
}

static bool has(const struct members *m, const void *value)
{
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(m->values + i * m->size, value, m->size) == 0)
			return true;
	return false;
}

static bool is_internet(const struct policy_list *l, const struct set_rule *r)
{
	/* Sorted: zero is first. */
	return l->kind == LIST_COMMUNITY && r->count > 0 && *(const uint32_t *)r->values == 0;
}

static bool set_matches(
    const struct policy_list *l, const struct set_rule *r, const struct members *m, bool exact)
{
	if (is_internet(l, r))
		return true;
	if (m->count == 0 || (exact && m->count != r->count))
		return false;
	for (size_t i = 0; i < r->count; i++)
		if (!has(m, (const uint8_t *)r->values + i * r->size))
			return false;
	return true;
}

static bool permits(const struct policy_list *l, const struct members *m, bool exact)
{
	struct str text = {0};
	bool permit = false;

	members_text(l->kind, m, &text);
	for (size_t i = 0; i < l->count; i++) {
		const struct list_entry *e = &l->entries[i];

		if (e->kind == RULE_SET ? set_matches(l, &e->set, m, exact)
					: pattern_matches(e->pattern, str_text(&text))) {
			permit = e->permit;
			break;
		}
	}
	str_fini(&text);
	return permit;
}

bool community_list_permits(const struct policy_list *l, const struct attrs *a, bool exact)
{
	struct members m = members_of(l->kind, a);

	return permits(l, &m, exact);
}

/* ---- deletion ---- */

/* Of a set the entry's any, not all, is meant here. */
static bool entry_names(
    const struct policy_list *l, const struct list_entry *e, const struct members *one)
{
	struct members set = {e->set.values, e->set.count, e->set.size};
	struct str text = {0};
	bool matches;

	if (e->kind == RULE_SET)
		return is_internet(l, &e->set) || has(&set, one->values);
	members_text(l->kind, one, &text);
	matches = pattern_matches(e->pattern, str_text(&text));
	str_fini(&text);
	return matches;
}

static bool deletes(const struct policy_list *l, const struct members *one)
{
	for (size_t i = 0; i < l->count; i++)
		if (entry_names(l, &l->entries[i], one))
			return l->entries[i].permit;
	return false;
}

void community_list_delete(const struct policy_list *l, struct attrs *a, struct arena *arena)
{
	struct members m = members_of(l->kind, a);
	uint8_t *kept = arena_new(arena, m.count * m.size + 1);
	struct members left = {kept, 0, m.size};
	struct attrs with;

	for (size_t i = 0; i < m.count; i++) {
		struct members one = {m.values + i * m.size, 1, m.size};

		if (!deletes(l, &one))
			memcpy(kept + left.count++ * m.size, one.values, m.size);
	}
	with = attrs_with(l->kind, &left);
	if (l->kind == LIST_COMMUNITY) {
		a->communities = left.count > 0 ? with.communities : NULL;
		a->community_count = with.community_count;
	} else if (l->kind == LIST_LARGE_COMMUNITY) {
		a->large = left.count > 0 ? with.large : NULL;
		a->large_count = with.large_count;
	} else {
		a->extcomms = left.count > 0 ? with.extcomms : NULL;
		a->extcomm_count = with.extcomm_count;
	}
}
