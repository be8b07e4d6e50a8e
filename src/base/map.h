/*
 * Hash map of pointers to objects that contain their own key. For lookup; what is iterated with
 * visible effect goes through map_sorted(), so that no order ever depends on addresses or on the
 * seed (replay must be byte-exact).
 *
 * A key is a run of bytes inside the object: of fixed size, or (key_size 0) length-prefixed: one
 * byte of length, then that many bytes. Keys are compared as bytes, so they must be free of
 * padding or zeroed before they are filled. The map does not own the objects.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct map_place;

struct map {
	struct map_place *places;
	size_t capacity; /* power of two, or 0 */
	size_t count;
	size_t key_offset;
	size_t key_size; /* 0: length-prefixed */
	uint64_t seed[2];
};

/* The keyed hash itself (SipHash-1-3), for a table of another kind. */
uint64_t map_hash(const uint64_t seed[2], const void *bytes, size_t size);

/* `seed` keys the hash against chosen collisions; same seed or not, results are the same. */
void map_init(struct map *m, size_t key_offset, size_t key_size, uint64_t seed);
/* Frees the table, not the objects. */
void map_fini(struct map *m);
/* The object with this key, or NULL. */
void *map_find(const struct map *m, const void *key);
/* The key must not be present yet. */
void map_insert(struct map *m, void *object);
/* The object with this key leaves the map and is returned; NULL when absent. */
void *map_remove(struct map *m, const void *key);

/* Unordered walk, for work whose order has no visible effect (counting, freeing, marking that is
 * sorted later). Start with *at = 0; NULL at the end. No insert or remove meanwhile. */
void *map_next(const struct map *m, size_t *at);

/* The next `max` objects of a walk that goes on over changes of the map, sorted like map_sorted();
 * 0 at its end. What is inserted or moved meanwhile may be missed or come twice. */
size_t map_some(const struct map *m, size_t *at, void **some, size_t max,
    int (*compare)(const void *, const void *));

/* All objects, sorted by `compare` (objects, not pointers to them) or by key bytes when NULL, as
 * an array of m->count pointers in the arena. */
void **map_sorted(
    const struct map *m, struct arena *arena, int (*compare)(const void *, const void *));
