/*
 * Value types: comparison, text and parsing. No state. inet_ntop/inet_pton do the address text,
 * since RFC 5952 forms are not what this project exists for.
 */
#include "base/types.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool mac_is_zero(const struct mac *m)
{
	static const struct mac zero;

	return mac_equal(m, &zero);
}

bool mac_is_group(const struct mac *m)
{
	return (m->b[0] & 1) != 0;
}

const char *mac_text(const struct mac *m, char *text)
{
	snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2],
	    m->b[3], m->b[4], m->b[5]);
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool mac_parse(const char *text, struct mac *m)
{
	struct mac out;

	for (size_t i = 0; i < 6; i++) {
		int hi = hex_digit(text[0]);
		int lo = hi < 0 ? -1 : hex_digit(text[1]);

		if (hi < 0 || lo < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		out.b[i] = (uint8_t)(hi << 4 | lo);
		text += 3;
	}
	*m = out;
	return true;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	return memcmp(a, b, sizeof(*a));
}

bool ip_is_link_local(const struct ip *ip)
{
	return ip->family == IP_V6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

size_t ip_size(const struct ip *ip)
{
	if (ip->family == IP_V4)
		return 4;
	return ip->family == IP_V6 ? 16 : 0;
}

struct ip ip_from_bytes(const void *bytes, size_t size)
{
	struct ip ip = {.family = size == 4 ? IP_V4 : IP_V6};

	memcpy(ip.b, bytes, size);
	return ip;
}

struct ip ip_from_u32(uint32_t v4)
{
	uint32_t be = htonl(v4);

	return ip_from_bytes(&be, 4);
}

uint32_t ip_to_u32(const struct ip *ip)
{
	uint32_t be;

	memcpy(&be, ip->b, 4);
	return ntohl(be);
}

const char *ip_text(const struct ip *ip, char *text)
{
	text[0] = '\0';
	if (ip->family == IP_V4)
		inet_ntop(AF_INET, ip->b, text, IP_TEXT_MAX);
	else if (ip->family == IP_V6)
		inet_ntop(AF_INET6, ip->b, text, IP_TEXT_MAX);
	return text;
}

bool ip_parse(const char *text, struct ip *ip)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, text, b) == 1)
		*ip = ip_from_bytes(b, 4);
	else if (inet_pton(AF_INET6, text, b) == 1)
		*ip = ip_from_bytes(b, 16);
	else
		return false;
	return true;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a));
}

struct prefix prefix_from(const struct ip *addr, uint8_t len)
{
	struct prefix p = {.addr = *addr, .len = len};

	for (size_t i = 0; i < 16; i++) {
		int bits = (int)len - (int)(i * 8);

		if (bits <= 0)
			p.addr.b[i] = 0;
		else if (bits < 8)
			p.addr.b[i] &= (uint8_t)(0xff << (8 - bits));
	}
	return p;
}

bool prefix_contains(const struct prefix *p, const struct ip *ip)
{
	struct prefix q = prefix_from(ip, p->len);

	return prefix_equal(p, &q);
}

const char *prefix_text(const struct prefix *p, char *text)
{
	char addr[IP_TEXT_MAX];

	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", ip_text(&p->addr, addr), p->len);
	return text;
}

/* A decimal number that fills `text` up to `end_char`; returns what follows it or NULL. */
static const char *parse_number(
    const char *text, char end_char, unsigned long max, unsigned long *v)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return NULL;
	*v = strtoul(text, &end, 10);
	if (*end != end_char || *v > max)
		return NULL;
	return end_char == '\0' ? end : end + 1;
}

bool prefix_parse(const char *text, struct prefix *p)
{
	char addr[IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	unsigned long len;
	struct ip ip;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (!ip_parse(addr, &ip))
		return false;
	if (parse_number(slash + 1, '\0', ip_size(&ip) * 8, &len) == NULL)
		return false;
	*p = prefix_from(&ip, (uint8_t)len);
	return true;
}

bool rd_equal(const struct rd *a, const struct rd *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct rd rd_from_ip(const struct ip *v4, uint16_t number)
{
	struct rd rd = {.b = {0, 1}};

	memcpy(&rd.b[2], v4->b, 4);
	rd.b[6] = (uint8_t)(number >> 8);
	rd.b[7] = (uint8_t)number;
	return rd;
}

static uint32_t get_be(const uint8_t *b, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

const char *rd_text(const struct rd *rd, char *text)
{
	const uint8_t *b = rd->b;

	switch (get_be(b, 2)) {
	case 0:
		snprintf(text, RD_TEXT_MAX, "%u:%u", get_be(b + 2, 2), get_be(b + 4, 4));
		break;
	case 1:
		snprintf(
		    text, RD_TEXT_MAX, "%u.%u.%u.%u:%u", b[2], b[3], b[4], b[5], get_be(b + 6, 2));
		break;
	case 2:
		snprintf(text, RD_TEXT_MAX, "%u:%u", get_be(b + 2, 4), get_be(b + 6, 2));
		break;
	default:
		snprintf(text, RD_TEXT_MAX, "%08x%08x", get_be(b, 4), get_be(b + 4, 4));
		break;
	}
	return text;
}

static void put_be(uint8_t *b, size_t n, unsigned long v)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		b[i] = (uint8_t)v;
}

static bool rd_parse_as(const char *text, struct rd *rd)
{
	unsigned long as, number;
	const char *rest = parse_number(text, ':', UINT32_MAX, &as);
	bool wide = as > UINT16_MAX;

	if (rest == NULL ||
	    parse_number(rest, '\0', wide ? UINT16_MAX : UINT32_MAX, &number) == NULL)
		return false;
	*rd = (struct rd){.b = {0, wide ? 2 : 0}};
	put_be(&rd->b[2], wide ? 4 : 2, as);
	put_be(&rd->b[wide ? 6 : 4], wide ? 2 : 4, number);
	return true;
}

bool rd_parse(const char *text, struct rd *rd)
{
	char addr[IP_TEXT_MAX];
	const char *colon = strrchr(text, ':');
	unsigned long number;
	struct ip ip;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(colon - text));
	addr[colon - text] = '\0';
	if (!ip_parse(addr, &ip) || ip.family != IP_V4)
		return rd_parse_as(text, rd);
	if (parse_number(colon + 1, '\0', UINT16_MAX, &number) == NULL)
		return false;
	*rd = rd_from_ip(&ip, (uint16_t)number);
	return true;
}

bool extcomm_equal(const struct extcomm *a, const struct extcomm *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool esi_is_zero(const struct esi *esi)
{
	static const struct esi zero;

	return memcmp(esi, &zero, sizeof(zero)) == 0;
}

const char *esi_text(const struct esi *esi, char *text)
{
	for (size_t i = 0; i < 10; i++)
		snprintf(text + 3 * i, 4, "%02x%s", esi->b[i], i < 9 ? ":" : "");
	return text;
}
