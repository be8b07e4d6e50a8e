/*
 * Path attributes: each malformed form with its RFC 7606 disposition, AS number merging, interning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/attr_row.h"
#include "bgp/extcomm.h"
#include "generate.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

#define ORIGIN 0x40, 1, 1, 0
#define PATH 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9
#define NEXT_HOP 0x40, 3, 4, 10, 0, 0, 1
#define LOCAL_PREF 0x40, 5, 4, 0, 0, 0, 100
#define USUAL ORIGIN, PATH, NEXT_HOP

enum peer { EBGP, IBGP };

static const struct {
	const char *what;
	const uint8_t *attributes;
	size_t size;
	enum peer peer;
	enum disposition disposition;
	uint8_t attribute;
} cases[] = {
    {"all is well", BYTES(USUAL), EBGP, UPDATE_OK, 0},
    {"all is well", BYTES(USUAL, LOCAL_PREF), IBGP, UPDATE_OK, 0},
    {"extended length of a short one", BYTES(0x50, 1, 0, 1, 0, PATH, NEXT_HOP), EBGP, UPDATE_OK, 0},
    {"unused flag bits", BYTES(0x4f, 1, 1, 0, PATH, NEXT_HOP), EBGP, UPDATE_OK, 0},
    {"empty AS_PATH", BYTES(ORIGIN, 0x40, 2, 0, NEXT_HOP), EBGP, UPDATE_OK, 0},
    /* missing: section 3 d */
    {"no ORIGIN", BYTES(PATH, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_ORIGIN},
    {"no AS_PATH", BYTES(ORIGIN, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"no NEXT_HOP", BYTES(ORIGIN, PATH), EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_NEXT_HOP},
    {"no LOCAL_PREF", BYTES(USUAL), IBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_LOCAL_PREF},
    {"nothing at all", NULL, 0, EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_ORIGIN},
    /* repeated: 3 g */
    {"ORIGIN twice", BYTES(USUAL, 0x40, 1, 1, 2), EBGP, UPDATE_DISCARD_ATTRIBUTE, ATTR_ORIGIN},
    {"MP_UNREACH twice", BYTES(USUAL, 0x80, 15, 3, 0, 1, 1, 0x80, 15, 3, 0, 1, 1), EBGP,
	UPDATE_RESET, ATTR_MP_UNREACH_NLRI},
    {"MP_REACH twice", BYTES(USUAL, 0x80, 14, 0, 0x80, 14, 0), EBGP, UPDATE_RESET,
	ATTR_MP_REACH_NLRI},
    /* flags: 3 c, 3 f */
    {"ORIGIN optional", BYTES(0xc0, 1, 1, 0, PATH, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_ORIGIN},
    {"MED transitive", BYTES(USUAL, 0xc0, 4, 4, 0, 0, 0, 1), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_MED},
    {"COMMUNITIES not transitive", BYTES(USUAL, 0x80, 8, 4, 0, 0, 0, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_COMMUNITIES},
    {"ATOMIC_AGGREGATE optional", BYTES(USUAL, 0xc0, 6, 0), EBGP, UPDATE_DISCARD_ATTRIBUTE,
	ATTR_ATOMIC_AGGREGATE},
    {"MP_UNREACH transitive", BYTES(USUAL, 0xc0, 15, 3, 0, 2, 1), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_MP_UNREACH_NLRI},
    {"COMMUNITIES with Partial", BYTES(USUAL, 0xe0, 8, 4, 0, 0, 0, 1), EBGP, UPDATE_OK, 0},
    /* the list: section 4 */
    {"half a header", BYTES(USUAL, 0x40), EBGP, UPDATE_TREAT_AS_WITHDRAW, 0},
    {"value overruns", BYTES(ORIGIN, PATH, 0x40, 3, 5, 10, 0, 0, 1), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_NEXT_HOP},
    {"MP_REACH overruns", BYTES(USUAL, 0x80, 14, 9, 0, 1), EBGP, UPDATE_RESET, ATTR_MP_REACH_NLRI},
    {"unknown overruns", BYTES(USUAL, 0xd0, 99, 0xff, 0xff), EBGP, UPDATE_TREAT_AS_WITHDRAW, 99},
    /* section 7 and the attributes' own documents */
    {"ORIGIN 3", BYTES(0x40, 1, 1, 3, PATH, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_ORIGIN},
    {"ORIGIN of two", BYTES(0x40, 1, 2, 0, 0, PATH, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_ORIGIN},
    {"ORIGIN of none", BYTES(0x40, 1, 0, PATH, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_ORIGIN},
    {"segment type 0", BYTES(ORIGIN, 0x40, 2, 6, 0, 1, 0, 0, 0, 1, NEXT_HOP), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"segment type 5", BYTES(ORIGIN, 0x40, 2, 6, 5, 1, 0, 0, 0, 1, NEXT_HOP), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"empty segment", BYTES(ORIGIN, 0x40, 2, 2, 2, 0, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_AS_PATH},
    {"segment overruns", BYTES(ORIGIN, 0x40, 2, 6, 2, 2, 0, 0, 0, 1, NEXT_HOP), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"a byte behind", BYTES(ORIGIN, 0x40, 2, 7, 2, 1, 0, 0, 0, 1, 2, NEXT_HOP), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"AS 0", BYTES(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 0, NEXT_HOP), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_AS_PATH},
    {"confederation", BYTES(ORIGIN, 0x40, 2, 6, 3, 1, 0, 0, 0, 1, NEXT_HOP), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_AS_PATH},
    {"confederation inside", BYTES(ORIGIN, 0x40, 2, 6, 3, 1, 0, 0, 0, 1, NEXT_HOP, LOCAL_PREF),
	IBGP, UPDATE_OK, 0},
    {"NEXT_HOP of 3", BYTES(ORIGIN, PATH, 0x40, 3, 3, 10, 0, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_NEXT_HOP},
    {"NEXT_HOP of 5", BYTES(ORIGIN, PATH, 0x40, 3, 5, 10, 0, 0, 1, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_NEXT_HOP},
    {"NEXT_HOP 0", BYTES(ORIGIN, PATH, 0x40, 3, 4, 0, 0, 0, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_NEXT_HOP},
    {"NEXT_HOP 127.0.0.1", BYTES(ORIGIN, PATH, 0x40, 3, 4, 127, 0, 0, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_NEXT_HOP},
    {"NEXT_HOP 224.0.0.1", BYTES(ORIGIN, PATH, 0x40, 3, 4, 224, 0, 0, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_NEXT_HOP},
    {"MED of 3", BYTES(USUAL, 0x80, 4, 3, 0, 0, 1), EBGP, UPDATE_TREAT_AS_WITHDRAW, ATTR_MED},
    {"LOCAL_PREF of 5", BYTES(USUAL, 0x40, 5, 5, 0, 0, 0, 1, 0), IBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_LOCAL_PREF},
    {"LOCAL_PREF, external", BYTES(USUAL, LOCAL_PREF), EBGP, UPDATE_DISCARD_ATTRIBUTE,
	ATTR_LOCAL_PREF},
    {"LOCAL_PREF of 5, external", BYTES(USUAL, 0x40, 5, 5, 0, 0, 0, 1, 0), EBGP,
	UPDATE_DISCARD_ATTRIBUTE, ATTR_LOCAL_PREF},
    {"ATOMIC_AGGREGATE of 1", BYTES(USUAL, 0x40, 6, 1, 0), EBGP, UPDATE_DISCARD_ATTRIBUTE,
	ATTR_ATOMIC_AGGREGATE},
    {"AGGREGATOR of 6", BYTES(USUAL, 0xc0, 7, 6, 0, 1, 10, 0, 0, 1), EBGP, UPDATE_DISCARD_ATTRIBUTE,
	ATTR_AGGREGATOR},
    {"AGGREGATOR of AS 0", BYTES(USUAL, 0xc0, 7, 8, 0, 0, 0, 0, 10, 0, 0, 1), EBGP,
	UPDATE_DISCARD_ATTRIBUTE, ATTR_AGGREGATOR},
    {"COMMUNITIES of 0", BYTES(USUAL, 0xc0, 8, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_COMMUNITIES},
    {"COMMUNITIES of 6", BYTES(USUAL, 0xc0, 8, 6, 0, 0, 0, 1, 0, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_COMMUNITIES},
    {"ORIGINATOR_ID, external", BYTES(USUAL, 0x80, 9, 4, 10, 0, 0, 1), EBGP,
	UPDATE_DISCARD_ATTRIBUTE, ATTR_ORIGINATOR_ID},
    {"ORIGINATOR_ID of 3", BYTES(USUAL, LOCAL_PREF, 0x80, 9, 3, 10, 0, 0), IBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_ORIGINATOR_ID},
    {"CLUSTER_LIST, external", BYTES(USUAL, 0x80, 10, 4, 10, 0, 0, 1), EBGP,
	UPDATE_DISCARD_ATTRIBUTE, ATTR_CLUSTER_LIST},
    {"CLUSTER_LIST of 0", BYTES(USUAL, LOCAL_PREF, 0x80, 10, 0), IBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_CLUSTER_LIST},
    {"EXTENDED_COMMUNITIES of 0", BYTES(USUAL, 0xc0, 16, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_EXTENDED_COMMUNITIES},
    {"EXTENDED_COMMUNITIES of 7", BYTES(USUAL, 0xc0, 16, 7, 0, 2, 0, 0, 0, 0, 0), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_EXTENDED_COMMUNITIES},
    {"AS4_PATH between 4-octet speakers", BYTES(USUAL, 0xc0, 17, 6, 2, 1, 0, 0, 0, 1), EBGP,
	UPDATE_DISCARD_ATTRIBUTE, ATTR_AS4_PATH},
    {"AS4_AGGREGATOR between 4-octet speakers", BYTES(USUAL, 0xc0, 18, 8, 0, 0, 0, 1, 1, 1, 1, 1),
	EBGP, UPDATE_DISCARD_ATTRIBUTE, ATTR_AS4_AGGREGATOR},
    {"PMSI_TUNNEL of 4", BYTES(USUAL, 0xc0, 22, 4, 0, 6, 0, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_PMSI_TUNNEL},
    {"PMSI_TUNNEL without endpoint", BYTES(USUAL, 0xc0, 22, 5, 0, 6, 0, 0, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_PMSI_TUNNEL},
    {"PMSI_TUNNEL of another type", BYTES(USUAL, 0xc0, 22, 6, 0, 1, 0, 0, 1, 9), EBGP, UPDATE_OK,
	0},
    {"LARGE_COMMUNITIES of 0", BYTES(USUAL, 0xc0, 32, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_LARGE_COMMUNITIES},
    {"LARGE_COMMUNITIES of 8", BYTES(USUAL, 0xc0, 32, 8, 0, 0, 0, 1, 0, 0, 0, 1), EBGP,
	UPDATE_TREAT_AS_WITHDRAW, ATTR_LARGE_COMMUNITIES},
    /* what nobody knows: RFC 4271 section 5 */
    {"unknown transitive", BYTES(USUAL, 0xc0, 99, 1, 7), EBGP, UPDATE_OK, 0},
    {"unknown non-transitive", BYTES(USUAL, 0x80, 99, 1, 7), EBGP, UPDATE_OK, 0},
    {"unknown well-known", BYTES(USUAL, 0x40, 99, 1, 7), EBGP, UPDATE_RESET, 99},
    /* the strongest counts: 3 h */
    {"discard, then withdraw, then discard",
	BYTES(USUAL, 0x40, 6, 1, 0, 0x80, 4, 1, 0, 0xc0, 7, 1, 0), EBGP, UPDATE_TREAT_AS_WITHDRAW,
	ATTR_MED},
    {"withdraw, then reset", BYTES(USUAL, 0x80, 4, 1, 0, 0x40, 99, 0), EBGP, UPDATE_RESET, 99},
};

static size_t make_body(
    uint8_t *body, size_t room, const uint8_t *attributes, size_t size, bool nlri)
{
	struct writer w = writer_to(body, room);

	write_u16(&w, 0);
	write_u16(&w, (uint16_t)size);
	write_bytes(&w, attributes, size);
	if (nlri)
		write_u16(&w, 0x080a); /* 10.0.0.0/8 */
	assert_false(w.overflow);
	return writer_size(&w);
}

static struct update_context context_of(enum peer peer)
{
	return (struct update_context){
	    .as4 = true, .ebgp = peer == EBGP, .families = {true, true, true}};
}

static void test_dispositions(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct update_context c = context_of(cases[i].peer);
		enum disposition expected = cases[i].disposition;
		uint8_t body[200];
		struct update u;

		update_decode(body,
		    make_body(body, sizeof(body), cases[i].attributes, cases[i].size, true), &c,
		    &arena, &u);
		if (u.disposition != expected || u.attribute != cases[i].attribute)
			fail_msg("%s: %s, attribute %u", cases[i].what,
			    disposition_name(u.disposition), u.attribute);
		assert_int_equal(u.reach_count, expected < UPDATE_TREAT_AS_WITHDRAW);
		assert_int_equal(u.unreach_count, expected == UPDATE_TREAT_AS_WITHDRAW);
		assert_true((u.reason != NULL) == (expected != UPDATE_OK));
		assert_int_equal(u.error.code, expected != UPDATE_OK ? NOTIFY_UPDATE : 0);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

/* ---- each attribute against each rule ---- */

/* What can be wrong with any attribute, and what RFC 7606 says then: `malformed` is that of the
 * attribute's own section of 7, or of its own document. */
struct rules {
	uint8_t code, flags;
	const uint8_t *value; /* a good one */
	size_t size;
	enum peer peer;
	bool as2; /* from a peer with 2-octet AS numbers */
	enum disposition malformed;
	enum disposition wrong_flags; /* 3 c */
	enum disposition repeated;    /* 3 g */
	enum disposition overrun;     /* 4 */
	enum disposition empty;
};

#define WITHDRAW UPDATE_TREAT_AS_WITHDRAW
#define DISCARD UPDATE_DISCARD_ATTRIBUTE
#define DISABLE UPDATE_DISABLE_FAMILY
#define RESET UPDATE_RESET

static const struct rules rules[] = {
    /* 7.1 */
    {1, 0x40, BYTES(0), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.2; an empty one is what iBGP has */
    {2, 0x40, BYTES(2, 1, 0, 0, 0xfd, 0xe9), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW,
	UPDATE_OK},
    /* 7.3 */
    {3, 0x40, BYTES(10, 0, 0, 1), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.4 */
    {4, 0x80, BYTES(0, 0, 0, 1), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.5 */
    {5, 0x40, BYTES(0, 0, 0, 100), IBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.6; too short it cannot be */
    {6, 0x40, NULL, 0, EBGP, false, DISCARD, DISCARD, DISCARD, WITHDRAW, UPDATE_OK},
    /* 7.7 */
    {7, 0xc0, BYTES(0, 0, 0, 1, 10, 0, 0, 1), EBGP, false, DISCARD, DISCARD, DISCARD, WITHDRAW,
	DISCARD},
    {7, 0xc0, BYTES(0, 1, 10, 0, 0, 1), EBGP, true, DISCARD, DISCARD, DISCARD, WITHDRAW, DISCARD},
    /* 7.8 */
    {8, 0xc0, BYTES(0, 1, 0, 1), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.9 */
    {9, 0x80, BYTES(10, 0, 0, 9), IBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.10 */
    {10, 0x80, BYTES(10, 0, 0, 9), IBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, WITHDRAW},
    /* 7.11 */
    {14, 0x80,
	BYTES(0, 2, 1, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 16, 0x20, 1),
	EBGP, false, DISABLE, WITHDRAW, RESET, RESET, RESET},
    /* 7.12 */
    {15, 0x80, BYTES(0, 2, 1, 16, 0x20, 1), EBGP, false, DISABLE, WITHDRAW, RESET, RESET, RESET},
    /* 7.14 */
    {16, 0xc0, BYTES(0, 2, 0xfd, 0xe9, 0, 0, 0, 1), EBGP, false, WITHDRAW, WITHDRAW, DISCARD,
	WITHDRAW, WITHDRAW},
    /* RFC 6793 section 6; AS4_PATH with nothing in it says nothing */
    {17, 0xc0, BYTES(2, 1, 0, 0, 0xfd, 0xe9), EBGP, true, DISCARD, DISCARD, DISCARD, WITHDRAW,
	UPDATE_OK},
    {18, 0xc0, BYTES(0, 0, 0, 1, 10, 0, 0, 1), EBGP, true, DISCARD, DISCARD, DISCARD, WITHDRAW,
	DISCARD},
    /* RFC 6514 section 5 */
    {22, 0xc0, BYTES(0, 6, 0, 0, 9, 10, 0, 0, 1), EBGP, false, WITHDRAW, WITHDRAW, DISCARD,
	WITHDRAW, WITHDRAW},
    /* RFC 8092 section 5 */
    {32, 0xc0, BYTES(0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3), EBGP, false, WITHDRAW, WITHDRAW, DISCARD,
	WITHDRAW, WITHDRAW},
    /* RFC 9234 section 5 */
    {35, 0xc0, BYTES(0, 0, 0xfd, 0xe9), EBGP, false, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW,
	WITHDRAW},
};

/* The other attributes that an UPDATE must have. */
static void write_usual(struct writer *w, const struct rules *r)
{
	if (r->code != 1)
		write_bytes(w, "\x40\1\1\0", 4);
	if (r->code != 2 && r->as2)
		write_bytes(w, "\x40\2\4\2\1\xfd\xe9", 7);
	else if (r->code != 2)
		write_bytes(w, "\x40\2\6\2\1\0\0\xfd\xe9", 9);
	if (r->code != 3)
		write_bytes(w, "\x40\3\4\x0a\0\0\1", 7);
	if (r->code != 5 && r->peer == IBGP)
		write_bytes(w, "\x40\5\4\0\0\0\x64", 7);
}

struct variant {
	const char *what;
	uint8_t flip; /* of the flags */
	int size;     /* more or less of the value, the length field says so */
	int length;   /* more in the length field alone */
	bool twice;
};

static void write_one(struct writer *w, const struct rules *r, const struct variant *v)
{
	uint8_t value[64];
	size_t size = (size_t)((int)r->size + v->size);

	memset(value, 0xff, sizeof(value));
	if (r->size > 0)
		memcpy(value, r->value, r->size);
	write_u8(w, r->flags ^ v->flip);
	write_u8(w, r->code);
	write_u8(w, (uint8_t)((int)size + v->length));
	write_bytes(w, value, size);
}

static void judge(const struct rules *r, const struct variant *v, enum disposition expected)
{
	struct update_context c = context_of(r->peer);
	struct arena arena = {0};
	uint8_t attributes[200], body[250];
	struct writer w = writer_to(attributes, sizeof(attributes));
	struct update u;

	c.as4 = !r->as2;
	write_usual(&w, r);
	write_one(&w, r, v);
	if (v->twice)
		write_one(&w, r, v);
	update_decode(
	    body, make_body(body, sizeof(body), attributes, writer_size(&w), true), &c, &arena, &u);
	if (u.disposition != expected || (expected != UPDATE_OK && u.attribute != r->code))
		fail_msg("%s %s: %s, attribute %u (%s)", attr_name(r->code), v->what,
		    disposition_name(u.disposition), u.attribute, u.reason);
	assert_int_equal(
	    u.disabled[BGP_IPV6_UNICAST], r->code >= 14 && r->code <= 15 && expected == DISABLE);
	arena_fini(&arena);
}

static void test_every_rule_of_every_attribute(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct rules *r = &rules[i];

		judge(r, &(struct variant){.what = "as it should be"}, UPDATE_OK);
		judge(r, &(struct variant){.what = "with Optional wrong", .flip = 0x80},
		    r->wrong_flags);
		judge(r, &(struct variant){.what = "with Transitive wrong", .flip = 0x40},
		    r->wrong_flags);
		if (r->size > 1)
			judge(r, &(struct variant){.what = "too short", .size = -1}, r->malformed);
		judge(r, &(struct variant){.what = "too long", .size = 1}, r->malformed);
		judge(r, &(struct variant){.what = "empty", .size = -(int)r->size}, r->empty);
		judge(r, &(struct variant){.what = "overruns", .length = 1}, r->overrun);
		judge(r, &(struct variant){.what = "overruns by far", .length = 200}, r->overrun);
		judge(r, &(struct variant){.what = "twice", .twice = true}, r->repeated);
	}
}

/* No attribute that we take apart is missing above. */
static void test_rules_are_complete(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		bool ruled = false;

		for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
			ruled |= rules[i].code == code;
		assert_int_equal(ruled, attr_row_of((uint8_t)code) != NULL);
	}
}

/* RFC 7606 section 5.2: without a route to withdraw, an error resets. */
static void test_errors_without_routes_reset(void **state)
{
	static const uint8_t bad_med[] = {USUAL, 0x80, 4, 1, 0};
	static const uint8_t bad_atomic[] = {USUAL, 0x40, 6, 1, 0};
	struct update_context c = context_of(EBGP);
	struct arena arena = {0};
	struct update u;
	uint8_t body[100];

	(void)state;
	update_decode(
	    body, make_body(body, sizeof(body), bad_med, sizeof(bad_med), false), &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_RESET);
	update_decode(body, make_body(body, sizeof(body), bad_atomic, sizeof(bad_atomic), false),
	    &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_DISCARD_ATTRIBUTE);
	arena_fini(&arena);
}

/* An attribute that was discarded leaves no trace. */
static void test_discarded_is_gone(void **state)
{
	static const uint8_t bytes[] = {USUAL, LOCAL_PREF, 0x40, 6, 1, 0, 0xc0, 7, 8, 0, 0, 0, 0, 1,
	    1, 1, 1, 0x80, 9, 4, 1, 1, 1, 1, 0x40, 1, 1, 2};
	static const uint8_t plain[] = {USUAL};
	struct update_context c = context_of(EBGP);
	struct arena arena = {0};
	struct update u, v;
	uint8_t body[100];

	(void)state;
	update_decode(
	    body, make_body(body, sizeof(body), bytes, sizeof(bytes), true), &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_DISCARD_ATTRIBUTE);
	update_decode(
	    body, make_body(body, sizeof(body), plain, sizeof(plain), true), &c, &arena, &v);
	assert_true(attrs_equal(&u.reach[0].attrs, &v.reach[0].attrs));
	arena_fini(&arena);
}

static void list_of(
    const uint8_t *bytes, size_t size, bool as4, struct arena *arena, struct attr_list *l)
{
	struct update_context c = {.as4 = as4, .ebgp = true};
	struct reader r = reader_from(bytes, size);

	attr_list_decode(&r, true, &c, arena, l);
}

static void assert_path(const struct attrs *a, const char *expected)
{
	struct str text = {0};

	as_path_text(a, &text);
	assert_string_equal(str_text(&text), expected);
	str_fini(&text);
}

/* RFC 6793 section 4.2.3. */
static void test_as4_merging(void **state)
{
	const struct {
		const uint8_t *bytes;
		size_t size;
		const char *path;
		uint32_t aggregator;
	} merges[] = {
	    {BYTES(0x40, 2, 8, 2, 3, 0, 1, 0x5b, 0xa0, 0, 9, 0xc0, 17, 10, 2, 2, 0, 1, 0, 0, 0, 0,
		 0, 9),
		"1 65536 9", 0},
	    {BYTES(0x40, 2, 4, 2, 1, 0, 1, 0xc0, 17, 10, 2, 2, 0, 1, 0, 0, 0, 0, 0, 9), "1", 0},
	    {BYTES(0x40, 2, 10, 2, 2, 0, 1, 0, 2, 1, 1, 0, 3, 0xc0, 17, 6, 1, 1, 0, 1, 0, 0),
		"1 2 {65536}", 0},
	    /* confederation segments of AS4_PATH are dropped */
	    {BYTES(0x40, 2, 4, 2, 1, 0, 1, 0xc0, 17, 12, 3, 1, 0, 0, 0, 7, 2, 1, 0, 1, 0, 0),
		"65536", 0},
	    {BYTES(0x40, 2, 4, 2, 1, 0x5b, 0xa0, 0xc0, 7, 6, 0x5b, 0xa0, 1, 1, 1, 1, 0xc0, 17, 6, 2,
		 1, 0, 1, 0, 0, 0xc0, 18, 8, 0, 1, 0, 1, 1, 1, 1, 1),
		"65536", 65537},
	    /* an AGGREGATOR that is not AS_TRANS: both AS4 attributes are out of date */
	    {BYTES(0x40, 2, 4, 2, 1, 0x5b, 0xa0, 0xc0, 7, 6, 0, 7, 1, 1, 1, 1, 0xc0, 17, 6, 2, 1, 0,
		 1, 0, 0, 0xc0, 18, 8, 0, 1, 0, 1, 1, 1, 1, 1),
		"23456", 7},
	    /* a malformed AS4_PATH alone is discarded */
	    {BYTES(0x40, 2, 4, 2, 1, 0x5b, 0xa0, 0xc0, 17, 6, 2, 2, 0, 1, 0, 0), "23456", 0},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
		struct attr_list l;

		list_of(merges[i].bytes, merges[i].size, false, &arena, &l);
		assert_in_range(l.outcome.disposition, UPDATE_OK, UPDATE_DISCARD_ATTRIBUTE);
		assert_path(&l.attrs, merges[i].path);
		assert_int_equal(l.attrs.aggregator_as, merges[i].aggregator);
	}
	arena_fini(&arena);
}

static void test_as_path_queries(void **state)
{
	static const uint8_t bytes[] = {3, 1, 0, 0, 0, 7, 2, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 0, 0,
	    0, 3, 0, 0, 0, 4, 2, 1, 0, 0, 0, 1};
	struct attrs a = {.as_path = bytes, .as_path_size = sizeof(bytes)}, empty = {0};
	struct attrs set_at_end = {.as_path = bytes, .as_path_size = sizeof(bytes) - 6};
	struct arena arena = {0};

	(void)state;
	assert_path(&a, "(7) 1 2 {3,4} 1");
	assert_int_equal(as_path_length(&a), 4);
	assert_int_equal(as_path_count(&a, 1), 2);
	assert_int_equal(as_path_first(&a), 1);
	assert_int_equal(as_path_origin(&a), 1);
	assert_int_equal(as_path_origin(&set_at_end), 2);
	assert_path(&empty, "");
	assert_int_equal(as_path_length(&empty), 0);
	assert_int_equal(as_path_first(&empty), 0);
	assert_int_equal(as_path_origin(&empty), 0);
	as_path_prepend(&empty, 9, 2, &arena);
	as_path_prepend(&empty, 8, 1, &arena);
	assert_path(&empty, "8 9 9");
	assert_int_equal(empty.as_path_size, 2 + 3 * 4);
	as_path_prepend(&empty, 7, 253, &arena);
	assert_int_equal(empty.as_path_size, 4 + 256 * 4);
	as_path_prepend(&a, 9, 1, &arena);
	assert_path(&a, "9 (7) 1 2 {3,4} 1");
	arena_fini(&arena);
}

/* All that is kept of an unknown attribute: its bytes, with Partial, and its place by code. */
static void test_unknown_attributes_are_passed_on(void **state)
{
	static const uint8_t bytes[] = {0xc0, 200, 1, 9, USUAL, 0xd0, 99, 0, 2, 7, 8, 0x80, 98, 0,
	    0xc0, 22, 6, 0, 1, 0, 0, 1, 9};
	static const uint8_t expected[] = {
	    USUAL, 0xc0, 22, 6, 0, 1, 0, 0, 1, 9, 0xe0, 99, 2, 7, 8, 0xe0, 200, 1, 9};
	struct arena arena = {0};
	struct attr_list l;
	uint8_t out[100];
	struct writer w = writer_to(out, sizeof(out));

	(void)state;
	list_of(bytes, sizeof(bytes), true, &arena, &l);
	assert_int_equal(l.outcome.disposition, UPDATE_OK);
	attrs_encode(&w, &l.attrs, true, true);
	assert_int_equal(writer_size(&w), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	arena_fini(&arena);
}

static void test_text(void **state)
{
	static const uint8_t bytes[] = {USUAL, 0x80, 4, 4, 0, 0, 0, 5, 0xc0, 8, 8, 0xff, 0xff, 0xff,
	    1, 0xfd, 0xe9, 0, 100, 0xc0, 16, 24, 3, 0x0c, 0, 0, 0, 0, 0, 8, 6, 0, 1, 0, 0, 0, 0, 7,
	    0, 2, 0xfd, 0xe9, 0, 0, 0x27, 0x73};
	struct arena arena = {0};
	struct str text = {0};
	struct attr_list l;

	(void)state;
	list_of(bytes, sizeof(bytes), true, &arena, &l);
	attrs_text(&l.attrs, &text);
	assert_string_equal(str_text(&text),
	    "nexthop 10.0.0.1, origin i, metric 5, community 65001:100 no-export, "
	    "extcommunity RT:65001:10099 ET:8 MM:7, sticky MAC, path 65001");
	str_fini(&text);
	arena_fini(&arena);
}

/* ---- extended communities ---- */

static void test_extcomms(void **state)
{
	struct extcomm rt, all[] = {extcomm_mac_mobility(3, true), extcomm_mac_mobility(9, false)};
	struct mac mac = {{2, 1, 2, 3, 4, 5}}, got;
	struct attrs a = {.extcomms = all, .extcomm_count = 2};
	uint32_t sequence;
	bool is_static;

	(void)state;
	assert_true(extcomm_rt_parse("65001:10099", &rt));
	assert_memory_equal(rt.b, "\0\2\xfd\xe9\0\0\x27\x73", 8);
	assert_true(extcomm_is_rt(&rt));
	assert_int_equal(extcomm_rt_number(&rt), 10099);
	assert_true(extcomm_rt_parse("4200000000:99", &rt));
	assert_memory_equal(rt.b, extcomm_rt_as(4200000000, 99).b, 8);
	assert_int_equal(extcomm_rt_number(&rt), 99);
	assert_true(extcomm_rt_parse("10.0.0.1:5", &rt));
	assert_memory_equal(rt.b, "\1\2\x0a\0\0\1\0\5", 8);
	assert_false(extcomm_rt_parse("x", &rt));
	assert_true(attrs_mac_mobility(&a, &sequence, &is_static));
	assert_int_equal(sequence, 9);
	assert_false(is_static);
	a.extcomm_count = 0;
	assert_false(attrs_mac_mobility(&a, &sequence, &is_static));
	assert_int_equal(sequence, 0);
	assert_false(attrs_router_mac(&a, &got));
	all[0] = extcomm_router_mac(&mac);
	a.extcomm_count = 1;
	assert_true(attrs_router_mac(&a, &got) && mac_equal(&mac, &got));
	assert_false(attrs_default_gateway(&a));
	all[0] = (struct extcomm){{3, 0x0d}};
	assert_true(attrs_default_gateway(&a));
	assert_memory_equal(extcomm_encap_vxlan().b, "\3\x0c\0\0\0\0\0\x08", 8);
}

/* ---- interning ---- */

static void test_interning(void **state)
{
	struct arena arena = {0};
	struct generator g = {7, &arena};
	struct attr_table *t = attr_table_new(42);
	const struct attrs *held[500];

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		struct attrs a = generate_attrs(&g, BGP_L2VPN_EVPN, true, true);

		held[i] = attrs_intern(t, &a);
		assert_true(attrs_equal(held[i], &a));
		assert_ptr_equal(attrs_intern(t, &a), held[i]);
		assert_int_equal(held[i]->refs, 2);
		assert_int_equal(held[i]->id, i);
		arena_reset(&arena);
	}
	assert_int_equal(attr_table_count(t), 500);
	for (size_t i = 0; i < 500; i++) {
		attrs_release(t, held[i]);
		assert_ptr_equal(attrs_intern(t, held[i]), held[i]);
		attrs_release(t, held[i]);
		attrs_release(t, attrs_hold(held[i]));
		attrs_release(t, held[i]);
		assert_int_equal(attr_table_count(t), 499 - i);
	}
	attrs_release(t, NULL);
	attr_table_free(t);
	arena_fini(&arena);
}

/* Each field alone makes a different set. */
static void test_every_field_counts(void **state)
{
	static const uint32_t number = 1;
	static const uint8_t bytes[12] = {1};
	struct attrs all[30] = {0};
	struct attr_table *t = attr_table_new(1);
	const struct attrs *held[30];
	size_t n = 1;

	(void)state;
	all[n++].origin = 1;
	all[n++].has_med = true;
	all[n++].has_local_pref = true;
	all[n++].atomic_aggregate = true;
	all[n++].has_aggregator = true;
	all[n++].has_originator_id = true;
	all[n++].has_pmsi = true;
	all[n++].has_only_to_customer = true;
	all[n++].only_to_customer = 1;
	all[n++].next_hop_is_link_local = true;
	all[n++].med = 1;
	all[n++].local_pref = 1;
	all[n++].next_hop.b[0] = 1;
	all[n++].next_hop.family = IP_V4;
	all[n++].next_hop_link_local.b[15] = 1;
	all[n++].aggregator_as = 1;
	all[n++].aggregator.b[3] = 1;
	all[n++].originator_id.b[3] = 1;
	all[n++].pmsi.flags = 1;
	all[n++].pmsi.type = 1;
	all[n++].pmsi.label = 1;
	all[n++].pmsi.endpoint.b[0] = 1;
	all[n].as_path = bytes;
	all[n++].as_path_size = 4;
	all[n].communities = &number;
	all[n++].community_count = 1;
	all[n].cluster_list = &number;
	all[n++].cluster_count = 1;
	all[n].extcomms = (const struct extcomm *)bytes;
	all[n++].extcomm_count = 1;
	all[n].large = &(struct large_community){1, 0, 0};
	all[n++].large_count = 1;
	all[n].unknown = bytes;
	all[n++].unknown_size = 4;
	assert_int_equal(n, 29);
	for (size_t i = 0; i < n; i++) {
		held[i] = attrs_intern(t, &all[i]);
		assert_int_equal(attr_table_count(t), i + 1);
		for (size_t j = 0; j < i; j++)
			assert_false(attrs_equal(&all[i], &all[j]));
	}
	while (n > 0)
		attrs_release(t, held[--n]);
	attr_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dispositions),
	    cmocka_unit_test(test_every_rule_of_every_attribute),
	    cmocka_unit_test(test_rules_are_complete),
	    cmocka_unit_test(test_errors_without_routes_reset),
	    cmocka_unit_test(test_discarded_is_gone),
	    cmocka_unit_test(test_as4_merging),
	    cmocka_unit_test(test_as_path_queries),
	    cmocka_unit_test(test_unknown_attributes_are_passed_on),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_extcomms),
	    cmocka_unit_test(test_interning),
	    cmocka_unit_test(test_every_field_counts),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
