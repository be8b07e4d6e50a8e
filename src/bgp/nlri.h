/*
 * Network Layer Reachability Information: one value type for all families, its wire form and its
 * RIB key.
 *
 * RFC 4271 section 4.3 (IPv4), RFC 4760 (MP), RFC 2545 (IPv6), RFC 7432 section 7 (EVPN), RFC 9136
 * (type 5). Route types 2 and 3 are understood; 1, 4, 5 and unknown types are carried opaque.
 */
#pragma once

#include "base/bytes.h"
#include "base/str.h"
#include "base/types.h"

enum bgp_family { BGP_IPV4_UNICAST, BGP_IPV6_UNICAST, BGP_L2VPN_EVPN, BGP_FAMILIES };

/* AFI and SAFI of a family (RFC 4760; EVPN 25/70). */
uint16_t bgp_family_afi(enum bgp_family family);
uint8_t bgp_family_safi(enum bgp_family family);
/* False for a pair that we do not speak. */
bool bgp_family_from(uint16_t afi, uint8_t safi, enum bgp_family *family);
/* "ipv4Unicast", "ipv6Unicast", "l2VpnEvpn" as FRR's JSON names them. */
const char *bgp_family_json_name(enum bgp_family family);
/* "IPv4 Unicast", … for tables. */
const char *bgp_family_name(enum bgp_family family);

enum evpn_route_type {
	EVPN_ETHERNET_AD = 1,
	EVPN_MAC_IP = 2,
	EVPN_IMET = 3,
	EVPN_ETHERNET_SEGMENT = 4,
	EVPN_IP_PREFIX = 5
};

#define EVPN_OPAQUE_MAX 250

struct evpn_nlri {
	uint8_t type; /* enum evpn_route_type or any other number */
	bool has_label2;
	uint16_t opaque_size;  /* types other than 2 and 3 */
	const uint8_t *opaque; /* their bytes after type and length; lent */
	struct rd rd;
	uint32_t ethernet_tag;
	struct mac mac;	 /* type 2 */
	struct ip ip;	 /* type 2: host or IP_NONE; type 3: originating router */
	struct esi esi;	 /* type 2; not part of the key */
	uint32_t label1; /* type 2: 24 bits as in the field: a VNI (RFC 8365 section 5.1.3) */
	uint32_t label2; /* type 2 with has_label2: L3VNI; neither is part of the key */
};

struct nlri {
	enum bgp_family family;
	struct prefix prefix;  /* the unicast families */
	struct evpn_nlri evpn; /* BGP_L2VPN_EVPN */
};

/* Reads one NLRI of `family` from *r. On a malformed one the reader fails. `withdrawn`: fields
 * outside the key may be absent or zero. A type 2 or 3 route whose length or content is wrong, and
 * which must be ignored alone rather than fail the rest (RFC 7606 section 5.4; RFC 7432), gives
 * true with *skip set. Fills *n and does nothing else. */
bool nlri_decode(struct reader *r, enum bgp_family family, struct nlri *n, bool *skip);
void nlri_encode(struct writer *w, const struct nlri *n);

/* Key of the destination in a RIB: length byte, then the key fields in a canonical order that
 * sorts as a reader expects (type, RD, tag, MAC, IP / prefix). */
#define NLRI_KEY_MAX 256
void nlri_key(const struct nlri *n, uint8_t key[NLRI_KEY_MAX]);
/* The inverse, as far as the key goes: fields outside the key are zero; opaque points into key. */
void nlri_from_key(enum bgp_family family, const uint8_t *key, struct nlri *n);

/* FRR's text: "10.0.0.1/32", "[2]:[0]:[48]:[aa:…]:[32]:[10.1.1.1]", "[3]:[0]:[32]:[10.0.0.1]". */
void nlri_text(const struct nlri *n, struct str *out);
