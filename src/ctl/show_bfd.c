/*
 * show bfd …: text and JSON as FRR 8.4's bfdd prints them. As there, the echo receive interval is
 * that of the configuration; what the peer is told is 0 where this kernel does not forward.
 */
#include "ctl/command.h"

#include <string.h>

static const char *vrf_text(const struct bfd_peer_view *v)
{
	return v->key->vrf[0] != '\0' ? v->key->vrf : "default";
}

static uint32_t ms(uint32_t us)
{
	return us / 1000;
}

static int64_t age_s(const struct command *k, const struct bfd_peer_view *v)
{
	return mono_ms_between(v->since, k->c->now) / 1000;
}

static uint32_t echo_transmit_us(const struct bfd_peer_view *v)
{
	return v->params.echo ? v->params.echo_transmit_us : 0;
}

/* ---- which peers --------------------------------------------------------------------------- */

static bool vrf_wanted(const struct command *k, const struct bfd_peer_view *v)
{
	const char *vrf = command_word(k, "vrf");

	return strcmp(vrf_text(v), vrf != NULL ? vrf : "default") == 0;
}

static bool has_word(const struct command *k, const char *word)
{
	for (unsigned i = 0; i < k->w->count; i++)
		if (strcmp(k->w->word[i], word) == 0)
			return true;
	return false;
}

/* `peer A [multihop] [local-address A] [interface I] [vrf V]`: what is left out fits all. */
static bool peer_wanted(const struct command *k, const struct bfd_peer_view *v)
{
	const char *local = command_word(k, "local-address"),
		   *interface = command_word(k, "interface");
	struct ip ip = {0};

	ip_parse(command_word(k, "peer"), &ip);
	if (!ip_equal(&ip, &v->key->remote) || !vrf_wanted(k, v))
		return false;
	if (has_word(k, "multihop") && !v->key->multihop)
		return false;
	if (interface != NULL && strcmp(interface, v->key->interface) != 0)
		return false;
	return local == NULL || (ip_parse(local, &ip) && ip_equal(&ip, &v->key->local));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_identity(struct json_object *o, const struct bfd_peer_view *v)
{
	json_add_bool(o, "multihop", v->key->multihop);
	json_add_ip(o, "peer", &v->key->remote);
	if (v->key->local.family != IP_NONE)
		json_add_ip(o, "local", &v->key->local);
	json_add_text(o, "vrf", vrf_text(v));
	if (v->key->interface[0] != '\0')
		json_add_text(o, "interface", v->key->interface);
}

static void json_state(
    const struct command *k, struct json_object *o, const struct bfd_peer_view *v)
{
	const struct bfd_session_report *r = &v->report;

	json_add_number(o, "id", r->discriminator);
	json_add_number(o, "remote-id", r->remote_discriminator);
	json_add_bool(o, "passive-mode", v->params.passive);
	if (v->key->multihop)
		json_add_number(o, "minimum-ttl", v->params.minimum_ttl);
	json_add_text(o, "status", bfd_state_text(r->state));
	if (r->state == BFD_UP)
		json_add_number(o, "uptime", age_s(k, v));
	if (r->state == BFD_DOWN)
		json_add_number(o, "downtime", age_s(k, v));
	json_add_text(o, "diagnostic", bfd_diag_text(r->diag));
	json_add_text(o, "remote-diagnostic", bfd_diag_text(r->remote_diag));
}

static void json_timers(struct json_object *o, const struct bfd_peer_view *v)
{
	const struct bfd_session_report *r = &v->report;

	json_add_number(o, "receive-interval", ms(v->params.receive_us));
	json_add_number(o, "transmit-interval", ms(v->params.transmit_us));
	json_add_number(o, "echo-receive-interval", ms(v->params.echo_receive_us));
	json_add_number(o, "echo-transmit-interval", ms(echo_transmit_us(v)));
	json_add_number(o, "detect-multiplier", v->params.multiplier);
	json_add_number(o, "remote-receive-interval", ms(r->remote_receive_us));
	json_add_number(o, "remote-transmit-interval", ms(r->remote_transmit_us));
	json_add_number(o, "remote-echo-receive-interval", ms(r->remote_echo_us));
	json_add_number(o, "remote-detect-multiplier", r->remote_multiplier);
	json_add_number(o, "rtt-min", r->rtt_min_us);
	json_add_number(o, "rtt-avg", r->rtt_avg_us);
	json_add_number(o, "rtt-max", r->rtt_max_us);
}

static struct json_object *json_peer(const struct command *k, const struct bfd_peer_view *v)
{
	struct json_object *o = json_object_new_object();

	json_identity(o, v);
	json_state(k, o, v);
	json_timers(o, v);
	return o;
}

static struct json_object *json_counters(const struct command *k, const struct bfd_peer_view *v)
{
	struct json_object *o = json_object_new_object();

	(void)k;
	json_identity(o, v);
	json_add_number(o, "control-packet-input", (int64_t)v->report.received);
	json_add_number(o, "control-packet-output", (int64_t)v->report.sent);
	json_add_number(o, "echo-packet-input", (int64_t)v->report.echo_received);
	json_add_number(o, "echo-packet-output", (int64_t)v->report.echo_sent);
	json_add_number(o, "session-up", v->report.ups);
	json_add_number(o, "session-down", v->report.downs);
	json_add_number(o, "zebra-notifications", 0);
	return o;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void text_identity(struct str *out, const struct bfd_peer_view *v)
{
	char ip[IP_TEXT_MAX];

	str_addf(out, "\tpeer %s", ip_text(&v->key->remote, ip));
	if (v->key->multihop)
		str_add(out, " multihop");
	if (v->key->local.family != IP_NONE)
		str_addf(out, " local-address %s", ip_text(&v->key->local, ip));
	str_addf(out, " vrf %s", vrf_text(v));
	if (v->key->interface[0] != '\0')
		str_addf(out, " interface %s", v->key->interface);
	str_add(out, "\n");
}

static void text_state(const struct command *k, struct str *out, const struct bfd_peer_view *v)
{
	const struct bfd_session_report *r = &v->report;

	str_addf(out, "\t\tID: %u\n\t\tRemote ID: %u\n\t\t%s mode\n", r->discriminator,
	    r->remote_discriminator, v->params.passive ? "Passive" : "Active");
	if (v->key->multihop)
		str_addf(out, "\t\tMinimum TTL: %u\n", v->params.minimum_ttl);
	str_addf(out, "\t\tStatus: %s\n", bfd_state_text(r->state));
	if (r->state == BFD_UP)
		str_addf(out, "\t\tUptime: %lld second(s)\n", (long long)age_s(k, v));
	if (r->state == BFD_DOWN)
		str_addf(out, "\t\tDowntime: %lld second(s)\n", (long long)age_s(k, v));
	str_addf(out, "\t\tDiagnostics: %s\n\t\tRemote diagnostics: %s\n\t\tPeer Type: %s\n",
	    bfd_diag_text(r->diag), bfd_diag_text(r->remote_diag),
	    v->configured ? "configured" : "dynamic");
	str_addf(out, "\t\tRTT min/avg/max: %u/%u/%u usec\n", r->rtt_min_us, r->rtt_avg_us,
	    r->rtt_max_us);
}

static void text_echo(struct str *out, const char *what, uint32_t us)
{
	if (us != 0)
		str_addf(out, "\t\t\tEcho %s interval: %ums\n", what, ms(us));
	else
		str_addf(out, "\t\t\tEcho %s interval: disabled\n", what);
}

static void text_timers(struct str *out, const struct bfd_peer_view *v)
{
	const struct bfd_session_report *r = &v->report;

	str_addf(out,
	    "\t\tLocal timers:\n\t\t\tDetect-multiplier: %u\n\t\t\tReceive interval: %ums\n"
	    "\t\t\tTransmission interval: %ums\n",
	    v->params.multiplier, ms(v->params.receive_us), ms(v->params.transmit_us));
	text_echo(out, "receive", v->params.echo_receive_us);
	text_echo(out, "transmission", echo_transmit_us(v));
	str_addf(out,
	    "\t\tRemote timers:\n\t\t\tDetect-multiplier: %u\n\t\t\tReceive interval: %ums\n"
	    "\t\t\tTransmission interval: %ums\n",
	    r->remote_multiplier, ms(r->remote_receive_us), ms(r->remote_transmit_us));
	text_echo(out, "receive", r->remote_echo_us);
	str_add(out, "\n");
}

static void text_peer(const struct command *k, const struct bfd_peer_view *v)
{
	text_identity(k->out, v);
	text_state(k, k->out, v);
	text_timers(k->out, v);
}

static void text_counters(const struct command *k, const struct bfd_peer_view *v)
{
	text_identity(k->out, v);
	str_addf(k->out,
	    "\t\tControl packet input: %llu packets\n\t\tControl packet output: %llu packets\n"
	    "\t\tEcho packet input: %llu packets\n\t\tEcho packet output: %llu packets\n"
	    "\t\tSession up events: %u\n\t\tSession down events: %u\n"
	    "\t\tZebra notifications: 0\n\n",
	    (unsigned long long)v->report.received, (unsigned long long)v->report.sent,
	    (unsigned long long)v->report.echo_received, (unsigned long long)v->report.echo_sent,
	    v->report.ups, v->report.downs);
}

/* ---- commands ------------------------------------------------------------------------------ */

typedef struct json_object *json_maker(const struct command *k, const struct bfd_peer_view *v);
typedef void text_maker(const struct command *k, const struct bfd_peer_view *v);

static enum ctl_outcome show_all(struct command *k, json_maker *json, text_maker *text)
{
	struct json_object *list = json_object_new_array();
	struct bfd_peer_view v;

	if (!k->json)
		str_add(k->out, "BFD Peers:\n");
	for (size_t i = 0; bfd_peer_at(k->c->bfd, i, &v); i++) {
		if (!vrf_wanted(k, &v))
			continue;
		if (k->json)
			json_object_array_add(list, json(k, &v));
		else
			text(k, &v);
	}
	if (k->json)
		return command_json(k, list);
	json_object_put(list);
	return CTL_ACCEPTED;
}

static enum ctl_outcome show_one(struct command *k, json_maker *json, text_maker *text)
{
	struct bfd_peer_view v;

	for (size_t i = 0; bfd_peer_at(k->c->bfd, i, &v); i++) {
		if (!peer_wanted(k, &v))
			continue;
		if (k->json)
			return command_json(k, json(k, &v));
		if (text == text_peer) /* FRR's counters of one have no title */
			str_add(k->out, "BFD Peer:\n");
		text(k, &v);
		return CTL_ACCEPTED;
	}
	return command_refuse(k, "Unable to find 'peer %s'", command_word(k, "peer"));
}

/* Round-trip times are counters, too. */
static bool measures(const struct command *k)
{
	struct bfd_peer_view v;

	for (size_t i = 0; bfd_peer_at(k->c->bfd, i, &v); i++)
		if (v.report.echo == BFD_ECHO_LOOPED)
			return true;
	return false;
}

enum ctl_outcome show_bfd_peers(struct command *k)
{
	if (measures(k) && !k->c->bfd_fresh)
		return CTL_ASK_BFD;
	return show_all(k, json_peer, text_peer);
}

enum ctl_outcome show_bfd_counters(struct command *k)
{
	return k->c->bfd_fresh ? show_all(k, json_counters, text_counters) : CTL_ASK_BFD;
}

enum ctl_outcome show_bfd_peer(struct command *k)
{
	if (measures(k) && !k->c->bfd_fresh)
		return CTL_ASK_BFD;
	return show_one(k, json_peer, text_peer);
}

enum ctl_outcome show_bfd_peer_counters(struct command *k)
{
	return k->c->bfd_fresh ? show_one(k, json_counters, text_counters) : CTL_ASK_BFD;
}

static void brief_row(struct command *k, const struct bfd_peer_view *v)
{
	struct ip any = {.family = v->key->remote.family};
	const struct ip *local = v->key->local.family != IP_NONE ? &v->key->local : &any;
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX];

	str_addf(k->out, "%-10u %-40s %-40s%-15s\n", v->report.discriminator, ip_text(local, a),
	    ip_text(&v->key->remote, b), bfd_state_text(v->report.state));
}

enum ctl_outcome show_bfd_brief(struct command *k)
{
	struct bfd_peer_view v;
	unsigned count = 0;

	if (k->json)
		return show_bfd_peers(k);
	for (size_t i = 0; bfd_peer_at(k->c->bfd, i, &v); i++)
		count += vrf_wanted(k, &v);
	str_addf(k->out, "Session count: %u\n%-10s %-40s %-40s%-15s\n%-10s %-40s %-40s%-15s\n",
	    count, "SessionId", "LocalAddress", "PeerAddress", "Status",
	    "=========", "============", "===========", "======");
	for (size_t i = 0; bfd_peer_at(k->c->bfd, i, &v); i++)
		if (vrf_wanted(k, &v))
			brief_row(k, &v);
	return CTL_ACCEPTED;
}

/* Ours: FRR counts none of these. */
enum ctl_outcome show_bfd_discards(struct command *k)
{
	const uint64_t *discards = bfd_peers_discards(k->c->bfd);
	struct json_object *o;

	if (!k->c->bfd_fresh)
		return CTL_ASK_BFD;
	o = json_object_new_object();
	for (enum bfd_verdict v = BFD_BAD_VERSION; v < BFD_VERDICTS; v++) {
		json_add_number(o, bfd_verdict_text(v), (int64_t)discards[v]);
		if (!k->json)
			str_addf(k->out, "%-32s %llu\n", bfd_verdict_text(v),
			    (unsigned long long)discards[v]);
	}
	json_add_number(o, "restarts of the speaker", (int64_t)bfd_peers_restarts(k->c->bfd));
	if (k->json)
		return command_json(k, o);
	str_addf(k->out, "%-32s %llu\n", "restarts of the speaker",
	    (unsigned long long)bfd_peers_restarts(k->c->bfd));
	json_object_put(o);
	return CTL_ACCEPTED;
}
