/*
 * OPEN and its capabilities. RFC 4271 sections 4.2 and 6.2, RFC 5492; extended parameter length
 * RFC 9072; multiprotocol 4760, route refresh 2918 and 7313, extended next hop 8950, add-path 7911,
 * extended message 8654, role 9234, graceful restart 4724 and 8538, long-lived 9494, 4-octet AS
 * 6793, hostname (code 73, a draft that FRR speaks).
 */
#pragma once

#include "bgp/nlri.h"
#include "bgp/notification.h"
#include "bgp/role.h"

#define AS_TRANS 23456u
#define OPEN_NAME_MAX 64

struct open {
	uint32_t as; /* of the 4-octet capability when there is one */
	uint16_t hold_s;
	struct ip router_id;
	bool as4, route_refresh, enhanced_refresh, extended_message;
	bool bare;		  /* to be sent without any parameter */
	bool extended_parameters; /* in the long form of RFC 9072 */
	bool unknown;		  /* received: a capability that we have never heard of */
	enum bgp_role role;
	bool families[BGP_FAMILIES]; /* RFC 4271: no such capability means IPv4 unicast */
	bool add_path_receive[BGP_FAMILIES], add_path_send[BGP_FAMILIES]; /* able and willing to */
	bool extended_nexthop[BGP_FAMILIES]; /* IPv6 next hops; IPv4 unicast is the one in use */
	char hostname[OPEN_NAME_MAX];	     /* "" none; cut to fit */
	char domain[OPEN_NAME_MAX];
	bool graceful_restart;
	bool restarting;   /* R bit */
	bool notification; /* N bit, RFC 8538 */
	uint16_t restart_s;
	bool restart_families[BGP_FAMILIES];
	bool forwarding_kept[BGP_FAMILIES]; /* F bit */
	bool long_lived;		    /* RFC 9494; no family need be listed */
	bool long_lived_families[BGP_FAMILIES];
	bool long_lived_kept[BGP_FAMILIES];  /* its own F bit */
	uint32_t long_lived_s[BGP_FAMILIES]; /* 24 bits */
};

/* From the body of an OPEN. False: *error is filled. Checks what the message alone can tell:
 * version, AS 0, hold time 1 and 2, identifier 0, parameters, capability lengths. Unknown
 * capabilities are ignored; expected AS and own identifier are the session's business. */
bool open_decode(const uint8_t *body, size_t size, struct open *o, struct notification *error);

/* What the peer cannot know of us if we send no capabilities, or we of it: all of them, back to
 * what RFC 4271 has. The number of an AS stays, whatever told it. */
void open_strip(struct open *o);
/* A multiprotocol capability for each family that is set. */
void open_families_encode(struct writer *w, const bool families[BGP_FAMILIES]);

/* A whole message. `as` above 65535 goes out as AS_TRANS beside the capability. */
void open_encode(struct writer *w, const struct open *o);

/* "AS 65001 id 10.0.0.1 hold 9 mp(ipv4Unicast,l2VpnEvpn) as4 refresh hostname=tor1"; appends. */
void open_text(const struct open *o, struct str *out);
