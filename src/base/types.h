/*
 * The value types of the field. All are plain values: copied, compared as bytes, no ownership.
 * Each one is free of padding, so that it can be part of a map key (base/map.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Interface index; 0 is none. */
typedef struct {
	uint32_t v;
} ifindex_t;

/* VXLAN Network Identifier, 24 bits; 0 is none. */
typedef struct {
	uint32_t v;
} vni_t;

#define VNI_MAX 0xffffffu

struct mac {
	uint8_t b[6];
};

/* IPv4 or IPv6 address in network byte order; unused bytes are zero. */
enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip {
	uint8_t family; /* enum ip_family */
	uint8_t zero[3];
	uint8_t b[16];
};

struct prefix {
	struct ip addr; /* host bits are zero */
	uint8_t len;	/* bits */
	uint8_t zero[3];
};

/* Route Distinguisher as on the wire (RFC 4364 section 4.2). */
struct rd {
	uint8_t b[8];
};

/* Extended community as on the wire (RFC 4360); a route target is one of these. */
struct extcomm {
	uint8_t b[8];
};

/* Ethernet Segment Identifier (RFC 7432 section 5). */
struct esi {
	uint8_t b[10];
};

/* Room for the longest text form of each type, with the terminating NUL. */
#define MAC_TEXT_MAX 18
#define IP_TEXT_MAX 46
#define PREFIX_TEXT_MAX 50
#define RD_TEXT_MAX 28
#define EXTCOMM_TEXT_MAX 32
#define ESI_TEXT_MAX 30

bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_zero(const struct mac *m);
/* Multicast or broadcast: the group bit. */
bool mac_is_group(const struct mac *m);
/* "aa:bb:cc:dd:ee:ff" into `text` of MAC_TEXT_MAX bytes; returns text. */
const char *mac_text(const struct mac *m, char *text);
/* Reads exactly six two-digit groups; false and *m untouched on anything else. */
bool mac_parse(const char *text, struct mac *m);

bool ip_equal(const struct ip *a, const struct ip *b);
/* Family first (none, IPv4, IPv6), then bytes: negative, 0, positive. */
int ip_compare(const struct ip *a, const struct ip *b);
bool ip_is_link_local(const struct ip *ip);
/* Address bytes: 4, 16, or 0 for IP_NONE. */
size_t ip_size(const struct ip *ip);
/* From `size` bytes in network order; size is 4 or 16. */
struct ip ip_from_bytes(const void *bytes, size_t size);
/* IPv4 from a host-order number. */
struct ip ip_from_u32(uint32_t v4);
/* Host-order number of an IPv4 address. */
uint32_t ip_to_u32(const struct ip *ip);
const char *ip_text(const struct ip *ip, char *text);
bool ip_parse(const char *text, struct ip *ip);

bool prefix_equal(const struct prefix *a, const struct prefix *b);
int prefix_compare(const struct prefix *a, const struct prefix *b);
/* `len` bits of `addr`, host bits cleared. */
struct prefix prefix_from(const struct ip *addr, uint8_t len);
bool prefix_contains(const struct prefix *p, const struct ip *ip);
const char *prefix_text(const struct prefix *p, char *text);
/* "A/L"; host bits are cleared. False on anything else. */
bool prefix_parse(const char *text, struct prefix *p);

bool rd_equal(const struct rd *a, const struct rd *b);
/* Type 1 (IPv4 address:number), as derived RDs are (RFC 7432 section 7.9). */
struct rd rd_from_ip(const struct ip *v4, uint16_t number);
/* "10.0.0.2:2", "65001:100" by type; hex for unknown types. */
const char *rd_text(const struct rd *rd, char *text);
/* "A.B.C.D:N" (type 1), "AS:N" (type 0 for two-octet AS, else type 2). */
bool rd_parse(const char *text, struct rd *rd);

bool extcomm_equal(const struct extcomm *a, const struct extcomm *b);
bool esi_is_zero(const struct esi *esi);
const char *esi_text(const struct esi *esi, char *text);

static inline bool ifindex_equal(ifindex_t a, ifindex_t b)
{
	return a.v == b.v;
}

static inline bool vni_equal(vni_t a, vni_t b)
{
	return a.v == b.v;
}
