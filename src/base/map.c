/*
 * Open addressing with linear probing and backward-shift deletion (no tombstones), SipHash-1-3
 * keyed by the injected seed: MACs and prefixes are chosen by others.
 *
 * Beside each pointer stands half of its key's hash. Probing, growing and closing a gap look at
 * these alone; only a place with the same hash is visited, which is the wanted object but once in
 * four thousand million. With 100,000 objects a visit is a cache miss, and so is a place: pointer
 * and hash stand together, without padding, five to a cache line, and the table may fill to 7/8.
 */
#include "base/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define MAP_MIN_CAPACITY 16

struct map_place {
	void *object;
	uint32_t hash; /* 0: the place is free */
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct map_place) == sizeof(void *) + 4, "no padding");

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

uint64_t map_hash(const uint64_t seed[2], const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
	    seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
	uint64_t word = 0, last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&word, b, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, b, n);
	last |= word;
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static size_t key_bytes(const struct map *m, const void *key)
{
	return m->key_size != 0 ? m->key_size : (size_t)1 + *(const uint8_t *)key;
}

static const void *key_of(const struct map *m, const void *object)
{
	return (const uint8_t *)object + m->key_offset;
}

/* Keys of four bytes are interface indexes and numbers of our own, which nobody chooses to collide:
 * these are looked up several times for each entry that comes and goes. */
static uint32_t hash_of(const struct map *m, const void *key)
{
	uint32_t number, hash;

	if (m->key_size == sizeof(number)) {
		memcpy(&number, key, sizeof(number));
		hash = (uint32_t)((m->seed[0] ^ number) * 0x9e3779b97f4a7c15u >> 32);
	} else {
		hash = (uint32_t)map_hash(m->seed, key, key_bytes(m, key));
	}
	return hash != 0 ? hash : 1;
}

void map_init(struct map *m, size_t key_offset, size_t key_size, uint64_t seed)
{
	*m = (struct map){.key_offset = key_offset,
	    .key_size = key_size,
	    .seed = {seed, seed * 0x9e3779b97f4a7c15u}};
}

void map_fini(struct map *m)
{
	mem_free(m->places);
	m->places = NULL;
	m->capacity = 0;
	m->count = 0;
}

static bool same_key(const struct map *m, const void *object, const void *key)
{
	const void *other = key_of(m, object);
	size_t n = key_bytes(m, key);

	return key_bytes(m, other) == n && memcmp(other, key, n) == 0;
}

/* The place of the key, or the free one where it would go. Capacity is above zero. */
static size_t place_of(const struct map *m, const void *key, uint32_t hash)
{
	size_t mask = m->capacity - 1, i = hash & mask;

	while (m->places[i].hash != 0) {
		if (m->places[i].hash == hash && same_key(m, m->places[i].object, key))
			break;
		i = (i + 1) & mask;
	}
	return i;
}

void *map_find(const struct map *m, const void *key)
{
	return m->count == 0 ? NULL : m->places[place_of(m, key, hash_of(m, key))].object;
}

/* To the first free place of its chain; the key is known not to be there. */
static void map_put(struct map *m, const struct map_place *place)
{
	size_t mask = m->capacity - 1, i = place->hash & mask;

	while (m->places[i].hash != 0)
		i = (i + 1) & mask;
	m->places[i] = *place;
}

static void map_grow(struct map *m)
{
	struct map old = *m;

	check(old.capacity <= UINT32_MAX / 2);
	m->capacity = old.capacity == 0 ? MAP_MIN_CAPACITY : old.capacity * 2;
	m->places = mem_new_array(m->capacity, sizeof(*m->places));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.places[i].hash != 0)
			map_put(m, &old.places[i]);
	mem_free(old.places);
}

void map_insert(struct map *m, void *object)
{
	uint32_t hash = hash_of(m, key_of(m, object));
	size_t i;

	if ((m->count + 1) * 8 > m->capacity * 7)
		map_grow(m);
	i = place_of(m, key_of(m, object), hash);
	check(m->places[i].object == NULL);
	m->places[i] = (struct map_place){.object = object, .hash = hash};
	m->count++;
}

/* Close the gap at `hole`: move back each follower whose home is not between hole and itself. */
static void shift_back(struct map *m, size_t hole)
{
	size_t mask = m->capacity - 1;

	for (size_t i = (hole + 1) & mask; m->places[i].hash != 0; i = (i + 1) & mask) {
		size_t home = m->places[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->places[hole] = m->places[i];
			hole = i;
		}
	}
	m->places[hole] = (struct map_place){0};
}

void *map_remove(struct map *m, const void *key)
{
	size_t i;
	void *object;

	if (m->count == 0)
		return NULL;
	i = place_of(m, key, hash_of(m, key));
	object = m->places[i].object;
	if (object == NULL)
		return NULL;
	shift_back(m, i);
	m->count--;
	return object;
}

void *map_next(const struct map *m, size_t *at)
{
	while (*at < m->capacity) {
		void *object = m->places[(*at)++].object;

		if (object != NULL)
			return object;
	}
	return NULL;
}

struct sort_context {
	const struct map *map;
	int (*compare)(const void *, const void *);
};

static int compare_keys(const struct map *m, const void *a, const void *b)
{
	const void *ka = key_of(m, a), *kb = key_of(m, b);
	size_t na = key_bytes(m, ka), nb = key_bytes(m, kb);
	int order = memcmp(ka, kb, na < nb ? na : nb);

	return order != 0 ? order : (na > nb) - (na < nb);
}

static int compare_objects(const void *a, const void *b, void *context)
{
	const struct sort_context *c = context;
	const void *oa = *(void *const *)a, *ob = *(void *const *)b;

	return c->compare != NULL ? c->compare(oa, ob) : compare_keys(c->map, oa, ob);
}

size_t map_some(const struct map *m, size_t *at, void **some, size_t max,
    int (*compare)(const void *, const void *))
{
	struct sort_context context = {m, compare};
	size_t n = 0;

	while (n < max && (some[n] = map_next(m, at)) != NULL)
		n++;
	if (n > 1)
		qsort_r(some, n, sizeof(*some), compare_objects, &context);
	return n;
}

void **map_sorted(
    const struct map *m, struct arena *arena, int (*compare)(const void *, const void *))
{
	struct sort_context context = {m, compare};
	void **all = arena_new(arena, (m->count + 1) * sizeof(*all));
	size_t at = 0, n = 0;
	void *object;

	while ((object = map_next(m, &at)) != NULL)
		all[n++] = object;
	if (n > 1)
		qsort_r(all, n, sizeof(*all), compare_objects, &context);
	return all;
}
