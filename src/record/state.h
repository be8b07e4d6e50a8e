/*
 * State file records: what must survive a restart of the daemon but not of the host. Append-only:
 * a head (boot id and network namespace), then one record each for a slot that is about to be
 * written, the RD index of a VNI, our claim to a MAC, and each EVPN route that a peer was told.
 * Later records replace earlier ones of the same key. Every record has its own checksum; reading
 * ends at the first torn or damaged one.
 *
 * Interfaces are named by index: those are unique for the life of a network namespace, which is
 * what the head binds the file to.
 */
#pragma once

#include "base/bytes.h"
#include "bgp/nlri.h"
#include "evpn/mobility.h"
#include "kernel/vocab.h"

enum state_kind {
	STATE_SLOT = 1, /* FDB, VXLAN FDB, flood, neighbour, bridge port */
	STATE_RD = 2,
	STATE_MAC = 3,
	STATE_ROUTE = 4 /* EVPN, of types 1 to 5: told, so that a peer may have it */
};

struct state_slot {
	struct slot_key key;
	struct slot_content content;
};

struct state_rd {
	vni_t vni;
	uint16_t index;
};

/* The claim as it was when `own` was advertised: restored only with the same content. */
struct state_mac {
	vni_t vni;
	struct mac mac;
	struct claim claim;
	ifindex_t port;
	uint32_t own, floor;
};

struct state_record {
	enum state_kind kind;
	union {
		struct state_slot slot;
		struct state_rd rd;
		struct state_mac mac;
		struct nlri route;
	};
};

/* The longest record on file. */
#define STATE_RECORD_MAX 96

/* What STATE_ROUTE can hold. */
bool state_takes_route(const struct nlri *n);
void state_write_head(struct writer *w, const char *boot_id, uint64_t netns);
void state_write(struct writer *w, const struct state_record *record);

struct state_reader {
	struct reader bytes;
	unsigned ignored; /* unknown kinds, and one for a torn or damaged tail */
	bool damaged;	  /* there is such a tail: something that was written cannot be read */
};

/* False: no head, or that of another boot or namespace; then there is nothing to read. */
bool state_open(
    struct state_reader *r, const void *bytes, size_t size, const char *boot_id, uint64_t netns);
/* The next record; false at the end. */
bool state_next(struct state_reader *r, struct state_record *record);
