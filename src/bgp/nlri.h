/*
 * Network Layer Reachability Information: one value type for all families, its wire form and its
 * RIB key.
 *
 * RFC 4271 section 4.3 (IPv4), RFC 4760 (MP), RFC 2545 (IPv6), RFC 7432 section 7 (EVPN), RFC 9136
 * (type 5). EVPN types 1 to 5 are taken apart, because each has fields that are not part of the
 * key and a withdrawal need not repeat them; unknown types are opaque and wholly key.
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

/* All of an opaque route is in the key, whose length is one byte and includes the type. */
#define EVPN_OPAQUE_MAX 254

struct evpn_nlri {
	uint8_t type; /* enum evpn_route_type or any other number */
	/* ---- the key ---- */
	uint8_t prefix_len; /* type 5 */
	struct rd rd;
	uint32_t ethernet_tag; /* types 1, 2, 3, 5 */
	struct mac mac;	       /* type 2 */
	struct ip ip; /* type 2: host or IP_NONE; 3, 4: originating router; 5: the prefix */
	uint16_t opaque_size;
	const uint8_t *opaque; /* unknown types: the bytes after type and length; lent */
	/* ---- not part of the key: a RIB keeps these with each route ---- */
	bool has_label2;
	struct esi esi;	   /* types 2, 5; of types 1 and 4 it is part of the key */
	struct ip gateway; /* type 5 */
	uint32_t label1;   /* types 1, 2, 5: the 24 bits of the label field */
	uint32_t label2;   /* type 2 with has_label2: the L3VNI */
};

/* A label field as VNI: RFC 8365 section 5.1.3 puts the VNI into all 24 bits, where MPLS has 20
 * bits of label above. These two are the only place that knows. */
vni_t evpn_label_vni(uint32_t label);
uint32_t evpn_vni_label(vni_t vni);

struct nlri {
	enum bgp_family family;
	uint32_t path_id;      /* RFC 7911: which of several ways; not part of the key; 0 none */
	struct prefix prefix;  /* the unicast families */
	struct evpn_nlri evpn; /* BGP_L2VPN_EVPN */
};

/* Reads one NLRI of `family` from *r into *n and does nothing else; opaque points into the input.
 * False, the reader failed: the bytes cannot be told apart into NLRI any more (RFC 7606 section
 * 5.3). True with *skip: this one is malformed and *n is not to be used, but the next one can be
 * found (EVPN alone: each route carries its length, RFC 7432 section 7). */
bool nlri_decode(struct reader *r, enum bgp_family family, struct nlri *n, bool *skip);
void nlri_encode(struct writer *w, const struct nlri *n);

/* Consecutive NLRI of one family, as an UPDATE carries them. */
struct nlri_run {
	enum bgp_family family;
	struct reader bytes;
	uint32_t skipped; /* malformed ones passed over so far */
	bool add_path;	  /* each has a Path Identifier in front (RFC 7911 section 3) */
};

/* Every NLRI of the run can be found: framing and prefix lengths are right. */
bool nlri_run_check(const struct nlri_run *run);
/* The next NLRI that is not to be skipped; false at the end (or where the framing breaks). */
bool nlri_run_next(struct nlri_run *run, struct nlri *n);

/* Key of the destination in a RIB: length byte, then the key fields in a canonical order that
 * sorts as a reader expects (type, RD, tag, MAC, IP / prefix). */
#define NLRI_KEY_MAX 256
void nlri_key(const struct nlri *n, uint8_t key[NLRI_KEY_MAX]);
/* The inverse, as far as the key goes: fields outside the key are zero; opaque points into key. */
void nlri_from_key(enum bgp_family family, const uint8_t *key, struct nlri *n);

bool nlri_equal(const struct nlri *a, const struct nlri *b);

/* FRR's text: "10.0.0.1/32", "[2]:[0]:[48]:[aa:…]:[32]:[10.1.1.1]", "[3]:[0]:[32]:[10.0.0.1]". */
void nlri_text(const struct nlri *n, struct str *out);
