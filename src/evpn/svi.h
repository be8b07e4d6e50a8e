/*
 * Routes for the host's own addresses on the SVI of a MAC-VRF: `advertise-svi-ip` and
 * `advertise-default-gw`.
 */
#pragma once

#include "evpn/mac_vrf.h"

/* Follows settings, place and addresses; `again`: what is out is told anew, its attributes may have
 * changed. */
void svi_update(struct evpn *v, struct mac_vrf *vrf, bool again);
/* Of a MAC-VRF that goes, without a word. */
void svi_forget(struct mac_vrf *vrf);
