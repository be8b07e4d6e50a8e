/*
 * When to send router advertisements on the links of unnumbered peers, so that the two ends learn
 * each other's link-local address. RFC 4861 sections 6.2.4, 6.2.6; the sending itself is os/ra's.
 */
#pragma once

#include "base/map.h"
#include "base/mono.h"
#include "base/types.h"

struct ra_schedule {
	struct map links; /* struct ra_link, owned */
};

struct ra_host {
	void *context;
	void (*watch)(void *context, ifindex_t ifindex, bool on);
	void (*send)(void *context, ifindex_t ifindex, uint16_t lifetime_s);
};

void ra_init(struct ra_schedule *s, uint64_t seed);
void ra_fini(struct ra_schedule *s);

/* The link is up and an unnumbered peer wants it (or not any more). The first advertisement is due
 * at once, a few more follow quickly, then one every interval_s (RA_INTERVAL_S unless configured).
 */
void ra_set_link(struct ra_schedule *s, const struct ra_host *host, ifindex_t ifindex, bool wanted,
    uint16_t interval_s, mono_t now);
/* A solicitation, or a neighbour that was not known yet: answer soon. */
void ra_solicited(struct ra_schedule *s, ifindex_t ifindex, mono_t now);
/* Send what is due. */
void ra_run(struct ra_schedule *s, const struct ra_host *host, struct arena *arena, mono_t now);
mono_t ra_deadline(const struct ra_schedule *s);
/* Tell all links that we cease to be a router (lifetime 0) and forget them. */
void ra_stop(struct ra_schedule *s, const struct ra_host *host, struct arena *arena);

#define RA_INTERVAL_S 10
#define RA_LIFETIME_S 1800
