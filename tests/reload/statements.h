/*
 * Made-up configurations, from a seed: which statements there are, what each is by default, and
 * which of them a session depends on. A statement is one line in the table of table.c.
 *
 * A slot is a place where one of several values of a statement may stand: a row of the table at
 * one owner (a neighbor, a peer group, an interface, an entry of a route-map, a VNI, or the whole).
 * A choice takes one value, or none, for each slot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define SLOTS_MAX 2048

enum profile { TRADITIONAL, DATACENTER };

struct choice {
	uint8_t value[SLOTS_MAX]; /* 0: the statement is not there */
	bool about_policy;	  /* made so that policies are applied to many routes */
};

struct dice {
	uint64_t state;
};

/* The neighbors that a configuration may have. */
#define NEIGHBORS 6

enum found { BY_ADDRESS, BY_LINK, BY_RANGE /* it calls, and is in no statement */ };

struct neighbor {
	const char *name;
	enum found found;
	uint32_t as; /* the peer's own */
};

extern const struct neighbor neighbors[NEIGHBORS];

uint32_t dice_below(struct dice *d, uint32_t limit);

size_t slot_count(void);
/* Number of its row: the same at all owners. */
size_t slot_statement(size_t slot);
/* "10.0.1.2 / timers": for reports. */
void slot_text(size_t slot, struct str *out);

/* Any configuration without errors. */
void choice_make(struct choice *c, struct dice *d);
/* Nothing is said but the profile. */
struct choice choice_empty(enum profile profile);
/* Each statement with its value of this number, from 1 (behind the last: the default), or without
 * it, as far as others do not need it. It need not make sense. */
struct choice choice_of_value(uint8_t value);
/* Many of the statements that have a default go. */
void choice_make_room(struct choice *c, struct dice *d);
/* Another one: often with few changes, at times a wholly different one. */
void choice_change(const struct choice *from, struct choice *to, struct dice *d);
enum profile choice_profile(const struct choice *c);
/* Appends the configuration text. */
void choice_text(const struct choice *c, struct str *out);
/* The same in another order, as far as order means nothing. */
void choice_text_reversed(const struct choice *c, struct str *out);

/* The value that says what holds without the statement; 0: there is none, or it does not apply to
 * this slot in this configuration, since another level speaks. */
uint8_t slot_default(const struct choice *c, size_t slot);

/* A neighbor is in the configuration. */
bool choice_has(const struct choice *c, size_t neighbor);
/* What holds of `key` for this neighbor: its own statement, its group's, the instance's, the
 * default. Without the neighbor's name; NULL: nothing. */
const char *choice_effect(const struct choice *c, size_t neighbor, const char *key);
/* May a session of this neighbor not go on from one to the other? By the statements that its OPEN
 * message or its connection depends on, and by nothing else. *why: the first that changed. */
bool choice_may_reset(
    const struct choice *from, const struct choice *to, size_t neighbor, const char **why);
