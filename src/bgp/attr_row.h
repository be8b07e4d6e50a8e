/*
 * The table of attributes, between attr.c, which has its rows, and attr_list.c, which walks by it.
 */
#pragma once

#include "bgp/attr_wire.h"

/* What a decoder works with; `value` is the attribute's own bytes. */
struct decoding {
	const struct update_context *context;
	struct arena *arena;
	struct attr_list *list;
	bool nlri;
	uint8_t flags; /* of the attribute at hand */
	const uint8_t *as4_path;
	uint16_t as4_path_size;
	bool has_as4_path, has_as4_aggregator;
	uint32_t as4_aggregator_as;
	struct ip as4_aggregator;
};

/* What an encoder works with. */
struct encoding {
	const struct attrs *attrs;
	bool as4;
	bool next_hop;
};

#define ATTR_ROWS (ATTR_ONLY_TO_CUSTOMER + 1)

struct attr_row {
	const char *name;
	uint8_t flags;
	enum disposition malformed;
	uint8_t subcode;
	bool internal; /* discarded when it comes from an external peer */
	/* NULL, or what is wrong. A value that is not used up is wrong, too. */
	const char *(*decode)(struct decoding *d, struct reader *value);
	bool (*present)(const struct encoding *e);
	void (*encode)(struct writer *w, const struct encoding *e);
	const char *label; /* in front of the text */
	void (*print)(const struct attrs *a, struct str *out);
};

/* NULL for an attribute that is not in the table. */
const struct attr_row *attr_row_of(uint8_t code);

/* Keeps an attribute as bytes among attrs.unknown, in order of codes. */
void attr_add_unknown(struct decoding *d, uint8_t flags, uint8_t code, struct reader value);
