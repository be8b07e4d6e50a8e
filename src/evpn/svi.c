/*
 * The SVI's MAC with each of its addresses as MAC/IP Advertisement routes, while the configuration
 * asks for it and the SVI is up: by `advertise-svi-ip` as they are, by `advertise-default-gw` with
 * the Default Gateway community (RFC 7432 section 10.1). For all MAC-VRFs, or for one by its `vni`
 * block. They are nobody's claim (docs/mobility.md, *own*), so they have no sequence and are not
 * part of any decision.
 *
 * Level-triggered: what should be out is computed from settings and links each time, and what is
 * out is made so.
 */
#include "evpn/svi.h"

#include <string.h>

#include "base/mem.h"
#include "evpn/advertise.h"
#include "evpn/instance.h"

struct svi_wish {
	bool wanted, gateway;
};

static struct svi_wish wish_of(const struct evpn *v, const struct mac_vrf *vrf)
{
	struct svi_wish w = {v->settings.advertise_svi_ip, v->settings.advertise_default_gw};

	for (size_t i = 0; i < v->settings.vni_count; i++)
		if (vni_equal(v->settings.vnis[i].vni, vrf->vni)) {
			w.wanted |= v->settings.vnis[i].advertise_svi_ip;
			w.gateway |= v->settings.vnis[i].advertise_default_gw;
		}
	w.wanted |= w.gateway;
	return w;
}

/* In the arena; the number of routes that should be out. */
static size_t wanted_routes(
    struct evpn *v, const struct mac_vrf *vrf, const struct svi_wish *w, struct svi_route **list)
{
	const struct mirror_link *svi = mirror_link(v->mirror, vrf->place.svi);
	size_t count = 0;

	*list = NULL;
	if (!w->wanted || !mac_vrf_active(vrf) || svi == NULL || !svi->link.admin_up ||
	    v->flushing || mac_is_zero(&svi->link.mac))
		return 0;
	*list = arena_new(&v->arena, (svi->addr_count + 1) * sizeof(**list));
	for (size_t i = 0; i < svi->addr_count; i++) {
		struct svi_route *r = &(*list)[count++];

		memset(r, 0, sizeof(*r));
		r->rd = vrf->rd;
		r->mac = svi->link.mac;
		r->ip = svi->addrs[i].addr;
		r->gateway = w->gateway;
	}
	return count;
}

static bool is_in(const struct svi_route *list, size_t count, const struct svi_route *r)
{
	for (size_t i = 0; i < count; i++)
		if (rd_equal(&list[i].rd, &r->rd) && mac_equal(&list[i].mac, &r->mac) &&
		    ip_equal(&list[i].ip, &r->ip) && list[i].gateway == r->gateway)
			return true;
	return false;
}

void svi_update(struct evpn *v, struct mac_vrf *vrf, bool again)
{
	struct svi_wish w = wish_of(v, vrf);
	struct svi_route *list, *old = vrf->svi_routes;
	size_t count = wanted_routes(v, vrf, &w, &list), old_count = vrf->svi_route_count;

	for (size_t i = 0; i < old_count; i++)
		if (!is_in(list, count, &old[i]))
			withdraw_mac_ip(v, &old[i].rd, &old[i].mac, &old[i].ip);
	for (size_t i = 0; i < count; i++)
		if (again || !is_in(old, old_count, &list[i]))
			advertise_svi(v, vrf, &list[i].mac, &list[i].ip, w.gateway);
	vrf->svi_routes = mem_dup(list, count * sizeof(*list));
	vrf->svi_route_count = count;
	mem_free(old);
}

void svi_forget(struct mac_vrf *vrf)
{
	mem_free(vrf->svi_routes);
	vrf->svi_routes = NULL;
	vrf->svi_route_count = 0;
}
