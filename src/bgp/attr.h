/*
 * Path attributes: one decoded form, interned and shared by all routes that carry the same.
 * RFC 4271 section 5, 4760, 6793 (4-octet AS), 1997, 4360, 8092, 4456, 6514 (PMSI tunnel), 7606.
 *
 * MP_REACH_NLRI and MP_UNREACH_NLRI are not attributes of a route in this sense: bgp/update.h
 * takes them apart, and the next hop lands here.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "base/types.h"

enum attr_code {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH_NLRI = 14,
	ATTR_MP_UNREACH_NLRI = 15,
	ATTR_EXTENDED_COMMUNITIES = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_PMSI_TUNNEL = 22,
	ATTR_LARGE_COMMUNITIES = 32,
	ATTR_ONLY_TO_CUSTOMER = 35 /* RFC 9234 */
};

enum attr_origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };

/* "incomplete", … as FRR's JSON says it; ' ' for none of them. */
const char *attr_origin_name(uint8_t origin);
/* 'i', 'e', '?' of the tables. */
char attr_origin_letter(uint8_t origin);

#define COMMUNITY_LLGR_STALE 0xffff0006u /* RFC 9494 */
#define COMMUNITY_NO_LLGR 0xffff0007u
#define COMMUNITY_INTERNET 0u
#define COMMUNITY_GRACEFUL_SHUTDOWN 0xffff0000u
#define COMMUNITY_BLACKHOLE 0xffff029au
#define COMMUNITY_NO_EXPORT 0xffffff01u
#define COMMUNITY_NO_ADVERTISE 0xffffff02u
#define COMMUNITY_NO_EXPORT_SUBCONFED 0xffffff03u

struct large_community {
	uint32_t global, local1, local2;
};

enum pmsi_type { PMSI_NONE = 0, PMSI_INGRESS_REPLICATION = 6 };

/*
 * Interned sets are immutable and counted; a set under construction lives on the stack of its
 * maker, its arrays lent by the maker. All fields that are not present are zero.
 */
struct attrs {
	uint32_t refs; /* interned: number of holders */
	uint32_t id;   /* interned: order of creation; a stable sort key for update packing */
	uint8_t origin;
	bool has_med, has_local_pref, atomic_aggregate, has_aggregator, has_originator_id, has_pmsi;
	bool has_only_to_customer;
	bool next_hop_is_link_local; /* no global one was given: both next hops are link-local */
	uint32_t med, local_pref;
	uint8_t distance;	       /* as the next line; 0: as the session's kind has it */
	uint32_t weight, tag;	       /* of this host, never on the wire; set by policy */
	struct ip next_hop;	       /* global, or IPv6 for an IPv4 NLRI (RFC 8950) */
	struct ip next_hop_link_local; /* IP_NONE when absent */
	uint32_t only_to_customer;     /* the AS that said so */
	uint32_t aggregator_as;
	struct ip aggregator;
	struct ip originator_id;
	struct {
		uint8_t flags, type;
		uint32_t label; /* VNI for VXLAN (RFC 8365) */
		struct ip endpoint;
	} pmsi;
	const uint8_t *as_path; /* wire form, 4-octet AS numbers, segments checked */
	uint16_t as_path_size;
	uint16_t community_count;
	uint16_t extcomm_count;
	uint16_t large_count;
	uint16_t cluster_count;
	uint16_t unknown_size;
	const uint32_t *communities;	     /* sorted, unique */
	const struct extcomm *extcomms;	     /* sorted as bytes, unique */
	const struct large_community *large; /* sorted, unique */
	const uint32_t *cluster_list;	     /* as received */
	const uint8_t *unknown; /* unrecognised transitive attributes, wire form, Partial bit set */
};

/* "COMMUNITIES"; "unknown attribute" for codes that are not in the table. */
const char *attr_name(uint8_t code);

/* Content alone: refs and id are not looked at. */
bool attrs_equal(const struct attrs *a, const struct attrs *b);
/* "nexthop 10.0.0.1, origin i, path 65002, extcommunity RT:… ": FRR's debug form; appends. */
void attrs_text(const struct attrs *a, struct str *out);

/* ---- construction: the arrays of *a are replaced by sorted, unique copies in the arena; of more
 * than an attribute can carry (UINT16_MAX bytes) the first ones ---- */

void attrs_set_communities(
    struct attrs *a, const uint32_t *communities, size_t count, struct arena *arena);
/* Beside those that are there. */
void attrs_add_communities(
    struct attrs *a, const uint32_t *communities, size_t count, struct arena *arena);
void attrs_set_extcomms(
    struct attrs *a, const struct extcomm *extcomms, size_t count, struct arena *arena);
void attrs_set_large(
    struct attrs *a, const struct large_community *large, size_t count, struct arena *arena);

/* ---- the table of interned sets ---- */

struct attr_table;

struct attr_table *attr_table_new(uint64_t seed);
/* Every set must have been released. */
void attr_table_free(struct attr_table *t);
/* The shared set equal to *a, its count raised for the caller; arrays are copied when new. */
const struct attrs *attrs_intern(struct attr_table *t, const struct attrs *a);
const struct attrs *attrs_hold(const struct attrs *a);
/* NULL is allowed. */
void attrs_release(struct attr_table *t, const struct attrs *a);
/* Number of distinct sets. */
size_t attr_table_count(const struct attr_table *t);

/* ---- AS_PATH (RFC 4271 section 5.1.2, 9.1.2.2 a) ---- */

/* AS_SET counts one, confederation segments nothing. */
unsigned as_path_length(const struct attrs *a);
/* How often `as` occurs. */
unsigned as_path_count(const struct attrs *a, uint32_t as);
/* Leftmost AS of the leftmost AS_SEQUENCE: the neighbouring AS; 0 when there is none. */
uint32_t as_path_first(const struct attrs *a);
/* Rightmost of an AS_SEQUENCE: the origin AS; 0 when there is none. */
uint32_t as_path_origin(const struct attrs *a);
/* Puts `as` in front, `times` over; the new path lives in the arena. */
void as_path_prepend(struct attrs *a, uint32_t as, unsigned times, struct arena *arena);
/* `from` becomes `to` wherever it stands; 0: each number does. */
void as_path_replace(struct attrs *a, uint32_t from, uint32_t to, struct arena *arena);
/* Without these AS numbers; segments that become empty go. */
void as_path_exclude(struct attrs *a, const uint32_t *as, size_t count, struct arena *arena);
/* Private AS numbers (RFC 6996), but for `keep`: taken out, or replaced where `to` is not 0. */
void as_path_remove_private(struct attrs *a, uint32_t keep, uint32_t to, struct arena *arena);
/* There is an AS_SET or AS_CONFED_SET in it (RFC 6472). */
bool as_path_has_set(const struct attrs *a);
/* There are AS numbers in it, and all are private. */
bool as_path_is_private(const struct attrs *a);
/* Of private use (RFC 6996), or 65535. */
bool as_is_private(uint32_t as);
/* The path of to becomes that of one route for all of these: what all begin with, then the rest as
 * an AS_SET (RFC 4271 section 9.2.2.2); in the arena. False: there are more ASs than it has. */
bool as_path_aggregate(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena);
/* "65245 4282005242 {1,2}"; appends. */
void as_path_text(const struct attrs *a, struct str *out);

/* ---- communities ---- */
bool attrs_have_community(const struct attrs *a, uint32_t community);
/* "no-export 65001:100"; appends. */
void communities_text(const struct attrs *a, struct str *out);
/* "65001:1:2 65001:1:3"; appends. */
void large_communities_text(const struct attrs *a, struct str *out);
/* A number, "AS:number", or a name as above (and `internet`: 0). */
bool community_parse(const char *text, uint32_t *community);
/* "65001:1:2" */
bool large_community_parse(const char *text, struct large_community *l);
/* Sorts and drops what is there twice; the number left. */
size_t communities_sort(uint32_t *all, size_t count);
size_t extcomms_sort(struct extcomm *all, size_t count);
size_t large_communities_sort(struct large_community *all, size_t count);
