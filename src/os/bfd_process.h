/*
 * The process that runs the BFD speaker, and the daemon's end of the pipe to it. Why a process of
 * its own: docs/decisions/bfd-in-a-process-of-its-own.md
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/log.h"
#include "os/sink.h"

struct bfd_process;

/* Forks; to be called before threads, privileges and system calls are given up. The child keeps no
 * descriptor but its end of the pipe and standard error, and ends with the daemon, however that
 * ends: then its peers are told AdminDown. `sandbox`: it gives up capabilities and system calls.
 * A child that dies is replaced, with back-off, by a keeper between the two, which does nothing
 * else. Never NULL: what cannot be had is logged and BFD sessions stay down. `log` is lent. */
struct bfd_process *bfd_process_start(bool sandbox, struct log *log);
/* Emits EVENT_BFD. `event` and `sink` are lent for its lifetime. */
void bfd_process_attach(struct bfd_process *p, sd_event *event, const struct event_sink *sink);
void bfd_process_order(struct bfd_process *p, const struct bfd_order *order);
/* What happened while actions were executed; false when there is nothing. */
bool bfd_process_next(struct bfd_process *p, struct event *event);
/* Closes the pipe and does not wait: the child may still be telling its peers. */
void bfd_process_free(struct bfd_process *p);

/* The child's life, on its end of the pipe; returns when the daemon has gone and all peers were
 * told. `successor`: another one died before; orders for that one are passed over. Public for
 * tests. */
void bfd_process_run(int fd, uint64_t seed, bool successor);
/* The keeper's: runs children that do `run` on `fd` until one ends well or the daemon has gone.
 * Public for tests. */
void bfd_process_keep(int fd, void (*run)(int fd, bool successor, void *context), void *context);
