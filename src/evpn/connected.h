/*
 * The connected prefixes of this host: those of the addresses of interfaces that are up, in the
 * default VRF. Not 127/8, ::1 or link-local ones.
 */
#pragma once

#include "base/arena.h"
#include "base/types.h"
#include "kernel/mirror.h"

struct connected_prefix {
	struct prefix prefix; /* host bits zero */
	ifindex_t dev;	      /* the lowest of those that have it */
};

struct connected {
	struct connected_prefix *list; /* owned; sorted by prefix, each once */
	size_t count;
};

/* As the mirror has them now; takes the place of what was there (zeroed at first). */
void connected_read(struct connected *c, const struct mirror *m, struct arena *arena);
bool connected_has(const struct connected *c, const struct prefix *prefix);
void connected_fini(struct connected *c);
