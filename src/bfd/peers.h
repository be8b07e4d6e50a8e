/*
 * The peers whose reachability somebody wants to know: from the configuration (`bfd` / `peer`) and
 * from those who would act upon it (BGP neighbors). Compares what is wanted with what the speaker
 * was told, orders the difference, and keeps what it reports.
 */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "base/mono.h"
#include "bfd/settings.h"

struct bfd_peers;

struct bfd_peers_host {
	void *context;
	void (*order)(void *context, const struct bfd_order *order);
	/* 0: there is no such link now. */
	ifindex_t (*ifindex_of)(void *context, const char *name);
	/* The path to the peer of this client was up and failed. RFC 5882 section 3.2: not when
	 * either side was shut down or ceased to want it. */
	void (*failed)(void *context, const char *client, const char *why);
};

/* A client's wish. Where a configured peer fits (its address, and no local address or interface
 * that differs), that one serves it, as it is configured. */
struct bfd_want {
	const char *client; /* name; lent */
	struct bfd_key key;
	const char *profile; /* "" none */
	struct bfd_values values;
};

struct bfd_peers *bfd_peers_new(struct log *log, const struct bfd_peers_host *host);
void bfd_peers_free(struct bfd_peers *p);

/* Configuration and wishes, both complete, and links as they are now. */
void bfd_peers_update(struct bfd_peers *p, const struct bfd_settings *settings,
    const struct bfd_want *wants, size_t count, mono_t now);
void bfd_peers_report(struct bfd_peers *p, const struct bfd_report *report, mono_t now);
/* Ask for fresh counters: a report of BFD_REPORT_TOTALS or _GONE ends the answer. False: there is
 * nobody to ask. */
bool bfd_peers_ask(struct bfd_peers *p);

/* ---- views ---- */
struct bfd_peer_view {
	const struct bfd_key *key;
	bool configured; /* else only a client wants it */
	struct bfd_params params;
	bool running; /* false: its interface or VRF does not exist */
	struct bfd_session_report report;
	mono_t since; /* of this state */
};
/* In order of key; false at the end. */
bool bfd_peer_at(const struct bfd_peers *p, size_t index, struct bfd_peer_view *view);
/* False: this client wants none. */
bool bfd_peer_of_client(const struct bfd_peers *p, const char *client, struct bfd_peer_view *view);
/* How often a speaker took the place of one that had died. */
uint64_t bfd_peers_restarts(const struct bfd_peers *p);
/* Discarded packets by reason, as of the last answer. */
const uint64_t *bfd_peers_discards(const struct bfd_peers *p);
