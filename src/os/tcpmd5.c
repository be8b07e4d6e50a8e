/*
 * TCP MD5 signatures: the passwords, and their way into sockets.
 *
 * The kernel looks a password up by the remote address, in the socket: a connecting one has at most
 * one, a listening one has all, and a connection that it accepts inherits its own. So a password is
 * kept here for as long as the engine wants it, and each socket is told before its first segment.
 *
 * A connection that ought to be signed is never let through unsigned. One that was under way when
 * its password came inherits nothing, so each accepted one is told its own once more; and where the
 * kernel refuses a password (it has no TCP MD5, or no memory), connections with that address are
 * neither opened nor accepted. Passwords are not logged.
 */
#include "os/tcpmd5.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/mem.h"
#include "os/sockaddr.h"

struct key {
	struct prefix remote;
	char password[TCP_MD5SIG_MAXKEYLEN + 1];
};

struct tcpmd5 {
	struct log *log;
	struct key *keys; /* owned */
	size_t count;
};

struct tcpmd5 *tcpmd5_new(struct log *log)
{
	struct tcpmd5 *m = mem_new(sizeof(*m));

	m->log = log;
	return m;
}

void tcpmd5_free(struct tcpmd5 *m)
{
	mem_free(m->keys);
	mem_free(m);
}

static size_t address_bits(const struct ip *ip)
{
	return ip_size(ip) * 8;
}

static bool family_of(int fd, uint8_t family)
{
	union sockaddr_ip local = {0};
	socklen_t size = sizeof(local);

	return getsockname(fd, &local.sa, &size) == 0 &&
	       local.sa.sa_family == (family == IP_V4 ? AF_INET : AF_INET6);
}

/* An empty password takes it away. 0 or an errno. */
static int socket_set(int fd, const struct prefix *remote, const char *password)
{
	struct tcp_md5sig sig = {.tcpm_keylen = (uint16_t)strlen(password)};
	union sockaddr_ip address = {0};
	socklen_t size = sockaddr_from_ip(&address, &remote->addr, 0, (ifindex_t){0});
	int option = TCP_MD5SIG;

	memcpy(&sig.tcpm_addr, &address, size);
	memcpy(sig.tcpm_key, password, sig.tcpm_keylen);
	if (remote->len != address_bits(&remote->addr)) {
		option = TCP_MD5SIG_EXT;
		sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
		sig.tcpm_prefixlen = remote->len;
	}
	return setsockopt(fd, IPPROTO_TCP, option, &sig, sizeof(sig)) == 0 ? 0 : errno;
}

static void listener_add(struct tcpmd5 *m, struct key *k, int fd)
{
	char text[PREFIX_TEXT_MAX];
	int error;

	if (!family_of(fd, k->remote.addr.family))
		return;
	error = socket_set(fd, &k->remote, k->password);
	if (error != 0)
		log_error(m->log, LOG_OS, "no TCP MD5 signatures for %s, so no connections: %s",
		    prefix_text(&k->remote, text), strerror(error));
}

static struct key *key_exactly(struct tcpmd5 *m, const struct prefix *remote)
{
	for (size_t i = 0; i < m->count; i++)
		if (prefix_equal(&m->keys[i].remote, remote))
			return &m->keys[i];
	return NULL;
}

/* Longest prefix first, as the kernel looks. */
static const struct key *key_of(const struct tcpmd5 *m, const struct ip *remote)
{
	const struct key *best = NULL;

	for (size_t i = 0; i < m->count; i++)
		if (prefix_contains(&m->keys[i].remote, remote) &&
		    (best == NULL || m->keys[i].remote.len > best->remote.len))
			best = &m->keys[i];
	return best;
}

static void key_remove(struct tcpmd5 *m, struct key *k, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (family_of(fds[i], k->remote.addr.family))
			socket_set(fds[i], &k->remote, "");
	*k = m->keys[--m->count];
}

void tcpmd5_set(struct tcpmd5 *m, const struct prefix *remote, const char *password, const int *fds,
    size_t count)
{
	struct key *k = key_exactly(m, remote);

	if (password == NULL) {
		if (k != NULL)
			key_remove(m, k, fds, count);
		return;
	}
	if (k == NULL) {
		m->keys = mem_resize(m->keys, (m->count + 1) * sizeof(*m->keys));
		k = &m->keys[m->count++];
	}
	/* A new one replaces the old one in the sockets: at no time is there none. */
	*k = (struct key){.remote = *remote};
	strncpy(k->password, password, sizeof(k->password) - 1);
	for (size_t i = 0; i < count; i++)
		listener_add(m, k, fds[i]);
}

void tcpmd5_listen(struct tcpmd5 *m, int fd)
{
	for (size_t i = 0; i < m->count; i++)
		listener_add(m, &m->keys[i], fd);
}

int tcpmd5_sign(struct tcpmd5 *m, int fd, const struct ip *remote)
{
	struct prefix host = {.addr = *remote, .len = (uint8_t)address_bits(remote)};
	const struct key *k = key_of(m, remote);

	return k == NULL ? 0 : socket_set(fd, &host, k->password);
}
