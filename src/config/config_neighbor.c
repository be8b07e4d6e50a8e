/*
 * Neighbors: peer groups are resolved by applying, to each neighbor, the defaults, then the
 * statements of its group, then its own: the last one that speaks wins. So each statement is one
 * function on one struct neighbor_settings, and inheritance is nowhere else. Those of an address
 * family are in config_neighbor_family.c.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- statements in `router bgp` ---- */

static void remote_as_set(struct neighbor_settings *n, const char *word)
{
	n->remote_as = 0;
	if (strcmp(word, "external") == 0)
		n->remote_as_kind = REMOTE_AS_EXTERNAL;
	else if (strcmp(word, "internal") == 0)
		n->remote_as_kind = REMOTE_AS_INTERNAL;
	else if (word_asn(word, &n->remote_as))
		n->remote_as_kind = REMOTE_AS_NUMBER;
}

void on_remote_as(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	remote_as_set(l->neighbor, w->word[3]);
}

void on_neighbor_interface(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_settings *n = l->neighbor;
	unsigned at = w->count > 3 && strcmp(w->word[3], "v6only") == 0 ? 4 : 3;

	n->unnumbered = true;
	n->extended_nexthop = true;
	if (w->count <= at + 1 || strcmp(w->word[at], "remote-as") != 0)
		return;
	remote_as_set(n, w->word[at + 1]);
	if (n->remote_as_kind == REMOTE_AS_NONE)
		loading_report(l, s, false, NULL,
		    "`%.80s` is not `external`, `internal` or an AS number (1-4294967295)",
		    w->word[at + 1]);
}

void on_local_as(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_settings *n = l->neighbor;

	(void)s;
	word_asn(w->word[3], &n->local_as);
	n->local_as_no_prepend = words_have(w, 3, "no-prepend");
	n->local_as_replace = words_have(w, 3, "replace-as");
}

void on_enforce_first_as(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->enforce_first_as = !s->no;
}

void on_description(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	loading_text_set(&l->neighbor->description, words_join(w, 3));
}

void on_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	l->neighbor->shutdown = !s->no;
	loading_text_set(&l->neighbor->shutdown_message, w->count > 4 ? words_join(w, 4) : NULL);
}

static uint16_t number16(const char *word)
{
	uint32_t n = 0;

	word_number(word, 0, UINT16_MAX, &n);
	return (uint16_t)n;
}

void on_port(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->port = number16(w->word[3]);
}

void on_passive(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->passive = !s->no;
}

void on_ebgp_multihop(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->ttl = w->count > 3 ? (uint8_t)number16(w->word[3]) : 255;
}

/* RFC 5082; FRR takes at most 254 hops. */
void on_ttl_security(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->ttl_security_hops = (uint8_t)number16(w->word[4]);
}

/* Room for one more key of this kind; NULL, and an error: there is none, or there are others. */
static struct tcp_auth_key *key_add(
    struct loading *l, const struct statement *s, enum tcp_auth_kind kind, const char *secret)
{
	struct neighbor_settings *n = l->neighbor;
	struct tcp_auth_key *k;

	if (strlen(secret) > TCP_AUTH_SECRET_MAX)
		loading_report(
		    l, s, false, NULL, "the password is longer than %d bytes", TCP_AUTH_SECRET_MAX);
	if (n->auth == NULL)
		n->auth = mem_new(sizeof(*n->auth));
	if (n->auth->count == TCP_AUTH_KEYS_MAX) {
		loading_report(l, s, false, NULL, "more than %d keys", TCP_AUTH_KEYS_MAX);
		return NULL;
	}
	k = &n->auth->keys[n->auth->count++];
	k->kind = (uint8_t)kind;
	strncpy(k->secret, secret, TCP_AUTH_SECRET_MAX);
	if ((n->auth->keys[0].kind == TCP_AUTH_MD5) != (kind == TCP_AUTH_MD5))
		loading_report(l, s, false, mem_strdup("TCP MD5 or TCP-AO"),
		    "neighbor %.80s has `password` and `tcp-ao`", n->name);
	return k;
}

/* A group's password gives way to the neighbor's own. */
void on_password(struct loading *l, const struct statement *s, const struct words *w)
{
	char *password = words_join(w, 3);
	struct tcp_auth *auth = l->neighbor->auth;

	if (auth != NULL && auth->keys[0].kind == TCP_AUTH_MD5)
		*auth = (struct tcp_auth){0};
	key_add(l, s, TCP_AUTH_MD5, password);
	mem_free(password);
}

/* RFC 5925; the algorithms of RFC 5926. */
void on_tcp_ao(struct loading *l, const struct statement *s, const struct words *w)
{
	char *password = words_join(w, 7);
	struct tcp_auth_key *k = key_add(l, s,
	    strcmp(w->word[5], "hmac-sha-1-96") == 0 ? TCP_AUTH_AO_HMAC_SHA1 : TCP_AUTH_AO_AES_CMAC,
	    password);

	if (k != NULL) {
		k->send_id = (uint8_t)number16(w->word[3]);
		k->recv_id = (uint8_t)number16(w->word[4]);
	}
	mem_free(password);
}

void on_disable_connected_check(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->disable_connected_check = !s->no;
}

void on_update_source(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_settings *n = l->neighbor;

	n->update_source = (struct ip){0};
	n->update_source_dev[0] = '\0';
	if (ip_parse(w->word[3], &n->update_source))
		return;
	if (strlen(w->word[3]) >= sizeof(n->update_source_dev))
		loading_report(
		    l, s, false, NULL, "`%.80s` is not an address or interface name", w->word[3]);
	else
		snprintf(n->update_source_dev, sizeof(n->update_source_dev), "%s", w->word[3]);
}

void on_timers(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_settings *n = l->neighbor;

	n->keepalive_s = number16(w->word[3]);
	n->hold_s = number16(w->word[4]);
	loading_check_timers(l, s, n->keepalive_s, n->hold_s);
}

void on_advertisement_interval(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->advertisement_interval_s = number16(w->word[3]);
}

void on_timers_connect(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->connect_retry_s = number16(w->word[4]);
}

void on_extended_nexthop(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->extended_nexthop = !s->no;
}

void on_neighbor_restart(struct loading *l, const struct statement *s, const struct words *w)
{
	const char *word = w->word[2];

	(void)s;
	l->neighbor->graceful_restart_said = true;
	l->neighbor->graceful_restart =
	    strcmp(word, "graceful-restart-disable") == 0  ? GRACEFUL_RESTART_OFF
	    : strcmp(word, "graceful-restart-helper") == 0 ? GRACEFUL_RESTART_HELPER
							   : GRACEFUL_RESTART_ON;
}

void on_neighbor_bfd(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->neighbor->bfd.enabled = true;
}

void on_neighbor_bfd_profile(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_bfd *bfd = &l->neighbor->bfd;

	bfd->enabled = true;
	if (strlen(w->word[4]) >= sizeof(bfd->profile))
		loading_report(
		    l, s, false, NULL, "`%.80s` is longer than a profile name can be", w->word[4]);
	else
		snprintf(bfd->profile, sizeof(bfd->profile), "%s", w->word[4]);
}

/* FRR's order: multiplier, receive, transmit. */
void on_neighbor_bfd_timers(struct loading *l, const struct statement *s, const struct words *w)
{
	struct neighbor_bfd *bfd = &l->neighbor->bfd;

	(void)s;
	bfd->enabled = true;
	word_number(w->word[3], 2, 255, &bfd->multiplier);
	word_number(w->word[4], 50, 60000, &bfd->receive_ms);
	word_number(w->word[5], 50, 60000, &bfd->transmit_ms);
}

/* ---- resolving ---- */

static bool is_of(const struct statement *s, const char *name)
{
	size_t n = strlen(name);
	const char *word = s->text + strlen("neighbor ");

	return (s->row->flags & ROW_BY_PEER) != 0 && strncmp(word, name, n) == 0 &&
	       (word[n] == ' ' || word[n] == '\0');
}

static void apply_block(struct loading *l, const struct statement *block, const char *name)
{
	struct words w;

	for (size_t i = 0; i < block->child_count; i++) {
		const struct statement *s = block->children[i];

		if (s->row->handle == NULL || !is_of(s, name))
			continue;
		words_split(&w, s->text, strlen(s->text));
		s->row->handle(l, s, &w);
		words_fini(&w);
	}
}

static bool family_of_node(enum node node, enum bgp_family *family)
{
	*family = node == NODE_IPV4   ? BGP_IPV4_UNICAST
		  : node == NODE_IPV6 ? BGP_IPV6_UNICAST
				      : BGP_L2VPN_EVPN;
	return node == NODE_IPV4 || node == NODE_IPV6 || node == NODE_EVPN;
}

/* All statements that name `name`, in `router bgp` and its families, onto l->neighbor. */
static void apply_all(struct loading *l, const struct statement *bgp, const char *name)
{
	apply_block(l, bgp, name);
	for (size_t i = 0; i < bgp->child_count; i++)
		if (family_of_node(bgp->children[i]->row->opens, &l->family))
			apply_block(l, bgp->children[i], name);
}

/* The words of the first statement `neighbor NAME …` whose word `at` is `keyword`. */
static const char *group_word(const struct words *w)
{
	for (unsigned i = 2; i + 1 < w->count && i < 5; i++) {
		if (strcmp(w->word[i], "peer-group") == 0)
			return w->word[i + 1];
		if (strcmp(w->word[i], "interface") != 0 && strcmp(w->word[i], "v6only") != 0)
			return NULL;
	}
	return NULL;
}

static bool group_declared(const struct statement *bgp, const char *name)
{
	for (size_t i = 0; i < bgp->child_count; i++)
		if ((bgp->children[i]->row->flags & ROW_PEER_GROUP) != 0 &&
		    is_of(bgp->children[i], name))
			return true;
	return false;
}

static char *nearest_group(const struct statement *bgp, const char *name)
{
	char text[80];

	for (size_t i = 0; i < bgp->child_count; i++) {
		const struct statement *s = bgp->children[i];

		if ((s->row->flags & ROW_PEER_GROUP) == 0 ||
		    sscanf(s->text, "neighbor %63s", text) != 1)
			continue;
		if (word_distance(text, name) <= 2) {
			char hint[120];

			snprintf(hint, sizeof(hint), "did you mean `%s`?", text);
			return mem_strdup(hint);
		}
	}
	return mem_strdup("first `neighbor NAME peer-group`");
}

/* The group that this neighbor is a member of; owned by the caller; NULL none. */
static char *find_group(struct loading *l, const struct statement *bgp, const char *name)
{
	char *group = NULL;
	struct words w;

	for (size_t i = 0; i < bgp->child_count; i++) {
		const struct statement *s = bgp->children[i];
		const char *word;

		if (!is_of(s, name))
			continue;
		words_split(&w, s->text, strlen(s->text));
		word = group_word(&w);
		if (word != NULL && !group_declared(bgp, word))
			loading_report(l, s, false, nearest_group(bgp, word),
			    "peer group `%.80s` is not declared", word);
		else if (word != NULL)
			loading_text_set(&group, mem_strdup(word));
		words_fini(&w);
	}
	return group;
}

static void neighbor_init(const struct loading *l, struct neighbor_settings *n, const char *name)
{
	*n = (struct neighbor_settings){
	    .name = mem_strdup(name),
	    .keepalive_s = l->keepalive_s,
	    .hold_s = l->hold_s,
	    .connect_retry_s = l->datacenter ? 10 : 120,
	    .disable_connected_check = l->disable_connected_check,
	    .enforce_first_as = l->enforce_first_as,
	    .shutdown = l->default_shutdown,
	    .graceful_restart = l->graceful_restart,
	};
	for (int f = 0; f < BGP_FAMILIES; f++)
		n->family[f].activate = l->family_default[f];
}

static void neighbor_fini(struct neighbor_settings *n)
{
	for (int f = 0; f < BGP_FAMILIES; f++)
		for (unsigned i = 0; i < NEIGHBOR_NAMES; i++)
			mem_free(*neighbor_family_name(&n->family[f], i));
	mem_free(n->name);
	mem_free(n->description);
	mem_free(n->peer_group);
	mem_free(n->auth);
	mem_free(n->shutdown_message);
}

/* eBGP sends with TTL 1 unless told otherwise; `external` is eBGP by its own word. */
static void neighbor_finish(
    struct loading *l, const struct statement *s, struct neighbor_settings *n)
{
	uint32_t local = n->local_as != 0 ? n->local_as : l->c->bgp.as;
	bool ibgp = n->remote_as_kind == REMOTE_AS_INTERNAL ||
		    (n->remote_as_kind == REMOTE_AS_NUMBER && n->remote_as == local);

	if (n->ttl_security_hops != 0 && n->ttl != 0 && !ibgp)
		loading_report(l, s, false, mem_strdup("`ttl-security hops` says both"),
		    "neighbor %.80s has `ebgp-multihop` and `ttl-security`", n->name);
	if (ibgp || n->ttl_security_hops != 0)
		n->ttl = 255;
	else if (n->ttl == 0)
		n->ttl = 1;
	if (ibgp && n->role != ROLE_NONE)
		loading_report(l, s, true, NULL,
		    "neighbor %.80s is internal: `local-role` means nothing there", n->name);
	if (ibgp)
		n->role = ROLE_NONE;
	if (n->keepalive_s > n->hold_s / 3)
		n->keepalive_s = n->hold_s / 3;
}

/* What makes a neighbor a neighbor is an address, or `neighbor IF interface`; and a remote AS. */
static bool neighbor_is_whole(
    struct loading *l, const struct statement *s, struct neighbor_settings *n)
{
	if (!n->unnumbered && !ip_parse(n->name, &n->address)) {
		loading_report(l, s, false,
		    mem_strdup("first `neighbor NAME interface` or `neighbor NAME peer-group`"),
		    "`%.80s` is not an address, an interface neighbor or a peer group", n->name);
		return false;
	}
	if (n->unnumbered && strlen(n->name) > 15) {
		loading_report(l, s, false, NULL,
		    "`%.80s` is longer than an interface name can be (15)", n->name);
		return false;
	}
	if (n->remote_as_kind == REMOTE_AS_NONE) {
		loading_report(l, s, true, mem_strdup("neighbor … remote-as external|internal|AS"),
		    "neighbor %.80s has no remote AS and is left out", n->name);
		return false;
	}
	return true;
}

static void neighbor_add(
    struct loading *l, const struct statement *bgp, const struct statement *s, const char *name)
{
	struct bgp_settings *b = &l->c->bgp;
	struct neighbor_settings n;

	neighbor_init(l, &n, name);
	l->neighbor = &n;
	n.peer_group = find_group(l, bgp, name);
	if (n.peer_group != NULL)
		apply_all(l, bgp, n.peer_group);
	apply_all(l, bgp, name);
	l->neighbor = NULL;
	if (!neighbor_is_whole(l, s, &n)) {
		neighbor_fini(&n);
		return;
	}
	neighbor_finish(l, s, &n);
	b->neighbors = mem_resize(b->neighbors, (b->neighbor_count + 1) * sizeof(*b->neighbors));
	b->neighbors[b->neighbor_count++] = n;
}

void on_listen_limit(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->bgp.listen_limit = number16(w->word[3]);
}

static void range_add(struct loading *l, const struct statement *s, const struct prefix *prefix,
    struct neighbor_settings *n)
{
	struct bgp_settings *b = &l->c->bgp;

	neighbor_finish(l, s, n);
	n->port = 0; /* it is never connected to */
	b->ranges = mem_resize(b->ranges, (b->range_count + 1) * sizeof(*b->ranges));
	b->ranges[b->range_count++] = (struct listen_range){*prefix, *n};
}

/* Each neighbor of the range will be like this one, that has the group's statements alone. */
void on_listen_range(struct loading *l, const struct statement *s, const struct words *w)
{
	const char *group = w->word[5];
	struct neighbor_settings n;
	struct prefix prefix;

	if (!group_declared(l->bgp, group)) {
		loading_report(l, s, false, nearest_group(l->bgp, group),
		    "peer group `%.80s` is not declared", group);
		return;
	}
	neighbor_init(l, &n, group);
	n.peer_group = mem_strdup(group);
	l->neighbor = &n;
	apply_all(l, l->bgp, group);
	l->neighbor = NULL;
	if (n.remote_as_kind != REMOTE_AS_NONE && prefix_parse(w->word[3], &prefix)) {
		range_add(l, s, &prefix, &n);
		return;
	}
	loading_report(l, s, true, mem_strdup("neighbor … remote-as external|internal|AS"),
	    "peer group %.80s has no remote AS: the range is left out", group);
	neighbor_fini(&n);
}

static int neighbor_compare(const void *a, const void *b)
{
	return strcmp(((const struct neighbor_settings *)a)->name,
	    ((const struct neighbor_settings *)b)->name);
}

static bool is_known(const struct statement *bgp, const char *name)
{
	for (size_t i = 0; i < bgp->child_count; i++)
		if (is_of(bgp->children[i], name))
			return true;
	return false;
}

/* A family may only name what `router bgp` does. */
static void check_family(
    struct loading *l, const struct statement *bgp, const struct statement *family)
{
	struct words w;

	for (size_t i = 0; i < family->child_count; i++) {
		const struct statement *s = family->children[i];

		if ((s->row->flags & ROW_BY_PEER) == 0)
			continue;
		words_split(&w, s->text, strlen(s->text));
		if (!is_known(bgp, w.word[1]))
			loading_report(l, s, false, nearest_group(bgp, w.word[1]),
			    "neighbor %.80s is not declared in `router bgp`", w.word[1]);
		words_fini(&w);
	}
}

/* Statements of one neighbor stand together, so a new name begins the next one. */
/* `bgp shutdown`: whatever they say themselves. */
static void shut_down(const struct loading *l, struct neighbor_settings *n)
{
	n->shutdown = true;
	if (n->shutdown_message == NULL && l->shutdown_message != NULL)
		n->shutdown_message = mem_strdup(l->shutdown_message);
}

static void shut_all_down(struct loading *l)
{
	struct bgp_settings *b = &l->c->bgp;

	for (size_t i = 0; l->shutdown && i < b->neighbor_count; i++)
		shut_down(l, &b->neighbors[i]);
	for (size_t i = 0; l->shutdown && i < b->range_count; i++)
		shut_down(l, &b->ranges[i].neighbor);
	mem_free(l->shutdown_message);
	l->shutdown_message = NULL;
}

void config_neighbors(struct loading *l, const struct statement *bgp)
{
	struct bgp_settings *b = &l->c->bgp;
	char last[128] = "";
	struct words w;

	for (size_t i = 0; i < bgp->child_count; i++) {
		const struct statement *s = bgp->children[i];

		if ((s->row->flags & ROW_BY_PEER) == 0)
			continue;
		words_split(&w, s->text, strlen(s->text));
		if (strcmp(w.word[1], last) != 0 && !group_declared(bgp, w.word[1]))
			neighbor_add(l, bgp, s, w.word[1]);
		snprintf(last, sizeof(last), "%s", w.word[1]);
		words_fini(&w);
	}
	for (size_t i = 0; i < bgp->child_count; i++)
		check_family(l, bgp, bgp->children[i]);
	if (b->neighbor_count > 1)
		qsort(b->neighbors, b->neighbor_count, sizeof(*b->neighbors), neighbor_compare);
	shut_all_down(l);
}
