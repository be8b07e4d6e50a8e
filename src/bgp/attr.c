/*
 * Path attributes: one row of a table each, with its flags, how it is read, written and shown, and
 * what RFC 7606 wants done when it is malformed. The walk over an UPDATE's attributes, below the
 * table, knows no attribute by name but those whose meaning spans two (AS4_PATH, AS4_AGGREGATOR).
 *
 * RFC 4271 section 5 and 6.3, RFC 7606 sections 3 to 7; COMMUNITIES 1997, ORIGINATOR_ID and
 * CLUSTER_LIST 4456, extended communities 4360, 4-octet AS numbers 6793, PMSI_TUNNEL 6514, large
 * communities 8092.
 *
 * Unrecognised optional transitive attributes are kept as bytes, Partial bit set, in order of their
 * codes; so is a PMSI_TUNNEL of a tunnel type that we do not speak, its flags as received.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "bgp/attr_wire.h"
#include "bgp/extcomm.h"
#include "bgp/open.h"

#define OPTIONAL ATTR_FLAG_OPTIONAL
#define TRANSITIVE ATTR_FLAG_TRANSITIVE

/* What a decoder works with; `value` is the attribute's own bytes. */
struct decoding {
	const struct update_context *context;
	struct arena *arena;
	struct attr_list *list;
	bool nlri;
	uint8_t flags; /* of the attribute at hand */
	const uint8_t *as4_path;
	uint16_t as4_path_size;
	bool has_as4_path, has_as4_aggregator;
	uint32_t as4_aggregator_as;
	struct ip as4_aggregator;
};

/* What an encoder works with. */
struct encoding {
	const struct attrs *attrs;
	bool as4;
	bool next_hop;
};

struct attr_row {
	const char *name;
	uint8_t flags;
	enum disposition malformed;
	uint8_t subcode;
	bool internal; /* discarded when it comes from an external peer */
	/* NULL, or what is wrong. A value that is not used up is wrong, too. */
	const char *(*decode)(struct decoding *d, struct reader *value);
	bool (*present)(const struct encoding *e);
	void (*encode)(struct writer *w, const struct encoding *e);
	const char *label; /* in front of the text */
	void (*print)(const struct attrs *a, struct str *out);
};

static const char wrong_length[] = "wrong length";

void outcome_raise(struct outcome *worst, const struct outcome *o)
{
	if (o->disposition > worst->disposition)
		*worst = *o;
}

static void add_unknown(struct decoding *d, uint8_t flags, uint8_t code, struct reader value);

/* ---- arrays: sorted, unique ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_extcomm(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct extcomm));
}

static int compare_large(const void *a, const void *b)
{
	const struct large_community *x = a, *y = b;
	int order = compare_u32(&x->global, &y->global);

	if (order == 0)
		order = compare_u32(&x->local1, &y->local1);
	return order != 0 ? order : compare_u32(&x->local2, &y->local2);
}

/* Returns how many are left. */
static uint16_t sort_unique(
    void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	uint8_t *b = array;
	size_t kept = count > 0 ? 1 : 0;

	if (count > 1)
		qsort(array, count, size, compare);
	for (size_t i = 1; i < count; i++)
		if (compare(b + (kept - 1) * size, b + i * size) != 0)
			memmove(b + kept++ * size, b + i * size, size);
	check(kept <= UINT16_MAX);
	return (uint16_t)kept;
}

static void *copy_array(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *to = arena_new(arena, count * size + 1);

	if (count > 0)
		memcpy(to, from, count * size);
	return to;
}

void attrs_set_communities(
    struct attrs *a, const uint32_t *communities, size_t count, struct arena *arena)
{
	uint32_t *copy = copy_array(arena, communities, count, sizeof(*copy));

	a->community_count = sort_unique(copy, count, sizeof(*copy), compare_u32);
	a->communities = copy;
}

void attrs_set_extcomms(
    struct attrs *a, const struct extcomm *extcomms, size_t count, struct arena *arena)
{
	struct extcomm *copy = copy_array(arena, extcomms, count, sizeof(*copy));

	a->extcomm_count = sort_unique(copy, count, sizeof(*copy), compare_extcomm);
	a->extcomms = copy;
}

void attrs_set_large(
    struct attrs *a, const struct large_community *large, size_t count, struct arena *arena)
{
	struct large_community *copy = copy_array(arena, large, count, sizeof(*copy));

	a->large_count = sort_unique(copy, count, sizeof(*copy), compare_large);
	a->large = copy;
}

/* How many elements of `size` bytes the value has; 0: not a multiple, or none (RFC 7606 7.8). */
static size_t elements(const struct reader *v, size_t size)
{
	return reader_left(v) % size == 0 ? reader_left(v) / size : 0;
}

static uint32_t *read_u32_array(struct reader *v, size_t n, struct arena *arena)
{
	uint32_t *all = arena_new(arena, n * sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = read_u32(v);
	return all;
}

/* ---- ORIGIN ---- */

static const struct {
	const char *name;
	char letter;
} origins[] = {{"IGP", 'i'}, {"EGP", 'e'}, {"incomplete", '?'}};

const char *attr_origin_name(uint8_t origin)
{
	return origin <= ORIGIN_INCOMPLETE ? origins[origin].name : " ";
}

char attr_origin_letter(uint8_t origin)
{
	return origin <= ORIGIN_INCOMPLETE ? origins[origin].letter : ' ';
}

static const char *origin_decode(struct decoding *d, struct reader *v)
{
	d->list->attrs.origin = read_u8(v);
	return d->list->attrs.origin > ORIGIN_INCOMPLETE ? "undefined value" : NULL;
}

static bool always(const struct encoding *e)
{
	(void)e;
	return true;
}

static void origin_encode(struct writer *w, const struct encoding *e)
{
	write_u8(w, e->attrs->origin);
}

static void origin_print(const struct attrs *a, struct str *out)
{
	str_addf(out, "%c", attr_origin_letter(a->origin));
}

/* ---- AS_PATH, AS4_PATH ---- */

static const char *path_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;

	return as_path_decode(
	    v, d->context->as4 ? 4 : 2, !d->context->ebgp, d->arena, &a->as_path, &a->as_path_size);
}

static void path_encode(struct writer *w, const struct encoding *e)
{
	as_path_encode(w, e->attrs, e->as4 ? 4 : 2);
}

/* RFC 6793 section 6: a peer with 4-octet AS numbers must not send it. Confederation segments in
 * it are dropped when the paths are merged. */
static const char *as4_path_decode(struct decoding *d, struct reader *v)
{
	if (d->context->as4)
		return "from a peer with 4-octet AS numbers";
	d->has_as4_path = true;
	return as_path_decode(v, 4, true, d->arena, &d->as4_path, &d->as4_path_size);
}

static bool as4_path_present(const struct encoding *e)
{
	return !e->as4 && as_path_is_wide(e->attrs);
}

static void as4_encode(struct writer *w, const struct encoding *e)
{
	as4_path_encode(w, e->attrs);
}

/* ---- NEXT_HOP ---- */

bool next_hop_valid(const struct ip *ip)
{
	static const uint8_t zeros[16];
	uint32_t v4;

	if (ip->family == IP_V6)
		return ip->b[0] != 0xff && memcmp(ip->b, zeros, 15) != 0; /* ::, ::1 */
	v4 = ip_to_u32(ip);
	return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 != 14 && v4 != UINT32_MAX;
}

static const char *next_hop_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	const uint8_t *b = read_view(v, d->nlri ? 4 : reader_left(v));

	if (!d->nlri)
		return NULL;
	if (b == NULL)
		return wrong_length;
	a->next_hop = ip_from_bytes(b, 4);
	return next_hop_valid(&a->next_hop) ? NULL : "not a host address";
}

static bool next_hop_present(const struct encoding *e)
{
	return e->next_hop;
}

static void next_hop_encode(struct writer *w, const struct encoding *e)
{
	check(e->attrs->next_hop.family == IP_V4);
	write_bytes(w, e->attrs->next_hop.b, 4);
}

static void next_hop_print(const struct attrs *a, struct str *out)
{
	char text[IP_TEXT_MAX];

	if (a->next_hop.family == IP_NONE)
		return;
	str_add(out, ip_text(&a->next_hop, text));
	if (a->next_hop_link_local.family != IP_NONE && !a->next_hop_is_link_local)
		str_addf(out, "(%s)", ip_text(&a->next_hop_link_local, text));
}

/* ---- MULTI_EXIT_DISC, LOCAL_PREF ---- */

static const char *med_decode(struct decoding *d, struct reader *v)
{
	d->list->attrs.has_med = true;
	d->list->attrs.med = read_u32(v);
	return NULL;
}

static bool med_present(const struct encoding *e)
{
	return e->attrs->has_med;
}

static void med_encode(struct writer *w, const struct encoding *e)
{
	write_u32(w, e->attrs->med);
}

static void med_print(const struct attrs *a, struct str *out)
{
	if (a->has_med)
		str_addf(out, "%u", a->med);
}

static const char *local_pref_decode(struct decoding *d, struct reader *v)
{
	d->list->attrs.has_local_pref = true;
	d->list->attrs.local_pref = read_u32(v);
	return NULL;
}

static bool local_pref_present(const struct encoding *e)
{
	return e->attrs->has_local_pref;
}

static void local_pref_encode(struct writer *w, const struct encoding *e)
{
	write_u32(w, e->attrs->local_pref);
}

static void local_pref_print(const struct attrs *a, struct str *out)
{
	if (a->has_local_pref)
		str_addf(out, "%u", a->local_pref);
}

/* ---- ATOMIC_AGGREGATE, AGGREGATOR, AS4_AGGREGATOR ---- */

static const char *atomic_decode(struct decoding *d, struct reader *v)
{
	(void)v;
	d->list->attrs.atomic_aggregate = true;
	return NULL;
}

static bool atomic_present(const struct encoding *e)
{
	return e->attrs->atomic_aggregate;
}

static void atomic_encode(struct writer *w, const struct encoding *e)
{
	(void)w;
	(void)e;
}

static void atomic_print(const struct attrs *a, struct str *out)
{
	if (a->atomic_aggregate)
		str_add(out, "yes");
}

/* RFC 7607: AS 0 is malformed. */
static const char *read_aggregator(
    struct reader *v, size_t as_size, uint32_t *as, struct ip *address)
{
	const uint8_t *b;

	*as = as_size == 4 ? read_u32(v) : read_u16(v);
	b = read_view(v, 4);
	if (b == NULL)
		return wrong_length;
	*address = ip_from_bytes(b, 4);
	return *as == 0 ? "AS 0" : NULL;
}

static const char *aggregator_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;

	a->has_aggregator = true;
	return read_aggregator(v, d->context->as4 ? 4 : 2, &a->aggregator_as, &a->aggregator);
}

static bool aggregator_present(const struct encoding *e)
{
	return e->attrs->has_aggregator;
}

static void aggregator_encode(struct writer *w, const struct encoding *e)
{
	uint32_t as = e->attrs->aggregator_as;

	if (e->as4)
		write_u32(w, as);
	else
		write_u16(w, (uint16_t)(as > UINT16_MAX ? AS_TRANS : as));
	write_bytes(w, e->attrs->aggregator.b, 4);
}

static void aggregator_print(const struct attrs *a, struct str *out)
{
	char text[IP_TEXT_MAX];

	if (a->has_aggregator)
		str_addf(out, "%u %s", a->aggregator_as, ip_text(&a->aggregator, text));
}

static const char *as4_aggregator_decode(struct decoding *d, struct reader *v)
{
	if (d->context->as4)
		return "from a peer with 4-octet AS numbers";
	d->has_as4_aggregator = true;
	return read_aggregator(v, 4, &d->as4_aggregator_as, &d->as4_aggregator);
}

static bool as4_aggregator_present(const struct encoding *e)
{
	return !e->as4 && e->attrs->has_aggregator && e->attrs->aggregator_as > UINT16_MAX;
}

static void as4_aggregator_encode(struct writer *w, const struct encoding *e)
{
	write_u32(w, e->attrs->aggregator_as);
	write_bytes(w, e->attrs->aggregator.b, 4);
}

/* ---- communities of three sizes ---- */

static const char *communities_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	size_t n = elements(v, 4);
	uint32_t *all;

	if (n == 0)
		return wrong_length;
	all = read_u32_array(v, n, d->arena);
	a->community_count = sort_unique(all, n, sizeof(*all), compare_u32);
	a->communities = all;
	return NULL;
}

static bool communities_present(const struct encoding *e)
{
	return e->attrs->community_count > 0;
}

static void communities_encode(struct writer *w, const struct encoding *e)
{
	for (size_t i = 0; i < e->attrs->community_count; i++)
		write_u32(w, e->attrs->communities[i]);
}

bool attrs_have_community(const struct attrs *a, uint32_t community)
{
	for (size_t i = 0; i < a->community_count; i++)
		if (a->communities[i] == community)
			return true;
	return false;
}

/* The names of the registry of well-known communities (RFC 1997, 3765, 7999, 8326) in the words of
 * FRR's configuration. */
static const struct {
	uint32_t community;
	const char *name;
} well_known[] = {{0xffff0000, "graceful-shutdown"}, {0xffff0001, "accept-own"},
    {0xffff0006, "llgr-stale"}, {0xffff0007, "no-llgr"}, {0xffff029a, "blackhole"},
    {COMMUNITY_NO_EXPORT, "no-export"}, {COMMUNITY_NO_ADVERTISE, "no-advertise"},
    {COMMUNITY_NO_EXPORT_SUBCONFED, "local-AS"}, {0xffffff04, "no-peer"}};

static void community_text(uint32_t community, struct str *out)
{
	for (size_t i = 0; i < sizeof(well_known) / sizeof(*well_known); i++) {
		if (well_known[i].community == community) {
			str_add(out, well_known[i].name);
			return;
		}
	}
	str_addf(out, "%u:%u", community >> 16, community & 0xffff);
}

void communities_text(const struct attrs *a, struct str *out)
{
	for (size_t i = 0; i < a->community_count; i++) {
		str_add(out, i > 0 ? " " : "");
		community_text(a->communities[i], out);
	}
}

static const char *extcomms_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	size_t n = elements(v, 8);
	struct extcomm *all = arena_new(d->arena, n * sizeof(*all) + 1);

	if (n == 0)
		return wrong_length;
	read_bytes(v, all, n * sizeof(*all));
	a->extcomm_count = sort_unique(all, n, sizeof(*all), compare_extcomm);
	a->extcomms = all;
	return NULL;
}

static bool extcomms_present(const struct encoding *e)
{
	return e->attrs->extcomm_count > 0;
}

static void extcomms_encode(struct writer *w, const struct encoding *e)
{
	write_bytes(w, e->attrs->extcomms, e->attrs->extcomm_count * sizeof(*e->attrs->extcomms));
}

static void read_large(struct reader *v, struct large_community *l)
{
	l->global = read_u32(v);
	l->local1 = read_u32(v);
	l->local2 = read_u32(v);
}

static const char *large_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	size_t n = elements(v, 12);
	struct large_community *all = arena_new(d->arena, n * sizeof(*all) + 1);

	if (n == 0)
		return wrong_length;
	for (size_t i = 0; i < n; i++)
		read_large(v, &all[i]);
	a->large_count = sort_unique(all, n, sizeof(*all), compare_large);
	a->large = all;
	return NULL;
}

static bool large_present(const struct encoding *e)
{
	return e->attrs->large_count > 0;
}

static void large_encode(struct writer *w, const struct encoding *e)
{
	for (size_t i = 0; i < e->attrs->large_count; i++) {
		write_u32(w, e->attrs->large[i].global);
		write_u32(w, e->attrs->large[i].local1);
		write_u32(w, e->attrs->large[i].local2);
	}
}

static void large_print(const struct attrs *a, struct str *out)
{
	for (size_t i = 0; i < a->large_count; i++)
		str_addf(out, "%s%u:%u:%u", i > 0 ? " " : "", a->large[i].global,
		    a->large[i].local1, a->large[i].local2);
}

/* ---- route reflection ---- */

static const char *originator_decode(struct decoding *d, struct reader *v)
{
	const uint8_t *b = read_view(v, 4);

	if (b == NULL)
		return wrong_length;
	d->list->attrs.has_originator_id = true;
	d->list->attrs.originator_id = ip_from_bytes(b, 4);
	return NULL;
}

static bool originator_present(const struct encoding *e)
{
	return e->attrs->has_originator_id;
}

static void originator_encode(struct writer *w, const struct encoding *e)
{
	write_bytes(w, e->attrs->originator_id.b, 4);
}

static void originator_print(const struct attrs *a, struct str *out)
{
	char text[IP_TEXT_MAX];

	if (a->has_originator_id)
		str_add(out, ip_text(&a->originator_id, text));
}

static const char *cluster_decode(struct decoding *d, struct reader *v)
{
	size_t n = elements(v, 4);

	if (n == 0)
		return wrong_length;
	d->list->attrs.cluster_count = (uint16_t)n;
	d->list->attrs.cluster_list = read_u32_array(v, n, d->arena);
	return NULL;
}

static bool cluster_present(const struct encoding *e)
{
	return e->attrs->cluster_count > 0;
}

static void cluster_encode(struct writer *w, const struct encoding *e)
{
	for (size_t i = 0; i < e->attrs->cluster_count; i++)
		write_u32(w, e->attrs->cluster_list[i]);
}

static void cluster_print(const struct attrs *a, struct str *out)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < a->cluster_count; i++) {
		struct ip id = ip_from_u32(a->cluster_list[i]);

		str_addf(out, "%s%s", i > 0 ? " " : "", ip_text(&id, text));
	}
}

/* ---- PMSI_TUNNEL: flags, type, label, and for ingress replication the tunnel's endpoint ---- */

static const char *pmsi_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	struct reader whole = *v;
	uint8_t flags = read_u8(v), type = read_u8(v);
	uint32_t label = read_u24(v);
	size_t left = reader_left(v);

	if (v->failed)
		return wrong_length;
	if (type != PMSI_INGRESS_REPLICATION && type != PMSI_NONE) {
		read_view(v, left);
		add_unknown(d, d->flags, ATTR_PMSI_TUNNEL, whole);
		return NULL;
	}
	if (type == PMSI_INGRESS_REPLICATION ? left != 4 && left != 16 : left != 0)
		return wrong_length;
	a->has_pmsi = true;
	a->pmsi.flags = flags;
	a->pmsi.type = type;
	a->pmsi.label = label;
	if (left > 0)
		a->pmsi.endpoint = ip_from_bytes(read_view(v, left), left);
	return NULL;
}

static bool pmsi_present(const struct encoding *e)
{
	return e->attrs->has_pmsi;
}

static void pmsi_encode(struct writer *w, const struct encoding *e)
{
	write_u8(w, e->attrs->pmsi.flags);
	write_u8(w, e->attrs->pmsi.type);
	write_u24(w, e->attrs->pmsi.label);
	write_bytes(w, e->attrs->pmsi.endpoint.b, ip_size(&e->attrs->pmsi.endpoint));
}

static void pmsi_print(const struct attrs *a, struct str *out)
{
	char text[IP_TEXT_MAX];

	if (a->has_pmsi)
		str_addf(out, "%u label %u %s", a->pmsi.type, a->pmsi.label,
		    ip_text(&a->pmsi.endpoint, text));
}

/* ---- the attributes that carry NLRI: kept for update.c ---- */

static const char *mp_reach_decode(struct decoding *d, struct reader *v)
{
	d->list->mp_reach = read_slice(v, reader_left(v));
	return NULL;
}

static const char *mp_unreach_decode(struct decoding *d, struct reader *v)
{
	d->list->mp_unreach = read_slice(v, reader_left(v));
	return NULL;
}

/* ---- the table ---- */

#define ROWS (ATTR_LARGE_COMMUNITIES + 1)

static const struct attr_row rows[ROWS] = {
    [ATTR_ORIGIN] = {"ORIGIN", TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_ORIGIN, false,
	origin_decode, always, origin_encode, "origin", origin_print},
    [ATTR_AS_PATH] = {"AS_PATH", TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_AS_PATH, false,
	path_decode, always, path_encode, "path", as_path_text},
    [ATTR_NEXT_HOP] = {"NEXT_HOP", TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_NEXT_HOP,
	false, next_hop_decode, next_hop_present, next_hop_encode, "nexthop", next_hop_print},
    [ATTR_MED] = {"MULTI_EXIT_DISC", OPTIONAL, UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_LENGTH,
	false, med_decode, med_present, med_encode, "metric", med_print},
    [ATTR_LOCAL_PREF] = {"LOCAL_PREF", TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_LENGTH,
	true, local_pref_decode, local_pref_present, local_pref_encode, "localpref",
	local_pref_print},
    [ATTR_ATOMIC_AGGREGATE] = {"ATOMIC_AGGREGATE", TRANSITIVE, UPDATE_DISCARD_ATTRIBUTE,
	NOTIFY_UPDATE_LENGTH, false, atomic_decode, atomic_present, atomic_encode,
	"atomic-aggregate", atomic_print},
    [ATTR_AGGREGATOR] = {"AGGREGATOR", OPTIONAL | TRANSITIVE, UPDATE_DISCARD_ATTRIBUTE,
	NOTIFY_UPDATE_OPTIONAL, false, aggregator_decode, aggregator_present, aggregator_encode,
	"aggregated by", aggregator_print},
    [ATTR_COMMUNITIES] = {"COMMUNITIES", OPTIONAL | TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW,
	NOTIFY_UPDATE_OPTIONAL, false, communities_decode, communities_present, communities_encode,
	"community", communities_text},
    [ATTR_ORIGINATOR_ID] = {"ORIGINATOR_ID", OPTIONAL, UPDATE_TREAT_AS_WITHDRAW,
	NOTIFY_UPDATE_OPTIONAL, true, originator_decode, originator_present, originator_encode,
	"originator", originator_print},
    [ATTR_CLUSTER_LIST] = {"CLUSTER_LIST", OPTIONAL, UPDATE_TREAT_AS_WITHDRAW,
	NOTIFY_UPDATE_OPTIONAL, true, cluster_decode, cluster_present, cluster_encode,
	"clusterlist", cluster_print},
    [ATTR_MP_REACH_NLRI] = {"MP_REACH_NLRI", OPTIONAL, UPDATE_RESET, NOTIFY_UPDATE_OPTIONAL, false,
	mp_reach_decode, NULL, NULL, NULL, NULL},
    [ATTR_MP_UNREACH_NLRI] = {"MP_UNREACH_NLRI", OPTIONAL, UPDATE_RESET, NOTIFY_UPDATE_OPTIONAL,
	false, mp_unreach_decode, NULL, NULL, NULL, NULL},
    [ATTR_EXTENDED_COMMUNITIES] = {"EXTENDED_COMMUNITIES", OPTIONAL | TRANSITIVE,
	UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_OPTIONAL, false, extcomms_decode, extcomms_present,
	extcomms_encode, "extcommunity", extcomms_text},
    [ATTR_AS4_PATH] = {"AS4_PATH", OPTIONAL | TRANSITIVE, UPDATE_DISCARD_ATTRIBUTE,
	NOTIFY_UPDATE_OPTIONAL, false, as4_path_decode, as4_path_present, as4_encode, NULL, NULL},
    [ATTR_AS4_AGGREGATOR] = {"AS4_AGGREGATOR", OPTIONAL | TRANSITIVE, UPDATE_DISCARD_ATTRIBUTE,
	NOTIFY_UPDATE_OPTIONAL, false, as4_aggregator_decode, as4_aggregator_present,
	as4_aggregator_encode, NULL, NULL},
    [ATTR_PMSI_TUNNEL] = {"PMSI_TUNNEL", OPTIONAL | TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW,
	NOTIFY_UPDATE_OPTIONAL, false, pmsi_decode, pmsi_present, pmsi_encode, "pmsi", pmsi_print},
    [ATTR_LARGE_COMMUNITIES] = {"LARGE_COMMUNITIES", OPTIONAL | TRANSITIVE,
	UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_OPTIONAL, false, large_decode, large_present,
	large_encode, "largecommunity", large_print},
};

static const struct attr_row *row_of(uint8_t code)
{
	return code < ROWS && rows[code].name != NULL ? &rows[code] : NULL;
}

const char *attr_name(uint8_t code)
{
	const struct attr_row *row = row_of(code);

	return row != NULL ? row->name : "unknown attribute";
}

/* ---- decoding ---- */

/* A malformed attribute leaves nothing behind. */
static void forget(struct decoding *d, uint8_t code)
{
	struct attrs *a = &d->list->attrs;

	if (code == ATTR_AGGREGATOR) {
		a->has_aggregator = false;
		a->aggregator_as = 0;
		a->aggregator = (struct ip){0};
	} else if (code == ATTR_ATOMIC_AGGREGATE) {
		a->atomic_aggregate = false;
	} else if (code == ATTR_AS4_PATH) {
		d->has_as4_path = false;
	} else if (code == ATTR_AS4_AGGREGATOR) {
		d->has_as4_aggregator = false;
	}
}

/* An attribute as found, for judgement. */
struct found {
	uint8_t flags, code;
	struct reader value;
	const uint8_t *start; /* of the whole attribute, for the NOTIFICATION */
	size_t size;
};

static void blame(struct decoding *d, const struct found *f, enum disposition disposition,
    uint8_t subcode, const char *reason)
{
	const struct outcome o = {disposition, f->code, subcode, reason, f->start, f->size};

	outcome_raise(&d->list->outcome, &o);
}

/* RFC 7606 section 3 c: only Optional and Transitive count; an attribute whose errors lead to its
 * discard is discarded (3 f). The NLRI of the MP attributes are still taken. */
static bool flags_wrong(const struct attr_row *row, uint8_t flags)
{
	return ((flags ^ row->flags) & (OPTIONAL | TRANSITIVE)) != 0;
}

static void known_decode(struct decoding *d, const struct attr_row *row, const struct found *f)
{
	struct reader value = f->value;
	const char *wrong;

	if (row->internal && d->context->ebgp) {
		blame(d, f, UPDATE_DISCARD_ATTRIBUTE, row->subcode, "from an external peer");
		return;
	}
	if (flags_wrong(row, f->flags)) {
		blame(d, f,
		    row->malformed == UPDATE_RESET ? UPDATE_TREAT_AS_WITHDRAW : row->malformed,
		    NOTIFY_UPDATE_FLAGS, "wrong flags");
		if (row->malformed != UPDATE_RESET)
			return;
	}
	d->flags = f->flags;
	wrong = row->decode(d, &value);
	if (wrong == NULL && !reader_done(&value))
		wrong = wrong_length;
	if (wrong == NULL)
		return;
	blame(d, f, row->malformed, row->subcode, wrong);
	forget(d, f->code);
}

/* Where an attribute with this code belongs among those that are kept. */
static size_t unknown_place(const uint8_t *kept, size_t size, uint8_t code)
{
	struct reader r = reader_from(kept, size);
	size_t at = 0;

	while (reader_left(&r) != 0) {
		uint8_t flags = read_u8(&r);

		if (read_u8(&r) > code)
			break;
		read_view(&r, (flags & ATTR_FLAG_EXTENDED) != 0 ? read_u16(&r) : read_u8(&r));
		at = size - reader_left(&r);
	}
	check(!r.failed);
	return at;
}

static void attribute_encode(
    struct writer *w, uint8_t flags, uint8_t code, const uint8_t *value, size_t size)
{
	flags &= OPTIONAL | TRANSITIVE | ATTR_FLAG_PARTIAL;
	write_u8(w, size > UINT8_MAX ? flags | ATTR_FLAG_EXTENDED : flags);
	write_u8(w, code);
	if (size > UINT8_MAX)
		write_u16(w, (uint16_t)size);
	else
		write_u8(w, (uint8_t)size);
	write_bytes(w, value, size);
}

/* A new blob for each is quadratic, but an UPDATE has at most a few of them and never above 255. */
static void add_unknown(struct decoding *d, uint8_t flags, uint8_t code, struct reader value)
{
	struct attrs *a = &d->list->attrs;
	size_t at = unknown_place(a->unknown, a->unknown_size, code);
	size_t size = reader_left(&value), room = a->unknown_size + size + 4;
	struct writer w = writer_to(arena_new(d->arena, room), room);

	write_bytes(&w, a->unknown, at);
	attribute_encode(&w, flags, code, value.p, size);
	write_bytes(&w, at > 0 ? a->unknown + at : a->unknown, a->unknown_size - at);
	check(!w.overflow && writer_size(&w) <= UINT16_MAX);
	a->unknown = w.start;
	a->unknown_size = (uint16_t)writer_size(&w);
}

/* RFC 4271 section 5: pass on what is transitive, with the Partial bit; drop what is not. */
static void unknown_decode(struct decoding *d, const struct found *f)
{
	if ((f->flags & OPTIONAL) == 0)
		blame(d, f, UPDATE_RESET, NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN,
		    "unrecognised well-known attribute");
	else if ((f->flags & TRANSITIVE) != 0)
		add_unknown(d, f->flags | ATTR_FLAG_PARTIAL, f->code, f->value);
}

/* RFC 7606 section 3 g. */
static bool repeated(struct decoding *d, const struct found *f)
{
	bool mp = f->code == ATTR_MP_REACH_NLRI || f->code == ATTR_MP_UNREACH_NLRI;

	if (!attr_list_has(d->list, (enum attr_code)f->code)) {
		d->list->seen[f->code / 32] |= 1u << f->code % 32;
		return false;
	}
	blame(d, f, mp ? UPDATE_RESET : UPDATE_DISCARD_ATTRIBUTE, NOTIFY_UPDATE_MALFORMED_LIST,
	    "repeated attribute");
	return true;
}

/* Section 4: an attribute that overruns the list makes its rest unreadable. The routes in the NLRI
 * field are withdrawn; with the NLRI in the damaged attribute itself there is no way to tell. */
static void overrun(struct decoding *d, const struct found *f)
{
	bool mp = f->code == ATTR_MP_REACH_NLRI || f->code == ATTR_MP_UNREACH_NLRI;

	blame(d, f, mp ? UPDATE_RESET : UPDATE_TREAT_AS_WITHDRAW, NOTIFY_UPDATE_MALFORMED_LIST,
	    "attribute overruns the list");
}

static void attribute_decode(struct decoding *d, struct reader *r)
{
	struct found f = {.start = r->p};
	const struct attr_row *row;

	f.flags = read_u8(r);
	f.code = read_u8(r);
	f.value = read_slice(r, (f.flags & ATTR_FLAG_EXTENDED) != 0 ? read_u16(r) : read_u8(r));
	row = row_of(f.code);
	f.size = (size_t)(r->p - f.start);
	d->list->count++;
	if (r->failed)
		overrun(d, &f);
	else if (repeated(d, &f))
		return;
	else if (row != NULL)
		known_decode(d, row, &f);
	else
		unknown_decode(d, &f);
}

/* RFC 6793 section 4.2.3: an AGGREGATOR that is not AS_TRANS was set by a speaker that does not
 * know of AS4_*, and what these say is out of date. */
static void merge_as4(struct decoding *d)
{
	struct attrs *a = &d->list->attrs;

	if (a->has_aggregator && d->has_as4_aggregator) {
		if (a->aggregator_as != AS_TRANS)
			return;
		a->aggregator_as = d->as4_aggregator_as;
		a->aggregator = d->as4_aggregator;
	}
	if (d->has_as4_path)
		as_path_merge(a, d->as4_path, d->as4_path_size, d->arena);
}

void attr_list_decode(struct reader *r, bool nlri, const struct update_context *c,
    struct arena *arena, struct attr_list *l)
{
	struct decoding d = {.context = c, .arena = arena, .list = l, .nlri = nlri};

	memset(l, 0, sizeof(*l));
	while (reader_left(r) != 0)
		attribute_decode(&d, r);
	merge_as4(&d);
}

/* ---- encoding and text ---- */

static void row_encode(struct writer *w, uint8_t code, const struct encoding *e)
{
	const struct attr_row *row = &rows[code];
	size_t start = writer_size(w), mark, size;

	if (row->present == NULL || !row->present(e))
		return;
	write_u8(w, row->flags);
	write_u8(w, code);
	mark = write_begin_u16(w);
	row->encode(w, e);
	write_end_u16(w, mark);
	if (w->overflow)
		return;
	size = writer_size(w) - mark;
	if (size > UINT8_MAX) {
		w->start[start] |= ATTR_FLAG_EXTENDED;
		return;
	}
	w->start[mark - 2] = (uint8_t)size; /* the short form: close the gap */
	memmove(w->start + mark - 1, w->start + mark, size);
	writer_rewind(w, mark - 1 + size);
}

void attrs_encode(struct writer *w, const struct attrs *a, bool as4, bool next_hop)
{
	const struct encoding e = {a, as4, next_hop};
	struct reader unknown = reader_from(a->unknown, a->unknown_size);

	for (uint8_t code = 0; code < ROWS; code++) {
		size_t to = unknown_place(unknown.p, reader_left(&unknown), code);

		write_bytes(w, read_view(&unknown, to), to);
		row_encode(w, code, &e);
	}
	write_bytes(w, unknown.p, reader_left(&unknown));
}

void attrs_text(const struct attrs *a, struct str *out)
{
	static const uint8_t order[] = {ATTR_NEXT_HOP, ATTR_ORIGIN, ATTR_LOCAL_PREF, ATTR_MED,
	    ATTR_ATOMIC_AGGREGATE, ATTR_AGGREGATOR, ATTR_COMMUNITIES, ATTR_LARGE_COMMUNITIES,
	    ATTR_EXTENDED_COMMUNITIES, ATTR_ORIGINATOR_ID, ATTR_CLUSTER_LIST, ATTR_PMSI_TUNNEL,
	    ATTR_AS_PATH};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(order); i++) {
		const struct attr_row *row = &rows[order[i]];
		struct str value = {0};

		row->print(a, &value);
		if (value.size > 0) {
			str_addf(out, "%s%s %s", separator, row->label, str_text(&value));
			separator = ", ";
		}
		str_fini(&value);
	}
}
