/*
 * TCP MD5 signatures (RFC 2385): which remote addresses have which password, and the sockets that
 * must know. Linux 4.13 and later (prefixes).
 */
#pragma once

#include "base/log.h"
#include "base/types.h"

struct tcpmd5;

/* `log` is lent for its lifetime. */
struct tcpmd5 *tcpmd5_new(struct log *log);
void tcpmd5_free(struct tcpmd5 *m);

/* The password of these addresses from now on; NULL none. `fds` are the `count` listening sockets
 * that there are: the kernel checks for them before we see a connection. */
void tcpmd5_set(struct tcpmd5 *m, const struct prefix *remote, const char *password, const int *fds,
    size_t count);
/* A new listening socket is told all of them. */
void tcpmd5_listen(struct tcpmd5 *m, int fd);
/* Before connect(), or after accept(): 0, or an errno with which the connection must not go on. */
int tcpmd5_sign(struct tcpmd5 *m, int fd, const struct ip *remote);
