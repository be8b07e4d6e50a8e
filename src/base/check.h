/*
 * Programming errors. check() stays on in production: a broken invariant ends the process, the
 * supervisor restarts it and the kernel state survives (docs/architecture.md, "Four kinds of
 * error"). Never use it on input.
 */
#pragma once

#include <assert.h>

#ifdef NDEBUG
#error "check() must stay on: do not build with NDEBUG"
#endif

#define check(condition) assert(condition)
