/*
 * Prefix-lists, and access-lists in both of their forms: prefixes, and addresses with wildcard
 * bits. The forms may be mixed in one access-list.
 *
 * A wildcard entry looks at the address alone, whatever the length; in the extended form the second
 * pair of address and wildcard is held against the netmask.
 */
#include "bgp/policy_list.h"

/* All bits of `outer`, as many as it has, are those of p. */
static bool covers(const struct prefix *outer, const struct prefix *p)
{
	return outer->addr.family == p->addr.family && p->len >= outer->len &&
	       prefix_contains(outer, &p->addr);
}

static bool prefix_rule_matches(const struct prefix_rule *r, const struct prefix *p)
{
	if (!covers(&r->prefix, p))
		return false;
	if (r->ge == 0 && r->le == 0)
		return p->len == r->prefix.len;
	return (r->le == 0 || p->len <= r->le) && (r->ge == 0 || p->len >= r->ge);
}

bool prefix_list_permits(const struct policy_list *l, const struct prefix *p)
{
	if (l->count == 0)
		return true;
	for (size_t i = 0; i < l->count; i++)
		if (prefix_rule_matches(&l->entries[i].prefix, p))
			return l->entries[i].permit;
	return false;
}

static uint32_t netmask(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static bool wildcard_matches(const struct wildcard_rule *r, const struct prefix *p)
{
	if (p->addr.family != IP_V4)
		return false;
	if ((ip_to_u32(&p->addr) & ~r->wildcard) != r->address)
		return false;
	return !r->extended || (netmask(p->len) & ~r->mask_wildcard) == r->mask;
}

bool access_list_permits(const struct policy_list *l, const struct prefix *p)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct list_entry *e = &l->entries[i];

		if (e->kind == RULE_WILDCARD ? wildcard_matches(&e->wildcard, p)
					     : prefix_rule_matches(&e->prefix, p))
			return e->permit;
	}
	return false;
}
