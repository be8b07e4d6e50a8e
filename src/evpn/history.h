/*
 * History: the last transitions of a MAC, kept as numbers and made text when somebody looks.
 */
#pragma once

#include "evpn/evpn.h"

struct mac_entry;

enum moment_kind {
	MOMENT_CLAIM,	  /* a = claim kind, b = port, c = sticky */
	MOMENT_ROUTE,	  /* best route: a = remote kind, b = sequence, c = VTEP index + 1 */
	MOMENT_DECIDED,	  /* a = row, b = sequence */
	MOMENT_WITHDRAWN, /* our route */
	MOMENT_WRITTEN,	  /* a = slot kind, b = verb */
	MOMENT_RESULT,	  /* a = slot kind, b = errno, c = outcome */
	MOMENT_REPAIRED,  /* a = slot kind */
	MOMENT_CONTESTED,
	MOMENT_DUPLICATE, /* b = moves */
	MOMENT_STICKY,	  /* learned here against a sticky route */
	MOMENT_CLEARED,	  /* no duplicate any more */
	MOMENT_RELEASED	  /* b = seconds; 0: over */
};

struct moment {
	mono_t at;
	uint32_t writer;
	uint32_t b, c;
	uint8_t kind, a;
	uint16_t zero;
};

/* A ring that grows to EVPN_HISTORY. */
struct history {
	uint32_t count, room; /* count: ever */
	struct moment moments[];
};

/* Keeps it if the MAC has a local part, and tells those who watch. `ip` NULL: about the MAC. */
void history_add(struct evpn *v, struct mac_entry *m, const struct ip *ip, struct moment moment);
void history_text(const struct evpn *v, const struct moment *moment, char *text, size_t size);
size_t history_list(const struct evpn *v, const struct history *h, struct arena *arena,
    struct evpn_transition **transitions);
