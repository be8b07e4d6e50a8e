/*
 * kernel/vocab.h ↔ bytes. Each function codes one struct completely, in the order of its fields.
 */
#pragma once

#include "kernel/vocab.h"
#include "record/coder.h"

void code_kernel_event(struct coder *c, struct kernel_event *e);
void code_kernel_result(struct coder *c, struct kernel_result *r);
void code_kernel_op(struct coder *c, struct kernel_op *op);
