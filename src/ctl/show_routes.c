/*
 * show bgp …: the routes of a family, laid out as FRR 8.4 prints them, JSON in its field names: of
 * the table, or of one neighbor: those of the table that came from it, what it sent before policy,
 * what it was told.
 */
#include "base/mem.h"
#include "bgp/extcomm.h"
#include "ctl/command.h"
#include "ctl/show_neighbor.h"

#include <stdio.h>
#include <string.h>

/* ---- which routes ---- */

enum route_view { VIEW_TABLE, VIEW_OF_PEER, VIEW_RECEIVED, VIEW_FILTERED, VIEW_ADVERTISED };

struct route_choice {
	enum route_view view;
	enum bgp_family family;
	const char *peer; /* name; NULL: of the table */
	size_t denied;	  /* found so far: of what was received */
	struct arena *arena;
	void *context;
	bgp_visit *visit;
};

static bool is_chosen(struct route_choice *c, const struct bgp_dest_route *r)
{
	c->denied += r->denied;
	switch (c->view) {
	case VIEW_TABLE:
	case VIEW_RECEIVED:
	case VIEW_ADVERTISED:
		return true;
	case VIEW_OF_PEER:
		return r->peer != NULL && strcmp(r->peer, c->peer) == 0;
	case VIEW_FILTERED:
		return r->denied;
	}
	return false;
}

static void choose(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct route_choice *c = context;
	struct bgp_dest_route *chosen = arena_new(c->arena, (count + 1) * sizeof(*chosen));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (is_chosen(c, &routes[i]))
			chosen[n++] = routes[i];
	if (n > 0)
		c->visit(c->context, nlri, chosen, n);
}

/* False: what a neighbor has sent is not kept. */
static bool choice_walk(
    const struct command *k, struct route_choice *c, void *context, bgp_visit *visit)
{
	c->arena = k->c->arena;
	c->context = context;
	c->visit = visit;
	switch (c->view) {
	case VIEW_TABLE:
	case VIEW_OF_PEER:
		bgp_walk(k->c->bgp, c->family, k->c->arena, c, choose);
		return true;
	case VIEW_RECEIVED:
	case VIEW_FILTERED:
		return bgp_walk_received(k->c->bgp, c->peer, c->family, k->c->arena, c, choose);
	case VIEW_ADVERTISED:
		return bgp_walk_advertised(k->c->bgp, c->peer, c->family, k->c->arena, c, choose);
	}
	return false;
}

/* It shows what passed between us and a neighbor, not what is in the table. */
static bool is_adjacent(const struct route_choice *c)
{
	return c->view != VIEW_TABLE && c->view != VIEW_OF_PEER;
}

/* ---- one route ---- */

static const char *route_status(const struct bgp_dest_route *r, char *text)
{
	text[0] = r->suppressed ? 's' : r->route.stale ? 'S' : r->valid ? '*' : ' ';
	text[1] = r->best ? '>' : r->multipath ? '=' : ' ';
	text[2] = !r->route.local && !r->route.ebgp ? 'i' : ' ';
	text[3] = '\0';
	return text;
}

static uint32_t route_weight(const struct bgp_dest_route *r)
{
	uint32_t weight = r->route.attrs->weight;

	return r->route.local && weight == 0 ? BGP_LOCAL_WEIGHT : weight;
}

/* Next hop, metric, local preference, weight, path and origin in FRR's columns. */
static void route_columns(struct str *out, const struct bgp_dest_route *r)
{
	const struct attrs *a = r->route.attrs;
	const struct ip *next_hop =
	    a->next_hop.family != IP_NONE ? &a->next_hop : &a->next_hop_link_local;
	char text[IP_TEXT_MAX], metric[16] = "", pref[16] = "";

	if (next_hop->family == IP_NONE)
		snprintf(text, sizeof(text), "0.0.0.0");
	else
		ip_text(next_hop, text);
	str_addf(out, "%-16s", text);
	if (strlen(text) >= 16)
		str_addf(out, "\n%36s", "");
	if (a->has_med)
		snprintf(metric, sizeof(metric), "%u", a->med);
	if (a->has_local_pref)
		snprintf(pref, sizeof(pref), "%u", a->local_pref);
	str_addf(out, "%10s%7s%7u ", metric, pref, route_weight(r));
	if (a->as_path_size > 0) {
		as_path_text(a, out);
		str_add(out, " ");
	}
	str_addf(out, "%c\n", attr_origin_letter(a->origin));
}

static void add_nexthops(struct json_object *o, const struct attrs *a)
{
	struct json_object *list = json_object_new_array(), *hop;
	const struct ip *hops[] = {&a->next_hop, &a->next_hop_link_local};

	for (int i = 0; i < 2; i++) {
		if (hops[i]->family == IP_NONE)
			continue;
		hop = json_object_new_object();
		json_add_ip(hop, "ip", hops[i]);
		json_add_text(hop, "afi", hops[i]->family == IP_V4 ? "ipv4" : "ipv6");
		if (hops[i]->family == IP_V6)
			json_add_text(hop, "scope", i == 0 ? "global" : "link-local");
		json_add_bool(hop, "used", i == 1 || a->next_hop_link_local.family == IP_NONE);
		json_object_array_add(list, hop);
	}
	json_object_object_add(o, "nexthops", list);
}

static void add_path(struct json_object *o, const struct attrs *a)
{
	struct str text = {0};

	as_path_text(a, &text);
	json_add_text(o, "path", str_text(&text));
	json_add_text(o, "origin", attr_origin_name(a->origin));
	str_clear(&text);
	communities_text(a, &text);
	if (text.size > 0)
		json_add_text(o, "community", str_text(&text));
	if (a->has_only_to_customer)
		json_add_number(o, "otc", a->only_to_customer);
	str_fini(&text);
}

/* What all families share; `others` is how many routes the destination has. */
static struct json_object *route_json(
    const struct bgp_dest_route *r, const struct bgp_dest_route *routes, size_t count)
{
	struct json_object *o = json_object_new_object();

	json_add_bool(o, "valid", r->valid);
	if (r->suppressed)
		json_add_bool(o, "suppressed", true);
	if (r->best) {
		json_add_bool(o, "bestpath", true);
		json_add_text(o, "selectionReason",
		    count > 1 && routes[1].step != NULL ? routes[1].step : "First path received");
	}
	if (r->multipath && !r->best)
		json_add_bool(o, "multipath", true);
	if (r->route.stale)
		json_add_bool(o, "stale", true);
	json_add_text(o, "pathFrom", r->route.local || r->route.ebgp ? "external" : "internal");
	return o;
}

static void route_json_finish(struct json_object *o, const struct bgp_dest_route *r)
{
	const struct attrs *a = r->route.attrs;
	char text[IP_TEXT_MAX];

	if (a->has_med)
		json_add_number(o, "metric", a->med);
	if (a->has_local_pref)
		json_add_number(o, "locPrf", a->local_pref);
	json_add_number(o, "weight", route_weight(r));
	json_add_text(o, "peerId",
	    r->route.local			      ? "(unspec)"
	    : r->route.peer_address.family != IP_NONE ? ip_text(&r->route.peer_address, text)
	    : r->peer != NULL			      ? r->peer
						      : "");
	add_path(o, a);
}

static const char legend[] =
    "Status codes: s suppressed, * valid, > best, = multipath, i - internal, S Stale\n"
    "Origin codes: i - IGP, e - EGP, ? - incomplete\n";
static const char evpn_legend[] =
    "EVPN type-1 prefix: [1]:[EthTag]:[ESI]:[IPlen]:[VTEP-IP]:[Frag-id]\n"
    "EVPN type-2 prefix: [2]:[EthTag]:[MAClen]:[MAC]:[IPlen]:[IP]\n"
    "EVPN type-3 prefix: [3]:[EthTag]:[IPlen]:[OrigIP]\n"
    "EVPN type-4 prefix: [4]:[ESI]:[IPlen]:[OrigIP]\n"
    "EVPN type-5 prefix: [5]:[EthTag]:[IPlen]:[IP]\n";
static const char columns[] =
    "\n   Network          Next Hop            Metric LocPrf Weight Path\n";

/* ---- EVPN: destinations come by route type; they are shown by RD ---- */

struct rd_group {
	struct rd rd;
	struct str text;
	struct json_object *json;
};

struct evpn_walk {
	bool json, nested;	 /* nested: the `route` form has one more array around each path */
	uint8_t type;		 /* 0 all */
	struct rd_group *groups; /* sorted by RD */
	size_t group_count, prefixes, paths;
};

static struct rd_group *group_get(struct evpn_walk *walk, const struct rd *rd)
{
	size_t low = 0, high = walk->group_count;
	struct rd_group *g;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = memcmp(walk->groups[middle].rd.b, rd->b, sizeof(rd->b));

		if (c == 0)
			return &walk->groups[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	walk->groups = mem_resize(walk->groups, (walk->group_count + 1) * sizeof(*walk->groups));
	g = &walk->groups[low];
	memmove(g + 1, g, (walk->group_count - low) * sizeof(*g));
	*g = (struct rd_group){.rd = *rd};
	walk->group_count++;
	return g;
}

static void add_evpn_key(struct json_object *o, const struct evpn_nlri *n)
{
	char mac[MAC_TEXT_MAX];

	json_add_number(o, "routeType", n->type);
	if (n->type != EVPN_MAC_IP && n->type != EVPN_IMET)
		return;
	json_add_number(o, "ethTag", n->ethernet_tag);
	if (n->type == EVPN_MAC_IP) {
		json_add_number(o, "macLen", 48);
		json_add_text(o, "mac", mac_text(&n->mac, mac));
	}
	if (n->ip.family == IP_NONE)
		return;
	json_add_number(o, "ipLen", (int64_t)ip_size(&n->ip) * 8);
	json_add_ip(o, "ip", &n->ip);
}

static struct json_object *evpn_route_json(const struct nlri *nlri, const struct bgp_dest_route *r,
    const struct bgp_dest_route *routes, size_t count)
{
	struct json_object *o = route_json(r, routes, count), *communities;
	struct str text = {0};

	add_evpn_key(o, &nlri->evpn);
	route_json_finish(o, r);
	extcomms_text(r->route.attrs, &text);
	if (text.size > 0) {
		communities = json_object_new_object();
		json_add_text(communities, "string", str_text(&text));
		json_object_object_add(o, "extendedCommunity", communities);
	}
	str_fini(&text);
	add_nexthops(o, r->route.attrs);
	return o;
}

static void evpn_dest_json(struct evpn_walk *walk, struct rd_group *g, const struct nlri *nlri,
    const char *prefix, const struct bgp_dest_route *routes, size_t count)
{
	struct json_object *dest = json_object_new_object(), *paths = json_object_new_array(),
			   *inner;
	char rd[RD_TEXT_MAX];

	if (g->json == NULL) {
		g->json = json_object_new_object();
		json_add_text(g->json, "rd", rd_text(&g->rd, rd));
	}
	json_add_text(dest, "prefix", prefix);
	json_add_number(dest, "prefixLen", 352); /* FRR's own constant */
	for (size_t i = 0; i < count; i++) {
		struct json_object *path = evpn_route_json(nlri, &routes[i], routes, count);

		if (walk->nested) {
			inner = json_object_new_array();
			json_object_array_add(inner, path);
			path = inner;
		}
		json_object_array_add(paths, path);
	}
	json_object_object_add(dest, "paths", paths);
	json_object_object_add(g->json, prefix, dest);
}

static void evpn_dest_text(
    struct rd_group *g, const char *prefix, const struct bgp_dest_route *routes, size_t count)
{
	char status[4];

	for (size_t i = 0; i < count; i++) {
		struct str text = {0};

		str_addf(&g->text, "%s%s\n%20s", route_status(&routes[i], status), prefix, "");
		route_columns(&g->text, &routes[i]);
		extcomms_text(routes[i].route.attrs, &text);
		if (text.size > 0)
			str_addf(&g->text, "%20s%s\n", "", str_text(&text));
		str_fini(&text);
	}
}

static void evpn_visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct evpn_walk *walk = context;
	struct rd_group *g;
	struct str prefix = {0};

	if (count == 0 || (walk->type != 0 && nlri->evpn.type != walk->type))
		return;
	g = group_get(walk, &nlri->evpn.rd);
	nlri_text(nlri, &prefix);
	walk->prefixes++;
	walk->paths += count;
	if (walk->json)
		evpn_dest_json(walk, g, nlri, str_text(&prefix), routes, count);
	else
		evpn_dest_text(g, str_text(&prefix), routes, count);
	str_fini(&prefix);
}

static uint8_t wanted_type(const struct command *k)
{
	const char *word = command_word(k, "type");
	uint32_t n = 0;

	if (word == NULL)
		return 0;
	if (strcmp(word, "macip") == 0)
		return EVPN_MAC_IP;
	if (strcmp(word, "multicast") == 0)
		return EVPN_IMET;
	word_number(word, 1, 5, &n);
	return (uint8_t)n;
}

static void evpn_text(struct command *k, struct evpn_walk *walk)
{
	struct ip router_id = bgp_router_id(k->c->bgp);
	char text[IP_TEXT_MAX], rd[RD_TEXT_MAX];

	if (walk->prefixes == 0) {
		str_add(k->out, "No EVPN prefixes exist\n");
		return;
	}
	str_addf(k->out, "BGP table version is 0, local router ID is %s\n%s%s%s",
	    ip_text(&router_id, text), legend, evpn_legend, columns);
	for (size_t i = 0; i < walk->group_count; i++)
		str_addf(k->out, "Route Distinguisher: %s\n%s", rd_text(&walk->groups[i].rd, rd),
		    str_text(&walk->groups[i].text));
	str_addf(k->out, "\nDisplayed %zu out of %zu total prefixes\n", walk->prefixes,
	    bgp_dest_count(k->c->bgp, BGP_L2VPN_EVPN));
}

static struct json_object *evpn_json(struct command *k, struct evpn_walk *walk)
{
	struct json_object *o = json_object_new_object();
	struct ip router_id = bgp_router_id(k->c->bgp);
	char rd[RD_TEXT_MAX];

	if (!walk->nested) {
		json_add_number(o, "bgpTableVersion", 0);
		json_add_ip(o, "bgpLocalRouterId", &router_id);
		json_add_number(o, "defaultLocPrf", bgp_default_local_pref(k->c->bgp));
		json_add_number(o, "localAS", bgp_as(k->c->bgp));
	}
	for (size_t i = 0; i < walk->group_count; i++)
		json_object_object_add(o, rd_text(&walk->groups[i].rd, rd), walk->groups[i].json);
	json_add_number(o, "numPrefix", (int64_t)walk->prefixes);
	json_add_number(o, walk->nested ? "numPaths" : "totalPrefix",
	    (int64_t)(walk->nested ? walk->paths : bgp_dest_count(k->c->bgp, BGP_L2VPN_EVPN)));
	return o;
}

/* What passed between us and a neighbor: FRR names it apart from a table. */
static struct json_object *adjacent_head(const struct command *k)
{
	struct json_object *o = json_object_new_object();
	struct ip router_id = bgp_router_id(k->c->bgp);

	json_add_number(o, "bgpTableVersion", 0);
	json_add_ip(o, "bgpLocalRouterId", &router_id);
	json_add_number(o, "defaultLocPrf", bgp_default_local_pref(k->c->bgp));
	json_add_number(o, "localAS", bgp_as(k->c->bgp));
	return o;
}

static void adjacent_finish(struct json_object *o, const struct route_choice *c,
    struct json_object *routes, size_t prefixes)
{
	json_object_object_add(
	    o, c->view == VIEW_ADVERTISED ? "advertisedRoutes" : "receivedRoutes", routes);
	json_add_number(o, "totalPrefixCounter", (int64_t)prefixes);
	json_add_number(
	    o, "filteredPrefixCounter", c->view == VIEW_RECEIVED ? (int64_t)c->denied : 0);
}

static struct json_object *evpn_adjacent_json(
    struct command *k, const struct route_choice *c, struct evpn_walk *walk)
{
	struct json_object *o = adjacent_head(k), *routes = json_object_new_object();
	char rd[RD_TEXT_MAX];

	for (size_t i = 0; i < walk->group_count; i++)
		json_object_object_add(
		    routes, rd_text(&walk->groups[i].rd, rd), walk->groups[i].json);
	adjacent_finish(o, c, routes, walk->prefixes);
	return o;
}

static enum ctl_outcome not_kept(struct command *k, const char *what)
{
	struct json_object *o;

	if (!k->json)
		return command_refuse(k, "%s", what);
	o = json_object_new_object();
	json_add_text(o, "warning", what);
	return command_json(k, o);
}

#define NOT_KEPT "Inbound soft reconfiguration not enabled"

static enum ctl_outcome evpn_routes(struct command *k, struct route_choice *c, bool nested)
{
	struct evpn_walk walk = {.json = k->json, .nested = nested, .type = wanted_type(k)};
	enum ctl_outcome outcome = CTL_ACCEPTED;

	if (!choice_walk(k, c, &walk, evpn_visit))
		return not_kept(k, NOT_KEPT);
	if (k->json && is_adjacent(c))
		outcome = command_json(k, evpn_adjacent_json(k, c, &walk));
	else if (k->json)
		outcome = command_json(k, evpn_json(k, &walk));
	else
		evpn_text(k, &walk);
	for (size_t i = 0; i < walk.group_count; i++)
		str_fini(&walk.groups[i].text);
	mem_free(walk.groups);
	return outcome;
}

enum ctl_outcome show_bgp_evpn(struct command *k)
{
	struct route_choice c = {.view = VIEW_TABLE, .family = BGP_L2VPN_EVPN};

	return evpn_routes(k, &c, k->w->count > 4 && strcmp(k->w->word[4], "route") == 0);
}

/* ---- unicast ---- */

struct unicast_walk {
	struct str *out;
	struct json_object *json; /* NULL: text */
	bool adjacent;
	size_t prefixes, paths;
};

static void unicast_json(struct unicast_walk *walk, const struct nlri *nlri,
    const struct bgp_dest_route *routes, size_t count)
{
	struct json_object *list = json_object_new_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		struct json_object *o = route_json(&routes[i], routes, count);

		json_add_ip(o, "prefix", &nlri->prefix.addr);
		json_add_number(o, "prefixLen", nlri->prefix.len);
		json_add_text(o, "network", prefix_text(&nlri->prefix, text));
		route_json_finish(o, &routes[i]);
		add_nexthops(o, routes[i].route.attrs);
		json_object_array_add(list, o);
	}
	json_object_object_add(walk->json, prefix_text(&nlri->prefix, text), list);
}

/* FRR marks all of them as valid and best. */
static void add_symbols(struct json_object *o)
{
	struct json_object *symbols = json_object_new_object();

	json_add_bool(symbols, "*", true);
	json_add_bool(symbols, ">", true);
	json_object_object_add(o, "appliedStatusSymbols", symbols);
}

static void adjacent_json(
    struct unicast_walk *walk, const struct nlri *nlri, const struct bgp_dest_route *r)
{
	const struct attrs *a = r->route.attrs;
	struct json_object *o = json_object_new_object();
	char text[PREFIX_TEXT_MAX], letter[2] = {attr_origin_letter(a->origin), '\0'};
	struct str path = {0};

	json_add_ip(o, "addrPrefix", &nlri->prefix.addr);
	json_add_number(o, "prefixLen", nlri->prefix.len);
	json_add_text(o, "network", prefix_text(&nlri->prefix, text));
	if (a->next_hop.family != IP_NONE)
		json_add_ip(
		    o, a->next_hop.family == IP_V4 ? "nextHop" : "nextHopGlobal", &a->next_hop);
	if (a->has_med)
		json_add_number(o, "metric", a->med);
	if (a->has_local_pref)
		json_add_number(o, "locPrf", a->local_pref);
	json_add_number(o, "weight", route_weight(r));
	as_path_text(a, &path);
	json_add_text(o, "path", str_text(&path));
	str_fini(&path);
	json_add_text(o, "bgpOriginCode", letter);
	add_symbols(o);
	json_object_object_add(walk->json, prefix_text(&nlri->prefix, text), o);
}

static void unicast_text(struct unicast_walk *walk, const struct nlri *nlri,
    const struct bgp_dest_route *routes, size_t count)
{
	char text[PREFIX_TEXT_MAX], status[4];

	prefix_text(&nlri->prefix, text);
	for (size_t i = 0; i < count; i++) {
		str_addf(walk->out, "%s%-17s",
		    walk->adjacent ? "*> " : route_status(&routes[i], status), i == 0 ? text : "");
		if (i == 0 && strlen(text) >= 17)
			str_addf(walk->out, "\n%20s", "");
		route_columns(walk->out, &routes[i]);
	}
}

static void unicast_visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct unicast_walk *walk = context;

	walk->prefixes++;
	walk->paths += count;
	if (walk->json == NULL)
		unicast_text(walk, nlri, routes, count);
	else if (walk->adjacent)
		adjacent_json(walk, nlri, &routes[0]);
	else
		unicast_json(walk, nlri, routes, count);
}

static struct json_object *table_json(const struct command *k, struct json_object *routes)
{
	struct json_object *o = json_object_new_object();
	struct ip router_id = bgp_router_id(k->c->bgp);

	json_add_number(o, "vrfId", 0);
	json_add_text(o, "vrfName", "default");
	json_add_number(o, "tableVersion", 0);
	json_add_ip(o, "routerId", &router_id);
	json_add_number(o, "defaultLocPrf", bgp_default_local_pref(k->c->bgp));
	json_add_number(o, "localAS", bgp_as(k->c->bgp));
	json_object_object_add(o, "routes", routes);
	return o;
}

static enum ctl_outcome unicast_routes_json(struct command *k, struct route_choice *c)
{
	struct unicast_walk walk = {.json = json_object_new_object(), .adjacent = is_adjacent(c)};
	struct json_object *o;

	if (!choice_walk(k, c, &walk, unicast_visit)) {
		json_object_put(walk.json);
		return not_kept(k, NOT_KEPT);
	}
	if (!walk.adjacent)
		return command_json(k, table_json(k, walk.json));
	o = adjacent_head(k);
	adjacent_finish(o, c, walk.json, walk.prefixes);
	return command_json(k, o);
}

static void unicast_end(
    struct command *k, const struct route_choice *c, const struct unicast_walk *walk)
{
	if (!walk->adjacent)
		str_addf(k->out, "\nDisplayed  %zu routes and %zu total paths\n", walk->prefixes,
		    walk->paths);
	else if (c->view == VIEW_RECEIVED && c->denied != 0)
		str_addf(k->out, "\nTotal number of prefixes %zu (%zu filtered)\n", walk->prefixes,
		    c->denied);
	else
		str_addf(k->out, "\nTotal number of prefixes %zu\n", walk->prefixes);
}

static enum ctl_outcome unicast_routes(struct command *k, struct route_choice *c)
{
	struct ip router_id = bgp_router_id(k->c->bgp);
	struct str rows = {0};
	struct unicast_walk walk = {.out = &rows, .adjacent = is_adjacent(c)};
	char text[IP_TEXT_MAX];

	if (k->json)
		return unicast_routes_json(k, c);
	if (!choice_walk(k, c, &walk, unicast_visit)) {
		str_fini(&rows);
		return not_kept(k, NOT_KEPT);
	}
	if (walk.prefixes == 0) {
		str_addf(k->out, "No BGP prefixes displayed, 0 exist\n");
	} else {
		str_addf(k->out,
		    "BGP table version is 0, local router ID is %s, vrf id 0\n"
		    "Default local pref %u, local AS %u\n%s%s%s",
		    ip_text(&router_id, text), bgp_default_local_pref(k->c->bgp), bgp_as(k->c->bgp),
		    legend, columns, str_text(&rows));
		unicast_end(k, c, &walk);
	}
	str_fini(&rows);
	return CTL_ACCEPTED;
}

enum ctl_outcome show_bgp_unicast(struct command *k)
{
	struct route_choice c = {.view = VIEW_TABLE, .family = command_unicast_family(k)};

	return unicast_routes(k, &c);
}

/* ---- of one neighbor ---- */

/* As in FRR: `show ip bgp` is IPv4, `show bgp` without a family IPv6. */
static enum bgp_family neighbor_family_of(const struct command *k)
{
	const char *family = command_word(k, "bgp");

	if (strcmp(family, "l2vpn") == 0)
		return BGP_L2VPN_EVPN;
	if (strcmp(family, "ipv4") == 0 || strcmp(k->w->word[1], "ip") == 0)
		return BGP_IPV4_UNICAST;
	return BGP_IPV6_UNICAST;
}

static enum route_view view_of(const struct command *k)
{
	const char *word = k->w->word[k->w->count - (k->json ? 2u : 1u)];

	if (strcmp(word, "received-routes") == 0)
		return VIEW_RECEIVED;
	if (strcmp(word, "filtered-routes") == 0)
		return VIEW_FILTERED;
	return strcmp(word, "advertised-routes") == 0 ? VIEW_ADVERTISED : VIEW_OF_PEER;
}

enum ctl_outcome show_neighbor_routes(struct command *k)
{
	struct route_choice c = {.view = view_of(k), .family = neighbor_family_of(k)};
	struct bgp_peer_view peer;

	if (!neighbor_find(k, neighbor_word(k), &peer))
		return not_kept(k, "No such neighbor in this view/vrf");
	if (!peer.activated[c.family])
		return not_kept(k, "No such neighbor or address family");
	c.peer = peer.name;
	return c.family == BGP_L2VPN_EVPN ? evpn_routes(k, &c, false) : unicast_routes(k, &c);
}
