/*
 * Neighbors in an address family: each statement `neighbor X …` there is one function on one struct
 * neighbor_family, that of the family which is being read. config_neighbor.c calls them, for a
 * group before its members.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <string.h>

static struct neighbor_family *family_of(struct loading *l)
{
	return &l->neighbor->family[l->family];
}

void on_activate(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->activate = !s->no;
}

void on_next_hop_self(struct loading *l, const struct statement *s, const struct words *w)
{
	family_of(l)->next_hop_self = !s->no;
	family_of(l)->next_hop_self_force = !s->no && words_have(w, 3, "force");
}

void on_remove_private_as(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);

	f->remove_private_as = !s->no;
	f->remove_private_all = !s->no && words_have(w, 3, "all");
	f->remove_private_replace = !s->no && words_have(w, 3, "replace-AS");
}

void on_as_override(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->as_override = !s->no;
}

void on_reflector_client(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->route_reflector_client = !s->no;
}

void on_soft_reconfiguration(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->soft_reconfiguration_in = !s->no;
}

/* FRR: all kinds are sent unless a `no` says otherwise; without a word the standard ones are meant.
 */
void on_send_community(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);
	const char *kind = w->count > 3 ? w->word[3] : "standard";
	bool all = strcmp(kind, "all") == 0, both = all || strcmp(kind, "both") == 0;

	if (both || strcmp(kind, "standard") == 0)
		f->no_communities = s->no;
	if (both || strcmp(kind, "extended") == 0)
		f->no_extcomms = s->no;
	if (all || strcmp(kind, "large") == 0)
		f->no_large = s->no;
}

/* RFC 7911; of the two the one that comes last. */
void on_add_path_all(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->add_path = s->no ? ADD_PATH_NONE : ADD_PATH_ALL;
}

void on_add_path_per_as(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->add_path = s->no ? ADD_PATH_NONE : ADD_PATH_BEST_PER_AS;
}

void on_no_add_path_rx(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->no_add_path_rx = !s->no;
}

/* RFC 7947: what passes through a route server stays as it is. */
void on_route_server_client(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->route_server_client = !s->no;
}

void on_nexthop_local(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	family_of(l)->link_local_unchanged = !s->no;
}

/* Without further words: all of them. */
void on_attribute_unchanged(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);
	bool all = w->count == 3;

	(void)s;
	f->as_path_unchanged = all || words_have(w, 3, "as-path");
	f->next_hop_unchanged = all || words_have(w, 3, "next-hop");
	f->med_unchanged = all || words_have(w, 3, "med");
}

/* FRR: 3 occurrences unless a number is given. */
void on_allowas_in(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);
	uint32_t n = 3;

	(void)s;
	f->allowas_in_origin = words_have(w, 3, "origin");
	if (w->count > 3 && !f->allowas_in_origin)
		word_number(w->word[3], 1, 10, &n);
	f->allowas_in = f->allowas_in_origin ? 0 : (uint8_t)n;
}

/* [percent] [warning-only | restart minutes] [force]; false: something else. */
static bool limit_words(const struct words *w, struct prefix_limit *l, bool *force)
{
	unsigned at = 4;
	uint32_t n;

	if (at < w->count && word_number(w->word[at], 1, 100, &n)) {
		l->threshold = (uint8_t)n;
		at++;
	}
	if (at < w->count && strcmp(w->word[at], "warning-only") == 0) {
		l->warning_only = true;
		at++;
	} else if (at + 1 < w->count && strcmp(w->word[at], "restart") == 0 &&
		   word_number(w->word[at + 1], 1, UINT16_MAX, &n)) {
		l->restart_min = (uint16_t)n;
		at += 2;
	}
	*force = at < w->count && strcmp(w->word[at], "force") == 0;
	return at + *force == w->count;
}

/* FRR: a warning from 75 percent on. */
void on_maximum_prefix(struct loading *l, const struct statement *s, const struct words *w)
{
	struct prefix_limit limit = {.threshold = 75};
	bool force = false;

	if (!s->no &&
	    !(word_number(w->word[3], 1, UINT32_MAX, &limit.max) && limit_words(w, &limit, &force)))
		loading_report(l, s, false,
		    mem_strdup("N [PERCENT] [warning-only|restart MINUTES] [force]"),
		    "`maximum-prefix` with words that do not belong there");
	if (force)
		loading_report(l, s, true, NULL,
		    "`force`: routes that policy denied are not counted all the same");
	family_of(l)->limit = s->no ? (struct prefix_limit){0} : limit;
}

static enum list_kind policy_kind(const struct loading *l, const char *what)
{
	bool v6 = l->family == BGP_IPV6_UNICAST;

	if (strcmp(what, "distribute-list") == 0)
		return v6 ? LIST_ACCESS6 : LIST_ACCESS4;
	if (strcmp(what, "prefix-list") == 0)
		return v6 ? LIST_PREFIX6 : LIST_PREFIX4;
	return strcmp(what, "filter-list") == 0 ? LIST_AS_PATH : LIST_KINDS;
}

/* `neighbor X route-map|distribute-list|prefix-list|filter-list NAME in|out` */
void on_neighbor_policy(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);
	enum list_kind kind = policy_kind(l, w->word[2]);
	bool in = strcmp(w->word[4], "in") == 0;
	char **name = in ? &f->route_map_in : &f->route_map_out;

	if (kind == LIST_ACCESS4 || kind == LIST_ACCESS6)
		name = in ? &f->distribute_list_in : &f->distribute_list_out;
	else if (kind == LIST_PREFIX4 || kind == LIST_PREFIX6)
		name = in ? &f->prefix_list_in : &f->prefix_list_out;
	else if (kind == LIST_AS_PATH)
		name = in ? &f->filter_list_in : &f->filter_list_out;
	loading_text_set(name, mem_strdup(w->word[3]));
	loading_refer(l, s, kind, w->word[3], "it denies everything");
}

void on_maximum_prefix_out(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_number(w->word[3], 1, UINT32_MAX, &family_of(l)->max_out);
}

void on_unsuppress_map(struct loading *l, const struct statement *s, const struct words *w)
{
	loading_text_set(&family_of(l)->unsuppress_map, mem_strdup(w->word[3]));
	loading_refer(l, s, LIST_KINDS, w->word[3], "what is suppressed stays so");
}

/* `neighbor X advertise-map A exist-map|non-exist-map C` */
void on_advertise_map(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);

	loading_text_set(&f->advertise_map, mem_strdup(w->word[3]));
	loading_text_set(&f->condition_map, mem_strdup(w->word[5]));
	f->condition_absent = strcmp(w->word[4], "non-exist-map") == 0;
	loading_refer(l, s, LIST_KINDS, w->word[3], "nothing is conditional");
	loading_refer(l, s, LIST_KINDS, w->word[5], "nothing is conditional");
}

void on_neighbor_weight(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n;

	(void)s;
	if (word_number(w->word[3], 0, UINT16_MAX, &n))
		family_of(l)->weight = (uint16_t)n;
}

void on_default_originate(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_family *f = family_of(l);

	f->default_originate = true;
	loading_text_set(&f->default_route_map, w->count > 4 ? mem_strdup(w->word[4]) : NULL);
	if (w->count > 4)
		loading_refer(l, s, LIST_KINDS, w->word[4], "it denies everything");
}
