/*
 * The waist. The whole daemon but for the operating system is a function of its inputs:
 *
 *	engine_handle(event, now)  … facts are recorded, decisions made, actions queued
 *	engine_next_action()       … until it says false
 *	engine_deadline()          … when to come back with EVENT_TIMER
 *
 * os/ drives it in production, tests/sim drives many of them against a simulated fabric, and a
 * flight record drives it again exactly. docs/architecture.md says how a turn goes.
 */
#pragma once

#include "action.h"
#include "event.h"

struct engine;
struct evpn;

/* The first event must be EVENT_START. Owned by the caller. */
struct engine *engine_new(void);
void engine_free(struct engine *e);

/* One turn: handle the event, then a bounded amount of pending work. With `event->more` the turn
 * goes on with the next call, and the work waits for it. `now` never goes back. */
void engine_handle(struct engine *e, const struct event *event, mono_t now);

/* The next action of this turn, in order; false when there is none left. All actions must be
 * taken before the next engine_handle(), and executed in order. */
bool engine_next_action(struct engine *e, struct action *action);

/* When EVENT_TIMER is due at the latest: the past while work is pending, MONO_NEVER if nothing is.
 */
mono_t engine_deadline(const struct engine *e);

/* For checkers and tools: the EVPN part, to look at through its views; NULL before EVENT_START. */
const struct evpn *engine_evpn(const struct engine *e);
