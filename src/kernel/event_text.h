/*
 * Kernel messages as one line of text, for `debug zebra kernel`: each one received and sent.
 */
#pragma once

#include "base/str.h"
#include "kernel/mirror.h"

/* "Rx new fdb br-evpn vlan 99 fa:…: veth-to-ovs static sticky"; appends. The mirror gives names. */
void kernel_event_text(const struct mirror *m, const struct kernel_event *event, struct str *out);
void kernel_op_text(const struct mirror *m, const struct kernel_op *op, struct str *out);
void kernel_result_text(const struct kernel_result *result, struct str *out);
