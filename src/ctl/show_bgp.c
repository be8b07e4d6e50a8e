/*
 * show bgp … summary: tables laid out as FRR 8.4 prints them, JSON in its field names.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

/* ---- summary ---- */

const char *peer_state_word(enum bgp_state state)
{
	switch (state) {
	case BGP_IDLE:
		return "Idle";
	case BGP_CONNECT:
		return "Connect";
	case BGP_ACTIVE:
		return "Active";
	case BGP_OPENSENT:
		return "OpenSent";
	case BGP_OPENCONFIRM:
		return "OpenConfirm";
	case BGP_ESTABLISHED:
		return "Established";
	}
	return "";
}

/* What FRR says of a peer that is held down on purpose; NULL: it is not. */
static const char *peer_held_by(const struct bgp_peer_view *p)
{
	if (p->shutdown)
		return "Admin";
	return p->overflowed ? "PfxCt" : NULL;
}

static void peer_state_text(const struct bgp_peer_view *p, char *text, size_t size)
{
	const char *held = p->state == BGP_ESTABLISHED ? NULL : peer_held_by(p);

	if (held == NULL)
		snprintf(text, size, "%s", peer_state_word(p->state));
	else
		snprintf(text, size, "%s (%s)", peer_state_word(p->state), held);
}

struct summary {
	enum bgp_family family;
	unsigned peers, failed, dynamic;
	size_t destinations;
	int name_width;
};

static void peer_label(const struct bgp_peer_view *p, struct str *label)
{
	str_clear(label);
	if (p->dynamic)
		str_add(label, "*");
	if (p->hostname[0] != '\0')
		str_addf(label, "%s(%s)", p->hostname, p->name);
	else
		str_add(label, p->name);
}

static struct summary summarize(const struct command *k, enum bgp_family family)
{
	struct summary s = {.family = family, .name_width = 15};
	struct bgp_peer_view p;
	struct str label = {0};

	for (size_t i = 0; bgp_peer_at(k->c->bgp, i, &p); i++) {
		if (!p.activated[family])
			continue;
		s.peers++;
		s.failed += p.state != BGP_ESTABLISHED;
		s.dynamic += p.dynamic;
		peer_label(&p, &label);
		if ((int)label.size > s.name_width)
			s.name_width = (int)label.size;
	}
	s.destinations = bgp_dest_count(k->c->bgp, family);
	str_fini(&label);
	return s;
}

static int64_t peer_age_s(const struct command *k, const struct bgp_peer_view *p)
{
	return mono_ms_between(p->state_since, k->c->now) / 1000;
}

/* "never" until it was established once. */
static const char *peer_uptime(const struct command *k, const struct bgp_peer_view *p, char *text)
{
	if (p->established_count == 0)
		snprintf(text, UPTIME_TEXT_MAX, "never");
	else
		uptime_text(peer_age_s(k, p), text);
	return text;
}

static void summary_peer(
    struct command *k, const struct summary *s, const struct bgp_peer_view *p, struct str *label)
{
	char uptime[UPTIME_TEXT_MAX], state[24];

	peer_label(p, label);
	if (p->state != BGP_ESTABLISHED)
		peer_state_text(p, state, sizeof(state));
	else if (!p->negotiated[s->family])
		snprintf(state, sizeof(state), "NoNeg");
	else
		snprintf(state, sizeof(state), "%u", p->prefixes_received[s->family]);
	str_addf(k->out, "%-*s 4 %10u %9llu %9llu %8u %4u %4u %8s %12s %8u %s\n", s->name_width,
	    str_text(label), p->remote_as, (unsigned long long)p->msg_received,
	    (unsigned long long)p->msg_sent, 0u, 0u, p->out_queue, peer_uptime(k, p, uptime), state,
	    p->prefixes_sent[s->family], p->description[0] != '\0' ? p->description : "N/A");
}

/* "" when there is nothing wrong with this peer. */
static const char *peer_trouble(const struct bgp_peer_view *p, enum bgp_family family)
{
	if (p->state != BGP_ESTABLISHED)
		return p->state_reason == NULL ? "" : p->state_reason;
	return p->disabled[family] ? "after an UPDATE with errors its routes are ignored until the "
				     "session is reset"
				   : "";
}

/* Why a peer is not Established: after the table, where it breaks nobody's columns. */
static void summary_reasons(struct command *k, enum bgp_family family)
{
	struct bgp_peer_view p;
	bool first = true;

	for (size_t i = 0; bgp_peer_at(k->c->bgp, i, &p); i++) {
		const char *trouble = peer_trouble(&p, family);

		if (!p.activated[family] || trouble[0] == '\0')
			continue;
		str_addf(k->out, "%s%s: %s\n", first ? "\n" : "", p.name, trouble);
		first = false;
	}
}

static void update_delay_text(const struct command *k)
{
	const struct bgp_settings *s = &k->c->config->bgp;

	if (s->update_delay_s == 0)
		return;
	str_addf(k->out, "Read-only mode update-delay limit: %u seconds\n", s->update_delay_s);
	if (s->update_delay_wait_s != s->update_delay_s)
		str_addf(k->out, "                   Establish wait: %u seconds\n",
		    s->update_delay_wait_s);
	if (bgp_update_delayed(k->c->bgp))
		str_addf(k->out, "  Delay in progress\n");
}

static void update_delay_json(const struct command *k, struct json_object *o)
{
	const struct bgp_settings *s = &k->c->config->bgp;

	if (s->update_delay_s == 0)
		return;
	json_add_number(o, "updateDelayLimit", s->update_delay_s);
	if (s->update_delay_wait_s != s->update_delay_s)
		json_add_number(o, "updateDelayEstablishWait", s->update_delay_wait_s);
	if (bgp_update_delayed(k->c->bgp))
		json_object_object_add(o, "updateDelayInProgress", json_object_new_boolean(true));
}

static void summary_table(struct command *k, enum bgp_family family)
{
	struct summary s = summarize(k, family);
	struct ip router_id = bgp_router_id(k->c->bgp);
	struct bgp_peer_view p;
	struct str label = {0};
	char text[IP_TEXT_MAX];

	str_addf(k->out, "BGP router identifier %s, local AS number %u vrf-id 0\n",
	    ip_text(&router_id, text), bgp_as(k->c->bgp));
	update_delay_text(k);
	str_addf(
	    k->out, "BGP table version 0\nRIB entries %zu\nPeers %u\n\n", s.destinations, s.peers);
	str_addf(k->out,
	    "%-*s V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   "
	    "PfxSnt Desc\n",
	    s.name_width, "Neighbor");
	for (size_t i = 0; bgp_peer_at(k->c->bgp, i, &p); i++)
		if (p.activated[family])
			summary_peer(k, &s, &p, &label);
	str_addf(k->out, "\nTotal number of neighbors %u\n", s.peers);
	if (s.dynamic != 0)
		str_addf(k->out, "* - dynamic neighbor\n%u dynamic neighbor(s), limit %u\n",
		    s.dynamic, k->c->config->bgp.listen_limit);
	summary_reasons(k, family);
	str_fini(&label);
}

static void peer_add_state(
    const struct command *k, struct json_object *o, const struct bgp_peer_view *p)
{
	char uptime[UPTIME_TEXT_MAX];
	int64_t age = peer_age_s(k, p);
	bool ever = p->established_count > 0;

	json_add_text(o, "peerUptime", peer_uptime(k, p, uptime));
	json_add_number(o, "peerUptimeMsec", ever ? age * 1000 : 0);
	if (ever)
		json_add_number(o, "peerUptimeEstablishedEpoch",
		    (p->state_since.ns + k->c->wall_offset_ns) / 1000000000);
}

static struct json_object *peer_json(
    const struct command *k, enum bgp_family family, const struct bgp_peer_view *p)
{
	struct json_object *o = json_object_new_object();
	const char *held = peer_held_by(p);
	char state[24];

	peer_state_text(p, state, sizeof(state));
	if (p->hostname[0] != '\0')
		json_add_text(o, "hostname", p->hostname);
	json_add_number(o, "remoteAs", p->remote_as);
	json_add_number(o, "localAs", p->local_as);
	json_add_number(o, "version", 4);
	json_add_number(o, "msgRcvd", (int64_t)p->msg_received);
	json_add_number(o, "msgSent", (int64_t)p->msg_sent);
	json_add_number(o, "tableVersion", 0);
	json_add_number(o, "outq", p->out_queue);
	json_add_number(o, "inq", 0);
	peer_add_state(k, o, p);
	json_add_number(o, "pfxRcd", p->prefixes_received[family]);
	json_add_number(o, "pfxSnt", p->prefixes_sent[family]);
	json_add_text(o, "state", state);
	if (p->dynamic)
		json_add_bool(o, "dynamicPeer", true);
	json_add_text(o, "peerState", held == NULL ? "OK" : held);
	json_add_number(o, "connectionsEstablished", p->established_count);
	json_add_number(o, "connectionsDropped", p->dropped_count);
	if (p->description[0] != '\0')
		json_add_text(o, "desc", p->description);
	json_add_text(o, "idType",
	    p->address.family == IP_V4 && ip_parse(p->name, &(struct ip){0})   ? "ipv4"
	    : p->address.family == IP_V6 && ip_parse(p->name, &(struct ip){0}) ? "ipv6"
									       : "interface");
	return o;
}

static struct json_object *summary_json(const struct command *k, enum bgp_family family)
{
	struct summary s = summarize(k, family);
	struct json_object *o = json_object_new_object(), *peers = json_object_new_object(),
			   *best = json_object_new_object();
	struct ip router_id = bgp_router_id(k->c->bgp);
	struct bgp_peer_view p;

	json_add_ip(o, "routerId", &router_id);
	json_add_number(o, "as", bgp_as(k->c->bgp));
	json_add_number(o, "vrfId", 0);
	json_add_text(o, "vrfName", "default");
	update_delay_json(k, o);
	json_add_number(o, "tableVersion", 0);
	json_add_number(o, "ribCount", (int64_t)s.destinations);
	json_add_number(o, "peerCount", s.peers);
	for (size_t i = 0; bgp_peer_at(k->c->bgp, i, &p); i++)
		if (p.activated[family])
			json_add_named(peers, p.name, peer_json(k, family, &p));
	json_object_object_add(o, "peers", peers);
	json_add_number(o, "failedPeers", s.failed);
	json_add_number(o, "displayedPeers", s.peers);
	json_add_number(o, "totalPeers", s.peers);
	json_add_number(o, "dynamicPeers", s.dynamic);
	json_add_text(best, "multiPathRelax",
	    k->c->config != NULL && k->c->config->bgp.multipath_relax ? "true" : "false");
	json_object_object_add(o, "bestPath", best);
	return o;
}

static enum ctl_outcome no_instance(struct command *k)
{
	if (k->json)
		return command_json(k, json_object_new_object());
	return command_refuse(
	    k, "BGP instance not found: there is no `router bgp` in the configuration");
}

static bool has_instance(const struct command *k)
{
	return k->c->config != NULL && k->c->config->bgp.enabled;
}

/* Each family that a peer is activated for, as FRR shows them. */
enum ctl_outcome show_bgp_summary(struct command *k)
{
	struct json_object *o;

	if (!has_instance(k))
		return no_instance(k);
	o = json_object_new_object();
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (summarize(k, f).peers == 0)
			continue;
		if (k->json) {
			json_object_object_add(o, bgp_family_json_name(f), summary_json(k, f));
			continue;
		}
		str_addf(k->out, "\n%s Summary (VRF default):\n", bgp_family_name(f));
		summary_table(k, f);
	}
	if (k->json)
		return command_json(k, o);
	json_object_put(o);
	return CTL_ACCEPTED;
}

static enum ctl_outcome summary_of(struct command *k, enum bgp_family family)
{
	if (!has_instance(k))
		return no_instance(k);
	if (k->json)
		return command_json(k, summary_json(k, family));
	summary_table(k, family);
	return CTL_ACCEPTED;
}

enum ctl_outcome show_bgp_evpn_summary(struct command *k)
{
	return summary_of(k, BGP_L2VPN_EVPN);
}

enum bgp_family command_unicast_family(const struct command *k)
{
	return strcmp(k->w->word[2], "ipv6") == 0 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;
}

enum ctl_outcome show_bgp_family_summary(struct command *k)
{
	return summary_of(k, command_unicast_family(k));
}
