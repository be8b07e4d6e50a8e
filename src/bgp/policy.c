/*
 * Ownership, copies, lookup and comparison of a policy. What its parts mean: route_map.c,
 * policy_list.h.
 *
 * Comparison follows references: a route-map is another one as soon as a list that it names, or a
 * map that it calls, is another one. That is how a reload finds what to look at again.
 */
#include "bgp/policy.h"

#include <string.h>

#include "base/mem.h"

/* ---- ownership ---- */

static void map_fini(struct route_map *m)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		struct route_map_entry *e = &m->entries[i];

		for (size_t j = 0; j < e->match_count; j++)
			mem_free(e->matches[j].name);
		for (size_t j = 0; j < e->set_count; j++) {
			mem_free(e->sets[j].values);
			mem_free(e->sets[j].name);
		}
		mem_free(e->matches);
		mem_free(e->sets);
		mem_free(e->call);
	}
	mem_free(m->entries);
	mem_free(m->name);
}

void policy_fini(struct policy *p)
{
	for (size_t i = 0; i < p->list_count; i++)
		policy_list_fini(&p->lists[i]);
	for (size_t i = 0; i < p->map_count; i++)
		map_fini(&p->maps[i]);
	mem_free(p->lists);
	mem_free(p->maps);
	*p = (struct policy){0};
}

static char *text_dup(const char *s)
{
	return s == NULL ? NULL : mem_strdup(s);
}

static void entry_copy(struct route_map_entry *to, const struct route_map_entry *from)
{
	*to = *from;
	to->call = text_dup(from->call);
	to->matches = mem_dup(from->matches, from->match_count * sizeof(*from->matches));
	to->sets = mem_dup(from->sets, from->set_count * sizeof(*from->sets));
	for (size_t i = 0; i < to->match_count; i++)
		to->matches[i].name = text_dup(to->matches[i].name);
	for (size_t i = 0; i < to->set_count; i++) {
		struct set_clause *s = &to->sets[i];

		s->values = mem_dup(s->values, (size_t)s->count * s->size);
		s->name = text_dup(s->name);
	}
}

static void map_copy(struct route_map *to, const struct route_map *from)
{
	to->name = mem_strdup(from->name);
	to->entry_count = from->entry_count;
	to->entries = mem_dup(from->entries, from->entry_count * sizeof(*from->entries));
	for (size_t i = 0; i < to->entry_count; i++)
		entry_copy(&to->entries[i], &from->entries[i]);
}

void policy_copy(struct policy *to, const struct policy *from)
{
	*to = *from;
	to->lists = mem_dup(from->lists, from->list_count * sizeof(*from->lists));
	to->maps = mem_dup(from->maps, from->map_count * sizeof(*from->maps));
	for (size_t i = 0; i < to->list_count; i++)
		policy_list_copy(&to->lists[i], &from->lists[i]);
	for (size_t i = 0; i < to->map_count; i++)
		map_copy(&to->maps[i], &from->maps[i]);
}

/* ---- lookup ---- */

static int list_compare(const struct policy_list *l, enum list_kind kind, const char *name)
{
	return l->kind != kind ? (l->kind < kind ? -1 : 1) : strcmp(l->name, name);
}

/* Where the list is, or belongs. */
static size_t list_place(const struct policy *p, enum list_kind kind, const char *name, bool *found)
{
	size_t low = 0, high = p->list_count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = list_compare(&p->lists[middle], kind, name);

		if (c == 0) {
			*found = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t map_place(const struct policy *p, const char *name, bool *found)
{
	size_t low = 0, high = p->map_count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(p->maps[middle].name, name);

		if (c == 0) {
			*found = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct policy_list *policy_list_get(struct policy *p, enum list_kind kind, const char *name)
{
	bool found;
	size_t at = list_place(p, kind, name, &found);

	if (found)
		return &p->lists[at];
	p->lists = mem_resize(p->lists, (p->list_count + 1) * sizeof(*p->lists));
	memmove(&p->lists[at + 1], &p->lists[at], (p->list_count - at) * sizeof(*p->lists));
	p->list_count++;
	p->lists[at] = (struct policy_list){.kind = kind, .name = mem_strdup(name)};
	return &p->lists[at];
}

struct route_map *policy_map_get(struct policy *p, const char *name)
{
	bool found;
	size_t at = map_place(p, name, &found);

	if (found)
		return &p->maps[at];
	p->maps = mem_resize(p->maps, (p->map_count + 1) * sizeof(*p->maps));
	memmove(&p->maps[at + 1], &p->maps[at], (p->map_count - at) * sizeof(*p->maps));
	p->map_count++;
	p->maps[at] = (struct route_map){.name = mem_strdup(name)};
	return &p->maps[at];
}

const struct policy_list *policy_list_find(
    const struct policy *p, enum list_kind kind, const char *name)
{
	bool found = false;
	size_t at = name == NULL ? 0 : list_place(p, kind, name, &found);

	return found ? &p->lists[at] : NULL;
}

const struct route_map *policy_map_find(const struct policy *p, const char *name)
{
	bool found = false;
	size_t at = name == NULL ? 0 : map_place(p, name, &found);

	return found ? &p->maps[at] : NULL;
}

/* ---- references ---- */

static uint32_t list_number(const struct policy *p, enum list_kind kind, const char *name)
{
	const struct policy_list *l = kind == LIST_KINDS ? NULL : policy_list_find(p, kind, name);

	return l == NULL ? 0 : (uint32_t)(l - p->lists) + 1;
}

static void entry_link(const struct policy *p, struct route_map_entry *e)
{
	const struct route_map *called = policy_map_find(p, e->call);

	e->called = called == NULL ? 0 : (uint32_t)(called - p->maps) + 1;
	for (size_t i = 0; i < e->match_count; i++) {
		struct match_clause *m = &e->matches[i];

		m->list = list_number(p, match_list_kind(m), m->name);
	}
	for (size_t i = 0; i < e->set_count; i++) {
		struct set_clause *s = &e->sets[i];

		s->list = list_number(p, set_list_kind(s), s->name);
	}
}

void policy_link(struct policy *p)
{
	for (size_t i = 0; i < p->map_count; i++)
		for (size_t j = 0; j < p->maps[i].entry_count; j++)
			entry_link(p, &p->maps[i].entries[j]);
}

static const struct policy_list *list_at(const struct policy *p, uint32_t number)
{
	return number == 0 ? NULL : &p->lists[number - 1];
}

static const struct route_map *map_at(const struct policy *p, uint32_t number)
{
	return number == 0 ? NULL : &p->maps[number - 1];
}

/* ---- comparison ---- */

/* Two policies side by side. Maps may call each other in a circle: each pair is looked at once. A
 * called map has the same name on both sides, so its place in `p` tells the pair. */
struct comparison {
	const struct policy *p, *q;
	bool *seen; /* by place in p */
};

static bool text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool list_equal(const struct comparison *c, uint32_t a, uint32_t b)
{
	return policy_list_equal(list_at(c->p, a), list_at(c->q, b));
}

static bool match_equal(
    const struct comparison *c, const struct match_clause *a, const struct match_clause *b)
{
	return a->kind == b->kind && a->exact == b->exact && a->family == b->family &&
	       a->number == b->number && ip_equal(&a->ip, &b->ip) && rd_equal(&a->rd, &b->rd) &&
	       (match_list_kind(a) != LIST_KINDS || text_equal(a->name, b->name)) &&
	       list_equal(c, a->list, b->list);
}

static bool set_equal(
    const struct comparison *c, const struct set_clause *a, const struct set_clause *b)
{
	return a->kind == b->kind && a->additive == b->additive &&
	       a->non_transitive == b->non_transitive && a->by == b->by &&
	       a->bandwidth == b->bandwidth && a->number == b->number && ip_equal(&a->ip, &b->ip) &&
	       a->count == b->count &&
	       (a->count == 0 || memcmp(a->values, b->values, (size_t)a->count * a->size) == 0) &&
	       list_equal(c, a->list, b->list);
}

static bool map_equal(struct comparison *c, const struct route_map *a, const struct route_map *b);

/* Sequence numbers count: they are the targets of a goto. */
static bool entry_equal(
    struct comparison *c, const struct route_map_entry *a, const struct route_map_entry *b)
{
	if (a->seq != b->seq || a->permit != b->permit || a->on_match != b->on_match ||
	    a->goto_seq != b->goto_seq || !text_equal(a->call, b->call) ||
	    a->match_count != b->match_count || a->set_count != b->set_count)
		return false;
	for (size_t i = 0; i < a->match_count; i++)
		if (!match_equal(c, &a->matches[i], &b->matches[i]))
			return false;
	for (size_t i = 0; i < a->set_count; i++)
		if (!set_equal(c, &a->sets[i], &b->sets[i]))
			return false;
	return map_equal(c, map_at(c->p, a->called), map_at(c->q, b->called));
}

static bool map_equal(struct comparison *c, const struct route_map *a, const struct route_map *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (c->seen[a - c->p->maps])
		return true;
	c->seen[a - c->p->maps] = true;
	if (a->entry_count != b->entry_count)
		return false;
	for (size_t i = 0; i < a->entry_count; i++)
		if (!entry_equal(c, &a->entries[i], &b->entries[i]))
			return false;
	return true;
}

bool policy_map_equal(const struct policy *p, const struct route_map *a, const struct policy *q,
    const struct route_map *b)
{
	struct comparison c = {p, q, mem_new_array(p->map_count + 1, sizeof(bool))};
	bool equal = map_equal(&c, a, b);

	mem_free(c.seen);
	return equal;
}

bool policy_named_map_equal(
    const struct policy *p, const char *a, const struct policy *q, const char *b)
{
	return (a == NULL) == (b == NULL) &&
	       policy_map_equal(p, policy_map_find(p, a), q, policy_map_find(q, b));
}

static bool entry_looks_at_paths(const struct route_map_entry *e)
{
	for (size_t i = 0; i < e->set_count; i++)
		if (set_looks_at_paths(&e->sets[i]))
			return true;
	return false;
}

static bool entry_looks_at_nlri(const struct route_map_entry *e)
{
	for (size_t i = 0; i < e->match_count; i++)
		if (match_looks_at_nlri(&e->matches[i]))
			return true;
	return entry_looks_at_paths(e);
}

/* An entry of the map, or of those that it calls, that is of this kind. */
static bool has_entry(const struct policy *p, const struct route_map *map,
    bool (*is)(const struct route_map_entry *e), bool *seen)
{
	if (map == NULL || seen[map - p->maps])
		return false;
	seen[map - p->maps] = true;
	for (size_t i = 0; i < map->entry_count; i++)
		if (is(&map->entries[i]) ||
		    has_entry(p, map_at(p, map->entries[i].called), is, seen))
			return true;
	return false;
}

static bool looks_at(const struct policy *p, const struct route_map *map,
    bool (*is)(const struct route_map_entry *e))
{
	bool *seen = mem_new_array(p->map_count + 1, sizeof(*seen));
	bool looks = has_entry(p, map, is, seen);

	mem_free(seen);
	return looks;
}

bool policy_map_looks_at_nlri(const struct policy *p, const struct route_map *map)
{
	return looks_at(p, map, entry_looks_at_nlri);
}

bool policy_map_looks_at_paths(const struct policy *p, const struct route_map *map)
{
	return looks_at(p, map, entry_looks_at_paths);
}
