/* A full IPv4 table from a seed: encoding for the generator, a walk for the collector. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route.h"

enum { PREFIX_COUNT_MAX = 1 << 20 };

/* Appends UPDATEs that announce prefixes 0 to count - 1, each a /24, from the speaker with this AS
 * and this next hop (dotted IPv4). Prefixes of neighbouring indexes share their attributes in
 * groups of 1 to 16; AS paths have 2 to 7 members; both depend on the index alone, the members of
 * the path on the AS as well. So two speakers announce the same prefixes with paths of different
 * length, and each wins about half. */
void prefix_announce(struct wire *w, uint32_t as, const char *next_hop, uint32_t count);

/* Appends one UPDATE that announces prefix `index` with an AS path of `length` members. */
void prefix_announce_one(
    struct wire *w, uint32_t as, const char *next_hop, uint32_t index, unsigned length);

/* Appends the End-of-RIB marker of IPv4 unicast. */
void prefix_end_of_rib(struct wire *w);

typedef void prefix_seen_fn(void *arg, uint32_t index, bool withdrawn);

/* Walks the body of an UPDATE and calls seen for each prefix of ours, in wire order. Lengths that
 * contradict each other are fatal. */
void prefix_walk(const uint8_t *body, size_t length, prefix_seen_fn *seen, void *arg);
