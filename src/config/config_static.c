/*
 * `ip route` and `ipv6 route` of the default instance: destination, where to, then options in any
 * order. What cannot be understood of one is said, and that way is left out. And `distance bgp`,
 * which says what they are measured against.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "evpn/host_routes.h"

/* Words that discard, in any case, as FRR takes them. */
static bool discards(const char *word, struct static_way *way)
{
	if (strcasecmp(word, "null0") == 0 || strcmp(word, "blackhole") == 0)
		way->type = RTN_BLACKHOLE;
	else if (strcmp(word, "reject") == 0)
		way->type = RTN_UNREACHABLE;
	else
		return false;
	return true;
}

static bool begins_option(const char *word)
{
	static const char *const options[] = {
	    "tag", "table", "onlink", "nexthop-vrf", "vrf", "label", "color", "segments"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strcmp(word, options[i]) == 0)
			return true;
	return strspn(word, "0123456789") == strlen(word);
}

static bool take_name(
    struct loading *l, const struct statement *s, const char *word, char name[LINK_NAME_MAX])
{
	if (strlen(word) >= LINK_NAME_MAX) {
		loading_report(l, s, false, NULL,
		    "`%.80s` is longer than an interface name can be (15)", word);
		return false;
	}
	snprintf(name, LINK_NAME_MAX, "%s", word);
	return true;
}

/* An option that begins at word *i; *i is left at its last word. */
static bool take_option(struct loading *l, const struct statement *s, const struct words *w,
    unsigned *i, struct static_way *way)
{
	const char *word = w->word[*i], *value = *i + 1 < w->count ? w->word[*i + 1] : "";
	uint32_t n;

	if (strcmp(word, "onlink") == 0)
		return way->onlink = true;
	if (word_number(word, 1, 255, &n)) {
		way->distance = (uint8_t)n;
		return true;
	}
	++*i;
	if (strcmp(word, "tag") == 0 && word_number(value, 1, UINT32_MAX, &way->tag))
		return true;
	if (strcmp(word, "table") == 0 && word_number(value, 1, UINT32_MAX, &way->table))
		return true;
	if (strcmp(word, "nexthop-vrf") == 0 && value[0] != '\0')
		return strcmp(value, "default") == 0 || take_name(l, s, value, way->vrf);
	if (strcmp(word, "vrf") == 0 && strcmp(value, "default") == 0)
		return true;
	if (strcmp(word, "vrf") == 0 || strcmp(word, "label") == 0 ||
	    strcmp(word, "segments") == 0 || strcmp(word, "color") == 0)
		loading_report(l, s, true, mem_strdup("the route is left out"),
		    "`%s` has no effect yet in a static route", word);
	else
		loading_report(l, s, false, NULL,
		    "`%.80s` is not an option of a static route here: a distance (1-255), `tag N`, "
		    "`table N`, `nexthop-vrf NAME` or `onlink`",
		    word);
	return false;
}

/* Where to: GATEWAY, INTERFACE, both, or nowhere; *i is left behind it. */
static bool take_next_hop(struct loading *l, const struct statement *s, const struct words *w,
    unsigned *i, struct static_way *way)
{
	if (discards(w->word[*i], way)) {
		++*i;
		return true;
	}
	if (!ip_parse(w->word[*i], &way->gateway))
		return take_name(l, s, w->word[(*i)++], way->interface);
	if (way->gateway.family != way->prefix.addr.family) {
		loading_report(l, s, false, NULL, "`%.80s` is not an address of the route's family",
		    w->word[*i]);
		return false;
	}
	++*i;
	return *i == w->count || begins_option(w->word[*i]) ||
	       take_name(l, s, w->word[(*i)++], way->interface);
}

static bool is_complete(struct loading *l, const struct statement *s, const struct static_way *way)
{
	if (way->interface[0] == '\0' && ip_is_link_local(&way->gateway))
		loading_report(
		    l, s, false, NULL, "a link-local next hop needs the name of its interface");
	else if (way->interface[0] == '\0' && way->onlink)
		loading_report(l, s, false, NULL, "`onlink` needs the name of the interface");
	else
		return true;
	return false;
}

/* The last word is the distance of aggregates. */
void on_distance(struct loading *l, const struct statement *s, const struct words *w)
{
	bool v6 = l->family == BGP_IPV6_UNICAST;
	uint32_t external, internal, local;

	(void)s;
	if (!word_number(w->word[2], 1, 255, &external) ||
	    !word_number(w->word[3], 1, 255, &internal) || !word_number(w->word[4], 1, 255, &local))
		return;
	l->c->fib.distance_ebgp[v6] = (uint8_t)external;
	l->c->fib.distance_ibgp[v6] = (uint8_t)internal;
	l->c->fib.distance_local[v6] = (uint8_t)local;
}

void on_static_route(struct loading *l, const struct statement *s, const struct words *w)
{
	struct static_way way = {.table = MAIN_TABLE, .type = RTN_UNICAST, .distance = 1};
	struct config *c = l->c;
	unsigned i = 3;

	if (!prefix_parse(w->word[2], &way.prefix) || !take_next_hop(l, s, w, &i, &way))
		return;
	for (; i < w->count; i++)
		if (!take_option(l, s, w, &i, &way))
			return;
	if (!is_complete(l, s, &way))
		return;
	c->static_ways =
	    mem_resize(c->static_ways, (c->static_way_count + 1) * sizeof(*c->static_ways));
	c->static_ways[c->static_way_count++] = way;
}
