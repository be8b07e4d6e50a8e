/*
 * Advertise: our MAC/IP Advertisement and IMET routes with their attributes (RFC 7432 sections
 * 7.2, 7.3; RFC 8365 section 5.1.3).
 */
#pragma once

#include "evpn/mac_vrf.h"

/* ip IP_NONE: MAC-only. */
void advertise_mac_ip(struct evpn *v, const struct mac_vrf *vrf, const struct mac *mac,
    const struct ip *ip, uint32_t sequence, bool sticky);
void withdraw_mac_ip(
    struct evpn *v, const struct rd *rd, const struct mac *mac, const struct ip *ip);
/* An address of the SVI itself; as default gateway or not. */
void advertise_svi(struct evpn *v, const struct mac_vrf *vrf, const struct mac *mac,
    const struct ip *ip, bool gateway);
void advertise_imet(struct evpn *v, const struct mac_vrf *vrf);
void withdraw_imet(struct evpn *v, const struct rd *rd, const struct ip *vtep);
