/*
 * Words: splitting a line, the value types of the grammar, and how far apart two words are (for
 * "did you mean"). Knows nothing of statements.
 */
#include "config/words.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

void words_split(struct words *w, const char *line, size_t size)
{
	size_t at = 0;

	*w = (struct words){.text = mem_new(size + 1)};
	if (size > 0)
		memcpy(w->text, line, size);
	while (at < size) {
		size_t start;

		while (at < size && (is_blank(line[at]) || line[at] == '\0'))
			w->text[at++] = '\0';
		start = at;
		while (at < size && !is_blank(line[at]) && line[at] != '\0')
			at++;
		if (at == start)
			break;
		if (w->count == WORDS_MAX) {
			w->overflow = true;
			break;
		}
		w->word[w->count] = w->text + start;
		w->column[w->count++] = (unsigned)start + 1;
	}
}

void words_fini(struct words *w)
{
	mem_free(w->text);
	w->text = NULL;
	w->count = 0;
}

char *words_join(const struct words *w, unsigned from)
{
	struct str s = {0};
	char *text;

	for (unsigned i = from; i < w->count; i++)
		str_addf(&s, "%s%s", i > from ? " " : "", w->word[i]);
	text = mem_strdup(str_text(&s));
	str_fini(&s);
	return text;
}

bool words_have(const struct words *w, unsigned from, const char *word)
{
	for (unsigned i = from; i < w->count; i++)
		if (strcmp(w->word[i], word) == 0)
			return true;
	return false;
}

bool word_number(const char *word, uint32_t min, uint32_t max, uint32_t *n)
{
	uint64_t v = 0;

	if (*word == '\0')
		return false;
	for (const char *p = word; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || v > UINT32_MAX)
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (v < min || v > max)
		return false;
	*n = (uint32_t)v;
	return true;
}

bool word_asn(const char *word, uint32_t *as)
{
	const char *dot = strchr(word, '.');
	uint32_t high, low;
	char text[8];

	if (dot == NULL)
		return word_number(word, 1, UINT32_MAX, as);
	if ((size_t)(dot - word) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(dot - word), word);
	if (!word_number(text, 0, UINT16_MAX, &high) ||
	    !word_number(dot + 1, 0, UINT16_MAX, &low) || (high == 0 && low == 0))
		return false;
	*as = high << 16 | low;
	return true;
}

bool word_address(const char *word, struct prefix *p)
{
	const char *slash = strchr(word, '/');
	char text[IP_TEXT_MAX];
	struct ip ip;
	uint32_t len;

	if (slash == NULL || (size_t)(slash - word) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - word), word);
	if (!ip_parse(text, &ip) || !word_number(slash + 1, 0, (uint32_t)ip_size(&ip) * 8, &len))
		return false;
	*p = (struct prefix){.addr = ip, .len = (uint8_t)len};
	return true;
}

bool word_rt(const char *word, struct extcomm *rt)
{
	struct rd rd;

	if (!rd_parse(word, &rd))
		return false;
	memcpy(rt->b, rd.b, sizeof(rt->b));
	rt->b[0] = rd.b[1];
	rt->b[1] = 2;
	return true;
}

static bool is_ip(const char *word, uint8_t family)
{
	struct ip ip;

	return ip_parse(word, &ip) && (family == IP_NONE || ip.family == family);
}

static bool is_prefix(const char *word, uint8_t family)
{
	struct prefix p;

	return word_address(word, &p) && (family == IP_NONE || p.addr.family == family);
}

static bool is_range(const char *word, const char *type)
{
	unsigned long min, max;
	uint32_t n;
	char *end;

	min = strtoul(type + 1, &end, 10);
	max = strtoul(end + 1, NULL, 10);
	return word_number(word, (uint32_t)min, (uint32_t)max, &n);
}

static bool is_asn(const char *word)
{
	uint32_t as;

	return word_asn(word, &as);
}

static bool is_rd(const char *word)
{
	struct rd rd;

	return rd_parse(word, &rd);
}

static bool is_rt(const char *word)
{
	struct extcomm rt;

	return word_rt(word, &rt);
}

static bool is_mac(const char *word)
{
	struct mac mac;

	return mac_parse(word, &mac);
}

static bool type_is(const char *type, size_t size, const char *name)
{
	return strlen(name) == size && memcmp(type, name, size) == 0;
}

enum word_type {
	TYPE_WORD,
	TYPE_ASN,
	TYPE_IP,
	TYPE_IP4,
	TYPE_IP6,
	TYPE_PREFIX,
	TYPE_PREFIX4,
	TYPE_PREFIX6,
	TYPE_ADDRESS4,
	TYPE_ADDRESS6,
	TYPE_RD,
	TYPE_RT,
	TYPE_MAC,
	TYPES
};

static const struct {
	const char *name, *wanted;
} types[TYPES] = {
    [TYPE_WORD] = {"WORD", "a word"},
    [TYPE_ASN] = {"ASN", "an AS number (1-4294967295)"},
    [TYPE_IP] = {"IP", "an IPv4 or IPv6 address"},
    [TYPE_IP4] = {"IP4", "an IPv4 address"},
    [TYPE_IP6] = {"IP6", "an IPv6 address"},
    [TYPE_PREFIX] = {"PREFIX", "a prefix: address/length"},
    [TYPE_PREFIX4] = {"PREFIX4", "an IPv4 prefix: A.B.C.D/0-32"},
    [TYPE_PREFIX6] = {"PREFIX6", "an IPv6 prefix: X:X::/0-128"},
    [TYPE_ADDRESS4] = {"ADDRESS4", "an IPv4 address with length: A.B.C.D/0-32"},
    [TYPE_ADDRESS6] = {"ADDRESS6", "an IPv6 address with length: X:X::X/0-128"},
    [TYPE_RD] = {"RD", "a route distinguisher: AS:number or A.B.C.D:number"},
    [TYPE_RT] = {"RT", "a route target: AS:number or A.B.C.D:number"},
    [TYPE_MAC] = {"MAC", "a MAC address: aa:bb:cc:dd:ee:ff"},
};

static enum word_type type_find(const char *type, size_t size)
{
	for (int i = 0; i < TYPES; i++)
		if (type_is(type, size, types[i].name))
			return (enum word_type)i;
	return TYPE_WORD;
}

bool word_has_type(const char *word, const char *type, size_t type_size)
{
	if (*type == '<')
		return is_range(word, type);
	switch (type_find(type, type_size)) {
	case TYPE_WORD:
		return true;
	case TYPE_ASN:
		return is_asn(word);
	case TYPE_IP:
		return is_ip(word, IP_NONE);
	case TYPE_IP4:
		return is_ip(word, IP_V4);
	case TYPE_IP6:
		return is_ip(word, IP_V6);
	case TYPE_PREFIX:
		return is_prefix(word, IP_NONE);
	case TYPE_PREFIX4:
	case TYPE_ADDRESS4:
		return is_prefix(word, IP_V4);
	case TYPE_PREFIX6:
	case TYPE_ADDRESS6:
		return is_prefix(word, IP_V6);
	case TYPE_RD:
		return is_rd(word);
	case TYPE_RT:
		return is_rt(word);
	case TYPE_MAC:
		return is_mac(word);
	case TYPES:
		break;
	}
	return false;
}

void word_type_text(const char *type, size_t type_size, char *text, size_t text_size)
{
	if (*type == '<')
		snprintf(text, text_size, "a number, %.*s", (int)type_size - 2, type + 1);
	else
		snprintf(text, text_size, "%s", types[type_find(type, type_size)].wanted);
}

#define DISTANCE_WORD_MAX 31

unsigned word_distance(const char *a, const char *b)
{
	unsigned row[DISTANCE_WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > DISTANCE_WORD_MAX || nb > DISTANCE_WORD_MAX)
		return 16;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[nb] > 15 ? 16 : row[nb];
}
