/*
 * Everything that can happen to us: one tagged union. What an event points to is lent for the
 * call of engine_handle(). The stream of events with their times is the whole history of the
 * daemon: the same events give the same actions, byte for byte.
 */
#pragma once

#include "base/mono.h"
#include "base/types.h"
#include "bfd/vocab.h"
#include "kernel/vocab.h"

enum event_kind {
	EVENT_START,	      /* first event, once */
	EVENT_STATE,	      /* what the state file held, once, before the first kernel event */
	EVENT_CONFIG,	      /* the configuration text: at start and at each reload */
	EVENT_TIMER,	      /* engine_deadline() was reached */
	EVENT_KERNEL,	      /* a notification or dump row */
	EVENT_KERNEL_RESULT,  /* the answer to ACTION_KERNEL_OP */
	EVENT_PEER_CONNECTED, /* ACTION_PEER_CONNECT succeeded */
	EVENT_PEER_ACCEPTED,  /* somebody connected to our listener */
	EVENT_PEER_BYTES,     /* received */
	EVENT_PEER_DRAINED,   /* once after each turn with ACTION_PEER_SEND, as soon as some of it
				 has left and less than the low mark (64 KiB) waits to */
	EVENT_PEER_CLOSED,   /* connect failed, connection closed or broken; the id is free again */
	EVENT_PEER_HANDOVER, /* a connection of the previous instance, still open, and its note;
				before the configuration. Nothing is read from it before
				ACTION_PEER_RESUME */
	EVENT_RA,	     /* ICMPv6 router advertisement or solicitation from a link */
	EVENT_BFD,	     /* a report of the BFD speaker */
	EVENT_CTL_REQUEST,   /* one command line from a control client */
	EVENT_CTL_CLOSED,    /* that client hung up */
	EVENT_SHUTDOWN	     /* SIGTERM */
};

struct event_start {
	uint64_t seed;		/* jitter and hash keys */
	int64_t wall_offset_ns; /* wall clock minus monotonic clock at start: for shows only */
	char hostname[64];
	char boot_id[40];
	uint64_t netns; /* identity of the network namespace */
	bool flush_on_exit;
	bool state_writable; /* a state file can be appended to */
	uint16_t bgp_port;   /* 179, or another for tests: we listen on it and connect to it */
};

struct event_bytes {
	const uint8_t *bytes;
	size_t size;
};

struct event_config {
	const char *file; /* for messages */
	const char *text; /* NUL-terminated; NULL: could not be read, `error` says why */
	const char *error;
};

/* Connection ids: the engine chooses those it opens (below CONN_ACCEPTED), os/tcp those it accepts.
 */
#define CONN_ACCEPTED 0x80000000u

struct event_peer {
	uint32_t conn;
	struct ip remote, local; /* CONNECTED, ACCEPTED, HANDOVER */
	ifindex_t ifindex;	 /* scope of a link-local remote; else 0 */
	const uint8_t *bytes;	 /* BYTES; HANDOVER: the note */
	size_t size;
	int error; /* CLOSED: positive errno, 0 orderly */
};

struct event_ra {
	ifindex_t ifindex;
	struct ip source; /* link-local */
	bool solicitation;
	uint16_t router_lifetime_s;
};

struct event_ctl {
	uint32_t client;
	const char *line; /* REQUEST: NUL-terminated */
};

struct event {
	enum event_kind kind;
	bool more; /* the turn goes on: its next event follows at once, and what the facts mean is
		      recomputed behind the last one. Part of the history, like the rest */
	union {
		struct event_start start;
		struct event_bytes state;
		struct event_config config;
		struct kernel_event kernel;
		struct kernel_result result;
		struct event_peer peer;
		struct event_ra ra;
		struct bfd_report bfd;
		struct event_ctl ctl;
	};
};
