/*
 * What a router advertisement says (RFC 4861 section 4.2 and 4.6, RFC 4191, RFC 6275, RFC 8106):
 * `ipv6 nd …` of an interface, and the message's bytes.
 */
#pragma once

#include "base/types.h"

#include <stddef.h>

#define RA_PREFIXES_MAX 24
#define RA_SERVERS_MAX 16
/* All of these and the other options fit: no message is larger. */
#define RA_SIZE_MAX 1232
#define RA_LIFETIME_INFINITE UINT32_MAX
#define RA_LIFETIME_UNSAID 0x10000u

enum ra_preference { RA_PREFERENCE_MEDIUM = 0, RA_PREFERENCE_HIGH = 1, RA_PREFERENCE_LOW = 3 };

#define RA_VALID_S 2592000
#define RA_PREFERRED_S 604800

struct ra_prefix {
	struct prefix prefix;
	uint32_t valid_s, preferred_s;
	bool off_link, no_autoconfig;
	bool router_address; /* the prefix is our address, with its length */
};

/* Where names are resolved (RDNSS). */
struct ra_server {
	struct ip address;
	bool has_lifetime;
	uint32_t lifetime_s;
};

struct ra_settings {
	bool send; /* `no ipv6 nd suppress-ra`, though no unnumbered peer is there */
	bool managed, other, tell_interval;
	bool has_hop_limit;
	uint8_t hop_limit;
	uint8_t preference;	    /* enum ra_preference */
	uint16_t mtu;		    /* 0: not told */
	uint32_t interval_ms;	    /* 0: the default */
	uint32_t router_lifetime_s; /* RA_LIFETIME_UNSAID: by the interval */
	uint32_t reachable_ms, retransmit_ms;
	struct ra_prefix prefixes[RA_PREFIXES_MAX];
	size_t prefix_count;
	struct ra_server servers[RA_SERVERS_MAX];
	size_t server_count;
};

/* Defaults. */
struct ra_settings ra_settings_default(void);
/* The network of an address of the link, as long as there is room: FRR advertises those too. A
 * statement about the same prefix counts instead. */
void ra_settings_add_network(struct ra_settings *s, const struct prefix *address);

/* The message, checksum 0, into `to`; its size. `interval_ms`: between two of them at most. `mac`
 * zero: not told. */
size_t ra_message(const struct ra_settings *s, uint16_t router_lifetime_s, uint32_t interval_ms,
    const struct mac *mac, uint8_t to[RA_SIZE_MAX]);
