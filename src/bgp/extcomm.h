/*
 * Extended communities by meaning. RFC 4360, 7153; RT RFC 4364; MAC Mobility RFC 7432 section 7.7;
 * Default Gateway 7.8; Router's MAC RFC 9135 section 8.1; Encapsulation RFC 9012 section 4.1.
 */
#pragma once

#include "base/str.h"
#include "base/types.h"
#include "bgp/attr.h"

/* Route target AS:number; a two-octet AS gives type 0, a larger one type 2 (number 16 bits). */
struct extcomm extcomm_rt_as(uint32_t as, uint32_t number);
struct extcomm extcomm_rt_ip(const struct ip *v4, uint16_t number);
/* It may cross the border of an AS. */
bool extcomm_is_transitive(const struct extcomm *e);
bool extcomm_is_rt(const struct extcomm *e);
/* Local administrator of a route target: 32 bits for types 0, 16 for 1 and 2. */
uint32_t extcomm_rt_number(const struct extcomm *e);
/* "65001:10099", "10.0.0.1:5" */
bool extcomm_rt_parse(const char *text, struct extcomm *e);

/* BGP encapsulation 8: VXLAN. */
struct extcomm extcomm_encap_vxlan(void);

struct extcomm extcomm_mac_mobility(uint32_t sequence, bool is_static);
/* False when the set has no MAC Mobility community (then: sequence 0, not static). With several,
 * the one with the highest sequence counts. */
bool attrs_mac_mobility(const struct attrs *a, uint32_t *sequence, bool *is_static);

/* Link bandwidth (draft-ietf-idr-link-bandwidth): bytes per second, as an IEEE 754 number. */
struct extcomm extcomm_link_bandwidth(uint32_t as, uint64_t bytes_per_s, bool transitive);
bool extcomm_is_link_bandwidth(const struct extcomm *e);
/* 0: the set has none. */
uint64_t attrs_link_bandwidth(const struct attrs *a);

/* Site of origin (RFC 4364 section 7), "AS:N" or "A.B.C.D:N". */
bool extcomm_soo_parse(const char *text, struct extcomm *e);

struct extcomm extcomm_default_gateway(void);
bool attrs_default_gateway(const struct attrs *a);
struct extcomm extcomm_router_mac(const struct mac *mac);
bool attrs_router_mac(const struct attrs *a, struct mac *mac);

/* FRR's words: "RT:65001:10099 ET:8 MM:0, sticky MAC Rmac:aa:…"; appends. */
void extcomms_text(const struct attrs *a, struct str *out);
void extcomm_text(const struct extcomm *e, struct str *out);
