/*
 * Inside of the mirror, shared by its files only: mirror.c (what events do to links and slots) and
 * mirror_dump.c (what a dump says by what it does not show).
 */
#pragma once

#include "kernel/mirror.h"

/* One call of mirror_apply(). */
struct turn {
	struct mirror *m;
	mirror_changed_fn *changed;
	void *context;
};

typedef bool slot_test_fn(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg);

/* Keys of the slots of these kinds (bits) that pass the test, sorted; owned by the caller. */
size_t mirror_collect(const struct mirror *m, unsigned kinds, slot_test_fn *test, const void *arg,
    struct slot_key **keys);
/* Those are gone, without a notification. */
void mirror_vanish_all(
    const struct turn *t, unsigned kinds, slot_test_fn *test, const void *arg, bool from_dump);
void mirror_link_del(const struct turn *t, const struct kernel_event *event);
void mirror_port_vlans(const struct turn *t, const struct kernel_event *event);

void mirror_dump_begin(struct mirror *m, enum kernel_table table);
/* `clean`: nothing was notified meanwhile. */
void mirror_dump_end(const struct turn *t, enum kernel_table table, bool clean);
/* Notifications were lost. */
void mirror_overrun(struct mirror *m);
