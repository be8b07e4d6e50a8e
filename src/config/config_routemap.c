/*
 * Route-maps: entries come in order of (name, sequence), as the canonical order has them.
 */
#include "base/mem.h"
#include "bgp/attr.h"
#include "config/loading.h"

#include <string.h>

static struct route_map *map_get(struct route_maps *maps, const char *name)
{
	struct route_map *map;

	for (size_t i = 0; i < maps->count; i++)
		if (strcmp(maps->maps[i].name, name) == 0)
			return &maps->maps[i];
	maps->maps = mem_resize(maps->maps, (maps->count + 1) * sizeof(*maps->maps));
	map = &maps->maps[maps->count++];
	*map = (struct route_map){.name = mem_strdup(name)};
	return map;
}

/* An entry that is written again with the other verdict changes it. */
void on_route_map(struct loading *l, const struct statement *s, const struct words *w)
{
	struct route_map *map = map_get(&l->c->bgp.route_maps, w->word[1]);
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

static void match_add(struct loading *l, enum match_kind kind, uint32_t number, const char *name)
{
	struct route_map_entry *e = l->entry;

	e->matches = mem_resize(e->matches, (e->match_count + 1) * sizeof(*e->matches));
	e->matches[e->match_count++] = (struct match_clause){
	    .kind = kind, .number = number, .name = name != NULL ? mem_strdup(name) : NULL};
}

static struct set_clause *set_add(struct loading *l, enum set_kind kind)
{
	struct route_map_entry *e = l->entry;

	e->sets = mem_resize(e->sets, (e->set_count + 1) * sizeof(*e->sets));
	e->sets[e->set_count] = (struct set_clause){.kind = kind};
	return &e->sets[e->set_count++];
}

/* A condition that cannot be judged yet never holds: the entry must not catch everything. */
void on_match_unsupported(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	match_add(l, MATCH_UNSUPPORTED, 0, NULL);
	loading_report(l, s, true, mem_strdup("kept in the configuration"),
	    "`%.80s` cannot be judged yet: this entry never matches", s->text);
}

void on_match_interface(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	match_add(l, MATCH_INTERFACE, 0, w->word[2]);
}

void on_match_evpn_type(struct loading *l, const struct statement *s, const struct words *w)
{
	static const char *const names[] = {"ead", "macip", "multicast", "es", "prefix"};
	uint32_t type = 0;

	(void)s;
	if (!word_number(w->word[3], 1, 5, &type))
		for (uint32_t i = 0; i < 5; i++)
			if (strcmp(w->word[3], names[i]) == 0)
				type = i + 1;
	match_add(l, MATCH_EVPN_ROUTE_TYPE, type, NULL);
}

void on_match_evpn_vni(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t vni = 0;

	(void)s;
	word_number(w->word[3], 1, VNI_MAX, &vni);
	match_add(l, MATCH_EVPN_VNI, vni, NULL);
}

/* RFC 1997 names, and those of RFC 7999, 8326 that FRR knows. */
static bool community_parse(const char *word, uint32_t *community)
{
	static const struct {
		const char *name;
		uint32_t value;
	} names[] = {
	    {"no-export", COMMUNITY_NO_EXPORT},
	    {"no-advertise", COMMUNITY_NO_ADVERTISE},
	    {"local-AS", COMMUNITY_NO_EXPORT_SUBCONFED},
	    {"internet", 0},
	    {"graceful-shutdown", 0xffff0000u},
	    {"accept-own", 0xffff0001u},
	    {"llgr-stale", 0xffff0006u},
	    {"no-llgr", 0xffff0007u},
	    {"blackhole", 0xffff029au},
	    {"no-peer", 0xffffff04u},
	};
	const char *colon = strchr(word, ':');
	uint32_t high, low;
	char text[8];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0) {
			*community = names[i].value;
			return true;
		}
	if (colon == NULL)
		return word_number(word, 0, UINT32_MAX, community);
	if ((size_t)(colon - word) >= sizeof(text))
		return false;
	memcpy(text, word, (size_t)(colon - word));
	text[colon - word] = '\0';
	if (!word_number(text, 0, UINT16_MAX, &high) ||
	    !word_number(colon + 1, 0, UINT16_MAX, &low))
		return false;
	*community = high << 16 | low;
	return true;
}

/* `set community none | [additive] C… [additive]` */
void on_set_community(struct loading *l, const struct statement *s, const struct words *w)
{
	struct set_clause *set = set_add(l, SET_COMMUNITY);
	uint32_t community;

	if (w->count == 3 && strcmp(w->word[2], "none") == 0)
		return;
	set->communities = mem_new_array(w->count, sizeof(*set->communities));
	for (unsigned i = 2; i < w->count; i++) {
		if (strcmp(w->word[i], "additive") == 0)
			set->additive = true;
		else if (community_parse(w->word[i], &community))
			set->communities[set->count++] = community;
		else
			loading_report(l, s, false,
			    mem_strdup("write AS:number, a number, or a name such as no-export"),
			    "`%.80s` is not a community", w->word[i]);
	}
}

static void set_number(struct loading *l, enum set_kind kind, const char *word)
{
	struct set_clause *set = set_add(l, kind);

	word_number(word, 0, UINT32_MAX, &set->number);
}

void on_set_local_preference(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	set_number(l, SET_LOCAL_PREFERENCE, w->word[2]);
}

void on_set_metric(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	set_number(l, SET_METRIC, w->word[2]);
}

void on_set_origin(struct loading *l, const struct statement *s, const struct words *w)
{
	struct set_clause *set = set_add(l, SET_ORIGIN);

	(void)s;
	set->number = strcmp(w->word[2], "igp") == 0   ? ORIGIN_IGP
		      : strcmp(w->word[2], "egp") == 0 ? ORIGIN_EGP
						       : ORIGIN_INCOMPLETE;
}

static bool map_exists(const struct route_maps *maps, const char *name)
{
	for (size_t i = 0; i < maps->count; i++)
		if (strcmp(maps->maps[i].name, name) == 0)
			return true;
	return false;
}

/* The name after the word `route-map` in a statement. */
static void check_names(struct loading *l, const struct statement *block)
{
	struct words w;

	for (size_t i = 0; i < block->child_count; i++) {
		const struct statement *s = block->children[i];

		if (s->row->support != SUPPORT_WORKS || s->row->opens == NODE_ROUTE_MAP)
			continue;
		words_split(&w, s->text, strlen(s->text));
		for (unsigned j = 0; j + 1 < w.count; j++)
			if (strcmp(w.word[j], "route-map") == 0 &&
			    strcmp(w.word[j > 0 ? j - 1 : 0], "description") != 0 &&
			    !map_exists(&l->c->bgp.route_maps, w.word[j + 1]))
				loading_report(l, s, true, NULL,
				    "route-map %.80s is not defined: it denies everything",
				    w.word[j + 1]);
		words_fini(&w);
		check_names(l, s);
	}
}

void config_check_route_maps(struct loading *l)
{
	check_names(l, l->c->tree);
}
