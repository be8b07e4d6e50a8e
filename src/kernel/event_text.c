/*
 * Kernel messages as text. Formatting only.
 */
#include "kernel/event_text.h"

#include <string.h>

static const char *const event_names[] = {[KERNEL_LINK_NEW] = "new link",
    [KERNEL_LINK_DEL] = "del link",
    [KERNEL_PORT_VLANS] = "port vlans",
    [KERNEL_ADDR_NEW] = "new addr",
    [KERNEL_ADDR_DEL] = "del addr",
    [KERNEL_FDB_NEW] = "new",
    [KERNEL_FDB_DEL] = "del",
    [KERNEL_VXLAN_FDB_NEW] = "new",
    [KERNEL_VXLAN_FDB_DEL] = "del",
    [KERNEL_FLOOD_NEW] = "new",
    [KERNEL_FLOOD_DEL] = "del",
    [KERNEL_NEIGH_NEW] = "new",
    [KERNEL_NEIGH_DEL] = "del",
    [KERNEL_ROUTE_NEW] = "new",
    [KERNEL_ROUTE_DEL] = "del",
    [KERNEL_NEXTHOP_NEW] = "new",
    [KERNEL_NEXTHOP_DEL] = "del",
    [KERNEL_DUMP_BEGIN] = "dump begins",
    [KERNEL_DUMP_END] = "dump ends",
    [KERNEL_OVERRUN] = "overrun: notifications were lost"};

static const char *const verb_names[] = {[KERNEL_ADD] = "add",
    [KERNEL_CHANGE] = "change",
    [KERNEL_DELETE] = "delete",
    [KERNEL_READ] = "read",
    [KERNEL_PROBE] = "probe",
    [KERNEL_SET] = "set"};

static void device_text(const struct mirror *m, ifindex_t ifindex, struct str *out)
{
	const struct mirror_link *l = mirror_link(m, ifindex);

	if (l != NULL)
		str_addf(out, "%s(%u)", l->link.name, ifindex.v);
	else
		str_addf(out, "if%u", ifindex.v);
}

static void link_text(const struct link *l, struct str *out)
{
	char mac[MAC_TEXT_MAX];

	str_addf(out, " %s(%u) master %u %s%s mac %s", l->name, l->ifindex.v, l->master.v,
	    l->admin_up ? "up" : "down", l->running ? " running" : "", mac_text(&l->mac, mac));
}

static void slot_text(
    const struct slot_key *key, const struct slot_content *content, struct str *out)
{
	char text[SLOT_TEXT_MAX];

	str_addf(out, " %s", slot_key_text(key, text));
	str_addf(out, ": %s", slot_content_text(key->kind, content, text));
}

void kernel_event_text(const struct mirror *m, const struct kernel_event *event, struct str *out)
{
	struct slot_content content;
	struct slot_key key;
	bool present;

	str_addf(out, "Rx %s%s", event->from_dump ? "(dump) " : "", event_names[event->kind]);
	if (kernel_event_slot(event, &key, &content, &present)) {
		slot_text(&key, &content, out);
	} else if (event->kind == KERNEL_LINK_NEW) {
		link_text(&event->link, out);
	} else if (event->kind == KERNEL_LINK_DEL) {
		str_addf(out, " if%u", event->link_gone.v);
	} else if (event->kind == KERNEL_PORT_VLANS) {
		str_add(out, " ");
		device_text(m, event->port_vlans.port, out);
	}
	if (event->writer != 0)
		str_addf(out, " (portid %u%s)", event->writer, event->ours ? ", ours" : "");
}

void kernel_op_text(const struct mirror *m, const struct kernel_op *op, struct str *out)
{
	(void)m;
	str_addf(out, "Tx %s", verb_names[op->verb]);
	slot_text(&op->key, &op->content, out);
}

void kernel_result_text(const struct kernel_result *result, struct str *out)
{
	switch (result->outcome) {
	case KERNEL_DONE:
		str_add(out, "done");
		break;
	case KERNEL_MISMATCH:
		str_add(out, "not done: the slot does not hold what was expected");
		break;
	case KERNEL_FAILED:
		str_addf(out, "refused by the kernel: errno %d (%s)", result->error,
		    strerrordesc_np(result->error) != NULL ? strerrordesc_np(result->error)
							   : "unknown");
		break;
	}
}
