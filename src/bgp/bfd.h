/*
 * What BGP wants of BFD, and what it does when a path fails. bgp/ does not know who watches the
 * path: the engine carries both. RFC 5882 sections 3 and 4.
 */
#pragma once

#include "bgp/bgp.h"

/* A neighbor with `bfd` whose address is known. Text is lent until the next configuration. */
struct bgp_bfd_want {
	const char *peer; /* name */
	struct ip remote;
	struct ip local;       /* of `update-source` or of the connection; IP_NONE unknown */
	const char *interface; /* of an unnumbered peer; "" else */
	bool many_hops;	       /* by configuration: ebgp-multihop, ttl-security */
	bool internal;	       /* iBGP: many hops, unless the address is on a link of ours */
	uint8_t hops;	       /* at most so many; 255 any */
	const struct neighbor_bfd *settings;
};

/* Peers in order of name, as an array in the arena. Not: a neighbor that is shut down. */
size_t bgp_bfd_wants(const struct bgp *b, struct arena *arena, struct bgp_bfd_want **wants);

/* The path to this peer was up and failed (not: was shut down). Its session ends now, with
 * Cease/BFD Down (RFC 9384), and is tried again in about a second. `why` goes to the log. */
void bgp_bfd_failed(struct bgp *b, const char *peer, const char *why, mono_t now);
