/*
 * Set clauses of route-maps. They are done in the order in which they are written.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/attr.h"
#include "config/loading.h"

static struct set_clause *set_add(struct loading *l, const struct statement *s, enum set_kind kind)
{
	struct route_map_entry *e = l->entry;

	e->sets = mem_resize(e->sets, (e->set_count + 1) * sizeof(*e->sets));
	e->sets[e->set_count] = (struct set_clause){.kind = kind, .order = s->order};
	return &e->sets[e->set_count++];
}

static int order_compare(const void *a, const void *b)
{
	const struct set_clause *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

void config_sort_sets(struct route_map_entry *e)
{
	if (e->set_count > 1)
		qsort(e->sets, e->set_count, sizeof(*e->sets), order_compare);
}

bool config_is_origin(const char *word)
{
	return strcmp(word, "igp") == 0 || strcmp(word, "egp") == 0 ||
	       strcmp(word, "incomplete") == 0;
}

uint32_t config_origin(const char *word)
{
	if (strcmp(word, "igp") == 0)
		return ORIGIN_IGP;
	return strcmp(word, "egp") == 0 ? ORIGIN_EGP : ORIGIN_INCOMPLETE;
}

/* ---- numbers ---- */

static void set_number(
    struct loading *l, const struct statement *s, enum set_kind kind, const char *word)
{
	word_number(word, 0, UINT32_MAX, &set_add(l, s, kind)->number);
}

/* `N`, `+N` or `-N` */
static void set_adjusted(
    struct loading *l, const struct statement *s, enum set_kind kind, const char *word)
{
	enum set_by by = *word == '+' ? SET_PLUS : *word == '-' ? SET_MINUS : SET_TO;
	struct set_clause *set;
	uint32_t number;

	if (!word_number(by == SET_TO ? word : word + 1, 0, UINT32_MAX, &number)) {
		loading_report(
		    l, s, false, mem_strdup("write N, +N or -N"), "`%.80s` is not a number", word);
		return;
	}
	set = set_add(l, s, kind);
	set->by = (uint8_t)by;
	set->number = number;
}

void on_set_local_preference(struct loading *l, const struct statement *s, const struct words *w)
{
	set_adjusted(l, s, SET_LOCAL_PREFERENCE, w->word[2]);
}

void on_set_metric(struct loading *l, const struct statement *s, const struct words *w)
{
	set_adjusted(l, s, SET_METRIC, w->word[2]);
}

void on_set_weight(struct loading *l, const struct statement *s, const struct words *w)
{
	set_number(l, s, SET_WEIGHT, w->word[2]);
}

void on_set_tag(struct loading *l, const struct statement *s, const struct words *w)
{
	set_number(l, s, SET_TAG, w->word[2]);
}

void on_set_distance(struct loading *l, const struct statement *s, const struct words *w)
{
	set_number(l, s, SET_DISTANCE, w->word[2]);
}

void on_set_origin(struct loading *l, const struct statement *s, const struct words *w)
{
	set_add(l, s, SET_ORIGIN)->number = config_origin(w->word[2]);
}

/* ---- communities ---- */

/* The words from `from` on without `additive`, which may stand first or last. */
static struct words *without_additive(const struct words *w, unsigned from, bool *additive)
{
	struct words *left = mem_new(sizeof(*left));

	*additive = false;
	for (unsigned i = from; i < w->count; i++)
		if (strcmp(w->word[i], "additive") == 0)
			*additive = true;
		else
			left->word[left->count++] = w->word[i];
	return left;
}

/* `none | [additive] C… [additive]`, from `from` on. */
static void set_communities(struct loading *l, const struct statement *s, const struct words *w,
    unsigned from, enum set_kind kind, enum list_kind list)
{
	bool additive, none = strcmp(w->word[from], "none") == 0;
	struct words *left = without_additive(w, from, &additive);
	struct set_rule rule = {0};
	struct set_clause *set;

	if (none || config_communities(l, s, left, 0, list, &rule)) {
		set = set_add(l, s, kind);
		set->additive = additive && !none;
		set->values = rule.values;
		set->count = rule.count;
		set->size = rule.size;
	}
	mem_free(left);
}

void on_set_community(struct loading *l, const struct statement *s, const struct words *w)
{
	set_communities(l, s, w, 2, SET_COMMUNITY, LIST_COMMUNITY);
}

void on_set_large_community(struct loading *l, const struct statement *s, const struct words *w)
{
	set_communities(l, s, w, 2, SET_LARGE_COMMUNITY, LIST_LARGE_COMMUNITY);
}

void on_set_extcommunity_none(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	set_add(l, s, SET_EXTCOMMUNITY);
}

/* `rt|soo X…`: each with the same keyword. */
void on_set_extcommunity(struct loading *l, const struct statement *s, const struct words *w)
{
	struct words *pairs = mem_new(sizeof(*pairs));
	struct set_rule rule;

	for (unsigned i = 3; i < w->count && pairs->count + 2 <= WORDS_MAX; i++) {
		pairs->word[pairs->count++] = w->word[2];
		pairs->word[pairs->count++] = w->word[i];
	}
	if (config_communities(l, s, pairs, 0, LIST_EXTCOMMUNITY, &rule)) {
		struct set_clause *set = set_add(l, s, SET_EXTCOMMUNITY);

		set->additive = true;
		set->values = rule.values;
		set->count = rule.count;
		set->size = rule.size;
	}
	mem_free(pairs);
}

void on_set_bandwidth(struct loading *l, const struct statement *s, const struct words *w)
{
	struct set_clause *set = set_add(l, s, SET_LINK_BANDWIDTH);

	set->non_transitive = w->count > 4;
	set->number = 1; /* Mbit/s for each path */
	if (strcmp(w->word[3], "cumulative") == 0)
		set->bandwidth = BANDWIDTH_CUMULATIVE;
	else if (strcmp(w->word[3], "num-multipaths") == 0)
		set->bandwidth = BANDWIDTH_PER_PATH;
	else
		word_number(w->word[3], 1, 25600, &set->number);
}

void on_set_delete(struct loading *l, const struct statement *s, const struct words *w)
{
	enum set_kind kind = SET_DELETE_COMMUNITY;
	struct set_clause *set;

	if (strcmp(w->word[1], "large-comm-list") == 0)
		kind = SET_DELETE_LARGE_COMMUNITY;
	else if (strcmp(w->word[1], "extended-comm-list") == 0)
		kind = SET_DELETE_EXTCOMMUNITY;
	set = set_add(l, s, kind);
	set->name = mem_strdup(w->word[2]);
	loading_refer(l, s, set_list_kind(set), set->name, "nothing is deleted");
}

/* ---- AS_PATH and its kin ---- */

static void set_as_numbers(struct loading *l, const struct statement *s, const struct words *w,
    unsigned from, enum set_kind kind)
{
	uint32_t *all = mem_new_array(w->count, sizeof(*all));
	struct set_clause *set;

	for (unsigned i = from; i < w->count; i++)
		if (!word_asn(w->word[i], &all[i - from])) {
			loading_report(l, s, false, NULL,
			    "`%.80s` is not an AS number (1-4294967295)", w->word[i]);
			mem_free(all);
			return;
		}
	set = set_add(l, s, kind);
	set->values = all;
	set->count = (uint16_t)(w->count - from);
	set->size = sizeof(*all);
}

void on_set_prepend(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t times;

	if (strcmp(w->word[3], "last-as") != 0)
		set_as_numbers(l, s, w, 3, SET_AS_PATH_PREPEND);
	else if (w->count == 5 && word_number(w->word[4], 1, 10, &times))
		set_add(l, s, SET_AS_PATH_PREPEND_LAST)->number = times;
	else
		loading_report(l, s, false, NULL, "after `last-as`: a number, 1-10");
}

void on_set_exclude(struct loading *l, const struct statement *s, const struct words *w)
{
	set_as_numbers(l, s, w, 3, SET_AS_PATH_EXCLUDE);
}

void on_set_replace(struct loading *l, const struct statement *s, const struct words *w)
{
	struct set_clause *set = set_add(l, s, SET_AS_PATH_REPLACE);

	/* 0: any */
	word_asn(w->word[3], &set->number);
}

void on_set_atomic(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	set_add(l, s, SET_ATOMIC_AGGREGATE);
}

void on_set_aggregator(struct loading *l, const struct statement *s, const struct words *w)
{
	struct set_clause *set = set_add(l, s, SET_AGGREGATOR);

	word_asn(w->word[3], &set->number);
	ip_parse(w->word[4], &set->ip);
}

void on_set_originator(struct loading *l, const struct statement *s, const struct words *w)
{
	ip_parse(w->word[2], &set_add(l, s, SET_ORIGINATOR_ID)->ip);
}

/* ---- next hops ---- */

void on_set_next_hop(struct loading *l, const struct statement *s, const struct words *w)
{
	if (strcmp(w->word[3], "peer-address") == 0)
		set_add(l, s, SET_NEXT_HOP_PEER);
	else if (strcmp(w->word[3], "unchanged") == 0)
		set_add(l, s, SET_NEXT_HOP_UNCHANGED);
	else
		ip_parse(w->word[3], &set_add(l, s, SET_NEXT_HOP)->ip);
}

void on_set_next_hop6(struct loading *l, const struct statement *s, const struct words *w)
{
	if (strcmp(w->word[3], "peer-address") == 0)
		set_add(l, s, SET_NEXT_HOP6_PEER);
	else if (strcmp(w->word[3], "prefer-global") == 0)
		set_add(l, s, SET_NEXT_HOP6_PREFER_GLOBAL);
	else
		ip_parse(w->word[4], &set_add(l, s,
					 strcmp(w->word[3], "local") == 0 ? SET_NEXT_HOP6_LOCAL
									  : SET_NEXT_HOP6_GLOBAL)
					  ->ip);
}

void on_set_src(struct loading *l, const struct statement *s, const struct words *w)
{
	ip_parse(w->word[2], &set_add(l, s, SET_SRC)->ip);
}
