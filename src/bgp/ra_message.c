/*
 * The bytes of router advertisements. The order of the options is FRR's, so that the two can be
 * compared. What the configuration does not say is unspecified (0), but for the hop limit.
 */
#include "bgp/ra_message.h"

#include "base/bytes.h"
#include "base/check.h"

enum {
	ROUTER_ADVERTISEMENT = 134,
	OPTION_SOURCE = 1,
	OPTION_PREFIX = 3,
	OPTION_MTU = 5,
	OPTION_INTERVAL = 7,
	OPTION_RDNSS = 25
};

#define HOP_LIMIT_DEFAULT 64
#define FLAG_MANAGED 0x80
#define FLAG_OTHER 0x40
#define PREFIX_ON_LINK 0x80
#define PREFIX_AUTOCONFIG 0x40
#define PREFIX_ROUTER 0x20

struct ra_settings ra_settings_default(void)
{
	return (struct ra_settings){.router_lifetime_s = RA_LIFETIME_UNSAID};
}

void ra_settings_add_network(struct ra_settings *s, const struct prefix *address)
{
	struct prefix network = prefix_from(&address->addr, address->len);

	if (address->addr.family != IP_V6 || ip_is_link_local(&address->addr) ||
	    s->prefix_count == RA_PREFIXES_MAX)
		return;
	for (size_t i = 0; i < s->prefix_count; i++) {
		struct prefix said =
		    prefix_from(&s->prefixes[i].prefix.addr, s->prefixes[i].prefix.len);

		if (prefix_equal(&said, &network))
			return;
	}
	s->prefixes[s->prefix_count++] = (struct ra_prefix){
	    .prefix = network, .valid_s = RA_VALID_S, .preferred_s = RA_PREFERRED_S};
}

/* `words`: of 8 bytes, type and length included. */
static void option(struct writer *w, uint8_t type, uint8_t words)
{
	write_u8(w, type);
	write_u8(w, words);
}

/* RFC 4861 section 4.6.2, RFC 6275 section 7.2. */
static void put_prefix(struct writer *w, const struct ra_prefix *p)
{
	option(w, OPTION_PREFIX, 4);
	write_u8(w, p->prefix.len);
	write_u8(w, (uint8_t)((p->off_link ? 0 : PREFIX_ON_LINK) |
			      (p->no_autoconfig ? 0 : PREFIX_AUTOCONFIG) |
			      (p->router_address ? PREFIX_ROUTER : 0)));
	write_u32(w, p->valid_s);
	write_u32(w, p->preferred_s);
	write_u32(w, 0);
	write_bytes(w, p->prefix.addr.b, 16);
}

/* RFC 8106 section 5.1: three intervals, unless said. */
static void put_server(struct writer *w, const struct ra_server *server, uint32_t interval_ms)
{
	option(w, OPTION_RDNSS, 3);
	write_u16(w, 0);
	write_u32(w, server->has_lifetime ? server->lifetime_s : interval_ms * 3 / 1000);
	write_bytes(w, server->address.b, 16);
}

static void put_header(struct writer *w, const struct ra_settings *s, uint16_t lifetime_s)
{
	write_u8(w, ROUTER_ADVERTISEMENT);
	write_u8(w, 0);
	write_u16(w, 0);
	write_u8(w, s->has_hop_limit ? s->hop_limit : HOP_LIMIT_DEFAULT);
	/* RFC 4191 section 2.2: who is no default router has no preference. */
	write_u8(w, (uint8_t)((s->managed ? FLAG_MANAGED : 0) | (s->other ? FLAG_OTHER : 0) |
			      (lifetime_s == 0 ? 0 : s->preference << 3)));
	write_u16(w, lifetime_s);
	write_u32(w, s->reachable_ms);
	write_u32(w, s->retransmit_ms);
}

size_t ra_message(const struct ra_settings *s, uint16_t router_lifetime_s, uint32_t interval_ms,
    const struct mac *mac, uint8_t to[RA_SIZE_MAX])
{
	struct writer w = writer_to(to, RA_SIZE_MAX);

	put_header(&w, s, router_lifetime_s);
	if (s->tell_interval) {
		option(&w, OPTION_INTERVAL, 1);
		write_u16(&w, 0);
		write_u32(&w, interval_ms);
	}
	for (size_t i = 0; i < s->prefix_count; i++)
		put_prefix(&w, &s->prefixes[i]);
	if (!mac_is_zero(mac)) {
		option(&w, OPTION_SOURCE, 1);
		write_bytes(&w, mac->b, sizeof(mac->b));
	}
	if (s->mtu != 0) {
		option(&w, OPTION_MTU, 1);
		write_u16(&w, 0);
		write_u32(&w, s->mtu);
	}
	for (size_t i = 0; i < s->server_count; i++)
		put_server(&w, &s->servers[i], interval_ms);
	check(!w.overflow);
	return writer_size(&w);
}
