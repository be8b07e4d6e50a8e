/*
 * BFD peers as the engine knows them.
 *
 * Level-triggered: bfd_peers_update() builds the list of what is wanted anew, takes over what is
 * known of the peers that stay, and orders the difference. A session is bound to its path: a peer
 * whose link got another index is a new session of the speaker's, with a new id. While the link or
 * VRF does not exist there is no session.
 *
 * When the speaker dies, its sessions are not watched until there is another one; but they have not
 * failed, and nobody is told so (RFC 5882 section 3.2: what counts is the path). The next speaker
 * goes on with those that were Up, as long as their peers cannot have missed it.
 *
 * What a report says is a fact about the speaker's session. That the path failed is told by a
 * counter, so that a peer which fell and rose between two reports is still told to have fallen.
 */
#include "bfd/peers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bfd/speaker.h"

struct bfd_peer {
	struct bfd_key key;
	bool configured;
	struct bfd_params params;
	/* as ordered; id 0: no session */
	uint32_t id;
	struct bfd_path path;
	struct bfd_params ordered;
	struct bfd_session_report report;
	mono_t since;
	/* left behind by a speaker that died; discriminator 0: nothing was */
	struct bfd_resume resume;
	mono_t resume_by; /* the peer misses us from then on */
};

struct client {
	char *name; /* owned */
	size_t peer;
};

struct bfd_peers {
	struct log *log;
	struct bfd_peers_host host;
	struct bfd_peer *list; /* owned, sorted by key */
	size_t count;
	struct client *clients; /* owned, in the order of the wishes */
	size_t client_count;
	uint32_t last_id;
	bool gone; /* the speaker */
	bool full; /* said */
	uint64_t restarts;
	uint64_t discards[BFD_VERDICTS];
};

struct bfd_peers *bfd_peers_new(struct log *log, const struct bfd_peers_host *host)
{
	struct bfd_peers *p = mem_new(sizeof(*p));

	p->log = log;
	p->host = *host;
	return p;
}

static void clients_free(struct bfd_peers *p)
{
	for (size_t i = 0; i < p->client_count; i++)
		mem_free(p->clients[i].name);
	mem_free(p->clients);
	p->clients = NULL;
	p->client_count = 0;
}

void bfd_peers_free(struct bfd_peers *p)
{
	clients_free(p);
	mem_free(p->list);
	mem_free(p);
}

/* "10.0.0.2", "fe80::1 on eth4". */
static void peer_text(const struct bfd_peer *peer, struct str *out)
{
	char ip[IP_TEXT_MAX];

	str_add(out, ip_text(&peer->key.remote, ip));
	if (peer->key.interface[0] != '\0')
		str_addf(out, " on %s", peer->key.interface);
	if (peer->key.vrf[0] != '\0')
		str_addf(out, " in vrf %s", peer->key.vrf);
}

/* ---- what is wanted ------------------------------------------------------------------------ */

struct wanted {
	struct bfd_peer *list;
	size_t count;
};

static struct bfd_peer *wanted_add(
    struct bfd_peers *p, struct wanted *w, const struct bfd_key *key, mono_t now)
{
	if (w->count == BFD_SESSIONS_MAX) {
		if (!p->full)
			log_error(p->log, LOG_BFD,
			    "more than %d BFD peers: the others are left out", BFD_SESSIONS_MAX);
		p->full = true;
		return NULL;
	}
	w->list[w->count] = (struct bfd_peer){
	    .key = *key, .report = {.state = BFD_DOWN, .remote_state = BFD_DOWN}, .since = now};
	return &w->list[w->count++];
}

/* FRR's lookup: what one of the two leaves open fits. */
static bool serves(const struct bfd_key *peer, const struct bfd_key *want)
{
	return ip_equal(&peer->remote, &want->remote) && peer->multihop == want->multihop &&
	       strcmp(peer->vrf, want->vrf) == 0 &&
	       (peer->local.family == IP_NONE || want->local.family == IP_NONE ||
		   ip_equal(&peer->local, &want->local)) &&
	       (peer->interface[0] == '\0' || want->interface[0] == '\0' ||
		   strcmp(peer->interface, want->interface) == 0);
}

static struct bfd_peer *wanted_find(const struct wanted *w, const struct bfd_key *key)
{
	for (size_t i = 0; i < w->count; i++)
		if (bfd_key_compare(&w->list[i].key, key) == 0)
			return &w->list[i];
	for (size_t i = 0; i < w->count; i++)
		if (serves(&w->list[i].key, key))
			return &w->list[i];
	return NULL;
}

static void want_configured(
    struct bfd_peers *p, struct wanted *w, const struct bfd_settings *s, mono_t now)
{
	for (size_t i = 0; i < s->peer_count; i++) {
		const struct bfd_peer_settings *from = &s->peers[i];
		struct bfd_peer *peer = wanted_add(p, w, &from->key, now);

		if (peer == NULL)
			return;
		peer->configured = true;
		peer->params = bfd_settings_resolve(s, from->profile, &from->values);
	}
}

static void want_of_clients(struct bfd_peers *p, struct wanted *w, const struct bfd_settings *s,
    const struct bfd_want *wants, size_t count, mono_t now)
{
	for (size_t i = 0; i < count; i++) {
		struct bfd_peer *peer = wanted_find(w, &wants[i].key);

		if (peer == NULL && (peer = wanted_add(p, w, &wants[i].key, now)) != NULL)
			peer->params = bfd_settings_resolve(s, wants[i].profile, &wants[i].values);
	}
}

static int peer_compare(const void *a, const void *b)
{
	return bfd_key_compare(
	    &((const struct bfd_peer *)a)->key, &((const struct bfd_peer *)b)->key);
}

static void clients_set(
    struct bfd_peers *p, const struct wanted *w, const struct bfd_want *wants, size_t count)
{
	clients_free(p);
	p->clients = mem_new_array(count + 1, sizeof(*p->clients));
	for (size_t i = 0; i < count; i++) {
		const struct bfd_peer *peer = wanted_find(w, &wants[i].key);

		if (peer != NULL)
			p->clients[p->client_count++] =
			    (struct client){mem_strdup(wants[i].client), (size_t)(peer - w->list)};
	}
}

/* ---- the difference ------------------------------------------------------------------------ */

static void order(struct bfd_peers *p, enum bfd_order_kind kind, const struct bfd_peer *peer)
{
	struct bfd_order o = {.kind = kind,
	    .id = peer->id,
	    .path = peer->path,
	    .params = peer->ordered,
	    .resume = peer->resume};

	if (!p->gone)
		p->host.order(p->host.context, &o);
}

static void session_end(struct bfd_peers *p, struct bfd_peer *peer, mono_t now)
{
	if (peer->id == 0)
		return;
	order(p, BFD_ORDER_REMOVE, peer);
	peer->id = 0;
	if (peer->report.state != BFD_DOWN)
		peer->since = now;
	peer->report = (struct bfd_session_report){.state = BFD_DOWN, .remote_state = BFD_DOWN};
}

static bool link_of(const struct bfd_peers *p, const char *name, ifindex_t *ifindex)
{
	*ifindex = (ifindex_t){0};
	if (name[0] == '\0')
		return true;
	*ifindex = p->host.ifindex_of(p->host.context, name);
	return ifindex->v != 0;
}

/* False: not now. */
static bool path_of(const struct bfd_peers *p, const struct bfd_key *key, struct bfd_path *path)
{
	*path = (struct bfd_path){
	    .remote = key->remote, .local = key->local, .multihop = key->multihop ? 1 : 0};
	return link_of(p, key->interface, &path->ifindex) && link_of(p, key->vrf, &path->vrf) &&
	       (path->ifindex.v != 0 || !ip_is_link_local(&path->remote));
}

static void reconcile(struct bfd_peers *p, struct bfd_peer *peer, mono_t now)
{
	struct bfd_path path;
	bool possible = path_of(p, &peer->key, &path);

	if (!possible || !bfd_path_equal(&path, &peer->path)) {
		session_end(p, peer, now);
		peer->resume.discriminator = 0;
	}
	peer->path = path;
	if (!possible || p->gone ||
	    (peer->id != 0 && bfd_params_equal(&peer->ordered, &peer->params)))
		return;
	if (peer->id == 0)
		peer->id = ++p->last_id;
	if (mono_reached(peer->resume_by, now))
		peer->resume.discriminator = 0;
	peer->ordered = peer->params;
	order(p, BFD_ORDER_SET, peer);
	peer->resume.discriminator = 0;
}

/* What is known of `peer` moves to its successor in the new list; else its session ends. */
static void inherit(struct bfd_peers *p, struct bfd_peer *peer, const struct wanted *w, mono_t now)
{
	struct bfd_peer *next =
	    w->count == 0 ? NULL : bsearch(peer, w->list, w->count, sizeof(*w->list), peer_compare);

	if (next == NULL) {
		session_end(p, peer, now);
		return;
	}
	next->id = peer->id;
	next->path = peer->path;
	next->ordered = peer->ordered;
	next->report = peer->report;
	next->since = peer->since;
	next->resume = peer->resume;
	next->resume_by = peer->resume_by;
}

void bfd_peers_update(struct bfd_peers *p, const struct bfd_settings *settings,
    const struct bfd_want *wants, size_t count, mono_t now)
{
	struct wanted w = {
	    .list = mem_new_array(settings->peer_count + count + 1, sizeof(*w.list))};

	p->full = false;
	want_configured(p, &w, settings, now);
	want_of_clients(p, &w, settings, wants, count, now);
	if (w.count > 1)
		qsort(w.list, w.count, sizeof(*w.list), peer_compare);
	for (size_t i = 0; i < p->count; i++)
		inherit(p, &p->list[i], &w, now);
	clients_set(p, &w, wants, count);
	mem_free(p->list);
	p->list = w.list;
	p->count = w.count;
	for (size_t i = 0; i < p->count; i++)
		reconcile(p, &p->list[i], now);
}

/* ---- reports ------------------------------------------------------------------------------- */

static struct bfd_peer *by_id(struct bfd_peers *p, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < p->count; i++)
		if (p->list[i].id == id)
			return &p->list[i];
	return NULL;
}

static void log_state(struct bfd_peers *p, const struct bfd_peer *peer)
{
	struct str text = {0};

	peer_text(peer, &text);
	log_info(p->log, LOG_BFD, "peer %s: %s%s%s", str_text(&text),
	    bfd_state_text(peer->report.state), peer->report.diag != BFD_DIAG_NONE ? ": " : "",
	    peer->report.diag != BFD_DIAG_NONE ? bfd_diag_text(peer->report.diag) : "");
	str_fini(&text);
}

static void log_report(struct bfd_peers *p, const struct bfd_peer *peer)
{
	const struct bfd_session_report *r = &peer->report;
	struct str text = {0};

	if (!log_debugs(p->log, LOG_BFD))
		return;
	peer_text(peer, &text);
	log_debug(p->log, LOG_BFD,
	    "report of %s: %s, peer %s (%s), sent each %u us, lost after %u us", str_text(&text),
	    bfd_state_text(r->state), bfd_state_text(r->remote_state),
	    bfd_diag_text(r->remote_diag), r->transmit_us, r->detection_us);
	str_fini(&text);
}

/* What keeps echo from being used, each time that it begins to. */
static void log_echo(struct bfd_peers *p, const struct bfd_peer *peer,
    const struct bfd_session_report *r, bool up_before)
{
	const struct bfd_session_report *was = &peer->report;
	struct str text = {0};

	if (!peer->params.echo || r->state != BFD_UP)
		return;
	peer_text(peer, &text);
	if (r->echo == BFD_ECHO_NOT_LOOPED && was->echo != BFD_ECHO_NOT_LOOPED)
		log_warning(p->log, LOG_BFD,
		    "peer %s: echo packets do not come back: does it forward IP? Control packets "
		    "go "
		    "on",
		    str_text(&text));
	if (r->echo == BFD_ECHO_LOOPED && was->echo != BFD_ECHO_LOOPED)
		log_info(p->log, LOG_BFD, "peer %s: echo packets come back", str_text(&text));
	if (peer->params.echo_receive_us != 0 && r->local_echo_us == 0 &&
	    (!up_before || was->local_echo_us != 0))
		log_warning(p->log, LOG_BFD,
		    "peer %s: this host does not forward IP (net.ipv4.ip_forward): the peer cannot "
		    "use echo",
		    str_text(&text));
	str_fini(&text);
}

static void tell_clients(struct bfd_peers *p, const struct bfd_peer *peer)
{
	size_t index = (size_t)(peer - p->list);
	const char *why = peer->report.diag != BFD_DIAG_NONE ? bfd_diag_text(peer->report.diag)
							     : "down, and up again";

	for (size_t i = 0; i < p->client_count; i++)
		if (p->clients[i].peer == index)
			p->host.failed(p->host.context, p->clients[i].name, why);
}

static void session_reported(
    struct bfd_peers *p, struct bfd_peer *peer, const struct bfd_session_report *r, mono_t now)
{
	bool failed = r->failures != peer->report.failures;
	bool moved = r->state != peer->report.state || r->downs != peer->report.downs;

	log_echo(p, peer, r, peer->report.state == BFD_UP);
	peer->report = *r;
	log_report(p, peer);
	if (moved) {
		peer->since = now;
		log_state(p, peer);
	}
	if (failed)
		tell_clients(p, peer);
}

static const char *error_verb(enum bfd_error what)
{
	switch (what) {
	case BFD_ERROR_LISTEN:
		return "listen";
	case BFD_ERROR_OPEN:
		return "open a socket";
	case BFD_ERROR_SEND:
		return "send";
	case BFD_ERROR_ECHO:
		return "send echo packets";
	}
	return "";
}

static void error_reported(struct bfd_peers *p, const struct bfd_report *r)
{
	const struct bfd_peer *peer = by_id(p, r->id);
	enum log_level level =
	    r->error.what == BFD_ERROR_LISTEN ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	struct str text = {0};

	if (r->id != 0 && peer == NULL)
		return;
	if (peer != NULL)
		peer_text(peer, &text);
	else
		str_addf(&text, "port %u", r->error.port);
	if (r->error.error == 0)
		log_info(p->log, LOG_BFD, "%s: works again", str_text(&text));
	else
		log_write(p->log, level, LOG_BFD, "%s: cannot %s: %s", str_text(&text),
		    error_verb(r->error.what), strerrordesc_np(r->error.error));
	str_fini(&text);
}

/* What a session needs to go on elsewhere, and for how long the peer waits for its next packet. */
static void leave_behind(struct bfd_peer *peer, mono_t now)
{
	const struct bfd_session_report *r = &peer->report;

	if (r->state != BFD_UP || r->remote_state != BFD_UP)
		return;
	peer->resume = (struct bfd_resume){.discriminator = r->discriminator,
	    .remote_discriminator = r->remote_discriminator,
	    .remote_transmit_us = r->remote_transmit_us,
	    .remote_receive_us = r->remote_receive_us,
	    .remote_echo_us = r->remote_echo_us,
	    .remote_multiplier = r->remote_multiplier};
	peer->resume_by =
	    mono_add_ms(now, (int64_t)r->transmit_us * peer->ordered.multiplier / 1000);
}

static void speaker_gone(struct bfd_peers *p, mono_t now)
{
	if (p->count > 0)
		log_error(p->log, LOG_BFD,
		    "the BFD speaker has ended: nobody is watched until there is another");
	p->gone = true;
	for (size_t i = 0; i < p->count; i++) {
		leave_behind(&p->list[i], now);
		session_end(p, &p->list[i], now);
	}
}

static void speaker_begun(struct bfd_peers *p, mono_t now)
{
	struct bfd_order begin = {.kind = BFD_ORDER_BEGIN};

	if (!p->gone)
		return;
	p->gone = false;
	p->restarts++;
	log_warning(p->log, LOG_BFD, "another BFD speaker has begun: number %llu",
	    (unsigned long long)p->restarts + 1);
	p->host.order(p->host.context, &begin);
	for (size_t i = 0; i < p->count; i++)
		reconcile(p, &p->list[i], now);
}

void bfd_peers_report(struct bfd_peers *p, const struct bfd_report *r, mono_t now)
{
	struct bfd_peer *peer;

	switch (r->kind) {
	case BFD_REPORT_SESSION:
		peer = by_id(p, r->id);
		if (peer != NULL)
			session_reported(p, peer, &r->session, now);
		return;
	case BFD_REPORT_TOTALS:
		memcpy(p->discards, r->discards, sizeof(p->discards));
		return;
	case BFD_REPORT_ERROR:
		error_reported(p, r);
		return;
	case BFD_REPORT_GONE:
		speaker_gone(p, now);
		return;
	case BFD_REPORT_BEGUN:
		speaker_begun(p, now);
		return;
	}
}

bool bfd_peers_ask(struct bfd_peers *p)
{
	struct bfd_order o = {.kind = BFD_ORDER_ASK};

	if (p->gone)
		return false;
	p->host.order(p->host.context, &o);
	return true;
}

/* ---- views --------------------------------------------------------------------------------- */

bool bfd_peer_at(const struct bfd_peers *p, size_t index, struct bfd_peer_view *v)
{
	const struct bfd_peer *peer;

	if (index >= p->count)
		return false;
	peer = &p->list[index];
	*v = (struct bfd_peer_view){.key = &peer->key,
	    .configured = peer->configured,
	    .params = peer->params,
	    .running = peer->id != 0,
	    .report = peer->report,
	    .since = peer->since};
	return true;
}

bool bfd_peer_of_client(const struct bfd_peers *p, const char *client, struct bfd_peer_view *v)
{
	for (size_t i = 0; i < p->client_count; i++)
		if (strcmp(p->clients[i].name, client) == 0)
			return bfd_peer_at(p, p->clients[i].peer, v);
	return false;
}

uint64_t bfd_peers_restarts(const struct bfd_peers *p)
{
	return p->restarts;
}

const uint64_t *bfd_peers_discards(const struct bfd_peers *p)
{
	return p->discards;
}
