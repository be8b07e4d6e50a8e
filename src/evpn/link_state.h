/*
 * `interface X` / `shutdown` and `no shutdown`: a link is set down, or up, once: when the statement
 * comes into force or the link appears. Whoever sets it otherwise later is not contradicted.
 *
 * Without the statement the link is left as it is; but one that was set down here, and that nobody
 * has touched since, is set up again. That is not remembered over the end of the daemon
 * (docs/decisions/links-are-set-once.md).
 */
#pragma once

#include "base/log.h"
#include "kernel/mirror.h"

struct link_states;

struct link_wish {
	const char *interface;
	bool up;
};

struct link_states *link_states_new(struct log *log, struct mirror *mirror, void *context,
    void (*kernel_op)(void *context, const struct kernel_op *op));
void link_states_free(struct link_states *s);

/* Takes copies. */
void link_states_configure(struct link_states *s, const struct link_wish *wishes, size_t count);
/* Links came, went or changed, or there are new wishes; the mirror is in step with the kernel. */
void link_states_run(struct link_states *s);
void link_states_result(
    struct link_states *s, const struct kernel_op *op, const struct kernel_result *result);
