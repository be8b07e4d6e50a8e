/*
 * show bgp … neighbors: which ones, and what text and JSON have in common. The fields are those of
 * FRR 8.4, in its order; what FRR has and nothing here corresponds to (update groups, file
 * descriptors) is left out.
 */
#include "ctl/show_neighbor.h"

#include <stdio.h>
#include <string.h>

/* ---- facts in two languages ---- */

static const struct neighbor_family *family_of(const struct neighbor *n, enum bgp_family f)
{
	return &n->more.settings->family[f];
}

static struct neighbor_fact flag(const char *key, const char *text, bool on)
{
	return (struct neighbor_fact){key, text, NULL, on};
}

static struct neighbor_fact name(const char *key, const char *text, const char *value)
{
	return (struct neighbor_fact){key, text, value, value != NULL};
}

/* `remove-private-AS`: one of four, by the words that follow. */
static struct neighbor_fact private_as(const struct neighbor_family *s)
{
	static const struct neighbor_fact facts[2][2] = {
	    {{"privateAsNumsRemovedInUpdatesToNbr",
		 "Private AS numbers removed in updates to this neighbor", NULL, true},
		{"privateAsNumsReplacedInUpdatesToNbr",
		    "Private AS numbers replaced in updates to this neighbor", NULL, true}},
	    {{"privateAsNumsAllRemovedInUpdatesToNbr",
		 "Private AS numbers (all) removed in updates to this neighbor", NULL, true},
		{"privateAsNumsAllReplacedInUpdatesToNbr",
		    "Private AS numbers (all) replaced in updates to this neighbor", NULL, true}},
	};
	struct neighbor_fact fact = facts[s->remove_private_all][s->remove_private_replace];

	fact.on = s->remove_private_as;
	return fact;
}

static bool any_in(const struct neighbor_family *s)
{
	return s->route_map_in != NULL || s->prefix_list_in != NULL || s->filter_list_in != NULL ||
	       s->distribute_list_in != NULL;
}

static bool any_out(const struct neighbor_family *s)
{
	return s->route_map_out != NULL || s->prefix_list_out != NULL ||
	       s->filter_list_out != NULL || s->distribute_list_out != NULL;
}

static size_t transit_facts(
    const struct neighbor *n, enum bgp_family f, struct neighbor_fact *facts)
{
	const struct neighbor_family *s = family_of(n, f);
	/* RFC 8365 section 5.1.2: nobody need say so. */
	bool vtep_stays = f == BGP_L2VPN_EVPN && n->peer.ebgp;
	size_t i = 0;

	facts[i++] =
	    flag("routeReflectorClient", "Route-Reflector Client", s->route_reflector_client);
	facts[i++] = flag("routeServerClient", "Route-Server Client", s->route_server_client);
	facts[i++] = flag("inboundSoftConfigPermit", "Inbound soft reconfiguration allowed",
	    s->soft_reconfiguration_in);
	facts[i++] = private_as(s);
	facts[i++] = flag(
	    "addpathTxAllPaths", "Advertise all paths via addpath", s->add_path == ADD_PATH_ALL);
	facts[i++] = flag("addpathTxBestpathPerAS", "Advertise bestpath per AS via addpath",
	    s->add_path == ADD_PATH_BEST_PER_AS);
	facts[i++] = name("overrideASNsInOutboundUpdates",
	    "Override ASNs in outbound updates if aspath equals remote-as",
	    s->as_override ? "ifAspathEqualRemoteAs" : NULL);
	facts[i++] = flag("routerAlwaysNextHop", "NEXT_HOP is always this router",
	    s->next_hop_self || s->next_hop_self_force);
	facts[i++] = flag("unchangedAsPathPropogatedToNbr",
	    "AS_PATH is propagated unchanged to this neighbor", s->as_path_unchanged);
	facts[i++] = flag("unchangedNextHopPropogatedToNbr",
	    "NEXT_HOP is propagated unchanged to this neighbor",
	    s->next_hop_unchanged || vtep_stays);
	facts[i++] = flag("unchangedMedPropogatedToNbr",
	    "MED is propagated unchanged to this neighbor", s->med_unchanged);
	return i;
}

static const char *communities_sent(const struct neighbor_family *s)
{
	if (!s->no_communities && !s->no_extcomms)
		return "extendedAndStandard";
	if (!s->no_communities)
		return "standard";
	return !s->no_extcomms ? "extended" : "none";
}

void neighbor_facts(
    const struct neighbor *n, enum bgp_family f, struct neighbor_fact facts[NEIGHBOR_FACTS])
{
	const struct neighbor_family *s = family_of(n, f);
	size_t i = transit_facts(n, f, facts);

	facts[i++] = name(
	    "commAttriSentToNbr", "Community attribute sent to this neighbor", communities_sent(s));
	facts[i++] = flag(NULL, "Default information originate", s->default_originate);
	facts[i++] = name("defaultRouteMap", "Default route-map",
	    s->default_originate ? s->default_route_map : NULL);
	facts[i++] = flag("inboundPathPolicyConfig", "Inbound path policy configured", any_in(s));
	facts[i++] =
	    flag("outboundPathPolicyConfig", "Outbound path policy configured", any_out(s));
	facts[i++] = name("incomingUpdatePrefixFilterList", "Incoming update prefix filter list",
	    s->prefix_list_in);
	facts[i++] = name("outgoingUpdatePrefixFilterList", "Outgoing update prefix filter list",
	    s->prefix_list_out);
	facts[i++] = name("incomingUpdateNetworkFilterList", "Incoming update network filter list",
	    s->distribute_list_in);
	facts[i++] = name("outgoingUpdateNetworkFilterList", "Outgoing update network filter list",
	    s->distribute_list_out);
	facts[i++] = name("incomingUpdateAsPathFilterList", "Incoming update AS path filter list",
	    s->filter_list_in);
	facts[i++] = name("outgoingUpdateAsPathFilterList", "Outgoing update AS path filter list",
	    s->filter_list_out);
	facts[i++] = name("routeMapForIncomingAdvertisements",
	    "Route map for incoming advertisements", s->route_map_in);
	facts[i++] = name("routeMapForOutgoingAdvertisements",
	    "Route map for outgoing advertisements", s->route_map_out);
	facts[i++] = name(
	    "selectiveUnsuppressRouteMap", "Route map for selective unsuppress", s->unsuppress_map);
	for (; i < NEIGHBOR_FACTS; i++)
		facts[i] = (struct neighbor_fact){0};
}

/* FRR's words and numbers for what ends a session. */
static const struct {
	const char *ours, *theirs;
	unsigned code;
} resets[] = {
    {"Admin. shutdown", "Admin. shutdown", 11},
    {"Cleared by operator", "User reset", 12},
    {"Peer closed the session", "Peer closed the session", 15},
    {"Connection reset", "Peer closed the session", 15},
    {"BFD down", "BFD down received", 24},
    {"Interface down", "Interface down", 25},
    {"Interface is down", "Interface down", 25},
    {"No router advertisement from the peer", "Waiting for Peer IPv6 LLA", 28},
    {"No address family is activated", "No AFI/SAFI activated for peer", 30},
    {"Maximum number of prefixes reached", "Reached received prefix count", 33},
};

const char *neighbor_reset_text(const struct neighbor *n, unsigned *code)
{
	const struct bgp_reset *r = &n->more.reset;
	bool ever = r->at.ns != MONO_NEVER.ns;
	const char *why = ever ? r->why : n->peer.state_reason;

	for (size_t i = 0; why != NULL && i < sizeof(resets) / sizeof(*resets); i++)
		if (strcmp(why, resets[i].ours) == 0) {
			*code = resets[i].code;
			return resets[i].theirs;
		}
	*code = !ever ? 0 : r->by == BGP_RESET_RECEIVED ? 13 : r->by == BGP_RESET_SENT ? 14 : 0;
	if (*code != 0)
		return *code == 13 ? "BGP Notification received" : "BGP Notification send";
	return why == NULL ? "" : why;
}

enum bgp_role neighbor_remote_role(const struct neighbor *n)
{
	return n->more.theirs == NULL ? ROLE_NONE : n->more.theirs->role;
}

const char *neighbor_capability(bool advertised, bool received)
{
	if (advertised)
		return received ? "advertisedAndReceived" : "advertised";
	return received ? "received" : NULL;
}

const char *neighbor_bfd_state(const struct neighbor *n)
{
	switch (n->bfd.report.state) {
	case BFD_ADMIN_DOWN:
		return "Admin Down";
	case BFD_DOWN:
		return "Down";
	case BFD_INIT:
		return "Init";
	case BFD_UP:
		return "Up";
	}
	return "Unknown";
}

const char *neighbor_bfd_age(const struct command *k, const struct neighbor *n, char *text)
{
	int64_t ms = mono_ms_between(n->bfd.since, k->c->now);
	unsigned s = ms < 0 || ms > 2000000000000 ? 0 : (unsigned)(ms / 1000);

	snprintf(text, BFD_AGE_TEXT_MAX, "%u:%02u:%02u:%02u", s / 86400, s / 3600 % 24, s / 60 % 60,
	    s % 60);
	return text;
}

unsigned neighbor_hops(const struct neighbor *n)
{
	const struct neighbor_settings *s = n->more.settings;

	return s->ttl_security_hops != 0 ? s->ttl_security_hops : s->ttl;
}

/* ---- which ones ---- */

static bool neighbor_at(const struct command *k, size_t index, struct neighbor *n)
{
	if (!bgp_peer_at(k->c->bgp, index, &n->peer) ||
	    !bgp_neighbor_at(k->c->bgp, index, &n->more) ||
	    !bgp_restart_at(k->c->bgp, index, &n->restart))
		return false;
	n->watched = n->more.settings->bfd.enabled && k->c->bfd != NULL &&
		     bfd_peer_of_client(k->c->bfd, n->peer.name, &n->bfd);
	return true;
}

static bool has_word(const struct command *k, const char *word)
{
	for (unsigned i = 1; i < k->w->count; i++)
		if (strcmp(k->w->word[i], word) == 0)
			return true;
	return false;
}

const char *neighbor_word(const struct command *k)
{
	const char *word = command_word(k, "neighbors");

	if (word == NULL)
		word = command_word(k, "neighbor");
	return word == NULL || strcmp(word, "json") == 0 ? NULL : word;
}

static bool is_named(const struct neighbor *n, const char *word)
{
	struct ip ip;

	return strcmp(n->peer.name, word) == 0 ||
	       (ip_parse(word, &ip) && ip_equal(&ip, &n->peer.address));
}

/* With an address family those that are activated for it. */
static bool is_wanted(const struct command *k, const struct neighbor *n)
{
	const char *word = neighbor_word(k);

	if (word != NULL)
		return is_named(n, word);
	if (has_word(k, "ipv4"))
		return n->peer.activated[BGP_IPV4_UNICAST];
	if (has_word(k, "ipv6"))
		return n->peer.activated[BGP_IPV6_UNICAST];
	return !has_word(k, "l2vpn") || n->peer.activated[BGP_L2VPN_EVPN];
}

/* There is but one instance. */
static bool vrf_exists(const struct command *k)
{
	const char *vrf = command_word(k, "vrf");

	return k->c->config != NULL && k->c->config->bgp.enabled &&
	       (vrf == NULL || strcmp(vrf, "default") == 0 || strcmp(vrf, "all") == 0);
}

static bool all_vrfs(const struct command *k)
{
	const char *vrf = command_word(k, "vrf");

	return vrf != NULL && strcmp(vrf, "all") == 0;
}

static enum ctl_outcome neighbors_json(struct command *k)
{
	struct json_object *o = json_object_new_object(), *all = o;
	struct neighbor n;
	size_t found = 0;

	if (all_vrfs(k)) {
		all = json_object_new_object();
		json_add_number(all, "vrfId", 0);
		json_add_text(all, "vrfName", "default");
		json_object_object_add(o, "default", all);
	}
	for (size_t i = 0; vrf_exists(k) && neighbor_at(k, i, &n); i++) {
		if (!is_wanted(k, &n))
			continue;
		found++;
		json_add_named(all, n.peer.name, neighbor_json(k, &n));
	}
	if (found == 0 && neighbor_word(k) != NULL)
		json_add_bool(o, "bgpNoSuchNeighbor", true);
	return command_json(k, o);
}

enum ctl_outcome show_bgp_neighbors(struct command *k)
{
	struct neighbor n;
	size_t found = 0;

	if (k->json)
		return neighbors_json(k);
	if (!vrf_exists(k))
		return command_refuse(k, "BGP instance not found");
	if (all_vrfs(k))
		str_add(k->out, "\nInstance default:\n");
	for (size_t i = 0; neighbor_at(k, i, &n); i++)
		if (is_wanted(k, &n)) {
			found++;
			neighbor_text(k, &n);
		}
	if (found == 0 && neighbor_word(k) != NULL)
		return command_refuse(k, "No such neighbor in this view/vrf");
	return CTL_ACCEPTED;
}

bool neighbor_find(const struct command *k, const char *word, struct bgp_peer_view *peer)
{
	struct neighbor n;

	for (size_t i = 0; neighbor_at(k, i, &n); i++)
		if (is_named(&n, word)) {
			*peer = n.peer;
			return true;
		}
	return false;
}
