/*
 * What a session is agreed on and what its connection is like: statements about capabilities,
 * roles, who speaks first, and options of TCP and IP.
 */
#include "config/loading.h"

#include <string.h>

static uint16_t number16(const char *word)
{
	uint32_t n = 0;

	word_number(word, 0, UINT16_MAX, &n);
	return (uint16_t)n;
}

void on_delay_open(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->delay_open_s = number16(w->word[4]);
}

void on_no_capabilities(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->no_capabilities = !s->no;
}

/* They exclude each other: the neighbor's own counts, not its group's. */
void on_capability_match(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->strict_capability = strcmp(w->word[2], "strict-capability-match") == 0;
	l->neighbor->override_capability = !l->neighbor->strict_capability;
}

void on_extended_parameters(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->extended_parameters = !s->no;
}

void on_local_role(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->role = role_named(w->word[3]);
	l->neighbor->role_strict = w->count > 4;
}

void on_sender_loops(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->neighbor->spare_loops = !s->no;
}

void on_tcp_mss(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->neighbor->mss = number16(w->word[3]);
}

void on_session_dscp(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->bgp.dscp = (uint8_t)number16(w->word[2]);
}

void on_tcp_keepalive(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;

	(void)s;
	b->alive_idle_s = number16(w->word[2]);
	b->alive_interval_s = number16(w->word[3]);
	b->alive_probes = (uint8_t)number16(w->word[4]);
}
