/*
 * OPEN: a fixed part, then optional parameters, of which only capabilities are known (RFC 5492).
 *
 * A capability is one row of a table: code, lengths that its definition allows, decoder, encoder.
 * An unknown one is passed over; a known one of impossible length makes the OPEN malformed, except
 * for the hostname, which is decoration and is dropped. A capability may come several times: for
 * multiprotocol each adds a family, else the last one counts.
 *
 * Whether the peer is the expected one is the session's question.
 */
#include "bgp/open.h"

#include <string.h>

#include "base/check.h"
#include "bgp/message.h"

#define PARAMETER_CAPABILITIES 2
#define PARAMETERS_EXTENDED 255 /* RFC 9072 section 2: both the length and the first type */

/* All that there are, each at its longest. */
#define CAPABILITIES_MAX 1024

#define GR_RESTARTING 0x8000
#define GR_NOTIFICATION 0x4000
#define GR_TIME 0x0fff
#define GR_FORWARDING 0x80

struct capability {
	uint8_t code;
	uint8_t unit; /* the length is a multiple of it ... */
	uint8_t base; /* ... plus this; both 0: judged by the decoder */
	void (*decode)(struct reader *r, struct open *o);
	bool (*wanted)(const struct open *o);
	void (*encode)(struct writer *w, const struct open *o);
};

/* ---- multiprotocol: one capability per family ---- */

static void multiprotocol_decode(struct reader *r, struct open *o)
{
	uint16_t afi = read_u16(r);
	enum bgp_family family;

	read_u8(r); /* reserved */
	if (bgp_family_from(afi, read_u8(r), &family))
		o->families[family] = true;
}

static void multiprotocol_encode(struct writer *w, enum bgp_family family)
{
	write_u8(w, 1);
	write_u8(w, 4);
	write_u16(w, bgp_family_afi(family));
	write_u8(w, 0);
	write_u8(w, bgp_family_safi(family));
}

/* ---- the flags ---- */

static void refresh_decode(struct reader *r, struct open *o)
{
	(void)r;
	o->route_refresh = true;
}

static bool refresh_wanted(const struct open *o)
{
	return o->route_refresh;
}

static void enhanced_decode(struct reader *r, struct open *o)
{
	(void)r;
	o->enhanced_refresh = true;
}

static bool enhanced_wanted(const struct open *o)
{
	return o->enhanced_refresh;
}

static void extended_message_decode(struct reader *r, struct open *o)
{
	(void)r;
	o->extended_message = true;
}

static bool extended_message_wanted(const struct open *o)
{
	return o->extended_message;
}

static void flag_encode(struct writer *w, const struct open *o)
{
	(void)w;
	(void)o;
}

/* ---- extended next hop: tuples of AFI, SAFI (16 bits), next hop AFI ---- */

static void nexthop_decode(struct reader *r, struct open *o)
{
	while (reader_left(r) != 0) {
		uint16_t afi = read_u16(r), safi = read_u16(r), nexthop_afi = read_u16(r);
		enum bgp_family family;

		if (nexthop_afi == 2 && safi <= UINT8_MAX &&
		    bgp_family_from(afi, (uint8_t)safi, &family))
			o->extended_nexthop[family] = true;
	}
}

static bool nexthop_wanted(const struct open *o)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (o->extended_nexthop[f])
			return true;
	return false;
}

static void nexthop_encode(struct writer *w, const struct open *o)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!o->extended_nexthop[f])
			continue;
		write_u16(w, bgp_family_afi((enum bgp_family)f));
		write_u16(w, bgp_family_safi((enum bgp_family)f));
		write_u16(w, 2);
	}
}

/* ---- graceful restart: flags and time, then AFI, SAFI, flags ---- */

static void restart_decode(struct reader *r, struct open *o)
{
	uint16_t flags = read_u16(r);

	o->graceful_restart = true;
	o->restarting = (flags & GR_RESTARTING) != 0;
	o->notification = (flags & GR_NOTIFICATION) != 0;
	o->restart_s = flags & GR_TIME;
	while (reader_left(r) != 0) {
		uint16_t afi = read_u16(r);
		uint8_t safi = read_u8(r), family_flags = read_u8(r);
		enum bgp_family family;

		if (!bgp_family_from(afi, safi, &family))
			continue;
		o->restart_families[family] = true;
		o->forwarding_kept[family] = (family_flags & GR_FORWARDING) != 0;
	}
}

static bool restart_wanted(const struct open *o)
{
	return o->graceful_restart;
}

static void restart_encode(struct writer *w, const struct open *o)
{
	write_u16(
	    w, (uint16_t)((o->restarting ? GR_RESTARTING : 0) |
			  (o->notification ? GR_NOTIFICATION : 0) | (o->restart_s & GR_TIME)));
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!o->restart_families[f])
			continue;
		write_u16(w, bgp_family_afi((enum bgp_family)f));
		write_u8(w, bgp_family_safi((enum bgp_family)f));
		write_u8(w, o->forwarding_kept[f] ? GR_FORWARDING : 0);
	}
}

/* ---- add-path: AFI, SAFI, Send/Receive (RFC 7911 section 4) ---- */

#define ADD_PATH_RECEIVE 1
#define ADD_PATH_SEND 2

/* Any other value than these two and both: as if it were not there. */
static void add_path_decode(struct reader *r, struct open *o)
{
	while (reader_left(r) != 0) {
		uint16_t afi = read_u16(r);
		uint8_t safi = read_u8(r), what = read_u8(r);
		enum bgp_family family;

		if (what > (ADD_PATH_RECEIVE | ADD_PATH_SEND) ||
		    !bgp_family_from(afi, safi, &family))
			continue;
		o->add_path_receive[family] = (what & ADD_PATH_RECEIVE) != 0;
		o->add_path_send[family] = (what & ADD_PATH_SEND) != 0;
	}
}

static bool add_path_wanted(const struct open *o)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (o->add_path_receive[f] || o->add_path_send[f])
			return true;
	return false;
}

static void add_path_encode(struct writer *w, const struct open *o)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		int what = (o->add_path_receive[f] ? ADD_PATH_RECEIVE : 0) |
			   (o->add_path_send[f] ? ADD_PATH_SEND : 0);

		if (what == 0)
			continue;
		write_u16(w, bgp_family_afi((enum bgp_family)f));
		write_u8(w, bgp_family_safi((enum bgp_family)f));
		write_u8(w, (uint8_t)what);
	}
}

/* ---- long-lived graceful restart: AFI, SAFI, flags, stale time (24 bits) ---- */

static void long_lived_decode(struct reader *r, struct open *o)
{
	o->long_lived = true;
	while (reader_left(r) != 0) {
		uint16_t afi = read_u16(r);
		uint8_t safi = read_u8(r), family_flags = read_u8(r);
		uint32_t stale_s = read_u24(r);
		enum bgp_family family;

		if (!bgp_family_from(afi, safi, &family))
			continue;
		o->long_lived_families[family] = true;
		o->long_lived_kept[family] = (family_flags & GR_FORWARDING) != 0;
		o->long_lived_s[family] = stale_s;
	}
}

static bool long_lived_wanted(const struct open *o)
{
	return o->long_lived;
}

static void long_lived_encode(struct writer *w, const struct open *o)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!o->long_lived_families[f])
			continue;
		write_u16(w, bgp_family_afi((enum bgp_family)f));
		write_u8(w, bgp_family_safi((enum bgp_family)f));
		write_u8(w, o->long_lived_kept[f] ? GR_FORWARDING : 0);
		write_u24(w, o->long_lived_s[f]);
	}
}

/* ---- role (RFC 9234 section 4.1) ---- */

static void role_decode(struct reader *r, struct open *o)
{
	uint8_t value = read_u8(r);
	enum bgp_role role = value < ROLE_UNKNOWN - 1 ? (enum bgp_role)(value + 1) : ROLE_UNKNOWN;

	o->role = o->role == ROLE_NONE || o->role == role ? role : ROLE_UNKNOWN;
}

static bool role_wanted(const struct open *o)
{
	return o->role != ROLE_NONE && o->role != ROLE_UNKNOWN;
}

static void role_encode(struct writer *w, const struct open *o)
{
	write_u8(w, (uint8_t)(o->role - 1));
}

/* ---- 4-octet AS ---- */

static void as4_decode(struct reader *r, struct open *o)
{
	o->as4 = true;
	o->as = read_u32(r);
}

static bool as4_wanted(const struct open *o)
{
	return o->as4;
}

static void as4_encode(struct writer *w, const struct open *o)
{
	write_u32(w, o->as);
}

/* ---- hostname and domain, each behind its length ---- */

/* Control characters would reach logs and terminals. */
static void name_decode(struct reader *r, char name[OPEN_NAME_MAX])
{
	struct reader text = read_slice(r, read_u8(r));
	size_t n = 0;

	memset(name, 0, OPEN_NAME_MAX);
	while (reader_left(&text) != 0 && n < OPEN_NAME_MAX - 1) {
		uint8_t c = read_u8(&text);

		name[n++] = (char)(c < ' ' || c >= 0x7f ? '?' : c);
	}
}

static void hostname_decode(struct reader *r, struct open *o)
{
	struct reader copy = *r;

	name_decode(&copy, o->hostname);
	name_decode(&copy, o->domain);
	*r = reader_from(NULL, 0); /* never malformed */
}

static bool hostname_wanted(const struct open *o)
{
	return o->hostname[0] != '\0';
}

static void name_encode(struct writer *w, const char *name)
{
	size_t size = strnlen(name, OPEN_NAME_MAX - 1);

	write_u8(w, (uint8_t)size);
	write_bytes(w, name, size);
}

static void hostname_encode(struct writer *w, const struct open *o)
{
	name_encode(w, o->hostname);
	name_encode(w, o->domain);
}

/* ---- the table ---- */

static const struct capability capabilities[] = {
    {1, 0, 4, multiprotocol_decode, NULL, NULL},
    {2, 0, 0, refresh_decode, refresh_wanted, flag_encode},
    {5, 6, 0, nexthop_decode, nexthop_wanted, nexthop_encode},
    {6, 0, 0, extended_message_decode, extended_message_wanted, flag_encode},
    {9, 0, 1, role_decode, role_wanted, role_encode},
    {64, 4, 2, restart_decode, restart_wanted, restart_encode},
    {65, 0, 4, as4_decode, as4_wanted, as4_encode},
    {69, 4, 0, add_path_decode, add_path_wanted, add_path_encode},
    {70, 0, 0, enhanced_decode, enhanced_wanted, flag_encode},
    {71, 7, 0, long_lived_decode, long_lived_wanted, long_lived_encode},
    {73, 1, 0, hostname_decode, hostname_wanted, hostname_encode},
};

#define CAPABILITIES (sizeof(capabilities) / sizeof(*capabilities))

/* Known, and of no use here: outbound filters, dynamic capabilities and what came before them and
 * before route refresh. */
static bool is_heard_of(uint8_t code)
{
	return code == 3 || code == 66 || code == 67 || code == 128 || code == 130;
}

static bool capability_fits(const struct capability *c, size_t size)
{
	if (c->unit == 0)
		return size == c->base;
	return size >= c->base && (size - c->base) % c->unit == 0;
}

static void capability_decode(struct reader *r, struct open *o, bool *multiprotocol)
{
	uint8_t code = read_u8(r);
	struct reader value = read_slice(r, read_u8(r));
	bool known = false;

	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (capabilities[i].code != code)
			continue;
		if (!capability_fits(&capabilities[i], reader_left(&value)))
			reader_fail(r);
		else
			capabilities[i].decode(&value, o);
		*multiprotocol = *multiprotocol || code == 1;
		known = true;
	}
	o->unknown |= !known && !is_heard_of(code);
}

static bool open_error(
    struct notification *error, uint8_t subcode, const uint8_t *data, size_t size)
{
	*error = (struct notification){NOTIFY_OPEN, subcode, data, size};
	return false;
}

/* The length of the parameters, and whether each one's length has two bytes (RFC 9072). */
static struct reader parameters_slice(struct reader *r, bool *wide)
{
	size_t size = read_u8(r);

	*wide = size != 0 && reader_left(r) > 0 && r->p[0] == PARAMETERS_EXTENDED;
	if (*wide) {
		read_u8(r);
		size = read_u16(r);
	}
	return read_slice(r, size);
}

static bool parameters_decode(struct reader *r, struct open *o, struct notification *error)
{
	bool wide, multiprotocol = false;
	struct reader all = parameters_slice(r, &wide);

	o->extended_parameters = wide;
	while (reader_left(&all) != 0) {
		uint8_t type = read_u8(&all);
		struct reader one = read_slice(&all, wide ? read_u16(&all) : read_u8(&all));

		if (!all.failed && type != PARAMETER_CAPABILITIES)
			return open_error(error, NOTIFY_OPEN_BAD_PARAMETER, NULL, 0);
		while (reader_left(&one) != 0)
			capability_decode(&one, o, &multiprotocol);
		if (one.failed)
			reader_fail(&all);
	}
	if (all.failed || !reader_done(r))
		return open_error(error, NOTIFY_OPEN_UNSPECIFIC, NULL, 0);
	if (!multiprotocol)
		o->families[BGP_IPV4_UNICAST] = true;
	return true;
}

bool open_decode(const uint8_t *body, size_t size, struct open *o, struct notification *error)
{
	static const uint8_t our_version[] = {0, 4};
	struct reader r = reader_from(body, size);
	uint8_t version = read_u8(&r);
	const uint8_t *hold, *id;

	*o = (struct open){.as = read_u16(&r)};
	hold = r.p;
	o->hold_s = read_u16(&r);
	id = read_view(&r, 4);
	if (r.failed)
		return open_error(error, NOTIFY_OPEN_UNSPECIFIC, NULL, 0);
	if (version != 4)
		return open_error(error, NOTIFY_OPEN_BAD_VERSION, our_version, 2);
	o->router_id = ip_from_bytes(id, 4);
	if (!parameters_decode(&r, o, error))
		return false;
	if (o->as == 0)
		return open_error(error, NOTIFY_OPEN_BAD_PEER_AS, NULL, 0);
	if (o->hold_s == 1 || o->hold_s == 2)
		return open_error(error, NOTIFY_OPEN_BAD_HOLD_TIME, hold, 2);
	if (ip_to_u32(&o->router_id) == 0)
		return open_error(error, NOTIFY_OPEN_BAD_IDENTIFIER, id, 4);
	return true;
}

static void capability_encode(struct writer *w, const struct capability *c, const struct open *o)
{
	size_t mark;

	if (c->wanted == NULL || !c->wanted(o))
		return;
	write_u8(w, c->code);
	mark = write_begin_u8(w);
	c->encode(w, o);
	write_end_u8(w, mark);
}

void open_families_encode(struct writer *w, const bool families[BGP_FAMILIES])
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (families[f])
			multiprotocol_encode(w, (enum bgp_family)f);
}

static size_t capabilities_encode(uint8_t *bytes, size_t room, const struct open *o)
{
	struct writer w = writer_to(bytes, room);

	open_families_encode(&w, o->families);
	for (size_t i = 0; i < CAPABILITIES; i++)
		capability_encode(&w, &capabilities[i], o);
	check(!w.overflow);
	return writer_size(&w);
}

/* One parameter with all capabilities. RFC 9072 section 2: what has no room in 255 bytes goes out
 * in the long form, which other speakers may not read. */
static void parameters_encode(struct writer *w, const struct open *o)
{
	uint8_t bytes[CAPABILITIES_MAX];
	size_t size = o->bare ? 0 : capabilities_encode(bytes, sizeof(bytes), o);

	if (size == 0) {
		write_u8(w, 0);
		return;
	}
	if (o->extended_parameters || size + 2 >= PARAMETERS_EXTENDED) {
		write_u8(w, PARAMETERS_EXTENDED);
		write_u8(w, PARAMETERS_EXTENDED);
		write_u16(w, (uint16_t)(size + 3));
		write_u8(w, PARAMETER_CAPABILITIES);
		write_u16(w, (uint16_t)size);
	} else {
		write_u8(w, (uint8_t)(size + 2));
		write_u8(w, PARAMETER_CAPABILITIES);
		write_u8(w, (uint8_t)size);
	}
	write_bytes(w, bytes, size);
}

void open_encode(struct writer *w, const struct open *o)
{
	size_t mark = message_begin(w, MESSAGE_OPEN);

	write_u8(w, 4);
	write_u16(w, (uint16_t)(o->as > UINT16_MAX ? AS_TRANS : o->as));
	write_u16(w, o->hold_s);
	write_bytes(w, o->router_id.b, 4);
	parameters_encode(w, o);
	message_end(w, mark);
}

void open_strip(struct open *o)
{
	*o = (struct open){.as = o->as,
	    .hold_s = o->hold_s,
	    .router_id = o->router_id,
	    .bare = true,
	    .families = {[BGP_IPV4_UNICAST] = true}};
}

static void families_text(const bool *set, const char *name, struct str *out)
{
	const char *separator = "(";

	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!set[f])
			continue;
		if (separator[0] == '(')
			str_addf(out, " %s", name);
		str_addf(out, "%s%s", separator, bgp_family_json_name((enum bgp_family)f));
		separator = ",";
	}
	if (separator[0] == ',')
		str_add(out, ")");
}

void open_text(const struct open *o, struct str *out)
{
	char id[IP_TEXT_MAX];

	str_addf(out, "AS %u id %s hold %u", o->as, ip_text(&o->router_id, id), o->hold_s);
	families_text(o->families, "mp", out);
	families_text(o->extended_nexthop, "extended-nexthop", out);
	families_text(o->add_path_receive, "add-path-rx", out);
	families_text(o->add_path_send, "add-path-tx", out);
	str_add(out, o->as4 ? " as4" : "");
	str_add(out, o->route_refresh ? " refresh" : "");
	str_add(out, o->enhanced_refresh ? " enhanced-refresh" : "");
	str_add(out, o->extended_message ? " extended-message" : "");
	if (o->role != ROLE_NONE)
		str_addf(out, " role=%s", role_name(o->role));
	if (o->graceful_restart)
		str_addf(out, " graceful-restart=%us%s%s", o->restart_s, o->restarting ? ",R" : "",
		    o->notification ? ",N" : "");
	families_text(o->restart_families, "restart", out);
	families_text(o->forwarding_kept, "forwarding-kept", out);
	families_text(o->long_lived_families, "long-lived", out);
	if (o->hostname[0] != '\0')
		str_addf(out, " hostname=%s", o->hostname);
}
