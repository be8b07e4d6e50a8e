/*
 * The flight record: events with their times, and the actions that followed, as bytes. Behind a
 * header come records, each with its length in front; a length of 0 or the end of the bytes ends
 * the record, so a file that a killed daemon left behind is as good as a closed one.
 */
#pragma once

#include "action.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "event.h"

/* "evpnd-rec", a version, zeros. A record of another version is refused, not guessed at. */
#define RECORD_HEADER_SIZE 16

enum record_kind { RECORD_END, RECORD_EVENT, RECORD_ACTION, RECORD_BROKEN };

struct record {
	enum record_kind kind;
	mono_t at; /* EVENT */
	struct event event;
	struct action action;
	const uint8_t *bytes; /* the body as it stands in the file, lent */
	size_t size;
};

void record_write_header(struct writer *w);
bool record_read_header(struct reader *r);

/* Appends one record; what does not fit leaves *w at its old size, and false. */
bool record_write_event(struct writer *w, const struct event *event, mono_t at);
bool record_write_action(struct writer *w, const struct action *action);

/* The next record. What it points to lives in the arena. RECORD_BROKEN: bytes that no encoder
 * wrote; the reader is empty then. */
enum record_kind record_read(struct reader *r, struct arena *arena, struct record *record);
