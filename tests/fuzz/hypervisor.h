/*
 * A whole engine for fuzz targets and tests: one hypervisor over a simulated kernel, with a
 * scripted BGP peer 10.0.0.2 (AS 65002, passive on our side). Time stands still but for
 * hypervisor_wait(); what an event caused has been handled when a call returns.
 */
#pragma once

#include "engine.h"
#include "sim/simkernel.h"

#define FUZZ_BOOT_ID "fuzzed"
#define FUZZ_NETNS 7

struct hypervisor_pending;

struct hypervisor {
	struct engine *engine;
	struct simkernel kernel;
	mono_t now;
	struct hypervisor_pending *first, **last; /* notifications and results, in order */
	const char *config; /* NULL: a plain one, with `description` of the peer */
	const char *description;
	/* Every reply to a control client; NULL: dropped. */
	void *context;
	void (*reply)(void *context, const struct action *a);
	/* Sees every action first; true: it was taken care of. NULL: nobody does. */
	bool (*take)(void *context, const struct action *a);
	bool peer_open;	  /* the peer has opened its session */
	bool peer_closed; /* the engine closed the peer's connection */
	bool peer_owed;	  /* it was sent something in this turn */
	unsigned others;  /* actions that were neither replies nor log lines */
	/* The kernel answers writes fail_from to fail_to, counted from 1, with fail_errno. */
	unsigned writes, fail_from, fail_to;
	int fail_errno;
};

/* Links and tables as in *h->kernel, then START, STATE and CONFIG, until the dumps are done. */
void hypervisor_start(struct hypervisor *h, const uint8_t *state, size_t size);
/* Local and remote hosts, pinned, learned, sticky and contested, in both VNIs; an IPv4 route. */
void hypervisor_populate(struct hypervisor *h);
/* The peer withdraws some of its hosts, the agent deletes a contested pin: what is remote moves in.
 */
void hypervisor_depopulate(struct hypervisor *h);
void hypervisor_event(struct hypervisor *h, const struct event *event);
/* A notification of the kernel that was provoked by calling simkernel_*(). */
void hypervisor_deliver(struct hypervisor *h);
/* The peer, if it is there, sends keepalives meanwhile. */
void hypervisor_wait(struct hypervisor *h, int64_t ms);
/* The peer says something: a message of this type with this body. */
void hypervisor_peer_says(struct hypervisor *h, uint8_t type, const uint8_t *body, size_t size);
void hypervisor_free(struct hypervisor *h);
