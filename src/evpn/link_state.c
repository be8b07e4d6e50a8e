/*
 * Links that the configuration wants up or down.
 *
 * The kernel has one flag and no writer's name on it, so that what stands there is nobody's. What
 * is known here is what we asked for and whether the link was so since: from asking to the event
 * that shows it the link is ASKED, then SET; an event that shows it otherwise makes it LEFT to
 * whoever did that.
 */
#include "evpn/link_state.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum progress {
	LINK_DUE,   /* it is to be looked at */
	LINK_ASKED, /* the kernel has been asked, and has not shown it yet */
	LINK_SET,   /* by us, and so it still is */
	LINK_LEFT   /* it was so, or somebody has changed it since */
};

struct state {
	char interface[LINK_NAME_MAX];
	bool up;       /* wanted */
	bool gone;     /* the statement is; one that we set down goes up again */
	ifindex_t dev; /* 0: there is no such link */
	enum progress progress;
};

struct link_states {
	struct log *log;
	struct mirror *mirror;
	void *context;
	void (*kernel_op)(void *context, const struct kernel_op *op);
	struct state *list; /* owned */
	size_t count;
};

struct link_states *link_states_new(struct log *log, struct mirror *mirror, void *context,
    void (*kernel_op)(void *context, const struct kernel_op *op))
{
	struct link_states *s = mem_new(sizeof(*s));

	*s = (struct link_states){
	    .log = log, .mirror = mirror, .context = context, .kernel_op = kernel_op};
	return s;
}

void link_states_free(struct link_states *s)
{
	mem_free(s->list);
	mem_free(s);
}

/* ---- settings ---- */

static const struct state *find(const struct link_states *s, const char *interface)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].interface, interface) == 0)
			return &s->list[i];
	return NULL;
}

static struct state wanted(const struct link_states *s, const struct link_wish *wish)
{
	const struct state *was = find(s, wish->interface);
	struct state now = {.up = wish->up};

	if (was != NULL && was->up == wish->up && !was->gone)
		return *was;
	snprintf(now.interface, sizeof(now.interface), "%s", wish->interface);
	return now;
}

static bool is_wanted(const struct link_wish *wishes, size_t count, const char *interface)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(wishes[i].interface, interface) == 0)
			return true;
	return false;
}

static bool is_to_undo(const struct state *st)
{
	return !st->up && (st->progress == LINK_ASKED || st->progress == LINK_SET);
}

void link_states_configure(struct link_states *s, const struct link_wish *wishes, size_t count)
{
	struct state *list = mem_new_array(count + s->count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		list[n++] = wanted(s, &wishes[i]);
	for (size_t i = 0; i < s->count; i++) {
		if (is_wanted(wishes, count, s->list[i].interface) || !is_to_undo(&s->list[i]))
			continue;
		list[n] = s->list[i];
		list[n++].gone = true;
	}
	mem_free(s->list);
	s->list = list;
	s->count = n;
}

/* ---- links ---- */

static void ask(struct link_states *s, const struct state *st, bool up)
{
	struct kernel_op op = {.verb = KERNEL_SET, .key = slot_key_link(st->dev)};

	op.content.link.up = up;
	log_info(s->log, LOG_KERNEL, "%s is set %s", st->interface, up ? "up" : "down");
	s->kernel_op(s->context, &op);
}

static void look(struct link_states *s, struct state *st, const struct link *link)
{
	switch (st->progress) {
	case LINK_DUE:
		st->progress = link->admin_up == st->up ? LINK_LEFT : LINK_ASKED;
		if (st->progress == LINK_ASKED)
			ask(s, st, st->up);
		break;
	case LINK_ASKED:
		if (link->admin_up == st->up)
			st->progress = LINK_SET;
		break;
	case LINK_SET:
		if (link->admin_up == st->up)
			break;
		log_info(s->log, LOG_KERNEL, "%s: somebody has set it %s: left so", st->interface,
		    link->admin_up ? "up" : "down");
		st->progress = LINK_LEFT;
		break;
	case LINK_LEFT:
		break;
	}
}

static void follow(struct link_states *s, struct state *st)
{
	const struct mirror_link *l = mirror_link_by_name(s->mirror, st->interface);
	ifindex_t dev = l != NULL ? l->link.ifindex : (ifindex_t){0};

	if (!ifindex_equal(st->dev, dev))
		st->progress = LINK_DUE;
	st->dev = dev;
	if (l != NULL && !st->gone)
		look(s, st, &l->link);
	else if (l != NULL && is_to_undo(st) && (st->progress == LINK_ASKED || !l->link.admin_up))
		ask(s, st, true);
}

void link_states_run(struct link_states *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		follow(s, &s->list[i]);
		if (!s->list[i].gone)
			s->list[kept++] = s->list[i];
	}
	s->count = kept;
}

/* The engine has logged why. Not before the next statement or link is it tried again. */
void link_states_result(
    struct link_states *s, const struct kernel_op *op, const struct kernel_result *result)
{
	for (size_t i = 0; result->outcome != KERNEL_DONE && i < s->count; i++)
		if (ifindex_equal(s->list[i].dev, op->key.link) &&
		    s->list[i].progress == LINK_ASKED)
			s->list[i].progress = LINK_LEFT;
}
