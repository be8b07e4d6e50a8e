/*
 * One neighbor as text, in FRR 8.4's order and words.
 */
#include "ctl/show_neighbor.h"

#include <string.h>

static void line(struct command *k, const char *what, const char *text)
{
	if (text != NULL && text[0] != '\0')
		str_addf(k->out, "%s%s\n", what, text);
}

/* "00:01:02", or "never". */
static const char *ago(const struct command *k, mono_t at, char *text)
{
	if (at.ns == MONO_NEVER.ns)
		return "never";
	return uptime_text(mono_ms_between(at, k->c->now) / 1000, text);
}

/* ---- who it is ---- */

static void identity(struct command *k, const struct neighbor *n)
{
	const struct neighbor_settings *s = n->more.settings;
	char address[IP_TEXT_MAX];

	if (s->unnumbered)
		str_addf(k->out, "BGP neighbor on %s: %s", n->peer.name,
		    n->peer.address.family == IP_NONE ? "(unspec)"
						      : ip_text(&n->peer.address, address));
	else
		str_addf(k->out, "BGP neighbor is %s%s", n->peer.dynamic ? "*" : "", n->peer.name);
	str_addf(k->out, ", remote AS %u, local AS %u%s%s, %s link\n", n->peer.remote_as,
	    n->peer.local_as, s->local_as_no_prepend ? " no-prepend" : "",
	    s->local_as_replace ? " replace-as" : "", n->peer.ebgp ? "external" : "internal");
	str_addf(k->out, "  Local Role: %s\n  Remote Role: %s\n", role_name(s->role),
	    role_name(neighbor_remote_role(n)));
	line(k, " Description: ", n->peer.description);
	line(k, "Hostname: ", n->peer.hostname);
	if (s->peer_group != NULL)
		str_addf(
		    k->out, " Member of peer-group %s for session parameters\n", s->peer_group);
	line(k, "", n->peer.shutdown ? " Administratively shut down" : NULL);
	line(k, "",
	    n->peer.overflowed ? " Peer had exceeded the max. no. of prefixes configured." : NULL);
}

static void state(struct command *k, const struct neighbor *n)
{
	const struct ip none = {.family = IP_V4}, own = bgp_router_id(k->c->bgp);
	char theirs[IP_TEXT_MAX], ours[IP_TEXT_MAX], up[UPTIME_TEXT_MAX], read[UPTIME_TEXT_MAX],
	    written[UPTIME_TEXT_MAX];

	str_addf(k->out, "  BGP version 4, remote router ID %s, local router ID %s\n",
	    ip_text(n->peer.router_id.family == IP_NONE ? &none : &n->peer.router_id, theirs),
	    ip_text(&own, ours));
	str_addf(k->out, "  BGP state = %s", peer_state_word(n->peer.state));
	if (n->peer.state == BGP_ESTABLISHED)
		str_addf(k->out, ", up for %s", ago(k, n->peer.state_since, up));
	else if (n->peer.state == BGP_ACTIVE && n->more.settings->passive)
		str_add(k->out, " (passive)");
	str_add(k->out, "\n");
	if (n->peer.state != BGP_ESTABLISHED)
		line(k, "  Not Established: ", n->peer.state_reason);
	str_addf(k->out, "  Last read %s, Last write %s\n", ago(k, n->more.last_read, read),
	    ago(k, n->more.last_write, written));
}

static void timers(struct command *k, const struct neighbor *n)
{
	const struct neighbor_settings *s = n->more.settings;
	bool up = n->peer.state == BGP_ESTABLISHED;

	str_addf(k->out, "  Hold time is %u seconds, keepalive interval is %u seconds\n",
	    up ? n->peer.hold_s : s->hold_s, up ? n->peer.keepalive_s : s->keepalive_s);
	str_addf(k->out, "  Configured hold time is %u seconds, keepalive interval is %u seconds\n",
	    s->hold_s, s->keepalive_s);
	if (s->delay_open_s != 0)
		str_addf(k->out, "  Configured DelayOpenTime is %u seconds\n", s->delay_open_s);
	if (s->mss != 0)
		str_addf(k->out, "  Configured tcp-mss is %u\n", s->mss);
	if (s->extended_parameters)
		str_add(k->out, "  Extended Optional Parameters Length is enabled\n");
}

/* ---- capabilities ---- */

static const char *who(bool ours, bool theirs)
{
	return ours ? (theirs ? "advertised and received" : "advertised") : "received";
}

static void capability(
    struct command *k, const char *indent, const char *what, bool ours, bool theirs)
{
	if (ours || theirs)
		str_addf(k->out, "%s%s: %s\n", indent, what, who(ours, theirs));
}

static void add_path(struct command *k, const struct open *ours, const struct open *theirs)
{
	str_add(k->out, "    AddPath:\n");
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (ours->add_path_send[f] || theirs->add_path_send[f])
			str_addf(k->out, "      %s: TX %s\n", bgp_family_name(f),
			    who(ours->add_path_send[f], theirs->add_path_send[f]));
		if (ours->add_path_receive[f] || theirs->add_path_receive[f])
			str_addf(k->out, "      %s: RX %s\n", bgp_family_name(f),
			    who(ours->add_path_receive[f], theirs->add_path_receive[f]));
	}
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "n/a";
}

static void restart_capability(struct command *k, const struct open *theirs)
{
	bool any = false;

	if (!theirs->graceful_restart)
		return;
	str_addf(k->out,
	    "      Remote Restart timer is %u seconds\n      Address families by peer:\n        ",
	    theirs->restart_s);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (theirs->restart_families[f]) {
			str_addf(k->out, "%s%s(%s)", any ? ", " : "", bgp_family_name(f),
			    theirs->forwarding_kept[f] ? "preserved" : "not preserved");
			any = true;
		}
	str_add(k->out, any ? "\n" : "none\n");
}

static void capabilities(struct command *k, const struct neighbor *n)
{
	const struct open *ours = &n->more.ours, *theirs = n->more.theirs;
	char what[64];

	str_add(k->out, "  Neighbor capabilities:\n");
	capability(k, "    ", "4 Byte AS", ours->as4, theirs->as4);
	capability(k, "    ", "Extended Message", ours->extended_message, theirs->extended_message);
	capability(k, "    ", "Role", ours->role != ROLE_NONE, theirs->role != ROLE_NONE);
	add_path(k, ours, theirs);
	capability(k, "    ", "Long-lived Graceful Restart", ours->long_lived, theirs->long_lived);
	capability(k, "    ", "Extended nexthop", ours->extended_nexthop[BGP_IPV4_UNICAST],
	    theirs->extended_nexthop[BGP_IPV4_UNICAST]);
	capability(k, "    ", "Route refresh", ours->route_refresh, theirs->route_refresh);
	capability(
	    k, "    ", "Enhanced Route Refresh", ours->enhanced_refresh, theirs->enhanced_refresh);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		strcpy(what, "Address Family ");
		strncat(what, bgp_family_name(f), sizeof(what) - strlen(what) - 1);
		capability(k, "    ", what, ours->families[f], theirs->families[f]);
	}
	str_addf(k->out, "    Hostname Capability: advertised (name: %s,domain name: %s)",
	    or_none(ours->hostname), or_none(ours->domain));
	if (theirs->hostname[0] != '\0')
		str_addf(k->out, " received (name: %s,domain name: %s)", theirs->hostname,
		    or_none(theirs->domain));
	str_add(k->out, "\n");
	capability(k, "    ", "Graceful Restart Capability", ours->graceful_restart,
	    theirs->graceful_restart);
	restart_capability(k, theirs);
}

/* ---- graceful restart, messages ---- */

static void end_of_rib(struct command *k, const struct neighbor *n, bool received)
{
	bool any = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (received ? !n->restart.family[f].end_of_rib_received
			     : !n->restart.family[f].end_of_rib_sent)
			continue;
		if (!any)
			str_addf(k->out, "    End-of-RIB %s: ", received ? "received" : "send");
		str_addf(k->out, "%s%s", any ? ", " : "", bgp_family_name(f));
		any = true;
	}
	if (any)
		str_add(k->out, "\n");
}

static void messages(struct command *k, const struct neighbor *n)
{
	static const struct {
		enum message_type type;
		const char *text;
	} rows[] = {{MESSAGE_OPEN, "Opens:"}, {MESSAGE_NOTIFICATION, "Notifications:"},
	    {MESSAGE_UPDATE, "Updates:"}, {MESSAGE_KEEPALIVE, "Keepalives:"},
	    {MESSAGE_ROUTE_REFRESH, "Route Refresh:"}};

	str_addf(k->out,
	    "  Message statistics:\n    Inq depth is 0\n    Outq depth is %u\n%29s %10s\n",
	    n->peer.out_queue, "Sent", "Rcvd");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		str_addf(k->out, "    %-15s%10llu %10llu\n", rows[i].text,
		    (unsigned long long)n->more.sent[rows[i].type],
		    (unsigned long long)n->more.received[rows[i].type]);
	str_addf(k->out, "    %-15s%10llu %10llu\n", "Total:", (unsigned long long)n->peer.msg_sent,
	    (unsigned long long)n->peer.msg_received);
}

static void update_source(struct command *k, const struct neighbor *n)
{
	const struct neighbor_settings *s = n->more.settings;
	char text[IP_TEXT_MAX];

	str_addf(k->out, "  Minimum time between advertisement runs is %u seconds\n",
	    s->advertisement_interval_s);
	line(k, "  Update source is ",
	    s->update_source.family != IP_NONE ? ip_text(&s->update_source, text)
					       : s->update_source_dev);
}

/* ---- address families ---- */

static void limits(struct command *k, const struct prefix_limit *l)
{
	if (l->max == 0)
		return;
	str_addf(k->out, "  Maximum prefixes allowed %u%s\n  Threshold for warning message %u%%",
	    l->max, l->warning_only ? " (warning-only)" : "", l->threshold);
	if (l->restart_min != 0)
		str_addf(k->out, ", restart interval %u min", l->restart_min);
	str_add(k->out, "\n");
}

static void family(struct command *k, const struct neighbor *n, enum bgp_family f)
{
	struct neighbor_fact facts[NEIGHBOR_FACTS];

	str_addf(k->out, "\n For address family: %s\n", bgp_family_name(f));
	if (n->more.settings->peer_group != NULL)
		str_addf(k->out, "  %s peer-group member\n", n->more.settings->peer_group);
	if (n->peer.negotiated[f])
		str_addf(k->out, "  Packet Queue length %u\n", n->more.queued[f]);
	else
		str_add(k->out, "  Not negotiated\n");
	neighbor_facts(n, f, facts);
	for (size_t i = 0; i < NEIGHBOR_FACTS; i++)
		if (facts[i].on && facts[i].value != NULL)
			str_addf(k->out, "  %s is *%s\n", facts[i].text, facts[i].value);
		else if (facts[i].on)
			str_addf(k->out, "  %s\n", facts[i].text);
	if (n->peer.unjudged[f])
		str_add(k->out, "  Inbound policy has changed: what came before stays as it was "
				"judged, until the session is reset\n");
	if (n->peer.disabled[f])
		str_add(
		    k->out, "  Ignored after an UPDATE with errors, until the session is reset\n");
	str_addf(k->out, "  %u accepted prefixes\n", n->peer.prefixes_received[f]);
	if (n->peer.negotiated[f])
		str_addf(k->out, "  %u prefixes sent\n", n->peer.prefixes_sent[f]);
	if (n->more.settings->family[f].max_out != 0)
		str_addf(k->out, "  Maximum allowed prefixes sent %u\n",
		    n->more.settings->family[f].max_out);
	limits(k, &n->more.settings->family[f].limit);
}

/* ---- its connection, and how the last one ended ---- */

static void last_reset(struct command *k, const struct neighbor *n)
{
	char text[UPTIME_TEXT_MAX];

	str_addf(k->out, "\n  Connections established %u; dropped %u\n", n->peer.established_count,
	    n->peer.dropped_count);
	if (n->more.reset.at.ns == MONO_NEVER.ns)
		str_add(k->out, "  Last reset never\n");
	else
		str_addf(k->out, "  Last reset %s,  %s\n", ago(k, n->more.reset.at, text),
		    n->peer.last_reset);
	str_addf(k->out, "  %s BGP neighbor may be up to %u hops away.\n",
	    n->peer.ebgp ? "External" : "Internal", neighbor_hops(n));
}

static void next_hop(struct command *k, const char *what, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	str_addf(k->out, "%s: %s\n", what, ip->family == IP_NONE ? "none" : ip_text(ip, text));
}

static void connection(struct command *k, const struct neighbor *n)
{
	const struct bgp_neighbor_view *m = &n->more;
	char text[IP_TEXT_MAX];
	int64_t due = mono_ms_between(k->c->now, m->connect_at) / 1000;

	if (m->theirs != NULL) {
		str_addf(k->out, "Local host: %s%s\n", ip_text(&m->local, text),
		    m->passive ? ", who was connected to" : "");
		str_addf(k->out, "Foreign host: %s\n", ip_text(&m->remote, text));
		next_hop(k, "Nexthop", &m->next_hop_v4);
		next_hop(k, "Nexthop global", &m->next_hop_v6);
		next_hop(k, "Nexthop local", &m->next_hop_link_local);
		str_addf(k->out, "BGP connection: %s network\n",
		    m->shared_link ? "shared" : "non shared");
	}
	str_addf(k->out, "BGP Connect Retry Timer in Seconds: %u\n", m->settings->connect_retry_s);
	if (m->connect_at.ns != MONO_NEVER.ns && due > 0)
		str_addf(k->out, "Next connect timer due in %lld seconds\n", (long long)due);
	if (m->settings->auth != NULL)
		str_add(k->out, "Peer Authentication Enabled\n");
}

static void bfd(struct command *k, const struct neighbor *n)
{
	char age[BFD_AGE_TEXT_MAX];

	if (!n->watched)
		return;
	str_addf(k->out, "\n  BFD: Type: %s\n", n->bfd.key->multihop ? "multi hop" : "single hop");
	str_addf(k->out, "  Detect Multiplier: %u, Min Rx interval: %u, Min Tx interval: %u\n",
	    n->bfd.params.multiplier, n->bfd.params.receive_us / 1000,
	    n->bfd.params.transmit_us / 1000);
	str_addf(k->out, "  Status: %s, Last update: %s\n", neighbor_bfd_state(n),
	    neighbor_bfd_age(k, n, age));
}

void neighbor_text(struct command *k, const struct neighbor *n)
{
	identity(k, n);
	state(k, n);
	timers(k, n);
	if (n->more.theirs != NULL)
		capabilities(k, n);
	str_add(k->out, "  Graceful restart information:\n");
	end_of_rib(k, n, false);
	end_of_rib(k, n, true);
	restart_text(k, &n->restart);
	messages(k, n);
	update_source(k, n);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (n->peer.activated[f])
			family(k, n, f);
	last_reset(k, n);
	connection(k, n);
	bfd(k, n);
	str_add(k->out, "\n");
}
