/*
 * Path attributes: one row of a table each, with its flags, how it is read, written and shown, and
 * what RFC 7606 wants done when it is malformed. attr_list.c walks over an UPDATE's attributes and
 * knows none of them by name.
 *
 * RFC 4271 section 5 and 6.3, RFC 7606 section 7; COMMUNITIES 1997, ORIGINATOR_ID and CLUSTER_LIST
 * 4456, extended communities 4360, 4-octet AS numbers 6793, PMSI_TUNNEL 6514, large communities
 * 8092, ONLY_TO_CUSTOMER 9234.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/attr_row.h"
#include "bgp/extcomm.h"
#include "bgp/open.h"

#define OPTIONAL ATTR_FLAG_OPTIONAL
#define TRANSITIVE ATTR_FLAG_TRANSITIVE

static const char wrong_length[] = "wrong length";

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
	a->community_count = (uint16_t)communities_sort(all, n);
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

static const char *extcomms_decode(struct decoding *d, struct reader *v)
{
	struct attrs *a = &d->list->attrs;
	size_t n = elements(v, 8);
	struct extcomm *all = arena_new(d->arena, n * sizeof(*all) + 1);

	if (n == 0)
		return wrong_length;
	read_bytes(v, all, n * sizeof(*all));
	a->extcomm_count = (uint16_t)extcomms_sort(all, n);
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
	a->large_count = (uint16_t)large_communities_sort(all, n);
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

/* ---- ONLY_TO_CUSTOMER ---- */

static const char *customer_decode(struct decoding *d, struct reader *v)
{
	d->list->attrs.has_only_to_customer = true;
	d->list->attrs.only_to_customer = read_u32(v);
	return v->failed ? wrong_length : NULL;
}

static bool customer_present(const struct encoding *e)
{
	return e->attrs->has_only_to_customer;
}

static void customer_encode(struct writer *w, const struct encoding *e)
{
	write_u32(w, e->attrs->only_to_customer);
}

static void customer_print(const struct attrs *a, struct str *out)
{
	if (a->has_only_to_customer)
		str_addf(out, "%u", a->only_to_customer);
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
		attr_add_unknown(d, d->flags, ATTR_PMSI_TUNNEL, whole);
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

static const struct attr_row rows[ATTR_ROWS] = {
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
	large_encode, "largecommunity", large_communities_text},
    [ATTR_ONLY_TO_CUSTOMER] = {"ONLY_TO_CUSTOMER", OPTIONAL | TRANSITIVE, UPDATE_TREAT_AS_WITHDRAW,
	NOTIFY_UPDATE_OPTIONAL, false, customer_decode, customer_present, customer_encode, "otc",
	customer_print},
};

const struct attr_row *attr_row_of(uint8_t code)
{
	return code < ATTR_ROWS && rows[code].name != NULL ? &rows[code] : NULL;
}

const char *attr_name(uint8_t code)
{
	const struct attr_row *row = attr_row_of(code);

	return row != NULL ? row->name : "unknown attribute";
}

/* ---- text ---- */

void attrs_text(const struct attrs *a, struct str *out)
{
	static const uint8_t order[] = {ATTR_NEXT_HOP, ATTR_ORIGIN, ATTR_LOCAL_PREF, ATTR_MED,
	    ATTR_ATOMIC_AGGREGATE, ATTR_AGGREGATOR, ATTR_COMMUNITIES, ATTR_LARGE_COMMUNITIES,
	    ATTR_EXTENDED_COMMUNITIES, ATTR_ORIGINATOR_ID, ATTR_CLUSTER_LIST, ATTR_PMSI_TUNNEL,
	    ATTR_ONLY_TO_CUSTOMER, ATTR_AS_PATH};
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
