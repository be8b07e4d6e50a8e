/*
 * The table of interned attribute sets: equal content is one object, counted, immutable while
 * anybody holds it. A set lives in one allocation with its arrays behind it.
 *
 * The key is a keyed 64-bit hash of the content; sets whose hashes agree are chained and told apart
 * by comparison, so a collision costs time and nothing else. Ids come from a counter and never
 * depend on the hash: replay must be byte-exact.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "bgp/attr.h"

struct entry {
	struct attrs attrs; /* first: a holder's pointer is the entry's */
	uint64_t hash;
	struct entry *next; /* same hash, other content */
	uint8_t bytes[];    /* the arrays */
};

struct attr_table {
	struct map map; /* of the first entry of each chain */
	uint64_t seed[2];
	uint32_t next_id;
	size_t count;
};

struct attr_table *attr_table_new(uint64_t seed)
{
	struct attr_table *t = mem_new(sizeof(*t));

	map_init(&t->map, offsetof(struct entry, hash), sizeof(uint64_t), seed);
	t->seed[0] = seed;
	t->seed[1] = ~seed;
	return t;
}

void attr_table_free(struct attr_table *t)
{
	check(t->count == 0);
	map_fini(&t->map);
	mem_free(t);
}

size_t attr_table_count(const struct attr_table *t)
{
	return t->count;
}

/* ---- content: fixed fields as bytes, then six arrays ---- */

#define FIXED_SIZE 192
#define ARRAYS 6

struct array {
	const void *bytes;
	size_t size;
};

static void write_ip(struct writer *w, const struct ip *ip)
{
	write_u8(w, ip->family);
	write_bytes(w, ip->b, sizeof(ip->b));
}

static size_t fixed_encode(const struct attrs *a, uint8_t fixed[FIXED_SIZE])
{
	struct writer w = writer_to(fixed, FIXED_SIZE);

	write_u8(&w, a->origin);
	write_u8(
	    &w, (uint8_t)(a->has_med | a->has_local_pref << 1 | a->atomic_aggregate << 2 |
			  a->has_aggregator << 3 | a->has_originator_id << 4 | a->has_pmsi << 5 |
			  a->next_hop_is_link_local << 6 | a->has_only_to_customer << 7));
	write_u32(&w, a->med);
	write_u32(&w, a->local_pref);
	write_u32(&w, a->only_to_customer);
	write_u32(&w, a->weight);
	write_u32(&w, a->tag);
	write_u8(&w, a->distance);
	write_ip(&w, &a->next_hop);
	write_ip(&w, &a->next_hop_link_local);
	write_u32(&w, a->aggregator_as);
	write_ip(&w, &a->aggregator);
	write_ip(&w, &a->originator_id);
	write_u8(&w, a->pmsi.flags);
	write_u8(&w, a->pmsi.type);
	write_u32(&w, a->pmsi.label);
	write_ip(&w, &a->pmsi.endpoint);
	check(!w.overflow);
	return writer_size(&w);
}

/* Those of four-byte elements first, so that all stay aligned when laid out in a row. */
static void arrays_of(const struct attrs *a, struct array all[ARRAYS])
{
	all[0] = (struct array){a->communities, a->community_count * sizeof(*a->communities)};
	all[1] = (struct array){a->large, a->large_count * sizeof(*a->large)};
	all[2] = (struct array){a->cluster_list, a->cluster_count * sizeof(*a->cluster_list)};
	all[3] = (struct array){a->extcomms, a->extcomm_count * sizeof(*a->extcomms)};
	all[4] = (struct array){a->as_path, a->as_path_size};
	all[5] = (struct array){a->unknown, a->unknown_size};
}

static uint64_t attrs_hash(const struct attr_table *t, const struct attrs *a)
{
	uint8_t fixed[FIXED_SIZE];
	uint64_t seed[2] = {t->seed[0], t->seed[1]};
	struct array all[ARRAYS];
	uint64_t hash;

	hash = map_hash(seed, fixed, fixed_encode(a, fixed));
	arrays_of(a, all);
	for (size_t i = 0; i < ARRAYS; i++) {
		if (all[i].size == 0)
			continue;
		seed[1] = hash + i; /* which array the bytes are in matters, too */
		hash = map_hash(seed, all[i].bytes, all[i].size);
	}
	return hash;
}

/* What fixed_encode() writes, but for the addresses. */
static bool numbers_equal(const struct attrs *a, const struct attrs *b)
{
	return a->origin == b->origin && a->has_med == b->has_med &&
	       a->has_local_pref == b->has_local_pref &&
	       a->atomic_aggregate == b->atomic_aggregate &&
	       a->has_aggregator == b->has_aggregator &&
	       a->has_originator_id == b->has_originator_id && a->has_pmsi == b->has_pmsi &&
	       a->next_hop_is_link_local == b->next_hop_is_link_local &&
	       a->has_only_to_customer == b->has_only_to_customer &&
	       a->only_to_customer == b->only_to_customer && a->med == b->med &&
	       a->local_pref == b->local_pref && a->weight == b->weight && a->tag == b->tag &&
	       a->distance == b->distance && a->aggregator_as == b->aggregator_as &&
	       a->pmsi.flags == b->pmsi.flags && a->pmsi.type == b->pmsi.type &&
	       a->pmsi.label == b->pmsi.label;
}

static bool addresses_equal(const struct attrs *a, const struct attrs *b)
{
	return ip_equal(&a->next_hop, &b->next_hop) &&
	       ip_equal(&a->next_hop_link_local, &b->next_hop_link_local) &&
	       ip_equal(&a->aggregator, &b->aggregator) &&
	       ip_equal(&a->originator_id, &b->originator_id) &&
	       ip_equal(&a->pmsi.endpoint, &b->pmsi.endpoint);
}

bool attrs_equal(const struct attrs *a, const struct attrs *b)
{
	struct array all_a[ARRAYS], all_b[ARRAYS];

	if (!numbers_equal(a, b) || !addresses_equal(a, b))
		return false;
	arrays_of(a, all_a);
	arrays_of(b, all_b);
	for (size_t i = 0; i < ARRAYS; i++)
		if (all_a[i].size != all_b[i].size ||
		    (all_a[i].size > 0 &&
			memcmp(all_a[i].bytes, all_b[i].bytes, all_a[i].size) != 0))
			return false;
	return true;
}

/* ---- interning ---- */

static struct entry *entry_new(const struct attrs *a, uint64_t hash, uint32_t id)
{
	struct array all[ARRAYS];
	const void *copy[ARRAYS];
	struct entry *e;
	size_t total = 0;

	arrays_of(a, all);
	for (size_t i = 0; i < ARRAYS; i++)
		total += all[i].size;
	e = mem_new(sizeof(*e) + total);
	total = 0;
	for (size_t i = 0; i < ARRAYS; i++) {
		copy[i] = all[i].size > 0 ? e->bytes + total : NULL;
		if (all[i].size > 0)
			memcpy(e->bytes + total, all[i].bytes, all[i].size);
		total += all[i].size;
	}
	e->hash = hash;
	e->attrs = *a;
	e->attrs.id = id;
	e->attrs.refs = 0;
	e->attrs.communities = copy[0];
	e->attrs.large = copy[1];
	e->attrs.cluster_list = copy[2];
	e->attrs.extcomms = copy[3];
	e->attrs.as_path = copy[4];
	e->attrs.unknown = copy[5];
	return e;
}

const struct attrs *attrs_intern(struct attr_table *t, const struct attrs *a)
{
	uint64_t hash = attrs_hash(t, a);
	struct entry *first = map_find(&t->map, &hash), *e = first;

	while (e != NULL && !attrs_equal(&e->attrs, a))
		e = e->next;
	if (e == NULL) {
		e = entry_new(a, hash, t->next_id++);
		t->count++;
		if (first == NULL) {
			map_insert(&t->map, e);
		} else { /* the first stays first: it is what the map points to */
			e->next = first->next;
			first->next = e;
		}
	}
	e->attrs.refs++;
	return &e->attrs;
}

/* The count is the one thing in a set that changes; holders see it as constant. */
static struct entry *entry_of(const struct attrs *a)
{
	return (struct entry *)(uintptr_t)a;
}

const struct attrs *attrs_hold(const struct attrs *a)
{
	check(a->refs > 0);
	entry_of(a)->attrs.refs++;
	return a;
}

static void unlink_entry(struct attr_table *t, struct entry *e)
{
	struct entry *first = map_find(&t->map, &e->hash);

	if (first != e) {
		while (first->next != e)
			first = first->next;
		first->next = e->next;
		return;
	}
	map_remove(&t->map, &e->hash);
	if (e->next != NULL)
		map_insert(&t->map, e->next);
}

void attrs_release(struct attr_table *t, const struct attrs *a)
{
	struct entry *e = a != NULL ? entry_of(a) : NULL;

	if (e == NULL)
		return;
	check(e->attrs.refs > 0);
	if (--e->attrs.refs > 0)
		return;
	unlink_entry(t, e);
	t->count--;
	mem_free(e);
}
