/*
 * The flight recorder's file: every event with its time, and every action, as they happen.
 * evpnreplay runs the events through a fresh engine and compares the actions.
 */
#pragma once

#include "action.h"
#include "base/log.h"
#include "event.h"

struct recfile;

/* 64 MiB. */
#define RECFILE_SIZE ((size_t)64 << 20)

/* Records into `path`, replacing it, up to `size` bytes; a full file is logged once and the
 * recording ends (docs/decisions: recording starts with the daemon). NULL, with a warning, when it
 * cannot be made. `log` is lent for its lifetime. All functions take NULL: nothing is recorded. */
struct recfile *recfile_open(const char *path, size_t size, struct log *log);
/* Cuts the file to what was recorded. */
void recfile_close(struct recfile *r);

/* One turn begins. Passwords in configuration text are blotted out first. */
void recfile_event(struct recfile *r, const struct event *event, mono_t now);
/* One action of that turn. */
void recfile_action(struct recfile *r, const struct action *action);
