/*
 * What the daemon gives up once its descriptors are open: every capability but three, and every
 * system call that it has no use for.
 */
#pragma once

#include "base/log.h"

/* Keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE; the user stays. `config_file` must
 * still be readable at a reload: if only its group may read it, we join that group before. Trouble
 * is logged and not fatal. */
void privs_drop(const char *config_file, struct log *log);

/* Keeps what BFD's process begins with: raw sockets, a real-time priority, locked memory. */
void privs_drop_to_children(struct log *log);
/* Keeps CAP_NET_RAW alone: for the process that has sockets and nothing else. */
void privs_drop_most(struct log *log);

/* From here on system calls outside an allow-list fail with ENOSYS; execve and its like always
 * did what we never need. `packets`: sockets below IP are allowed. Without kernel support this is
 * logged and nothing changes. */
void privs_sandbox(bool packets, struct log *log);
