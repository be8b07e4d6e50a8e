/*
 * show ip nht, show bgp nexthop: next hops and what they resolve to; show bgp … bestpath: which
 * step of the decision process stands between each route and the one before.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

/* rtnetlink's protocol numbers, in FRR's words. */
static const char *protocol_text(uint8_t protocol, char *text, size_t size)
{
	switch (protocol) {
	case 0:
		return "connected";
	case 2:
		return "kernel";
	case 4:
		return "static";
	case RTPROT_EVPND:
		return "bgp";
	default: /* any number that another program chose */
		snprintf(text, size, "protocol %u", protocol);
		return text;
	}
}

static const char *way_text(const struct nexthop_view *v, char *text, size_t size)
{
	return v->state.connected ? "connected" : protocol_text(v->protocol, text, size);
}

static void hop_text(struct command *k, const struct nexthop_view *v, const struct route_nexthop *h)
{
	char ip[IP_TEXT_MAX], port[PORT_TEXT_MAX];

	port_text(k->c, h->dev, port);
	if (v->state.connected)
		str_addf(k->out, " is directly connected, %s", port);
	else
		str_addf(k->out, " via %s, %s", ip_text(&h->gateway, ip), port);
	if (h->weight > 1)
		str_addf(k->out, ", weight %u", h->weight);
	str_add(k->out, nexthops_hop_is_live(k->c->nexthops, h) ? "\n" : " inactive\n");
}

static void nht_text(struct command *k, const struct nexthop_view *v)
{
	char ip[IP_TEXT_MAX], way[24];

	str_addf(k->out, "%s\n", ip_text(&v->key.ip, ip));
	if (v->state.reachable)
		str_addf(k->out, " resolved via %s\n", way_text(v, way, sizeof(way)));
	else
		str_add(k->out, " unresolved\n");
	for (unsigned i = 0; i < v->hop_count; i++)
		hop_text(k, v, &v->hops[i]);
}

static struct json_object *hops_json(struct command *k, const struct nexthop_view *v)
{
	struct json_object *list = json_object_new_array(), *hop;
	char port[PORT_TEXT_MAX];

	for (unsigned i = 0; i < v->hop_count; i++) {
		hop = json_object_new_object();
		json_add_ip(hop, "ip", &v->hops[i].gateway);
		json_add_text(hop, "interfaceName", port_text(k->c, v->hops[i].dev, port));
		json_add_number(hop, "weight", v->hops[i].weight);
		json_add_bool(hop, "active", nexthops_hop_is_live(k->c->nexthops, &v->hops[i]));
		json_object_array_add(list, hop);
	}
	return list;
}

static struct json_object *nht_json(struct command *k, const struct nexthop_view *v)
{
	struct json_object *o = json_object_new_object();
	char prefix[PREFIX_TEXT_MAX], way[24];

	json_add_bool(o, "resolved", v->state.reachable);
	json_add_text(o, "resolvedVia", way_text(v, way, sizeof(way)));
	if (v->state.via.addr.family != IP_NONE)
		json_add_text(o, "prefix", prefix_text(&v->state.via, prefix));
	json_add_number(o, "metric", v->state.metric);
	json_object_object_add(o, "nexthops", hops_json(k, v));
	return o;
}

enum ctl_outcome show_nht(struct command *k)
{
	enum ip_family family = strcmp(k->w->word[1], "ipv6") == 0 ? IP_V6 : IP_V4;
	struct json_object *o = k->json ? json_object_new_object() : NULL;
	struct nexthop_view v;
	char ip[IP_TEXT_MAX];

	for (size_t i = 0; nexthops_at(k->c->nexthops, i, &v); i++) {
		if (v.key.ip.family != family)
			continue;
		if (k->json)
			json_add_named(o, ip_text(&v.key.ip, ip), nht_json(k, &v));
		else
			nht_text(k, &v);
	}
	return k->json ? command_json(k, o) : CTL_ACCEPTED;
}

/* ---- as BGP sees them ---- */

static void bgp_nexthop_text(struct command *k, const struct nexthop *n)
{
	struct nexthop_view v = {.key = n->key};
	char ip[IP_TEXT_MAX], port[PORT_TEXT_MAX];

	nexthops_get(k->c->nexthops, &n->key, &v);
	str_addf(
	    k->out, " %s %s", ip_text(&n->key.ip, ip), n->state.reachable ? "valid" : "invalid");
	if (n->state.reachable)
		str_addf(k->out, " [IGP metric %u]", n->state.metric);
	str_addf(k->out, ", #paths %u\n", n->paths);
	for (unsigned i = 0; i < v.hop_count; i++) {
		if (!nexthops_hop_is_live(k->c->nexthops, &v.hops[i]))
			continue;
		if (v.state.connected)
			str_addf(k->out, "  if %s\n", port_text(k->c, v.hops[i].dev, port));
		else
			str_addf(k->out, "  gate %s, if %s\n", ip_text(&v.hops[i].gateway, ip),
			    port_text(k->c, v.hops[i].dev, port));
	}
}

static struct json_object *bgp_nexthop_json(struct command *k, const struct nexthop *n)
{
	struct nexthop_view v = {.key = n->key};
	struct json_object *o;

	nexthops_get(k->c->nexthops, &n->key, &v);
	o = json_object_new_object();
	json_add_bool(o, "valid", n->state.reachable);
	json_add_bool(o, "complete", n->state.reachable);
	json_add_number(o, "igpMetric", n->state.metric);
	json_add_number(o, "pathCount", n->paths);
	json_object_object_add(o, "nexthops", hops_json(k, &v));
	return o;
}

enum ctl_outcome show_bgp_nexthop(struct command *k)
{
	struct json_object *o = k->json ? json_object_new_object() : NULL;
	struct json_object *v4 = json_object_new_object(), *v6 = json_object_new_object();
	const struct nexthop **list;
	size_t count = bgp_nexthops(k->c->bgp, k->c->arena, &list);
	char ip[IP_TEXT_MAX];

	if (!k->json)
		str_add(k->out, "Current BGP nexthop cache:\n");
	for (size_t i = 0; i < count; i++)
		if (k->json)
			json_add_named(list[i]->key.ip.family == IP_V4 ? v4 : v6,
			    ip_text(&list[i]->key.ip, ip), bgp_nexthop_json(k, list[i]));
		else
			bgp_nexthop_text(k, list[i]);
	if (!k->json) {
		json_object_put(v4);
		json_object_put(v6);
		return CTL_ACCEPTED;
	}
	json_object_object_add(o, "ipv4", v4);
	json_object_object_add(o, "ipv6", v6);
	return command_json(k, o);
}

/* ---- which step decided ---- */

struct ladder {
	struct command *k;
	struct json_object *json;
	const struct prefix *only; /* NULL: all */
};

static const char *from_text(const struct bgp_dest_route *r)
{
	return r->peer != NULL ? r->peer : "local";
}

static const char *rank_text(const struct bgp_dest_route *r)
{
	return !r->valid ? "invalid" : r->best ? "best" : r->multipath ? "multipath" : "";
}

static void ladder_json(
    struct ladder *l, const char *name, const struct bgp_dest_route *routes, size_t count)
{
	struct json_object *list = json_object_new_array(), *o;

	for (size_t i = 0; i < count; i++) {
		o = json_object_new_object();
		json_add_text(o, "from", from_text(&routes[i]));
		json_add_bool(o, "valid", routes[i].valid);
		json_add_bool(o, "bestpath", routes[i].best);
		json_add_bool(o, "multipath", routes[i].multipath);
		json_add_number(o, "igpMetric", routes[i].igp_metric);
		if (i > 0)
			json_add_text(o, "belowPreviousBy", routes[i].step);
		json_object_array_add(list, o);
	}
	json_add_named(l->json, name, list);
}

static void ladder_visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct ladder *l = context;
	struct str name = {0};

	if (l->only != NULL && !prefix_equal(l->only, &nlri->prefix))
		return;
	nlri_text(nlri, &name);
	if (l->json != NULL)
		ladder_json(l, str_text(&name), routes, count);
	else
		str_addf(l->k->out, "%s\n", str_text(&name));
	for (size_t i = 0; l->json == NULL && i < count; i++)
		str_addf(l->k->out, "  %zu. from %-24s %-10s%s%s\n", i + 1, from_text(&routes[i]),
		    rank_text(&routes[i]), i > 0 ? " below by " : "", i > 0 ? routes[i].step : "");
	str_fini(&name);
}

enum ctl_outcome show_bgp_bestpath(struct command *k)
{
	enum bgp_family family = BGP_L2VPN_EVPN;
	struct ladder l = {.k = k, .json = k->json ? json_object_new_object() : NULL};
	struct prefix only;

	if (strcmp(k->w->word[2], "l2vpn") != 0)
		family = strcmp(k->w->word[2], "ipv6") == 0 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;
	for (unsigned i = 3; family != BGP_L2VPN_EVPN && i < k->w->count; i++)
		if (prefix_parse(k->w->word[i], &only))
			l.only = &only;
	bgp_walk(k->c->bgp, family, k->c->arena, &l, ladder_visit);
	return k->json ? command_json(k, l.json) : CTL_ACCEPTED;
}
