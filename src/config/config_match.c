/*
 * Match clauses of route-maps.
 */
#include <string.h>

#include "base/mem.h"
#include "config/loading.h"

static struct match_clause *match_add(struct loading *l, enum match_kind kind, const char *name)
{
	struct route_map_entry *e = l->entry;

	e->matches = mem_resize(e->matches, (e->match_count + 1) * sizeof(*e->matches));
	e->matches[e->match_count] =
	    (struct match_clause){.kind = kind, .name = name != NULL ? mem_strdup(name) : NULL};
	return &e->matches[e->match_count++];
}

/* The list of that kind is needed. */
static void match_list(struct loading *l, const struct statement *s, const struct match_clause *m)
{
	loading_refer(l, s, match_list_kind(m), m->name, "this entry never matches");
}

/* A condition that cannot be judged never holds: the entry must not catch everything. */
void on_match_unsupported(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	match_add(l, MATCH_NEVER, NULL);
	loading_report(l, s, true, mem_strdup("kept in the configuration"),
	    "`%.80s` cannot be judged yet: this entry never matches", s->text);
}

/* ---- match ip|ipv6 address|next-hop|route-source [prefix-list|prefix-len|address|type] X ---- */

/* In the order of access-list, prefix-list, prefix-len. */
static enum match_kind address_kind(const char *what, unsigned form)
{
	static const enum match_kind kinds[3][3] = {
	    {MATCH_ADDRESS_ACCESS_LIST, MATCH_ADDRESS_PREFIX_LIST, MATCH_ADDRESS_PREFIX_LEN},
	    {MATCH_NEXT_HOP_ACCESS_LIST, MATCH_NEXT_HOP_PREFIX_LIST, MATCH_NEXT_HOP_PREFIX_LEN},
	    {MATCH_SOURCE_ACCESS_LIST, MATCH_SOURCE_PREFIX_LIST, MATCH_NEVER}};

	return kinds[strcmp(what, "address") == 0    ? 0
		     : strcmp(what, "next-hop") == 0 ? 1
						     : 2][form];
}

static void family_set(struct match_clause *m, const struct words *w)
{
	m->family = strcmp(w->word[1], "ipv6") == 0 ? IP_V6 : IP_V4;
}

void on_match_ip_access_list(struct loading *l, const struct statement *s, const struct words *w)
{
	struct match_clause *m = match_add(l, address_kind(w->word[2], 0), w->word[3]);

	family_set(m, w);
	match_list(l, s, m);
}

void on_match_ip_prefix_list(struct loading *l, const struct statement *s, const struct words *w)
{
	struct match_clause *m = match_add(l, address_kind(w->word[2], 1), w->word[4]);

	family_set(m, w);
	match_list(l, s, m);
}

void on_match_ip_prefix_len(struct loading *l, const struct statement *s, const struct words *w)
{
	struct match_clause *m = match_add(l, address_kind(w->word[2], 2), NULL);

	(void)s;
	family_set(m, w);
	word_number(w->word[4], 0, 128, &m->number);
}

void on_match_next_hop_address(struct loading *l, const struct statement *s, const struct words *w)
{
	struct match_clause *m = match_add(l, MATCH_NEXT_HOP_ADDRESS, NULL);

	(void)s;
	family_set(m, w);
	ip_parse(w->word[4], &m->ip);
}

void on_match_next_hop_blackhole(
    struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	family_set(match_add(l, MATCH_NEXT_HOP_BLACKHOLE, NULL), w);
}

/* ---- lists ---- */

void on_match_as_path(struct loading *l, const struct statement *s, const struct words *w)
{
	match_list(l, s, match_add(l, MATCH_AS_PATH, w->word[2]));
}

void on_match_community(struct loading *l, const struct statement *s, const struct words *w)
{
	enum match_kind kind = strcmp(w->word[1], "community") == 0	 ? MATCH_COMMUNITY
			       : strcmp(w->word[1], "extcommunity") == 0 ? MATCH_EXTCOMMUNITY
									 : MATCH_LARGE_COMMUNITY;
	struct match_clause *m = match_add(l, kind, w->word[2]);

	m->exact = w->count > 3;
	match_list(l, s, m);
}

/* ---- numbers and names ---- */

static void match_number(struct loading *l, enum match_kind kind, const char *word)
{
	word_number(word, 0, UINT32_MAX, &match_add(l, kind, NULL)->number);
}

void on_match_metric(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_number(l, MATCH_METRIC, w->word[2]);
}

void on_match_local_preference(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_number(l, MATCH_LOCAL_PREFERENCE, w->word[2]);
}

void on_match_tag(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_number(l, MATCH_TAG, w->word[2]);
}

void on_match_origin(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_add(l, MATCH_ORIGIN, NULL)->number = config_origin(w->word[2]);
}

void on_match_peer(struct loading *l, const struct statement *s, const struct words *w)
{
	bool local = strcmp(w->word[2], "local") == 0;
	struct match_clause *m;
	struct ip ip;

	(void)s;
	if (ip_parse(w->word[2], &ip)) {
		m = match_add(l, MATCH_PEER, NULL);
		m->ip = ip;
	} else {
		match_add(l, MATCH_PEER, local ? NULL : w->word[2]);
	}
}

void on_match_source_protocol(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_add(l, MATCH_SOURCE_PROTOCOL, w->word[2]);
}

void on_match_interface(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_add(l, MATCH_INTERFACE, w->word[2]);
}

/* ---- EVPN ---- */

void on_match_evpn_type(struct loading *l, const struct statement *s, const struct words *w)
{
	static const char *const names[] = {"ead", "macip", "multicast", "es", "prefix"};
	struct match_clause *m = match_add(l, MATCH_EVPN_ROUTE_TYPE, NULL);

	(void)s;
	if (word_number(w->word[3], 1, 5, &m->number))
		return;
	for (uint32_t i = 0; i < 5; i++)
		if (strcmp(w->word[3], names[i]) == 0)
			m->number = i + 1;
}

void on_match_evpn_vni(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_number(l, MATCH_EVPN_VNI, w->word[3]);
}

void on_match_evpn_rd(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	rd_parse(w->word[3], &match_add(l, MATCH_EVPN_RD, NULL)->rd);
}
