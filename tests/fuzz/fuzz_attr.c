/*
 * The path attributes of an UPDATE without its fields around them, and the table of interned sets:
 * equal content is one object, and encoding leads back to it.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/attr_wire.h"
#include "bgp/extcomm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void query(const struct attrs *a)
{
	struct str text = {0};
	struct mac mac;
	uint32_t sequence;
	bool is_static;

	attrs_text(a, &text);
	str_fini(&text);
	as_path_first(a);
	as_path_origin(a);
	check(as_path_length(a) <= a->as_path_size);
	attrs_mac_mobility(a, &sequence, &is_static);
	attrs_router_mac(a, &mac);
}

static void intern_again(const struct attr_list *l, struct update_context c, struct arena *arena)
{
	static uint8_t bytes[MESSAGE_MAX_EXTENDED * 2];
	struct attr_table *t = attr_table_new(c.ebgp);
	const struct attrs *first = attrs_intern(t, &l->attrs), *second;
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct attr_list again;
	struct reader r;

	attrs_encode(&w, first, true, first->next_hop.family == IP_V4);
	check(!w.overflow);
	r = reader_from(bytes, writer_size(&w));
	c.as4 = true;
	attr_list_decode(&r, true, &c, arena, &again);
	check(again.outcome.disposition == UPDATE_OK);
	second = attrs_intern(t, &again.attrs);
	check(first == second && first->refs == 2 && attr_table_count(t) == 1);
	attrs_release(t, second);
	attrs_release(t, first);
	attr_table_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct update_context c;
	struct attr_list l;
	struct reader r;

	if (size == 0)
		return 0;
	c = (struct update_context){.as4 = (data[0] & 1) == 0, .ebgp = (data[0] & 2) == 0};
	r = reader_from(data + 1, size - 1);
	attr_list_decode(&r, true, &c, &arena, &l);
	if (l.outcome.disposition < UPDATE_TREAT_AS_WITHDRAW) {
		query(&l.attrs);
		intern_again(&l, c, &arena);
	}
	arena_fini(&arena);
	return 0;
}
