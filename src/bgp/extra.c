/*
 * Interned ESI, labels and gateway of EVPN routes (RFC 7432 section 7, RFC 9136 section 3).
 */
#include "bgp/extra.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

/* Free of padding: it is a map key. */
struct extra_key {
	uint32_t label1, label2;
	struct ip gateway;
	struct esi esi;
	uint8_t has_label2;
	uint8_t zero;
};

_Static_assert(sizeof(struct extra_key) == 40, "padding would break comparison");

struct nlri_extra {
	uint32_t refs;
	struct extra_key key;
};

void extra_table_init(struct extra_table *t, uint64_t seed)
{
	t->last = NULL;
	map_init(&t->all, offsetof(struct nlri_extra, key), sizeof(struct extra_key), seed);
}

void extra_table_fini(struct extra_table *t)
{
	check(t->all.count == 0);
	map_fini(&t->all);
}

const struct nlri_extra *extra_intern(struct extra_table *t, const struct nlri *n)
{
	static const struct extra_key nothing;
	const struct evpn_nlri *e = &n->evpn;
	struct nlri_extra *x;
	struct extra_key key;

	if (n->family != BGP_L2VPN_EVPN)
		return NULL;
	key = (struct extra_key){.label1 = e->label1,
	    .label2 = e->label2,
	    .gateway = e->gateway,
	    .has_label2 = e->has_label2};
	/* Of types 1 and 4 the ESI is in the key of the destination. */
	if (e->type == EVPN_MAC_IP || e->type == EVPN_IP_PREFIX)
		key.esi = e->esi;
	if (memcmp(&key, &nothing, sizeof(key)) == 0)
		return NULL;
	x = t->last != NULL && memcmp(&t->last->key, &key, sizeof(key)) == 0
		? t->last
		: map_find(&t->all, &key);
	if (x == NULL) {
		x = mem_new(sizeof(*x));
		x->key = key;
		map_insert(&t->all, x);
	}
	x->refs++;
	t->last = x;
	return x;
}

const struct nlri_extra *extra_hold(const struct nlri_extra *x)
{
	if (x != NULL)
		((struct nlri_extra *)(uintptr_t)x)->refs++;
	return x;
}

void extra_release(struct extra_table *t, const struct nlri_extra *x)
{
	struct nlri_extra *own = (struct nlri_extra *)(uintptr_t)x;

	if (own == NULL || --own->refs != 0)
		return;
	map_remove(&t->all, &own->key);
	if (t->last == own)
		t->last = NULL;
	mem_free(own);
}

void extra_apply(const struct nlri_extra *x, struct nlri *n)
{
	struct evpn_nlri *e = &n->evpn;

	if (x == NULL)
		return;
	e->label1 = x->key.label1;
	e->label2 = x->key.label2;
	e->has_label2 = x->key.has_label2 != 0;
	e->gateway = x->key.gateway;
	if (e->type == EVPN_MAC_IP || e->type == EVPN_IP_PREFIX)
		e->esi = x->key.esi;
}
