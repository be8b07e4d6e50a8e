/*
 * What the configuration says about BFD (`bfd` / `profile` / `peer`), typed. Made by config/.
 */
#pragma once

#include "bfd/vocab.h"

#include <stddef.h>

#define BFD_PROFILE_NAME_MAX 64

/* Values and which of them were set: the others come from a profile or are the defaults. */
enum {
	BFD_HAS_TRANSMIT = 1,
	BFD_HAS_RECEIVE = 2,
	BFD_HAS_MULTIPLIER = 4,
	BFD_HAS_MINIMUM_TTL = 8,
	BFD_HAS_PASSIVE = 16,
	BFD_HAS_SHUTDOWN = 32,
	BFD_HAS_ECHO = 64,
	BFD_HAS_ECHO_TRANSMIT = 128,
	BFD_HAS_ECHO_RECEIVE = 256
};

struct bfd_values {
	struct bfd_params params;
	unsigned has; /* BFD_HAS_… */
};

struct bfd_profile {
	char name[BFD_PROFILE_NAME_MAX];
	struct bfd_values values;
};

/* What makes two peers two. Zeroed before it is filled. */
struct bfd_key {
	struct ip remote, local; /* local IP_NONE: any */
	char interface[16];	 /* "" any */
	char vrf[16];		 /* "" default */
	bool multihop;
};

struct bfd_peer_settings {
	struct bfd_key key;
	char profile[BFD_PROFILE_NAME_MAX]; /* "" none */
	struct bfd_values values;
};

struct bfd_settings {
	struct bfd_profile *profiles; /* owned */
	size_t profile_count;
	struct bfd_peer_settings *peers; /* owned */
	size_t peer_count;
};

void bfd_settings_fini(struct bfd_settings *s);
void bfd_settings_copy(struct bfd_settings *to, const struct bfd_settings *from);
const struct bfd_profile *bfd_settings_profile(const struct bfd_settings *s, const char *name);
/* `values` over those of the profile ("" or unknown: none) over FRR's defaults: 300 ms both ways,
 * 3 times, minimum TTL 254, no echo, which may be 50 ms both ways. */
struct bfd_params bfd_settings_resolve(
    const struct bfd_settings *s, const char *profile, const struct bfd_values *values);
/* Remote address, then what else tells them apart. */
int bfd_key_compare(const struct bfd_key *a, const struct bfd_key *b);
