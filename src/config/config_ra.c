/*
 * `ipv6 nd …` of an interface: what its router advertisements say.
 */
#include <string.h>

#include "config/loading.h"

void on_ra_suppress(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	if (l->interface != NULL)
		l->interface->ra.send = s->no;
}

void on_ra_flag(struct loading *l, const struct statement *s, const struct words *w)
{
	struct ra_settings *ra;

	(void)s;
	if (l->interface == NULL)
		return;
	ra = &l->interface->ra;
	if (strcmp(w->word[2], "managed-config-flag") == 0)
		ra->managed = true;
	else if (strcmp(w->word[2], "other-config-flag") == 0)
		ra->other = true;
	else
		ra->tell_interval = true;
}

void on_ra_interval_ms(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	if (l->interface != NULL)
		word_number(w->word[4], 70, 1800000, &l->interface->ra.interval_ms);
}

/* The grammar has seen to its range. */
void on_ra_number(struct loading *l, const struct statement *s, const struct words *w)
{
	const char *what = w->word[2];
	struct ra_settings *ra;
	uint32_t n;

	(void)s;
	if (l->interface == NULL || !word_number(w->word[3], 0, UINT32_MAX, &n))
		return;
	ra = &l->interface->ra;
	if (strcmp(what, "ra-interval") == 0)
		ra->interval_ms = n * 1000;
	else if (strcmp(what, "ra-lifetime") == 0)
		ra->router_lifetime_s = n;
	else if (strcmp(what, "reachable-time") == 0)
		ra->reachable_ms = n;
	else if (strcmp(what, "ra-retrans-interval") == 0)
		ra->retransmit_ms = n;
	else if (strcmp(what, "mtu") == 0)
		ra->mtu = (uint16_t)n;
	else {
		ra->has_hop_limit = true;
		ra->hop_limit = (uint8_t)n;
	}
}

void on_ra_preference(struct loading *l, const struct statement *s, const struct words *w)
{
	enum ra_preference p = RA_PREFERENCE_MEDIUM;

	(void)s;
	if (strcmp(w->word[3], "high") == 0)
		p = RA_PREFERENCE_HIGH;
	else if (strcmp(w->word[3], "low") == 0)
		p = RA_PREFERENCE_LOW;
	if (l->interface != NULL)
		l->interface->ra.preference = (uint8_t)p;
}

static bool take_lifetime(const char *word, uint32_t *s)
{
	if (strcmp(word, "infinite") == 0) {
		*s = RA_LIFETIME_INFINITE;
		return true;
	}
	return word_number(word, 0, UINT32_MAX, s);
}

/* `[VALID PREFERRED]`, then words in any order. */
static bool take_prefix_options(
    struct loading *l, const struct statement *s, const struct words *w, struct ra_prefix *p)
{
	unsigned i = 4;

	if (i + 1 < w->count && take_lifetime(w->word[i], &p->valid_s) &&
	    take_lifetime(w->word[i + 1], &p->preferred_s))
		i += 2;
	for (; i < w->count; i++)
		if (strcmp(w->word[i], "off-link") == 0) {
			p->off_link = true;
		} else if (strcmp(w->word[i], "no-autoconfig") == 0) {
			p->no_autoconfig = true;
		} else if (strcmp(w->word[i], "router-address") == 0) {
			p->router_address = true;
		} else {
			loading_report(l, s, false, NULL,
			    "`%.80s` is not an option of a prefix: two lifetimes in seconds or "
			    "`infinite`, `off-link`, `no-autoconfig`, `router-address`",
			    w->word[i]);
			return false;
		}
	if (p->preferred_s > p->valid_s)
		loading_report(l, s, false, NULL,
		    "the preferred lifetime is longer than the valid one (RFC 4861 section "
		    "4.6.2)");
	return p->preferred_s <= p->valid_s;
}

void on_ra_prefix(struct loading *l, const struct statement *s, const struct words *w)
{
	struct ra_prefix p = {.valid_s = RA_VALID_S, .preferred_s = RA_PREFERRED_S};
	struct ra_settings *ra;

	if (l->interface == NULL || !word_address(w->word[3], &p.prefix) ||
	    !take_prefix_options(l, s, w, &p))
		return;
	ra = &l->interface->ra;
	if (!p.router_address)
		p.prefix = prefix_from(&p.prefix.addr, p.prefix.len);
	if (ra->prefix_count < RA_PREFIXES_MAX)
		ra->prefixes[ra->prefix_count++] = p;
	else
		loading_report(l, s, false, NULL, "an interface advertises %d prefixes at most",
		    RA_PREFIXES_MAX);
}

void on_ra_server(struct loading *l, const struct statement *s, const struct words *w)
{
	struct ra_settings *ra;
	struct ra_server server = {.has_lifetime = w->count > 4};

	if (l->interface == NULL || !ip_parse(w->word[3], &server.address) ||
	    (server.has_lifetime && !take_lifetime(w->word[4], &server.lifetime_s)))
		return;
	ra = &l->interface->ra;
	if (ra->server_count < RA_SERVERS_MAX)
		ra->servers[ra->server_count++] = server;
	else
		loading_report(l, s, false, NULL, "an interface advertises %d servers at most",
		    RA_SERVERS_MAX);
}
