/*
 * Path attributes between their wire form and struct attrs: what update.c is made of. Each
 * attribute is one row of a table in attr.c; the AS_PATH rows lean on as_path.c.
 */
#pragma once

#include "bgp/update.h"

/* The worst that was found so far; among equals the first. */
struct outcome {
	enum disposition disposition;
	bool withdraw; /* UPDATE_TREAT_AS_WITHDRAW was asked for, whatever else was */
	uint8_t attribute, subcode;
	const char *reason;  /* constant text */
	const uint8_t *data; /* for the NOTIFICATION; lent */
	size_t data_size;
};

/* Notes `o` if it is stronger than *worst. */
void outcome_raise(struct outcome *worst, const struct outcome *o);

/* The path attributes field of an UPDATE, taken apart. */
struct attr_list {
	struct attrs attrs;
	struct reader mp_reach, mp_unreach; /* values, when present */
	uint32_t seen[8];		    /* bit per attribute code */
	size_t count;
	struct outcome outcome;
};

static inline bool attr_list_has(const struct attr_list *l, enum attr_code code)
{
	return (l->seen[code / 32] >> code % 32 & 1) != 0;
}

/* Decodes all of *r; arrays go to the arena or point into the input. NEXT_HOP counts only when
 * there is a `nlri` field that it applies to (RFC 4760 section 3). AS4_PATH and AS4_AGGREGATOR
 * of a peer with 2-octet AS numbers are already merged (RFC 6793 section 4.2.3). */
void attr_list_decode(struct reader *r, bool nlri, const struct update_context *c, struct arena *a,
    struct attr_list *l);

/* All attributes in order of their codes, MP_REACH_NLRI excepted; NEXT_HOP only if wanted. */
void attrs_encode(struct writer *w, const struct attrs *a, bool as4, bool next_hop);

/* RFC 7606: flags of MP_REACH_NLRI and MP_UNREACH_NLRI as written. */
#define ATTR_FLAG_OPTIONAL 0x80
#define ATTR_FLAG_TRANSITIVE 0x40
#define ATTR_FLAG_PARTIAL 0x20
#define ATTR_FLAG_EXTENDED 0x10

/* An address that can be a next hop: not unspecified, loopback, multicast or broadcast. */
bool next_hop_valid(const struct ip *ip);

/* ---- as_path.c ---- */

enum as_segment { AS_SET = 1, AS_SEQUENCE = 2, AS_CONFED_SEQUENCE = 3, AS_CONFED_SET = 4 };

/* Checks *v, AS numbers of `as_size` bytes, and gives the path with 4-byte numbers. Returns NULL or
 * what is wrong. Confederation segments are wrong unless `confed` (RFC 5065 section 5). */
const char *as_path_decode(struct reader *v, size_t as_size, bool confed, struct arena *arena,
    const uint8_t **path, uint16_t *size);
/* AS4_PATH over the AS_PATH of *a, as RFC 6793 section 4.2.3 says. */
void as_path_merge(struct attrs *a, const uint8_t *as4, uint16_t as4_size, struct arena *arena);
/* The value of AS_PATH with AS numbers of `as_size` bytes, AS_TRANS for those that do not fit. */
void as_path_encode(struct writer *w, const struct attrs *a, size_t as_size);
/* The value of AS4_PATH: without confederation segments. */
void as4_path_encode(struct writer *w, const struct attrs *a);
/* An AS number above 65535 is in it. */
bool as_path_is_wide(const struct attrs *a);
