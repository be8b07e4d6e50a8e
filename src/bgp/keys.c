/*
 * Keys of connections (base/tcp_auth.h): which remote addresses have which.
 *
 * The kernel must know a key before the first segment, so it belongs to an address, not to a
 * connection; and an unnumbered peer's address comes and goes. Level-triggered: whatever may have
 * changed the outcome sets keys_dirty, then the whole list is made anew, held against what the host
 * was told last, and the differences are told. If two neighbors have one address (the same
 * link-local one on two links), the kernel cannot tell them apart: the first by name counts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/speaker.h"

static int key_compare(const void *a, const void *b)
{
	return prefix_compare(&((const struct key *)a)->remote, &((const struct key *)b)->remote);
}

static bool key_known(const struct key *keys, size_t count, const struct prefix *remote)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_equal(&keys[i].remote, remote))
			return true;
	return false;
}

static void key_add(
    struct key *keys, size_t *count, const struct prefix *remote, const struct tcp_auth *auth)
{
	if (auth == NULL || remote->addr.family == IP_NONE || key_known(keys, *count, remote))
		return;
	keys[(*count)++] = (struct key){*remote, mem_dup(auth, sizeof(*auth))};
}

/* What ought to be, sorted; owned by the caller. */
static struct key *keys_wanted(const struct bgp *b, size_t *count)
{
	size_t room = b->peer_count + b->settings.range_count + 1;
	struct key *keys = mem_new_array(room, sizeof(*keys));

	*count = 0;
	for (size_t i = 0; i < b->peer_count; i++) {
		const struct peer *p = b->peers[i];
		struct prefix host = {p->address, (uint8_t)(ip_size(&p->address) * 8), {0}};

		if (!peer_is_dynamic(p))
			key_add(keys, count, &host, p->settings->auth);
	}
	for (size_t i = 0; i < b->settings.range_count; i++) {
		const struct listen_range *r = &b->settings.ranges[i];

		key_add(keys, count, &r->prefix, r->neighbor.auth);
	}
	if (*count > 1)
		qsort(keys, *count, sizeof(*keys), key_compare);
	return keys;
}

static void keys_fini(struct key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(keys[i].auth);
	mem_free(keys);
}

static void tell(struct bgp *b, const struct key *k, const struct tcp_auth *auth)
{
	if (b->host.set_auth != NULL)
		b->host.set_auth(b->host.context, &k->remote, auth);
}

/* Both lists are sorted: one walk over the two. */
static void tell_differences(struct bgp *b, const struct key *now, size_t count)
{
	size_t old = 0, new = 0;

	while (old < b->key_count || new < count) {
		int c = old == b->key_count ? 1
			: new == count	    ? -1
					    : key_compare(&b->keys[old], &now[new]);

		if (c < 0)
			tell(b, &b->keys[old], NULL);
		else if (c > 0 ||
			 memcmp(b->keys[old].auth, now[new].auth, sizeof(struct tcp_auth)) != 0)
			tell(b, &now[new], now[new].auth);
		old += c <= 0;
		new += c >= 0;
	}
}

void bgp_keys_run(struct bgp *b)
{
	struct key *wanted;
	size_t count;

	if (!b->keys_dirty)
		return;
	b->keys_dirty = false;
	wanted = keys_wanted(b, &count);
	tell_differences(b, wanted, count);
	keys_fini(b->keys, b->key_count);
	b->keys = wanted;
	b->key_count = count;
}

bool bgp_has_key(const struct bgp *b, const struct ip *remote)
{
	for (size_t i = 0; i < b->key_count; i++)
		if (prefix_contains(&b->keys[i].remote, remote))
			return true;
	return false;
}

void bgp_keys_free(struct bgp *b)
{
	keys_fini(b->keys, b->key_count);
}
