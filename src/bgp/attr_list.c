/*
 * The path attributes field of an UPDATE: the walk over it, by the table of attr.c, and its making.
 * Knows no attribute by name but those whose meaning spans two (AS4_PATH and AS4_AGGREGATOR), those
 * that carry NLRI, and what a discarded one has left behind.
 *
 * RFC 4271 section 5 (unrecognised attributes), RFC 7606 sections 3 and 4, RFC 6793 section 4.2.3.
 *
 * Unrecognised optional transitive attributes are kept as bytes, Partial bit set, in order of their
 * codes; so is a PMSI_TUNNEL of a tunnel type that we do not speak, its flags as received.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/attr_row.h"
#include "bgp/open.h"

#define OPTIONAL ATTR_FLAG_OPTIONAL
#define TRANSITIVE ATTR_FLAG_TRANSITIVE

static const char wrong_length[] = "wrong length";

void outcome_raise(struct outcome *worst, const struct outcome *o)
{
	bool withdraw = worst->withdraw || o->disposition == UPDATE_TREAT_AS_WITHDRAW;

	if (o->disposition > worst->disposition)
		*worst = *o;
	worst->withdraw = withdraw;
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
	const struct outcome o = {.disposition = disposition,
	    .attribute = f->code,
	    .subcode = subcode,
	    .reason = reason,
	    .data = f->start,
	    .data_size = f->size};

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
void attr_add_unknown(struct decoding *d, uint8_t flags, uint8_t code, struct reader value)
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
		attr_add_unknown(d, f->flags | ATTR_FLAG_PARTIAL, f->code, f->value);
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
	row = attr_row_of(f.code);
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

/* ---- encoding ---- */

static void row_encode(struct writer *w, uint8_t code, const struct encoding *e)
{
	const struct attr_row *row = attr_row_of(code);
	size_t start = writer_size(w), mark, size;

	if (row == NULL || row->present == NULL || !row->present(e))
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

/* Those of *unknown that stand before `code`. */
static void unknown_encode(struct writer *w, struct reader *unknown, uint8_t code)
{
	size_t to = unknown_place(unknown->p, reader_left(unknown), code);

	write_bytes(w, read_view(unknown, to), to);
}

void attrs_encode(struct writer *w, const struct attrs *a, bool as4, bool next_hop)
{
	const struct encoding e = {a, as4, next_hop};
	struct reader unknown = reader_from(a->unknown, a->unknown_size);

	for (uint8_t code = 0; code < ATTR_ROWS; code++) {
		if (reader_left(&unknown) != 0)
			unknown_encode(w, &unknown, code);
		row_encode(w, code, &e);
	}
	write_bytes(w, unknown.p, reader_left(&unknown));
}
