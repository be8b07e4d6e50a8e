/*
 * Execution of operations: check, write and barrier as one unit with no other work between.
 *
 * Singly: read the slot, compare with the precondition, write with an acknowledgement, drain the
 * monitor, result. One drain before all of it makes room: what another writes between check and
 * write must not be lost to an overflow. In bulk: drain the monitor to empty, then up to 32 writes
 * in one send with one acknowledgement on the last (errors come singly), drain, results. A slot
 * named by a notification that the engine has not seen yet (drained now or for an earlier batch) is
 * executed singly, as is an FDB add while absence is not proven. A read that fails for another
 * reason than absence never counts as a check: the operation fails with its error, and nothing is
 * written.
 */
#include "os/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "base/check.h"
#include "base/mem.h"
#include "kernel/rtnl_decode.h"
#include "kernel/rtnl_encode.h"
#include "os/netlink_inside.h"

#define ANSWER_MAX 65536

/* ---- submitted operations
 * --------------------------------------------------------------------------- */

void netlink_submit(struct netlink *nl, const struct kernel_op *op)
{
	struct kernel_op *kept;

	if (nl->op_count == nl->op_room) {
		nl->op_room = nl->op_room != 0 ? nl->op_room * 2 : 64;
		nl->ops = mem_resize(nl->ops, nl->op_room * sizeof(*nl->ops));
	}
	kept = &nl->ops[nl->op_count++];
	*kept = *op;
	slot_content_keep(op->key.kind, &kept->content);
	if (op->pre == PRE_EQUAL)
		slot_content_keep(op->key.kind, &kept->expected);
}

static void queue_result(struct netlink *nl, const struct kernel_result *result)
{
	struct event e = {.kind = EVENT_KERNEL_RESULT, .result = *result};

	netlink_queue_add(&nl->queue, &e);
}

static struct kernel_result result_of(const struct kernel_op *op)
{
	return (struct kernel_result){.id = op->id, .slot = op->key.kind, .outcome = KERNEL_DONE};
}

static void set_error(struct kernel_result *result, int error)
{
	if (error == 0)
		return;
	result->outcome = KERNEL_FAILED;
	result->error = error;
}

/* ---- talking on the request socket
 * --------------------------------------------------------------------- */

static bool send_all(struct netlink *nl, const void *bytes, size_t size)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(nl->request, bytes, size, 0, (struct sockaddr *)&kernel, sizeof(kernel)) ==
	       (ssize_t)size;
}

/* The next answer; its size, or 0 when there is none (the kernel answers before send() returns). */
static size_t receive(struct netlink *nl)
{
	ssize_t n;

	do
		n = recv(nl->request, nl->request_buffer, ANSWER_MAX, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n > 0 ? (size_t)n : 0;
}

static int error_of(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof(e->error)) ? -e->error : EBADMSG;
}

/* Sends one message and waits for its acknowledgement: 0 or an errno. */
static int write_one(struct netlink *nl, struct nlmsghdr *h)
{
	size_t size;

	h->nlmsg_flags |= NLM_F_ACK;
	h->nlmsg_seq = ++nl->sequence;
	if (!send_all(nl, h, h->nlmsg_len))
		return errno;
	while ((size = receive(nl)) > 0) {
		const struct nlmsghdr *a = (const void *)nl->request_buffer;

		if (NLMSG_OK(a, size) && a->nlmsg_type == NLMSG_ERROR &&
		    a->nlmsg_seq == nl->sequence)
			return error_of(a);
	}
	return EIO;
}

struct reading {
	const struct slot_key *key;
	struct slot_content *content;
	bool present;
};

static void take_read(void *context, const struct kernel_event *event)
{
	struct reading *r = context;
	struct slot_content content;
	struct slot_key key;
	bool present;

	if (!kernel_event_slot(event, &key, &content, &present) || !slot_key_equal(&key, r->key))
		return;
	slot_content_keep(key.kind, &content);
	slot_content_drop(key.kind, r->content);
	*r->content = content;
	r->present = present;
}

/* Where the kernel has no exact read, notifications tell: nothing on the way names the slot. */
static int look_for_notifications(
    struct netlink *nl, const struct slot_key *key, struct kernel_result *result)
{
	netlink_drain(nl);
	if (netlink_queue_names(&nl->queue, key))
		result->outcome = KERNEL_MISMATCH;
	return 0;
}

/* Reads the slot into *result: 0, or the errno of a read that could not be made. A kind without
 * read is a mismatch while a notification is on its way to the engine. */
static int read_slot(struct netlink *nl, const struct slot_key *key, struct kernel_result *result)
{
	struct reading r = {.key = key, .content = &result->seen};
	struct nlmsghdr *h = rtnl_encode_read(nl->batch_buffer, key);
	size_t size;

	if (h == NULL)
		return look_for_notifications(nl, key, result);
	h->nlmsg_seq = ++nl->sequence;
	if (!send_all(nl, h, h->nlmsg_len))
		return errno;
	do {
		if ((size = receive(nl)) == 0)
			return EIO;
		h = (void *)nl->request_buffer;
	} while (!NLMSG_OK(h, size) || h->nlmsg_seq != nl->sequence);
	if (h->nlmsg_type == NLMSG_ERROR && error_of(h) != ENOENT)
		return error_of(h) != 0 ? error_of(h) : EIO;
	if (h->nlmsg_type != NLMSG_ERROR)
		rtnl_decode(h, 0, true, take_read, &r);
	result->checked = true;
	result->seen_present = r.present;
	if (!r.present) {
		slot_content_drop(key->kind, &result->seen);
		memset(&result->seen, 0, sizeof(result->seen));
	}
	return 0;
}

/* What the slot turned out to be, after a write that found another world than expected. */
static void read_after(struct netlink *nl, const struct slot_key *key, struct kernel_result *result)
{
	enum kernel_outcome outcome = result->outcome;

	if (result->error == EEXIST || result->error == ENOENT)
		read_slot(nl, key, result);
	result->outcome = outcome;
}

/* ---- one by one
 * ------------------------------------------------------------------------------------------ */

/* Fills *result with the reason when it does not hold or cannot be told. */
static bool precondition_holds(
    struct netlink *nl, const struct kernel_op *op, struct kernel_result *result)
{
	bool holds;

	if (op->pre == PRE_NONE && op->verb != KERNEL_READ)
		return true;
	set_error(result, read_slot(nl, &op->key, result));
	if (!result->checked || op->pre == PRE_NONE)
		return result->outcome == KERNEL_DONE;
	holds = op->pre == PRE_ABSENT ? !result->seen_present
				      : result->seen_present && slot_content_equal(op->key.kind,
								    &result->seen, &op->expected);
	if (!holds)
		result->outcome = KERNEL_MISMATCH;
	return holds;
}

static void write_op(struct netlink *nl, const struct kernel_op *op, struct kernel_result *result)
{
	struct nlmsghdr *h = rtnl_encode_write(nl->batch_buffer, op);

	if (h == NULL) {
		set_error(result, EOPNOTSUPP);
		return;
	}
	set_error(result, write_one(nl, h));
	read_after(nl, &op->key, result);
}

/* Behind a drained monitor. */
static void execute_single(struct netlink *nl, const struct kernel_op *op)
{
	struct kernel_result result = result_of(op);

	nl->counters.single++;
	if (precondition_holds(nl, op, &result) && op->verb != KERNEL_READ)
		write_op(nl, op, &result);
	netlink_drain(nl);
	queue_result(nl, &result);
}

/* ---- in batches
 * -------------------------------------------------------------------------------------------- */

static bool bulk_allowed(const struct netlink *nl, const struct kernel_op *op)
{
	if (op->verb == KERNEL_READ)
		return false;
	return op->key.kind != SLOT_FDB || op->pre != PRE_ABSENT || nl->fdb_clean;
}

/* Encodes ops into one buffer; the last message asks for the acknowledgement. */
static size_t encode_batch(
    struct netlink *nl, struct kernel_op *const *ops, size_t count, struct kernel_result *results)
{
	struct nlmsghdr *last = NULL;
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *h = rtnl_encode_write(nl->batch_buffer + size, ops[i]);

		nl->sequence++;
		results[i] = result_of(ops[i]);
		if (h == NULL) {
			set_error(&results[i], EOPNOTSUPP);
			continue;
		}
		h->nlmsg_seq = nl->sequence;
		size += NLMSG_ALIGN(h->nlmsg_len);
		last = h;
	}
	if (last != NULL)
		last->nlmsg_flags |= NLM_F_ACK;
	return size;
}

static void take_answers(
    struct netlink *nl, uint32_t first, struct kernel_result *results, size_t count)
{
	size_t size;

	while ((size = receive(nl)) > 0) {
		const struct nlmsghdr *a = (const void *)nl->request_buffer;

		if (NLMSG_OK(a, size) && a->nlmsg_type == NLMSG_ERROR &&
		    a->nlmsg_seq - first < count)
			set_error(&results[a->nlmsg_seq - first], error_of(a));
	}
}

static void execute_batch(struct netlink *nl, struct kernel_op *const *ops, size_t count)
{
	struct kernel_result results[NETLINK_BATCH];
	uint32_t first = nl->sequence + 1;
	size_t size = encode_batch(nl, ops, count, results);
	bool sent = size == 0 || send_all(nl, nl->batch_buffer, size);

	nl->counters.bulk += count;
	nl->counters.batches++;
	for (size_t i = 0; !sent && i < count; i++)
		set_error(&results[i], errno);
	if (sent)
		take_answers(nl, first, results, count);
	for (size_t i = 0; i < count; i++)
		read_after(nl, &ops[i]->key, &results[i]);
	netlink_drain(nl);
	for (size_t i = 0; i < count; i++)
		queue_result(nl, &results[i]);
}

/* Up to 32 operations from `at` on behind a drained monitor; how many were executed. */
static size_t execute_some(struct netlink *nl, size_t at)
{
	struct kernel_op *batch[NETLINK_BATCH];
	size_t end = nl->op_count - at, count = 0, n;

	if (end > NETLINK_BATCH)
		end = NETLINK_BATCH;
	netlink_drain(nl);
	for (n = 0; n < end; n++) {
		struct kernel_op *op = &nl->ops[at + n];

		if (!bulk_allowed(nl, op) || netlink_queue_names(&nl->queue, &op->key))
			break;
		batch[count++] = op;
	}
	if (count > 0)
		execute_batch(nl, batch, count);
	if (n < end) {
		nl->counters.touched += nl->ops[at + n].verb != KERNEL_READ;
		execute_single(nl, &nl->ops[at + n]);
		n++;
	}
	return n;
}

static void release(struct kernel_op *op)
{
	slot_content_drop(op->key.kind, &op->content);
	if (op->pre == PRE_EQUAL)
		slot_content_drop(op->key.kind, &op->expected);
}

void netlink_flush(struct netlink *nl)
{
	size_t at = 0;

	if (nl->op_count > 0)
		netlink_drain(nl);
	if (nl->op_count >= nl->bulk_min)
		while (at < nl->op_count)
			at += execute_some(nl, at);
	for (; at < nl->op_count; at++)
		execute_single(nl, &nl->ops[at]);
	for (size_t i = 0; i < nl->op_count; i++)
		release(&nl->ops[i]);
	nl->op_count = 0;
}
