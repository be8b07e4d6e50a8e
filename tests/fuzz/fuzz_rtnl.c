/*
 * The rtnetlink decoder: any bytes as a run of messages. What comes out is within its bounds.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "kernel/rtnl_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, const struct kernel_event *event)
{
	unsigned *events = context;
	struct slot_content content;
	struct slot_key key;
	bool present;

	(*events)++;
	if (kernel_event_slot(event, &key, &content, &present)) {
		char text[SLOT_TEXT_MAX];

		slot_key_text(&key, text);
		slot_content_text(key.kind, &content, text);
		check(slot_content_equal(key.kind, &content, &content));
	}
	if (event->kind == KERNEL_PORT_VLANS)
		for (unsigned i = 0; i < event->port_vlans.count; i++)
			check((event->port_vlans.vlans[i].flags &
				  ~(PORT_VLAN_PVID | PORT_VLAN_UNTAGGED)) == 0);
	if (event->kind == KERNEL_NEXTHOP_NEW || event->kind == KERNEL_NEXTHOP_DEL)
		check(nexthop_id_is_ours(event->nexthop.key.id) &&
		      event->nexthop.entry.member_count <= ROUTE_NEXTHOPS_MAX);
	if (event->kind == KERNEL_ROUTE_NEW)
		check(event->route.entry.nexthop_count <= ROUTE_NEXTHOPS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	const struct nlmsghdr *h;

	if (size > 0)
		memcpy(copy, data, size);
	for (size_t at = 0; (h = rtnl_next(copy, size, &at)) != NULL;) {
		unsigned events = 0;

		rtnl_decode(h, 1, false, take, &events);
		check(events <= 1);
	}
	free(copy);
	return 0;
}
