/*
 * One neighbor as JSON, in FRR 8.4's field names and order: what orchestrators read.
 */
#include "ctl/show_neighbor.h"

#include <stdio.h>

static void add_flag(struct json_object *o, const char *key, bool on)
{
	if (on)
		json_add_bool(o, key, true);
}

/* Nothing when it is empty. */
static void add_some(struct json_object *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_add_text(o, key, text);
}

/* How long ago; nothing when never. */
static void add_age(const struct command *k, struct json_object *o, const char *key, mono_t at)
{
	if (at.ns != MONO_NEVER.ns)
		json_add_number(o, key, mono_ms_between(at, k->c->now) / 1000 * 1000);
}

/* ---- who it is ---- */

static void identity(const struct neighbor *n, struct json_object *o)
{
	const struct neighbor_settings *s = n->more.settings;

	if (s->unnumbered && n->peer.address.family != IP_NONE)
		json_add_ip(o, "bgpNeighborAddr", &n->peer.address);
	else if (s->unnumbered)
		json_add_text(o, "bgpNeighborAddr", "none");
	json_add_number(o, "remoteAs", n->peer.remote_as);
	json_add_number(o, "localAs", n->peer.local_as);
	add_flag(o, "localAsNoPrepend", s->local_as_no_prepend);
	add_flag(o, "localAsReplaceAs", s->local_as_replace);
	json_add_bool(o, n->peer.ebgp ? "nbrExternalLink" : "nbrInternalLink", true);
	json_add_text(o, "localRole", role_name(s->role));
	json_add_text(o, "remoteRole", role_name(neighbor_remote_role(n)));
	add_some(o, "nbrDesc", n->peer.description);
	add_some(o, "hostname", n->peer.hostname);
	if (n->more.theirs != NULL)
		add_some(o, "domainname", n->more.theirs->domain);
	add_some(o, "peerGroup", s->peer_group);
	add_flag(o, "dynamicPeer", n->peer.dynamic);
	add_flag(o, "adminShutDown", n->peer.shutdown);
	add_flag(o, "prefixLimitExceeded", n->peer.overflowed);
}

static void state(const struct command *k, const struct neighbor *n, struct json_object *o)
{
	const struct ip none = {.family = IP_V4}, own = bgp_router_id(k->c->bgp);
	char uptime[UPTIME_TEXT_MAX];
	int64_t age_ms = mono_ms_between(n->peer.state_since, k->c->now);

	json_add_number(o, "bgpVersion", 4);
	json_add_ip(
	    o, "remoteRouterId", n->peer.router_id.family == IP_NONE ? &none : &n->peer.router_id);
	json_add_ip(o, "localRouterId", &own);
	json_add_text(o, "bgpState", peer_state_word(n->peer.state));
	if (n->peer.state == BGP_ESTABLISHED) {
		json_add_number(o, "bgpTimerUpMsec", age_ms / 1000 * 1000);
		json_add_text(o, "bgpTimerUpString", uptime_text(age_ms / 1000, uptime));
		json_add_number(o, "bgpTimerUpEstablishedEpoch",
		    (n->peer.state_since.ns + k->c->wall_offset_ns) / 1000000000);
	} else {
		add_some(o, "stateReason", n->peer.state_reason);
		if (n->peer.state == BGP_ACTIVE && n->more.settings->passive)
			json_add_text(o, "bgpStateIs", "passive");
	}
	add_age(k, o, "bgpTimerLastRead", n->more.last_read);
	add_age(k, o, "bgpTimerLastWrite", n->more.last_write);
	add_age(k, o, "bgpInUpdateElapsedTimeMsecs", n->more.last_update);
}

static void timers(const struct neighbor *n, struct json_object *o)
{
	const struct neighbor_settings *s = n->more.settings;
	bool up = n->peer.state == BGP_ESTABLISHED;

	json_add_number(o, "bgpTimerConfiguredHoldTimeMsecs", s->hold_s * 1000);
	json_add_number(o, "bgpTimerConfiguredKeepAliveIntervalMsecs", s->keepalive_s * 1000);
	json_add_number(o, "bgpTimerHoldTimeMsecs", (up ? n->peer.hold_s : s->hold_s) * 1000);
	json_add_number(o, "bgpTimerKeepAliveIntervalMsecs",
	    (up ? n->peer.keepalive_s : s->keepalive_s) * 1000);
	if (s->delay_open_s != 0)
		json_add_number(o, "bgpTimerDelayOpenTimeMsecs", s->delay_open_s * 1000);
	if (s->mss != 0)
		json_add_number(o, "bgpTcpMssConfigured", s->mss);
	json_add_bool(o, "extendedOptionalParametersLength", s->extended_parameters);
}

/* ---- capabilities ---- */

static void add_capability(struct json_object *o, const char *key, bool ours, bool theirs)
{
	add_some(o, key, neighbor_capability(ours, theirs));
}

static void add_path_side(struct json_object *o, const char *side, bool advertised, bool received)
{
	char key[40];

	if (!advertised && !received)
		return;
	snprintf(key, sizeof(key), "%s%s", side,
	    !advertised ? "Received"
	    : received	? "AdvertisedAndReceived"
			: "Advertised");
	json_add_bool(o, key, true);
}

static void add_path(const struct open *ours, const struct open *theirs, struct json_object *o)
{
	struct json_object *all = json_object_new_object();

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		struct json_object *one;

		if (!ours->add_path_send[f] && !theirs->add_path_send[f] &&
		    !ours->add_path_receive[f] && !theirs->add_path_receive[f])
			continue;
		one = json_object_new_object();
		add_path_side(one, "tx", ours->add_path_send[f], theirs->add_path_send[f]);
		add_path_side(one, "rx", ours->add_path_receive[f], theirs->add_path_receive[f]);
		json_object_object_add(all, bgp_family_json_name(f), one);
	}
	json_object_object_add(o, "addPath", all);
}

static void families(const struct open *ours, const struct open *theirs, struct json_object *o)
{
	struct json_object *all = json_object_new_object();

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		const char *who = neighbor_capability(ours->families[f], theirs->families[f]);
		struct json_object *one;

		if (who == NULL)
			continue;
		one = json_object_new_object();
		json_add_bool(one, who, true);
		json_object_object_add(all, bgp_family_json_name(f), one);
	}
	json_object_object_add(o, "multiprotocolExtensions", all);
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "n/a";
}

static void host_names(const struct open *ours, const struct open *theirs, struct json_object *o)
{
	struct json_object *names = json_object_new_object();

	json_add_text(names, "advHostName", or_none(ours->hostname));
	json_add_text(names, "advDomainName", or_none(ours->domain));
	if (theirs->hostname[0] != '\0') {
		json_add_text(names, "rcvHostName", theirs->hostname);
		json_add_text(names, "rcvDomainName", or_none(theirs->domain));
	}
	json_object_object_add(o, "hostName", names);
}

/* Which families the peer would keep forwarding for, and whether it did. */
static void restart_families(const struct open *theirs, struct json_object *o)
{
	struct json_object *all = json_object_new_object();
	bool any = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (theirs->restart_families[f]) {
			any = true;
			json_add_text(all, bgp_family_json_name(f),
			    theirs->forwarding_kept[f] ? "preserved" : "notPreserved");
		}
	if (any) {
		json_object_object_add(o, "addressFamiliesByPeer", all);
		return;
	}
	json_object_put(all);
	json_add_text(o, "addressFamiliesByPeer", "none");
}

static void capabilities(const struct neighbor *n, struct json_object *to)
{
	const struct open *ours = &n->more.ours, *theirs = n->more.theirs;
	struct json_object *o = json_object_new_object();

	add_capability(o, "4byteAs", ours->as4, theirs->as4);
	add_capability(o, "extendedMessage", ours->extended_message, theirs->extended_message);
	add_path(ours, theirs, o);
	add_capability(o, "longLivedGracefulRestart", ours->long_lived, theirs->long_lived);
	add_capability(o, "extendedNexthop", ours->extended_nexthop[BGP_IPV4_UNICAST],
	    theirs->extended_nexthop[BGP_IPV4_UNICAST]);
	add_capability(o, "role", ours->role != ROLE_NONE, theirs->role != ROLE_NONE);
	add_some(o, "routeRefresh",
	    theirs->route_refresh ? "advertisedAndReceivedNew"
				  : neighbor_capability(ours->route_refresh, false));
	add_capability(o, "enhancedRouteRefresh", ours->enhanced_refresh, theirs->enhanced_refresh);
	families(ours, theirs, o);
	host_names(ours, theirs, o);
	add_capability(o, "gracefulRestart", ours->graceful_restart, theirs->graceful_restart);
	if (theirs->graceful_restart) {
		json_add_number(o, "gracefulRestartRemoteTimerMsecs", theirs->restart_s * 1000);
		restart_families(theirs, o);
	}
	json_object_object_add(to, "neighborCapabilities", o);
}

/* ---- graceful restart, messages ---- */

static void graceful_restart(
    const struct command *k, const struct neighbor *n, struct json_object *to)
{
	struct json_object *o = json_object_new_object(), *sent = json_object_new_object(),
			   *received = json_object_new_object();

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (n->restart.family[f].end_of_rib_sent)
			json_add_bool(sent, bgp_family_json_name(f), true);
		if (n->restart.family[f].end_of_rib_received)
			json_add_bool(received, bgp_family_json_name(f), true);
	}
	json_object_object_add(o, "endOfRibSend", sent);
	json_object_object_add(o, "endOfRibRecv", received);
	restart_json(k, &n->restart, o);
	json_object_object_add(to, "gracefulRestartInfo", o);
}

static void messages(const struct neighbor *n, struct json_object *to)
{
	static const struct {
		enum message_type type;
		const char *sent, *received;
	} rows[] = {
	    {MESSAGE_OPEN, "opensSent", "opensRecv"},
	    {MESSAGE_NOTIFICATION, "notificationsSent", "notificationsRecv"},
	    {MESSAGE_UPDATE, "updatesSent", "updatesRecv"},
	    {MESSAGE_KEEPALIVE, "keepalivesSent", "keepalivesRecv"},
	    {MESSAGE_ROUTE_REFRESH, "routeRefreshSent", "routeRefreshRecv"},
	};
	struct json_object *o = json_object_new_object();

	json_add_number(o, "depthInq", 0);
	json_add_number(o, "depthOutq", n->peer.out_queue);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_add_number(o, rows[i].sent, (int64_t)n->more.sent[rows[i].type]);
		json_add_number(o, rows[i].received, (int64_t)n->more.received[rows[i].type]);
	}
	json_add_number(o, "capabilitySent", 0);
	json_add_number(o, "capabilityRecv", 0);
	json_add_number(o, "totalSent", (int64_t)n->peer.msg_sent);
	json_add_number(o, "totalRecv", (int64_t)n->peer.msg_received);
	json_object_object_add(to, "messageStats", o);
}

/* ---- address families ---- */

static void limits(const struct neighbor *n, enum bgp_family f, struct json_object *o)
{
	const struct prefix_limit *l = &n->more.settings->family[f].limit;

	if (n->more.settings->family[f].max_out != 0)
		json_add_number(o, "prefixOutAllowedMax", n->more.settings->family[f].max_out);
	if (l->max == 0)
		return;
	json_add_number(o, "prefixAllowedMax", l->max);
	add_flag(o, "prefixAllowedMaxWarning", l->warning_only);
	json_add_number(o, "prefixAllowedWarningThresh", l->threshold);
	if (l->restart_min != 0)
		json_add_number(o, "prefixAllowedRestartIntervalMsecs", l->restart_min * 60000);
}

static struct json_object *family(const struct neighbor *n, enum bgp_family f)
{
	struct json_object *o = json_object_new_object();
	struct neighbor_fact facts[NEIGHBOR_FACTS];

	add_some(o, "peerGroupMember", n->more.settings->peer_group);
	if (n->peer.negotiated[f])
		json_add_number(o, "packetQueueLength", n->more.queued[f]);
	neighbor_facts(n, f, facts);
	for (size_t i = 0; i < NEIGHBOR_FACTS; i++)
		if (facts[i].on && facts[i].key != NULL && facts[i].value != NULL)
			json_add_text(o, facts[i].key, facts[i].value);
		else if (facts[i].on && facts[i].key != NULL)
			json_add_bool(o, facts[i].key, true);
	add_flag(o, "inboundPolicyNotApplied", n->peer.unjudged[f]);
	add_flag(o, "ignoredAfterError", n->peer.disabled[f]);
	json_add_number(o, "acceptedPrefixCounter", n->peer.prefixes_received[f]);
	if (n->peer.negotiated[f])
		json_add_number(o, "sentPrefixCounter", n->peer.prefixes_sent[f]);
	limits(n, f, o);
	return o;
}

static void address_families(const struct neighbor *n, struct json_object *to)
{
	struct json_object *o = json_object_new_object();

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (n->peer.activated[f])
			json_object_object_add(o, bgp_family_json_name(f), family(n, f));
	json_object_object_add(to, "addressFamilyInfo", o);
}

/* ---- its connection, and how the last one ended ---- */

static void last_reset(const struct command *k, const struct neighbor *n, struct json_object *o)
{
	const struct bgp_reset *r = &n->more.reset;
	unsigned code;
	const char *why = neighbor_reset_text(n, &code);
	char hex[8];

	json_add_number(o, "connectionsEstablished", n->peer.established_count);
	json_add_number(o, "connectionsDropped", n->peer.dropped_count);
	add_age(k, o, "lastResetTimerMsecs", r->at);
	if (r->code != 0) {
		snprintf(hex, sizeof(hex), "%02X%02X", r->code, r->subcode);
		json_add_text(o, "lastErrorCodeSubcode", hex);
		json_add_text(o, "lastNotificationReason", n->peer.last_reset);
	}
	if (why[0] == '\0')
		return;
	json_add_text(o, "lastResetDueTo", why);
	json_add_number(o, "lastResetCode", code);
}

/* The kernel chooses the port of who connects; nobody is told which. */
static void ports(const struct neighbor *n, struct json_object *o)
{
	const struct bgp_neighbor_view *m = &n->more;
	uint16_t port = m->settings->port != 0 ? m->settings->port : 179;

	if (m->theirs == NULL)
		json_add_text(o, "hostLocal", "Unknown");
	else
		json_add_ip(o, "hostLocal", &m->local);
	json_add_number(o, "portLocal", m->theirs != NULL && m->passive ? port : -1);
	if (m->theirs == NULL)
		json_add_text(o, "hostForeign", "Unknown");
	else
		json_add_ip(o, "hostForeign", &m->remote);
	json_add_number(o, "portForeign", m->theirs != NULL && !m->passive ? port : -1);
}

static void add_next_hop(
    struct json_object *o, const char *key, const struct ip *ip, uint8_t family)
{
	const struct ip none = {.family = family};

	json_add_ip(o, key, ip->family == IP_NONE ? &none : ip);
}

static void connection(const struct command *k, const struct neighbor *n, struct json_object *o)
{
	const struct bgp_neighbor_view *m = &n->more;

	json_add_number(o, n->peer.ebgp ? "externalBgpNbrMaxHopsAway" : "internalBgpNbrMaxHopsAway",
	    neighbor_hops(n));
	ports(n, o);
	if (m->theirs != NULL) {
		add_next_hop(o, "nexthop", &m->next_hop_v4, IP_V4);
		add_next_hop(o, "nexthopGlobal", &m->next_hop_v6, IP_V6);
		add_next_hop(o, "nexthopLocal", &m->next_hop_link_local, IP_V6);
		json_add_text(
		    o, "bgpConnection", m->shared_link ? "sharedNetwork" : "nonSharedNetwork");
	}
	json_add_number(o, "connectRetryTimer", m->settings->connect_retry_s);
	if (m->connect_at.ns != MONO_NEVER.ns && mono_before(k->c->now, m->connect_at))
		json_add_number(o, "nextConnectTimerDueInMsecs",
		    mono_ms_between(k->c->now, m->connect_at) / 1000 * 1000);
	if (m->settings->auth != NULL)
		json_add_number(o, "authenticationEnabled", 1);
}

static void update_source(const struct neighbor *n, struct json_object *o)
{
	const struct neighbor_settings *s = n->more.settings;

	json_add_number(
	    o, "minBtwnAdvertisementRunsTimerMsecs", s->advertisement_interval_s * 1000);
	if (s->update_source.family != IP_NONE)
		json_add_ip(o, "updateSource", &s->update_source);
	else
		add_some(o, "updateSource", s->update_source_dev);
}

static void bfd(const struct command *k, const struct neighbor *n, struct json_object *to)
{
	struct json_object *o;
	char age[BFD_AGE_TEXT_MAX];

	if (!n->watched)
		return;
	o = json_object_new_object();
	json_add_text(o, "type", n->bfd.key->multihop ? "multi hop" : "single hop");
	json_add_number(o, "detectMultiplier", n->bfd.params.multiplier);
	json_add_number(o, "rxMinInterval", n->bfd.params.receive_us / 1000);
	json_add_number(o, "txMinInterval", n->bfd.params.transmit_us / 1000);
	json_add_text(o, "status", neighbor_bfd_state(n));
	json_add_text(o, "lastUpdate", neighbor_bfd_age(k, n, age));
	json_object_object_add(to, "peerBfdInfo", o);
}

struct json_object *neighbor_json(const struct command *k, const struct neighbor *n)
{
	struct json_object *o = json_object_new_object();

	identity(n, o);
	state(k, n, o);
	timers(n, o);
	if (n->more.theirs != NULL)
		capabilities(n, o);
	graceful_restart(k, n, o);
	messages(n, o);
	update_source(n, o);
	address_families(n, o);
	last_reset(k, n, o);
	connection(k, n, o);
	bfd(k, n, o);
	return o;
}
