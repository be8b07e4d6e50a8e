/*
 * When to send router advertisements: on the links of unnumbered peers, so that the two ends learn
 * each other's link-local address, and where the configuration asks for them. RFC 4861 sections
 * 6.2.4, 6.2.6; what they say is ra_message's, the sending itself os/ra's.
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

struct ra_plan {
	bool wanted;	      /* the link is up, and somebody wants it */
	bool many;	      /* hosts may be there: no more often than RFC 4861 allows */
	uint32_t interval_ms; /* between two of them */
	uint32_t digest;      /* of what they say: when that changes, all are told soon */
};
/* The first advertisement is due at once, a few more follow quickly, then one every interval. */
void ra_set_link(struct ra_schedule *s, const struct ra_host *host, ifindex_t ifindex,
    const struct ra_plan *plan, mono_t now);
/* A solicitation, or a neighbour that was not known yet: answer soon. */
void ra_solicited(struct ra_schedule *s, ifindex_t ifindex, mono_t now);
/* Send what is due. */
void ra_run(struct ra_schedule *s, const struct ra_host *host, struct arena *arena, mono_t now);
mono_t ra_deadline(const struct ra_schedule *s);
/* Tell all links that we cease to be a router (lifetime 0) and forget them. */
void ra_stop(struct ra_schedule *s, const struct ra_host *host, struct arena *arena);

#define RA_INTERVAL_MS 10000	   /* for unnumbered peers */
#define RA_INTERVAL_MANY_MS 600000 /* RFC 4861 section 6.2.1 */
#define RA_LIFETIME_S 1800
