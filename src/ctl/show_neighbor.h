/*
 * One neighbor as `show bgp neighbors` has it, in text and in JSON. Private to ctl/.
 */
#pragma once

#include "ctl/command.h"

/* All there is to know of it; lent for the command. */
struct neighbor {
	struct bgp_peer_view peer;
	struct bgp_neighbor_view more;
	struct bgp_restart_view restart;
	bool watched; /* by BFD: */
	struct bfd_peer_view bfd;
};

/* What a statement has asked for, in FRR's words: a line and a key. */
struct neighbor_fact {
	const char *key, *text; /* "text is *value" */
	const char *value;	/* NULL: a flag */
	bool on;
};
#define NEIGHBOR_FACTS 29

/* Of one address family, in FRR's order; those that are not `on` are not told. */
void neighbor_facts(
    const struct neighbor *n, enum bgp_family f, struct neighbor_fact facts[NEIGHBOR_FACTS]);
/* Why its last session ended, and FRR's number for it. */
const char *neighbor_reset_text(const struct neighbor *n, unsigned *code);
/* "advertisedAndReceived", …; NULL: neither. */
const char *neighbor_capability(bool advertised, bool received);
/* What it has said that it is to us (RFC 9234). */
enum bgp_role neighbor_remote_role(const struct neighbor *n);
/* "Up" or "Down" as FRR's BGP says it of BFD. */
const char *neighbor_bfd_state(const struct neighbor *n);
/* "0:00:01:02", days first. */
#define BFD_AGE_TEXT_MAX 32
const char *neighbor_bfd_age(const struct command *k, const struct neighbor *n, char *text);
/* What we may be away from it: FRR's "may be up to N hops away". */
unsigned neighbor_hops(const struct neighbor *n);

/* The one that the command names; NULL all. */
const char *neighbor_word(const struct command *k);
/* By name or address. */
bool neighbor_find(const struct command *k, const char *word, struct bgp_peer_view *peer);

/* As FRR 8.4 has it; the caller's. */
struct json_object *neighbor_json(const struct command *k, const struct neighbor *n);
/* The same as text, appended to the command's answer. */
void neighbor_text(struct command *k, const struct neighbor *n);
