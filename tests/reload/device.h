/*
 * The device under test: a whole engine over a simulated kernel (tests/fuzz/hypervisor.h) with
 * local hosts in both VNIs, and a scripted peer behind each neighbor of statements.h.
 *
 * A peer takes every connection, or opens one when it was not called for a while and we are the
 * passive side. It has routes of all families, sends them to who can take them, sends them again
 * when it is asked to, and keeps what it was told: its Adj-RIB-In.
 */
#pragma once

#include "base/arena.h"
#include "bgp/open.h"
#include "fuzz/hypervisor.h"
#include "statements.h"

#define TOLD_MAX 1024
#define BFD_MAX 32

/* What a peer was told of a destination. */
struct told {
	char *route; /* owned */
	char *attrs; /* owned */
};

struct device;

struct peer_script {
	struct device *device;
	size_t index;
	struct ip address;
	ifindex_t ifindex; /* unnumbered: where */
	uint32_t conn;	   /* 0: none */
	bool called;	   /* connecting: it is to be told that it is connected */
	struct ip local;   /* what the engine calls its own */
	uint8_t ttl;
	uint8_t *rx; /* owned; from the engine, not handled yet */
	size_t rx_size;
	bool drained_due, has_open, established;
	bool closed;	  /* the engine has closed it */
	struct open open; /* of the engine */
	struct told told[TOLD_MAX];
	size_t told_count;
	mono_t idle_since;
	/* since device_count_from_here() */
	unsigned drops, messages, redundant;
};

struct device {
	struct hypervisor h;
	struct peer_script peers[NEIGHBORS];
	const struct choice *choice; /* in force */
	bool verbose, watching[32];
	struct bfd_order bfd[BFD_MAX]; /* sessions that were ordered */
	size_t bfd_count;
	uint32_t conn_next;
	struct str reply;
	struct arena arena;
	/* since device_count_from_here() */
	unsigned writes;
	struct str acts;  /* what was done, for reports */
	struct str fault; /* "": a peer could read all that it was told */
};

struct device *device_start(const struct choice *c, bool verbose);
void device_free(struct device *d);
void device_reload(struct device *d, const struct choice *c);
/* Any text; the choice in force stays. */
void device_reload_text(struct device *d, const char *text);
void device_wait(struct device *d, int64_t seconds);
void device_count_from_here(struct device *d);
/* Messages but KEEPALIVE to peers with a session, lost sessions, writes to the kernel. */
unsigned device_disturbance(const struct device *d);
/* All that can be seen of the device from outside, without times and counters, one fact a line.
 * `text`: the running configuration too. */
void device_state(struct device *d, bool text, struct str *out);
