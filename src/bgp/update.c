/*
 * UPDATE. Three fields: withdrawn routes, path attributes, NLRI (RFC 4271 section 4.3); and since
 * RFC 4760 all families but IPv4 unicast travel inside two of the attributes. Decoding turns that
 * into runs of NLRI with and without attributes and into one disposition; it applies nothing.
 *
 * Everything that could make a message unusable is found here, before its first route is applied
 * (RFC 7606 section 3): the runs that are handed out can be walked to their ends.
 *
 * Encoding packs as many NLRI as fit behind one set of attributes. MP_REACH_NLRI and
 * MP_UNREACH_NLRI come first in the list (RFC 7606 section 5.1), one family to a message.
 */
#include "bgp/update.h"

#include <string.h>

#include "base/check.h"
#include "bgp/attr_wire.h"

const char *disposition_name(enum disposition d)
{
	switch (d) {
	case UPDATE_OK:
		return "ok";
	case UPDATE_DISCARD_ATTRIBUTE:
		return "attribute discard";
	case UPDATE_TREAT_AS_WITHDRAW:
		return "treat-as-withdraw";
	case UPDATE_DISABLE_FAMILY:
		return "AFI/SAFI disable";
	case UPDATE_RESET:
		return "session reset";
	}
	check(false);
	return "";
}

/* ---- decoding ---- */

/* A message on its way to struct update. */
struct parts {
	const struct update_context *context;
	struct update *update;
	struct attr_list list;
	struct reader withdrawn, attributes, nlri;
	bool reaches; /* routes are announced, of whatever family */
};

static void blame(struct parts *p, enum disposition disposition, uint8_t attribute, uint8_t subcode,
    const char *reason)
{
	const struct outcome o = {.disposition = disposition,
	    .attribute = attribute,
	    .subcode = subcode,
	    .reason = reason};

	outcome_raise(&p->list.outcome, &o);
}

/* The routes of a family cannot be told apart, the message around them can: RFC 7606 sections 5.3
 * and 7.11 leave the choice. The family is switched off if others would go down with it; alone it
 * is better reset, since then the two sides begin anew. */
static void blame_family(
    struct parts *p, enum bgp_family family, uint8_t attribute, uint8_t subcode, const char *reason)
{
	bool others = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		others |= f != family && p->context->families[f];
	p->update->disabled[family] = others;
	blame(p, others ? UPDATE_DISABLE_FAMILY : UPDATE_RESET, attribute, subcode, reason);
}

static struct nlri_run run_of(const struct parts *p, enum bgp_family family, struct reader bytes)
{
	return (struct nlri_run){
	    .family = family, .bytes = bytes, .add_path = p->context->add_path[family]};
}

static void add_unreach(struct parts *p, enum bgp_family family, struct reader bytes)
{
	struct update *u = p->update;

	if (reader_left(&bytes) > 0)
		u->unreach[u->unreach_count++] = run_of(p, family, bytes);
}

static struct attrs *add_reach(struct parts *p, enum bgp_family family, struct reader bytes)
{
	struct update_reach *reach = &p->update->reach[p->update->reach_count++];

	reach->run = run_of(p, family, bytes);
	reach->attrs = p->list.attrs;
	return &reach->attrs;
}

/* RFC 4760 section 8: routes of a family that was not negotiated are nothing to us. */
static bool family_taken(struct parts *p, uint8_t attribute, enum bgp_family family)
{
	if (p->context->families[family])
		return true;
	if (p->context->ignored[family])
		return false;
	blame(p, UPDATE_DISCARD_ATTRIBUTE, attribute, NOTIFY_UPDATE_OPTIONAL,
	    "family was not negotiated");
	return false;
}

static bool run_right(
    struct parts *p, uint8_t attribute, enum bgp_family family, struct reader bytes)
{
	const struct nlri_run run = run_of(p, family, bytes);

	if (nlri_run_check(&run))
		return true;
	blame_family(p, family, attribute,
	    attribute == 0 ? NOTIFY_UPDATE_NETWORK : NOTIFY_UPDATE_OPTIONAL, "malformed NLRI");
	return false;
}

/* The routes that are IPv4 unicast and not in an attribute. */
static void classic_decode(struct parts *p)
{
	bool routes = reader_left(&p->withdrawn) > 0 || reader_left(&p->nlri) > 0;

	if (!routes || !family_taken(p, 0, BGP_IPV4_UNICAST))
		return;
	if (!run_right(p, 0, BGP_IPV4_UNICAST, p->withdrawn) ||
	    !run_right(p, 0, BGP_IPV4_UNICAST, p->nlri))
		return;
	add_unreach(p, BGP_IPV4_UNICAST, p->withdrawn);
	if (reader_left(&p->nlri) > 0)
		add_reach(p, BGP_IPV4_UNICAST, p->nlri);
}

/* AFI and SAFI; false when we do not take that family. */
static bool mp_family(struct parts *p, uint8_t attribute, struct reader *r, enum bgp_family *family)
{
	uint16_t afi = read_u16(r);
	uint8_t safi = read_u8(r);

	if (r->failed)
		blame(p, UPDATE_RESET, attribute, NOTIFY_UPDATE_OPTIONAL, "truncated");
	else if (!bgp_family_from(afi, safi, family))
		blame(p, UPDATE_DISCARD_ATTRIBUTE, attribute, NOTIFY_UPDATE_OPTIONAL,
		    "unknown family");
	else
		return family_taken(p, attribute, *family);
	return false;
}

static void mp_unreach_decode(struct parts *p)
{
	struct reader r = p->list.mp_unreach;
	enum bgp_family family;
	bool alone =
	    p->list.count == 1 && reader_left(&p->nlri) == 0 && reader_left(&p->withdrawn) == 0;

	if (!mp_family(p, ATTR_MP_UNREACH_NLRI, &r, &family) ||
	    !run_right(p, ATTR_MP_UNREACH_NLRI, family, r))
		return;
	if (reader_left(&r) > 0) {
		add_unreach(p, family, r);
	} else if (alone) {
		p->update->end_of_rib = true;
		p->update->end_of_rib_family = family;
	}
}

/* Which lengths a next hop may have: 4 for IPv4, 16 or 32 for IPv6 (RFC 2545 section 3); an IPv4
 * unicast route takes the latter two once RFC 8950 was negotiated. */
static bool next_hop_size_right(const struct parts *p, enum bgp_family family, size_t size)
{
	bool v6 = size == 16 || size == 32;

	switch (family) {
	case BGP_IPV4_UNICAST:
		return size == 4 || (v6 && p->context->extended_nexthop);
	case BGP_IPV6_UNICAST:
		return v6;
	case BGP_L2VPN_EVPN:
		return size == 4 || v6;
	case BGP_FAMILIES:
		break;
	}
	check(false);
	return false;
}

/* EVPN has one address (RFC 7432 section 9): a second one there is passed over. Who has no global
 * address to put in front of a link-local one repeats it, as we do, or writes ::, as BIRD does. */
static void next_hop_decode(struct reader r, enum bgp_family family, struct attrs *a)
{
	static const struct ip none = {.family = IP_V6};
	size_t size = reader_left(&r);
	struct ip second = {0};

	a->next_hop =
	    size == 4 ? ip_from_bytes(read_view(&r, 4), 4) : ip_from_bytes(read_view(&r, 16), 16);
	if (size == 32 && family != BGP_L2VPN_EVPN)
		second = ip_from_bytes(read_view(&r, 16), 16);
	if (!ip_is_link_local(&second))
		second = (struct ip){0};
	if (second.family != IP_NONE && ip_equal(&a->next_hop, &none))
		a->next_hop = second;
	a->next_hop_is_link_local = ip_is_link_local(&a->next_hop);
	a->next_hop_link_local =
	    a->next_hop_is_link_local && second.family == IP_NONE ? a->next_hop : second;
}

/* RFC 7606 section 7.11: behind a next hop of a wrong length the NLRI cannot be found. */
static void mp_reach_decode(struct parts *p)
{
	struct reader r = p->list.mp_reach, next_hop;
	enum bgp_family family;
	struct attrs *a;

	if (!mp_family(p, ATTR_MP_REACH_NLRI, &r, &family))
		return;
	next_hop = read_slice(&r, read_u8(&r));
	read_u8(&r); /* reserved */
	if (r.failed || !next_hop_size_right(p, family, reader_left(&next_hop))) {
		blame_family(
		    p, family, ATTR_MP_REACH_NLRI, NOTIFY_UPDATE_OPTIONAL, "wrong next hop length");
		return;
	}
	if (!run_right(p, ATTR_MP_REACH_NLRI, family, r) || reader_left(&r) == 0)
		return;
	a = add_reach(p, family, r);
	next_hop_decode(next_hop, family, a);
	if (!next_hop_valid(&a->next_hop))
		blame(p, UPDATE_TREAT_AS_WITHDRAW, ATTR_MP_REACH_NLRI, NOTIFY_UPDATE_OPTIONAL,
		    "next hop is not a host address");
}

/* RFC 7606 section 3 d. */
static void check_present(struct parts *p, enum attr_code code)
{
	if (!attr_list_has(&p->list, code))
		blame(p, UPDATE_TREAT_AS_WITHDRAW, (uint8_t)code, NOTIFY_UPDATE_MISSING_WELL_KNOWN,
		    "missing well-known attribute");
}

static void check_well_known(struct parts *p)
{
	if (!p->reaches)
		return;
	check_present(p, ATTR_ORIGIN);
	check_present(p, ATTR_AS_PATH);
	if (reader_left(&p->nlri) > 0)
		check_present(p, ATTR_NEXT_HOP);
	if (!p->context->ebgp)
		check_present(p, ATTR_LOCAL_PREF);
}

/* RFC 7606 section 5.2: an error in attributes without any route to withdraw may have hidden the
 * routes. MP_UNREACH_NLRI alone has no such attributes. */
static void check_hidden_routes(struct parts *p)
{
	struct outcome *o = &p->list.outcome;

	if (o->withdraw && !p->reaches)
		o->disposition = UPDATE_RESET;
}

static void fields_decode(struct parts *p, const uint8_t *body, size_t size)
{
	struct reader r = reader_from(body, size);

	p->withdrawn = read_slice(&r, read_u16(&r));
	p->attributes = read_slice(&r, read_u16(&r));
	p->nlri = r;
	if (r.failed)
		blame(
		    p, UPDATE_RESET, 0, NOTIFY_UPDATE_MALFORMED_LIST, "lengths exceed the message");
}

static void routes_withdraw(struct parts *p)
{
	struct update *u = p->update;

	for (size_t i = 0; i < u->reach_count; i++)
		add_unreach(p, u->reach[i].run.family, u->reach[i].run.bytes);
	u->reach_count = 0;
}

static void conclude(struct parts *p)
{
	struct update *u = p->update;
	const struct outcome *o = &p->list.outcome;

	u->disposition = o->disposition;
	u->attribute = o->attribute;
	u->reason = o->reason;
	if (o->disposition != UPDATE_OK)
		u->error = (struct notification){NOTIFY_UPDATE, o->subcode, o->data, o->data_size};
	if (o->withdraw)
		routes_withdraw(p);
	if (o->disposition != UPDATE_RESET)
		return;
	u->unreach_count = u->reach_count = 0;
	u->end_of_rib = false;
	memset(u->disabled, 0, sizeof(u->disabled));
}

static void body_decode(struct parts *p, struct arena *a)
{
	bool nlri = reader_left(&p->nlri) > 0;

	attr_list_decode(&p->attributes, nlri, p->context, a, &p->list);
	p->reaches = nlri || reader_left(&p->list.mp_reach) > 0;
	classic_decode(p);
	if (attr_list_has(&p->list, ATTR_MP_UNREACH_NLRI))
		mp_unreach_decode(p);
	if (attr_list_has(&p->list, ATTR_MP_REACH_NLRI))
		mp_reach_decode(p);
	check_well_known(p);
	check_hidden_routes(p);
}

void update_decode(const uint8_t *body, size_t size, const struct update_context *c,
    struct arena *a, struct update *u)
{
	struct parts p = {.context = c, .update = u};

	memset(u, 0, sizeof(*u));
	fields_decode(&p, body, size);
	if (p.list.outcome.disposition == UPDATE_OK)
		body_decode(&p, a);
	if (size == 4) { /* RFC 4724 section 2: the empty UPDATE */
		u->end_of_rib = c->families[BGP_IPV4_UNICAST];
		u->end_of_rib_family = BGP_IPV4_UNICAST;
	}
	conclude(&p);
}

/* ---- encoding ---- */

#define LIST_LENGTH_SIZE 2

static void writer_begin(struct update_writer *u, void *buffer, const struct update_context *c,
    enum bgp_family family, bool reach)
{
	*u = (struct update_writer){.buffer = buffer,
	    .family = family,
	    .reach = reach,
	    .add_path = c->add_path[family],
	    .max_size = c->max_size,
	    .w = writer_to(buffer, c->max_size)};
}

/* A failure before the first NLRI: nothing fits. */
static void writer_refuse(struct update_writer *u)
{
	u->w.overflow = true;
	u->refused = true;
}

/* MP attributes are always written with the long length: it is not known yet. */
static void mp_begin(struct update_writer *u, enum attr_code code)
{
	u->mp = true;
	u->list = write_begin_u16(&u->w);
	write_u8(&u->w, ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED);
	write_u8(&u->w, (uint8_t)code);
	u->attribute = write_begin_u16(&u->w);
	write_u16(&u->w, bgp_family_afi(u->family));
	write_u8(&u->w, bgp_family_safi(u->family));
}

/* Both addresses, if there is a link-local one (RFC 2545 section 3). A speaker that has only that
 * one gives it twice, as FRR does and expects. EVPN has room for one address. */
static void mp_next_hop_encode(struct update_writer *u, const struct attrs *a)
{
	size_t mark = write_begin_u8(&u->w);

	write_bytes(&u->w, a->next_hop.b, ip_size(&a->next_hop));
	if (u->family != BGP_L2VPN_EVPN && a->next_hop.family == IP_V6)
		write_bytes(&u->w, a->next_hop_link_local.b, ip_size(&a->next_hop_link_local));
	write_end_u8(&u->w, mark);
	write_u8(&u->w, 0);
}

/* The other attributes follow the MP attribute, whose length is open. They wait at the end of the
 * buffer, the writer ends in front of them, and update_end() moves them up. */
static bool tail_park(struct update_writer *u, const struct attrs *a, bool as4)
{
	struct writer w = writer_to(u->buffer, u->max_size);

	attrs_encode(&w, a, as4, false);
	if (w.overflow)
		return false;
	u->tail_size = writer_size(&w);
	memmove(u->buffer + u->max_size - u->tail_size, u->buffer, u->tail_size);
	u->w = writer_to(u->buffer, u->max_size - u->tail_size);
	return true;
}

static void mp_reach_begin(struct update_writer *u, const struct attrs *a, bool as4)
{
	if (!tail_park(u, a, as4)) {
		writer_refuse(u);
		return;
	}
	u->message = message_begin(&u->w, MESSAGE_UPDATE);
	write_u16(&u->w, 0); /* withdrawn routes */
	mp_begin(u, ATTR_MP_REACH_NLRI);
	mp_next_hop_encode(u, a);
}

void update_begin_reach(struct update_writer *u, void *buffer, const struct update_context *c,
    enum bgp_family family, const struct attrs *attrs)
{
	writer_begin(u, buffer, c, family, true);
	check(attrs->next_hop.family != IP_NONE);
	if (family != BGP_IPV4_UNICAST || attrs->next_hop.family != IP_V4) {
		mp_reach_begin(u, attrs, c->as4);
	} else {
		u->message = message_begin(&u->w, MESSAGE_UPDATE);
		write_u16(&u->w, 0);
		u->list = write_begin_u16(&u->w);
		attrs_encode(&u->w, attrs, c->as4, true);
		write_end_u16(&u->w, u->list);
	}
	if (u->w.overflow)
		writer_refuse(u);
}

void update_begin_unreach(
    struct update_writer *u, void *buffer, const struct update_context *c, enum bgp_family family)
{
	writer_begin(u, buffer, c, family, false);
	u->message = message_begin(&u->w, MESSAGE_UPDATE);
	if (family == BGP_IPV4_UNICAST) {
		u->list = write_begin_u16(&u->w);
		u->w.end -= LIST_LENGTH_SIZE; /* of the empty attribute list behind the routes */
	} else {
		write_u16(&u->w, 0);
		mp_begin(u, ATTR_MP_UNREACH_NLRI);
	}
	if (u->w.overflow)
		writer_refuse(u);
}

bool update_add(struct update_writer *u, const struct nlri *n)
{
	size_t before = writer_size(&u->w);

	check(n->family == u->family);
	if (u->refused)
		return false;
	if (u->add_path)
		write_u32(&u->w, n->path_id);
	nlri_encode(&u->w, n);
	if (u->w.overflow) {
		writer_rewind(&u->w, before);
		return false;
	}
	u->count++;
	return true;
}

static void tail_unpark(struct update_writer *u)
{
	memmove(u->w.p, u->buffer + u->max_size - u->tail_size, u->tail_size);
	u->w.end += u->tail_size;
	u->w.p += u->tail_size;
}

size_t update_end(struct update_writer *u)
{
	if (u->count == 0)
		return 0;
	if (u->mp) {
		write_end_u16(&u->w, u->attribute);
		tail_unpark(u);
		write_end_u16(&u->w, u->list);
	} else if (!u->reach) {
		write_end_u16(&u->w, u->list);
		u->w.end += LIST_LENGTH_SIZE;
		write_u16(&u->w, 0);
	}
	message_end(&u->w, u->message);
	check(!u->w.overflow);
	return writer_size(&u->w);
}

void end_of_rib_encode(struct writer *w, enum bgp_family family)
{
	size_t message = message_begin(w, MESSAGE_UPDATE), list;

	write_u16(w, 0);
	list = write_begin_u16(w);
	if (family != BGP_IPV4_UNICAST) {
		write_u8(w, ATTR_FLAG_OPTIONAL);
		write_u8(w, ATTR_MP_UNREACH_NLRI);
		write_u8(w, 3);
		write_u16(w, bgp_family_afi(family));
		write_u8(w, bgp_family_safi(family));
	}
	write_end_u16(w, list);
	message_end(w, message);
}

/* ---- text ---- */

static void run_text(struct nlri_run run, char sign, struct str *out)
{
	struct nlri n;

	str_addf(out, " %c%s", sign, bgp_family_json_name(run.family));
	while (nlri_run_next(&run, &n)) {
		str_add(out, " ");
		nlri_text(&n, out);
	}
}

void update_text(const struct update *u, struct str *out)
{
	str_add(out, "UPDATE");
	if (u->disposition != UPDATE_OK)
		str_addf(out, " (%s: %s, %s)", disposition_name(u->disposition),
		    u->attribute != 0 ? attr_name(u->attribute) : "message", u->reason);
	if (u->end_of_rib)
		str_addf(out, " End-of-RIB %s", bgp_family_json_name(u->end_of_rib_family));
	if (u->reach_count > 0) {
		str_add(out, " w/ attr: ");
		attrs_text(&u->reach[0].attrs, out);
	}
	for (size_t i = 0; i < u->unreach_count; i++)
		run_text(u->unreach[i], '-', out);
	for (size_t i = 0; i < u->reach_count; i++)
		run_text(u->reach[i].run, '+', out);
}
