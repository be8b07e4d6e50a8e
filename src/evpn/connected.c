/*
 * Read anew from the mirror whenever a link or an address has changed, as a whole: that is rare,
 * and interfaces are few beside routes.
 */
#include "evpn/connected.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool link_serves(const struct mirror *m, const struct mirror_link *l)
{
	const struct mirror_link *master = mirror_link(m, l->link.master);

	if (master != NULL && master->link.kind == LINK_VRF)
		return false;
	return l->link.admin_up && (l->link.running || l->link.kind == LINK_LOOPBACK);
}

static bool is_loopback6(const struct ip *ip)
{
	static const uint8_t loopback[16] = {[15] = 1};

	return memcmp(ip->b, loopback, sizeof(loopback)) == 0;
}

static bool address_serves(const struct prefix *a)
{
	if (a->addr.family == IP_V4)
		return a->addr.b[0] != 127;
	return !ip_is_link_local(&a->addr) && !is_loopback6(&a->addr);
}

static int compare(const void *a, const void *b)
{
	const struct connected_prefix *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	if (order != 0)
		return order;
	return x->dev.v < y->dev.v ? -1 : x->dev.v > y->dev.v;
}

static size_t address_count(const struct mirror_link **links)
{
	size_t n = 0;

	for (; *links != NULL; links++)
		n += (*links)->addr_count;
	return n;
}

static void add_link(struct connected *c, const struct mirror_link *l)
{
	for (size_t i = 0; i < l->addr_count; i++)
		if (address_serves(&l->addrs[i]))
			c->list[c->count++] = (struct connected_prefix){
			    prefix_from(&l->addrs[i].addr, l->addrs[i].len), l->link.ifindex};
}

static void sort_unique(struct connected *c)
{
	size_t kept = 0;

	qsort(c->list, c->count, sizeof(*c->list), compare);
	for (size_t i = 0; i < c->count; i++)
		if (kept == 0 || prefix_compare(&c->list[kept - 1].prefix, &c->list[i].prefix) != 0)
			c->list[kept++] = c->list[i];
	c->count = kept;
}

void connected_read(struct connected *c, const struct mirror *m, struct arena *arena)
{
	const struct mirror_link **links = mirror_links(m, arena);

	connected_fini(c);
	c->list = mem_new_array(address_count(links) + 1, sizeof(*c->list));
	for (; *links != NULL; links++)
		if (link_serves(m, *links))
			add_link(c, *links);
	sort_unique(c);
}

static int compare_prefix(const void *key, const void *at)
{
	return prefix_compare(key, &((const struct connected_prefix *)at)->prefix);
}

bool connected_has(const struct connected *c, const struct prefix *prefix)
{
	return c->count > 0 &&
	       bsearch(prefix, c->list, c->count, sizeof(*c->list), compare_prefix) != NULL;
}

void connected_fini(struct connected *c)
{
	mem_free(c->list);
	*c = (struct connected){0};
}
