/*
 * Route-maps: their entries and what follows from a match (clauses: config_match.c, config_set.c),
 * and what is said about names that are used and not defined.
 */
#include <string.h>

#include "base/mem.h"
#include "config/loading.h"

/* An entry that is written again with the other verdict changes it (the grammar sees to that). */
void on_route_map(struct loading *l, const struct statement *s, const struct words *w)
{
	struct route_map *map = policy_map_get(&l->c->bgp.policy, w->word[1]);
	struct route_map_entry entry = {.permit = strcmp(w->word[2], "permit") == 0};
	size_t at;

	(void)s;
	word_number(w->word[3], 1, 65535, &entry.seq);
	for (at = map->entry_count; at > 0 && map->entries[at - 1].seq > entry.seq; at--)
		;
	map->entries = mem_resize(map->entries, (map->entry_count + 1) * sizeof(*map->entries));
	memmove(&map->entries[at + 1], &map->entries[at],
	    (map->entry_count - at) * sizeof(*map->entries));
	map->entries[at] = entry;
	map->entry_count++;
	l->entry = &map->entries[at];
}

void on_call(struct loading *l, const struct statement *s, const struct words *w)
{
	mem_free(l->entry->call);
	l->entry->call = mem_strdup(w->word[1]);
	loading_refer(l, s, LIST_KINDS, w->word[1], "the call is passed over");
}

void on_on_match_next(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->entry->on_match = ON_MATCH_NEXT;
}

/* `on-match goto N` and its older form `continue [N]`: forward only. */
void on_on_match_goto(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t seq = 0;

	if (w->count == 1) {
		l->entry->on_match = ON_MATCH_NEXT;
		return;
	}
	word_number(w->word[w->count - 1], 1, 65535, &seq);
	if (seq <= l->entry->seq) {
		loading_report(l, s, false, NULL,
		    "a route-map goes on forward only: %u is not above %u", seq, l->entry->seq);
		return;
	}
	l->entry->on_match = ON_MATCH_GOTO;
	l->entry->goto_seq = seq;
}

/* `ip|ipv6 protocol bgp route-map M` */
void on_fib_route_map(struct loading *l, const struct statement *s, const struct words *w)
{
	enum bgp_family f = strcmp(w->word[0], "ipv6") == 0 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;

	mem_free(l->c->bgp.fib_route_map[f]);
	l->c->bgp.fib_route_map[f] = mem_strdup(w->word[4]);
	loading_refer(l, s, LIST_KINDS, w->word[4], "no route of BGP goes into the kernel");
}

void on_table_map(struct loading *l, const struct statement *s, const struct words *w)
{
	mem_free(l->c->bgp.table_map[l->family]);
	l->c->bgp.table_map[l->family] = mem_strdup(w->word[1]);
	loading_refer(l, s, LIST_KINDS, w->word[1], "no route of BGP goes into the kernel");
}

void config_finish_policy(struct loading *l)
{
	struct policy *p = &l->c->bgp.policy;

	for (size_t i = 0; i < p->map_count; i++)
		for (size_t j = 0; j < p->maps[i].entry_count; j++)
			config_sort_sets(&p->maps[i].entries[j]);
	policy_link(p);
}

/* ---- names that are used ---- */

void loading_refer(struct loading *l, const struct statement *s, enum list_kind kind,
    const char *name, const char *without)
{
	l->references =
	    mem_resize(l->references, (l->reference_count + 1) * sizeof(*l->references));
	l->references[l->reference_count++] = (struct reference){
	    .statement = s, .kind = kind, .name = mem_strdup(name), .without = without};
}

static bool is_defined(const struct policy *p, const struct reference *r)
{
	if (r->kind == LIST_KINDS)
		return policy_map_find(p, r->name) != NULL;
	return policy_list_find(p, r->kind, r->name) != NULL;
}

void config_check_names(struct loading *l)
{
	for (size_t i = 0; i < l->reference_count; i++) {
		const struct reference *r = &l->references[i];

		if (!is_defined(&l->c->bgp.policy, r))
			loading_report(l, r->statement, true, NULL, "%s %.80s is not defined: %s",
			    r->kind == LIST_KINDS ? "route-map" : list_kind_name(r->kind), r->name,
			    r->without);
		mem_free(r->name);
	}
	mem_free(l->references);
}
