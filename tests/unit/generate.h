/*
 * Made-up values of the codec's types, from a seed: for decode(encode(x)) == x.
 */
#pragma once

#include "base/arena.h"
#include "bgp/attr.h"
#include "bgp/nlri.h"

struct generator {
	uint64_t state;
	struct arena *arena; /* where arrays live */
};

/* xorshift64*: any seed but 0. */
uint32_t generate_u32(struct generator *g);
/* Below `limit`. */
uint32_t generate_below(struct generator *g, uint32_t limit);
bool generate_bool(struct generator *g);

/* A valid NLRI of the family, opaque EVPN types among them. */
struct nlri generate_nlri(struct generator *g, enum bgp_family family);
/* Attributes that go with the family: next hop of a kind that it allows. With `wide` AS numbers may
 * be above 65535. `internal`: with LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST at times. */
struct attrs generate_attrs(struct generator *g, enum bgp_family family, bool wide, bool internal);
