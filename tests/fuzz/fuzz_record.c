/*
 * The flight record's decoder: any bytes. What it accepts encodes to the same bytes again, but for
 * the two that are blotted on their way in.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_blotted(const struct record *r)
{
	return r->kind == RECORD_EVENT ? r->event.kind == EVENT_CONFIG
				       : r->action.kind == ACTION_CTL_REPLY;
}

static void encodes_again(const struct record *r)
{
	size_t room = r->size + 4;
	uint8_t *bytes = malloc(room);
	struct writer w = writer_to(bytes, room);

	check(r->kind == RECORD_EVENT ? record_write_event(&w, &r->event, r->at)
				      : record_write_action(&w, &r->action));
	check(writer_size(&w) == room);
	check(memcmp(bytes + 4, r->bytes, r->size) == 0);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_from(data, size);
	struct arena arena = {0};
	struct record record;

	for (;;) {
		enum record_kind kind = record_read(&r, &arena, &record);

		if (kind != RECORD_EVENT && kind != RECORD_ACTION)
			break;
		if (!is_blotted(&record))
			encodes_again(&record);
		arena_reset(&arena);
	}
	arena_fini(&arena);
	return 0;
}
