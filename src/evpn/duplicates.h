/*
 * Duplicate detection (RFC 7432 section 15.1): a MAC that moves too often between learned claims.
 */
#pragma once

#include "base/mono.h"
#include "evpn/settings.h"

struct duplicates {
	mono_t since; /* start of the window */
	uint32_t moves;
	bool detected;
	mono_t detected_at;
};

/* One move; true when it is the one too many. */
bool duplicates_move(struct duplicates *d, const struct evpn_settings *s, mono_t now);
/* When a frozen MAC thaws; MONO_NEVER: by command only. */
mono_t duplicates_thaw(const struct duplicates *d, const struct evpn_settings *s);
