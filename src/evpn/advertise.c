/*
 * Advertise: from a decision to an NLRI and its attributes. Equal content changes nothing in the
 * Loc-RIB, so callers may say the same twice.
 *
 * RFC 7432 sections 7.2 (MAC/IP), 7.3 (IMET), 7.7 (MAC Mobility); RFC 8365 sections 5.1.3 (the VNI
 * in the label field) and 5.1.2.4 (encapsulation); RFC 6514 section 5 (PMSI tunnel). The NEXT_HOP
 * is the VTEP: the VXLAN device's local address.
 */
#include "evpn/advertise.h"

#include <string.h>

#include "bgp/extcomm.h"
#include "evpn/instance.h"
#include "record/state.h"

static struct nlri mac_ip_nlri(
    const struct rd *rd, const struct mac *mac, const struct ip *ip, vni_t vni)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN};

	n.evpn.type = EVPN_MAC_IP;
	n.evpn.rd = *rd;
	n.evpn.mac = *mac;
	if (ip != NULL)
		n.evpn.ip = *ip;
	n.evpn.label1 = evpn_vni_label(vni);
	return n;
}

static struct nlri imet_nlri(const struct rd *rd, const struct ip *vtep)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN};

	n.evpn.type = EVPN_IMET;
	n.evpn.rd = *rd;
	n.evpn.ip = *vtep;
	return n;
}

/* Export route targets, encapsulation, and one more if there is one; in the arena. */
static struct attrs route_attrs(
    struct evpn *v, const struct mac_vrf *vrf, const struct extcomm *more)
{
	struct attrs a = {.origin = ORIGIN_IGP, .next_hop = vrf->place.vtep};
	struct extcomm *list =
	    arena_new(&v->arena, (vrf->export_count + 2) * sizeof(struct extcomm));
	size_t count = vrf->export_count;

	memcpy(list, vrf->export_rts, count * sizeof(*list));
	list[count++] = extcomm_encap_vxlan();
	if (more != NULL)
		list[count++] = *more;
	attrs_set_extcomms(&a, list, count, &v->arena);
	return a;
}

/* What peers are told is on file before they are: the next instance may have to take it back. */
static void originate(struct evpn *v, const struct nlri *n, const struct attrs *a)
{
	struct state_record record = {.kind = STATE_ROUTE, .route = *n};

	if (v->host.originate(v->host.context, n, a))
		state_remember(v, &record);
}

void advertise_mac_ip(struct evpn *v, const struct mac_vrf *vrf, const struct mac *mac,
    const struct ip *ip, uint32_t sequence, bool sticky)
{
	struct nlri n = mac_ip_nlri(&vrf->rd, mac, ip, vrf->vni);
	struct extcomm mobility = extcomm_mac_mobility(sequence, sticky);
	/* No community means sequence 0: the first advertisement needs none. */
	struct attrs a = route_attrs(v, vrf, sequence > 0 || sticky ? &mobility : NULL);

	originate(v, &n, &a);
}

void advertise_svi(struct evpn *v, const struct mac_vrf *vrf, const struct mac *mac,
    const struct ip *ip, bool gateway)
{
	struct nlri n = mac_ip_nlri(&vrf->rd, mac, ip, vrf->vni);
	struct extcomm community = extcomm_default_gateway();
	struct attrs a = route_attrs(v, vrf, gateway ? &community : NULL);

	originate(v, &n, &a);
}

void withdraw_mac_ip(
    struct evpn *v, const struct rd *rd, const struct mac *mac, const struct ip *ip)
{
	struct nlri n = mac_ip_nlri(rd, mac, ip, (vni_t){0});

	v->host.withdraw(v->host.context, &n);
}

void advertise_imet(struct evpn *v, const struct mac_vrf *vrf)
{
	struct nlri n = imet_nlri(&vrf->rd, &vrf->place.vtep);
	struct attrs a = route_attrs(v, vrf, NULL);

	a.has_pmsi = true;
	a.pmsi.type = PMSI_INGRESS_REPLICATION;
	a.pmsi.label = evpn_vni_label(vrf->vni);
	a.pmsi.endpoint = vrf->place.vtep;
	originate(v, &n, &a);
}

void withdraw_imet(struct evpn *v, const struct rd *rd, const struct ip *vtep)
{
	struct nlri n = imet_nlri(rd, vtep);

	v->host.withdraw(v->host.context, &n);
}
