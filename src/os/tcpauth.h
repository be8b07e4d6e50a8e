/*
 * Signed segments: TCP MD5 (RFC 2385; prefixes since Linux 4.13) and TCP-AO (RFC 5925; since Linux
 * 6.7, where it was compiled in). Which remote addresses have which keys, and the sockets that must
 * know.
 */
#pragma once

#include "base/log.h"
#include "base/tcp_auth.h"
#include "base/types.h"

struct tcpauth;

/* `log` is lent for its lifetime. */
struct tcpauth *tcpauth_new(struct log *log);
void tcpauth_free(struct tcpauth *t);

/* The keys of these addresses from now on; NULL none. `fds` are the `count` listening sockets that
 * there are: the kernel checks for them before we see a connection. */
void tcpauth_set(struct tcpauth *t, const struct prefix *remote, const struct tcp_auth *auth,
    const int *fds, size_t count);
/* A new listening socket is told all of them. */
void tcpauth_listen(struct tcpauth *t, int fd);
/* The keys of connections with this address; NULL none. Valid until the next tcpauth_set(). */
const struct tcp_auth *tcpauth_of(const struct tcpauth *t, const struct ip *remote);
/* Before connect(), or after accept(): 0, or an errno with which the connection must not go on:
 * ENOPROTOOPT where the kernel cannot sign so. */
int tcpauth_sign(struct tcpauth *t, int fd, const struct ip *remote);
