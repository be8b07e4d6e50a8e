/*
 * Sessions that outlive the daemon: what the next instance must know to go on with a connection,
 * and the taking over. Private to bgp/.
 */
#pragma once

#include "bgp/bgp.h"

struct dest;
struct path;
struct peer;

/* A connection of the previous instance that waits to be taken over. */
struct inherited {
	uint32_t conn; /* 0: it has closed */
	struct ip local, remote;
	ifindex_t ifindex;
	uint8_t *note; /* owned */
	size_t size;
};

#define HANDOVER_NOTE_MAX 2048

/* The session is up, or what was agreed on changed: gives the host the note, if it may outlive us.
 */
void handover_offer(struct peer *p);
/* The peer is about to be told of an EVPN route that others originated: it is put on file, or the
 * session ends with the daemon. */
void handover_tells(struct peer *p, struct dest *d, const struct path *path);
/* Once the host's start has been read, and so all that we originate is known: each connection is
 * taken over, or closed where anything does not fit. Until then no peer is connected to. */
void handover_run(struct bgp *b, mono_t now);
/* It has closed meanwhile, if it is one of those that wait. */
void handover_closed(struct bgp *b, uint32_t conn);
void handover_free(struct bgp *b);
