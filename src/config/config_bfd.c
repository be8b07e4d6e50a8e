/*
 * `bfd`: profiles and peers. A value that stands in neither is FRR's default (bfd/settings).
 */
#include "base/mem.h"
#include "config/loading.h"

#include <stdio.h>
#include <string.h>

static bool profile_name_fits(
    struct loading *l, const struct statement *s, const char *name, char *to)
{
	if (strlen(name) < BFD_PROFILE_NAME_MAX) {
		snprintf(to, BFD_PROFILE_NAME_MAX, "%s", name);
		return true;
	}
	loading_report(
	    l, s, false, NULL, "`%.80s` is longer than a profile name can be (63)", name);
	return false;
}

void on_bfd_profile(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bfd_settings *b = &l->c->bfd;
	struct bfd_profile p = {0};

	l->bfd_values = NULL;
	l->bfd_peer = NULL;
	if (!profile_name_fits(l, s, w->word[1], p.name))
		return;
	b->profiles = mem_resize(b->profiles, (b->profile_count + 1) * sizeof(p));
	b->profiles[b->profile_count] = p;
	l->bfd_values = &b->profiles[b->profile_count++].values;
}

/* ---- peers --------------------------------------------------------------------------------- */

static bool name_taken(struct loading *l, const struct statement *s, const char *word, char *to)
{
	if (strlen(word) >= 16) {
		loading_report(l, s, true, NULL,
		    "`%.80s` is longer than an interface name can be (15): left out", word);
		return false;
	}
	if (strcmp(word, "default") != 0)
		snprintf(to, 16, "%s", word);
	return true;
}

/* One option from word `at` on; how many words it took, 0: reported. */
static unsigned peer_option(struct loading *l, const struct statement *s, const struct words *w,
    unsigned at, struct bfd_key *k)
{
	const char *word = w->word[at];
	const char *value = at + 1 < w->count ? w->word[at + 1] : NULL;

	if (strcmp(word, "multihop") == 0) {
		k->multihop = true;
		return 1;
	}
	if (value != NULL && strcmp(word, "local-address") == 0 && ip_parse(value, &k->local))
		return 2;
	if (value != NULL && strcmp(word, "interface") == 0)
		return name_taken(l, s, value, k->interface) ? 2 : 0;
	if (value != NULL && strcmp(word, "vrf") == 0)
		return name_taken(l, s, value, k->vrf) ? 2 : 0;
	loading_report(l, s, true,
	    mem_strdup("peer A [multihop] [local-address A] [interface I] [vrf V]"),
	    "the BFD peer is left out: `%.80s`", word);
	return 0;
}

static const char *key_fault(const struct loading *l, const struct bfd_key *k)
{
	const struct bfd_settings *b = &l->c->bfd;

	if (k->local.family != IP_NONE && k->local.family != k->remote.family)
		return "its two addresses are of different families";
	if (k->multihop && k->local.family == IP_NONE)
		return "a multihop peer needs `local-address`";
	if (k->multihop && k->interface[0] != '\0')
		return "a multihop peer has no `interface`";
	if (ip_is_link_local(&k->remote) && k->interface[0] == '\0')
		return "a link-local peer needs `interface`";
	for (size_t i = 0; i < b->peer_count; i++)
		if (bfd_key_compare(&b->peers[i].key, k) == 0)
			return "it was configured before";
	return NULL;
}

static bool peer_key(
    struct loading *l, const struct statement *s, const struct words *w, struct bfd_key *k)
{
	const char *fault;

	ip_parse(w->word[1], &k->remote);
	for (unsigned at = 2; at < w->count;) {
		unsigned taken = peer_option(l, s, w, at, k);

		if (taken == 0)
			return false;
		at += taken;
	}
	fault = key_fault(l, k);
	if (fault != NULL)
		loading_report(l, s, true, NULL, "the BFD peer is left out: %s", fault);
	return fault == NULL;
}

void on_bfd_peer(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bfd_settings *b = &l->c->bfd;
	struct bfd_peer_settings p;

	memset(&p, 0, sizeof(p));
	l->bfd_values = NULL;
	l->bfd_peer = NULL;
	if (!peer_key(l, s, w, &p.key))
		return;
	b->peers = mem_resize(b->peers, (b->peer_count + 1) * sizeof(p));
	b->peers[b->peer_count] = p;
	l->bfd_peer = &b->peers[b->peer_count++];
	l->bfd_values = &l->bfd_peer->values;
}

void on_bfd_peer_profile(struct loading *l, const struct statement *s, const struct words *w)
{
	if (l->bfd_peer != NULL)
		profile_name_fits(l, s, w->word[1], l->bfd_peer->profile);
}

/* ---- values -------------------------------------------------------------------------------- */

/* The number of the statement `KEYWORD N`; 0 when it is of no peer that is kept. */
static uint32_t value(struct loading *l, const struct words *w, unsigned has)
{
	uint32_t n = 0;

	if (l->bfd_values == NULL || !word_number(w->word[1], 1, 60000, &n))
		return 0;
	l->bfd_values->has |= has;
	return n;
}

void on_bfd_multiplier(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n = value(l, w, BFD_HAS_MULTIPLIER);

	(void)s;
	if (n != 0)
		l->bfd_values->params.multiplier = (uint8_t)n;
}

void on_bfd_receive(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n = value(l, w, BFD_HAS_RECEIVE);

	(void)s;
	if (n != 0)
		l->bfd_values->params.receive_us = n * 1000;
}

void on_bfd_transmit(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n = value(l, w, BFD_HAS_TRANSMIT);

	(void)s;
	if (n != 0)
		l->bfd_values->params.transmit_us = n * 1000;
}

void on_bfd_minimum_ttl(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n = value(l, w, BFD_HAS_MINIMUM_TTL);

	(void)s;
	if (n != 0)
		l->bfd_values->params.minimum_ttl = (uint8_t)n;
}

void on_bfd_passive(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	if (l->bfd_values == NULL)
		return;
	l->bfd_values->params.passive = !s->no;
	l->bfd_values->has |= BFD_HAS_PASSIVE;
}

void on_bfd_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	if (l->bfd_values == NULL)
		return;
	l->bfd_values->params.shutdown = !s->no;
	l->bfd_values->has |= BFD_HAS_SHUTDOWN;
}

/* ---- echo ---------------------------------------------------------------------------------- */

/* Said where it will have no effect, and kept: a profile may serve peers of both kinds. */
void on_bfd_echo(struct loading *l, const struct statement *s, const struct words *w)
{
	const struct bfd_key *k = l->bfd_peer != NULL ? &l->bfd_peer->key : NULL;

	(void)w;
	if (l->bfd_values == NULL)
		return;
	if (k != NULL && !s->no && (k->multihop || k->remote.family != IP_V4))
		loading_report(l, s, true, NULL, "echo is for one hop of IPv4: no effect here");
	l->bfd_values->params.echo = !s->no;
	l->bfd_values->has |= BFD_HAS_ECHO;
}

/* The last word, in ms; 0 for `disabled`. */
static uint32_t echo_us(const struct words *w)
{
	uint32_t n = 0;

	word_number(w->word[w->count - 1], 1, 60000, &n);
	return n * 1000;
}

void on_bfd_echo_transmit(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	if (l->bfd_values == NULL)
		return;
	l->bfd_values->params.echo_transmit_us = echo_us(w);
	l->bfd_values->has |= BFD_HAS_ECHO_TRANSMIT;
}

void on_bfd_echo_receive(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	if (l->bfd_values == NULL)
		return;
	l->bfd_values->params.echo_receive_us = echo_us(w);
	l->bfd_values->has |= BFD_HAS_ECHO_RECEIVE;
}

void on_bfd_echo_interval(struct loading *l, const struct statement *s, const struct words *w)
{
	on_bfd_echo_transmit(l, s, w);
	on_bfd_echo_receive(l, s, w);
}

/* ---- names --------------------------------------------------------------------------------- */

static void check_name(
    struct loading *l, const struct statement *s, const struct words *w, unsigned at)
{
	if (at < w->count && bfd_settings_profile(&l->c->bfd, w->word[at]) == NULL)
		loading_report(l, s, true, mem_strdup("the defaults are used"),
		    "there is no BFD profile `%.80s`", w->word[at]);
}

static void check_block(struct loading *l, const struct statement *block)
{
	struct words w;

	for (size_t i = 0; i < block->child_count; i++) {
		const struct statement *s = block->children[i];

		words_split(&w, s->text, strlen(s->text));
		if (s->row->handle == on_bfd_peer_profile)
			check_name(l, s, &w, 1);
		if (s->row->handle == on_neighbor_bfd_profile)
			check_name(l, s, &w, 4);
		words_fini(&w);
		check_block(l, s);
	}
}

void config_check_bfd(struct loading *l)
{
	check_block(l, l->c->tree);
}
