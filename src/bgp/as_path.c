/*
 * AS_PATH. Kept in wire form with 4-octet AS numbers, whatever the peer speaks (RFC 6793); every
 * path that is in a struct attrs has been checked here: known segment types, none empty, no AS 0
 * (RFC 7606 section 7.2, RFC 7607), nothing left over. So the queries below cannot fail.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/attr_wire.h"
#include "bgp/open.h"

/* Wire form with 4-octet numbers. Half of what an attribute holds: the other half is for numbers
 * that are put in front, here and by those who hear of it. */
#define SIZE_MAX_TAKEN 32768u

struct segment {
	uint8_t type;
	uint8_t count;
	struct reader numbers;
};

static bool segment_next(struct reader *r, size_t as_size, struct segment *s)
{
	if (reader_left(r) == 0)
		return false;
	s->type = read_u8(r);
	s->count = read_u8(r);
	s->numbers = read_slice(r, s->count * as_size);
	return !r->failed;
}

static uint32_t number_next(struct reader *r, size_t as_size)
{
	return as_size == 2 ? read_u16(r) : read_u32(r);
}

static struct reader path_reader(const struct attrs *a)
{
	return reader_from(a->as_path, a->as_path_size);
}

static bool segment_is_confed(const struct segment *s)
{
	return s->type == AS_CONFED_SEQUENCE || s->type == AS_CONFED_SET;
}

/* ---- wire ---- */

static const char *segment_check(const struct segment *s, size_t as_size, bool confed)
{
	struct reader numbers = s->numbers;

	if (s->type < AS_SET || s->type > AS_CONFED_SET)
		return "unknown segment type";
	if (segment_is_confed(s) && !confed)
		return "confederation segment";
	if (s->count == 0)
		return "empty segment";
	while (reader_left(&numbers) != 0)
		if (number_next(&numbers, as_size) == 0)
			return "AS 0";
	return NULL;
}

static const char *path_check(struct reader r, size_t as_size, bool confed, size_t *numbers)
{
	struct segment s;

	*numbers = 0;
	while (segment_next(&r, as_size, &s)) {
		const char *wrong = segment_check(&s, as_size, confed);

		if (wrong != NULL)
			return wrong;
		*numbers += s.count;
	}
	return r.failed ? "truncated segment" : NULL;
}

static void segment_encode(struct writer *w, const struct segment *s, size_t from, size_t to)
{
	struct reader numbers = s->numbers;

	write_u8(w, s->type);
	write_u8(w, s->count);
	for (size_t i = 0; i < s->count; i++) {
		uint32_t as = number_next(&numbers, from);

		if (to == 4)
			write_u32(w, as);
		else
			write_u16(w, (uint16_t)(as > UINT16_MAX ? AS_TRANS : as));
	}
}

const char *as_path_decode(struct reader *v, size_t as_size, bool confed, struct arena *arena,
    const uint8_t **path, uint16_t *size)
{
	size_t numbers, wide = reader_left(v);
	const char *wrong = path_check(*v, as_size, confed, &numbers);
	struct segment s;
	struct writer w;

	if (wrong != NULL)
		return wrong;
	if (as_size == 2)
		wide += 2 * numbers;
	if (wide > SIZE_MAX_TAKEN)
		return "too long";
	if (as_size == 4) {
		*size = (uint16_t)wide;
		*path = read_view(v, wide);
		return NULL;
	}
	w = writer_to(arena_new(arena, wide + 1), wide);
	while (segment_next(v, 2, &s))
		segment_encode(&w, &s, 2, 4);
	*path = w.start;
	*size = (uint16_t)wide;
	return NULL;
}

void as_path_encode(struct writer *w, const struct attrs *a, size_t as_size)
{
	struct reader r = path_reader(a);
	struct segment s;

	if (as_size == 4) {
		write_bytes(w, a->as_path, a->as_path_size);
		return;
	}
	while (segment_next(&r, 4, &s))
		segment_encode(w, &s, 4, as_size);
}

void as4_path_encode(struct writer *w, const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;

	while (segment_next(&r, 4, &s))
		if (!segment_is_confed(&s))
			segment_encode(w, &s, 4, 4);
}

bool as_path_is_wide(const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;

	while (segment_next(&r, 4, &s))
		while (reader_left(&s.numbers) != 0)
			if (read_u32(&s.numbers) > UINT16_MAX)
				return true;
	return false;
}

/* ---- RFC 6793 section 4.2.3 ---- */

static unsigned segment_length(const struct segment *s)
{
	if (s->type == AS_SEQUENCE)
		return s->count;
	return s->type == AS_SET ? 1 : 0;
}

static unsigned path_length(struct reader r)
{
	struct segment s;
	unsigned n = 0;

	while (segment_next(&r, 4, &s))
		n += segment_length(&s);
	return n;
}

/* The leading part of `path` that counts `lead`; confederation segments in front of it or inside
 * it come along. */
static void lead_encode(struct writer *w, struct reader path, unsigned lead)
{
	struct segment s;

	while (segment_next(&path, 4, &s)) {
		if (!segment_is_confed(&s) && lead == 0)
			return;
		if (s.type == AS_SEQUENCE && s.count > lead)
			s.count = (uint8_t)lead;
		lead -= segment_length(&s);
		segment_encode(w, &s, 4, 4);
	}
}

void as_path_merge(struct attrs *a, const uint8_t *as4, uint16_t as4_size, struct arena *arena)
{
	unsigned have = path_length(path_reader(a));
	unsigned have4 = path_length(reader_from(as4, as4_size));
	size_t room = (size_t)a->as_path_size + as4_size + 2;
	struct writer w;
	struct attrs tail = {.as_path = as4, .as_path_size = as4_size};

	if (have < have4)
		return; /* shorter than what it should extend: AS4_PATH is to be ignored */
	w = writer_to(arena_new(arena, room), room);
	lead_encode(&w, path_reader(a), have - have4);
	as4_path_encode(&w, &tail);
	check(!w.overflow);
	if (writer_size(&w) > SIZE_MAX_TAKEN)
		return;
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

/* ---- construction ---- */

/* Joins the first AS_SEQUENCE while it has room for 255 numbers (RFC 4271 section 5.1.2). */
void as_path_prepend(struct attrs *a, uint32_t as, unsigned times, struct arena *arena)
{
	struct reader r = path_reader(a);
	struct segment first;
	bool join = segment_next(&r, 4, &first) && first.type == AS_SEQUENCE &&
		    first.count + times <= UINT8_MAX;
	size_t room = a->as_path_size + (join ? 0u : 2u) + 4 * (size_t)times;
	struct writer w;

	check(times > 0 && times <= UINT8_MAX && room <= UINT16_MAX);
	w = writer_to(arena_new(arena, room), room);
	write_u8(&w, AS_SEQUENCE);
	write_u8(&w, (uint8_t)(times + (join ? first.count : 0)));
	for (unsigned i = 0; i < times; i++)
		write_u32(&w, as);
	r = path_reader(a);
	if (join)
		read_u16(&r); /* its head is written */
	write_bytes(&w, r.p, reader_left(&r));
	check(!w.overflow);
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

/* ---- aggregation ---- */

/* Numbers of the AS_SEQUENCE that the path begins with. */
static size_t first_sequence(const struct attrs *a, struct reader *numbers)
{
	struct reader r = path_reader(a);
	struct segment s;

	if (!segment_next(&r, 4, &s) || s.type != AS_SEQUENCE)
		return 0;
	*numbers = s.numbers;
	return s.count;
}

/* How many numbers the two begin with that are the same, at most `max`. */
static size_t common_lead(const struct attrs *a, const struct attrs *b, size_t max)
{
	struct reader x, y;
	size_t n = first_sequence(a, &x), m = first_sequence(b, &y), i = 0;

	max = n < max ? n : max;
	max = m < max ? m : max;
	while (i < max && read_u32(&x) == read_u32(&y))
		i++;
	return i;
}

static bool same_path(const struct attrs *a, const struct attrs *b)
{
	return a->as_path_size == b->as_path_size &&
	       (a->as_path_size == 0 || memcmp(a->as_path, b->as_path, a->as_path_size) == 0);
}

/* All numbers behind the first `lead`; confederations end at ours. Their number. */
static size_t collect(const struct attrs *a, size_t lead, uint32_t *to)
{
	struct reader r = path_reader(a);
	struct segment s;
	size_t n = 0;

	while (segment_next(&r, 4, &s))
		while (reader_left(&s.numbers) != 0) {
			uint32_t as = read_u32(&s.numbers);

			if (lead > 0)
				lead--;
			else if (!segment_is_confed(&s))
				to[n++] = as;
		}
	return n;
}

static void sets_encode(struct writer *w, const uint32_t *as, size_t count)
{
	for (size_t i = 0; i < count; i += UINT8_MAX) {
		size_t n = count - i < UINT8_MAX ? count - i : UINT8_MAX;

		write_u8(w, AS_SET);
		write_u8(w, (uint8_t)n);
		for (size_t j = 0; j < n; j++)
			write_u32(w, as[i + j]);
	}
}

/* So many numbers make half of what a path may be. */
#define AGGREGATE_AS_MAX 4000u

static void aggregate_encode(struct attrs *to, const struct attrs *first, size_t lead,
    const uint32_t *rest, size_t count, struct arena *arena)
{
	size_t room = 2 + 4 * lead + 4 * count + 2 * (count / UINT8_MAX + 1);
	struct writer w = writer_to(arena_new(arena, room), room);
	struct reader numbers;

	if (lead > 0) {
		first_sequence(first, &numbers);
		write_u8(&w, AS_SEQUENCE);
		write_u8(&w, (uint8_t)lead);
		for (size_t i = 0; i < lead; i++)
			write_u32(&w, read_u32(&numbers));
	}
	sets_encode(&w, rest, count);
	check(!w.overflow);
	to->as_path = w.start;
	to->as_path_size = (uint16_t)writer_size(&w);
}

bool as_path_aggregate(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena)
{
	size_t lead = UINT8_MAX, room = 0, n = 0;
	bool same = true;
	uint32_t *rest;

	for (size_t i = 0; i < count; i++) {
		same &= same_path(list[i], list[0]);
		lead = common_lead(list[0], list[i], lead);
		room += list[i]->as_path_size / 4u;
	}
	to->as_path = list[0]->as_path;
	to->as_path_size = list[0]->as_path_size;
	if (same)
		return true;
	rest = arena_new(arena, (room + 1) * sizeof(*rest));
	for (size_t i = 0; i < count; i++)
		n += collect(list[i], lead, rest + n);
	n = communities_sort(rest, n);
	aggregate_encode(
	    to, list[0], lead, rest, n < AGGREGATE_AS_MAX ? n : AGGREGATE_AS_MAX, arena);
	return n <= AGGREGATE_AS_MAX;
}

/* RFC 6996 section 5, and as in FRR the reserved number behind the 2-octet ones (RFC 7300): nobody
 * has it either. */
bool as_is_private(uint32_t as)
{
	return (as >= 64512 && as <= 65535) || (as >= 4200000000 && as <= 4294967294);
}

/* What becomes of one AS number; 0: it comes off. */
struct as_rule {
	enum { AS_PRIVATE, AS_AMONG, AS_EACH } which;
	uint32_t keep;	       /* AS_PRIVATE: but for this */
	const uint32_t *among; /* AS_AMONG */
	size_t count;
	uint32_t to;
};

static bool is_among(uint32_t as, const uint32_t *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (all[i] == as)
			return true;
	return false;
}

static bool rule_means(const struct as_rule *rule, uint32_t as)
{
	switch (rule->which) {
	case AS_PRIVATE:
		return as_is_private(as) && as != rule->keep;
	case AS_AMONG:
		return is_among(as, rule->among, rule->count);
	case AS_EACH:
		return true;
	}
	return false;
}

static uint32_t rule_apply(const struct as_rule *rule, uint32_t as)
{
	return rule_means(rule, as) ? rule->to : as;
}

/* A segment that is left empty comes off, too. */
static void segment_rewrite(struct writer *w, struct segment *s, const struct as_rule *rule)
{
	size_t start = writer_size(w);
	uint8_t count = 0;

	write_u8(w, s->type);
	write_begin_u8(w);
	while (reader_left(&s->numbers) != 0) {
		uint32_t as = rule_apply(rule, read_u32(&s->numbers));

		if (as == 0)
			continue;
		write_u32(w, as);
		count++;
	}
	if (count == 0)
		writer_rewind(w, start);
	else
		w->start[start + 1] = count;
}

static void path_rewrite(struct attrs *a, const struct as_rule *rule, struct arena *arena)
{
	struct reader r = path_reader(a);
	struct writer w = writer_to(arena_new(arena, a->as_path_size + 1u), a->as_path_size);
	struct segment s;

	while (segment_next(&r, 4, &s))
		segment_rewrite(&w, &s, rule);
	check(!w.overflow);
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

void as_path_replace(struct attrs *a, uint32_t from, uint32_t to, struct arena *arena)
{
	path_rewrite(a,
	    &(struct as_rule){
		.which = from == 0 ? AS_EACH : AS_AMONG, .among = &from, .count = 1, .to = to},
	    arena);
}

void as_path_exclude(struct attrs *a, const uint32_t *as, size_t count, struct arena *arena)
{
	path_rewrite(a, &(struct as_rule){.which = AS_AMONG, .among = as, .count = count}, arena);
}

void as_path_remove_private(struct attrs *a, uint32_t keep, uint32_t to, struct arena *arena)
{
	path_rewrite(a, &(struct as_rule){.which = AS_PRIVATE, .keep = keep, .to = to}, arena);
}

/* ---- queries ---- */

bool as_path_has_set(const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;

	while (segment_next(&r, 4, &s))
		if (s.type == AS_SET || s.type == AS_CONFED_SET)
			return true;
	return false;
}

bool as_path_is_private(const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;
	bool any = false;

	while (segment_next(&r, 4, &s))
		while (reader_left(&s.numbers) != 0) {
			if (!as_is_private(read_u32(&s.numbers)))
				return false;
			any = true;
		}
	return any;
}

unsigned as_path_length(const struct attrs *a)
{
	return path_length(path_reader(a));
}

unsigned as_path_count(const struct attrs *a, uint32_t as)
{
	struct reader r = path_reader(a);
	struct segment s;
	unsigned n = 0;

	while (segment_next(&r, 4, &s))
		while (reader_left(&s.numbers) != 0)
			n += read_u32(&s.numbers) == as;
	return n;
}

uint32_t as_path_first(const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;

	while (segment_next(&r, 4, &s)) {
		if (s.type == AS_SEQUENCE)
			return read_u32(&s.numbers);
		if (!segment_is_confed(&s))
			return 0;
	}
	return 0;
}

uint32_t as_path_origin(const struct attrs *a)
{
	struct reader r = path_reader(a);
	struct segment s;
	uint32_t as = 0;

	while (segment_next(&r, 4, &s))
		while (s.type == AS_SEQUENCE && reader_left(&s.numbers) != 0)
			as = read_u32(&s.numbers);
	return as;
}

void as_path_text(const struct attrs *a, struct str *out)
{
	static const char *const open[] = {"", "{", "", "(", "["}, *const close[] = {
								       "", "}", "", ")", "]"};
	struct reader r = path_reader(a);
	const char *separator = "";
	struct segment s;

	while (segment_next(&r, 4, &s)) {
		char between = s.type == AS_SET || s.type == AS_CONFED_SET ? ',' : ' ';

		str_addf(out, "%s%s", separator, open[s.type]);
		for (unsigned i = 0; i < s.count; i++) {
			if (i > 0)
				str_addf(out, "%c", between);
			str_addf(out, "%u", read_u32(&s.numbers));
		}
		str_add(out, close[s.type]);
		separator = " ";
	}
}
