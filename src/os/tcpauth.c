/*
 * Signed segments: the keys, and their way into sockets.
 *
 * The kernel looks keys up by the remote address, in the socket: a connecting one has those of its
 * peer, a listening one has all, and a connection that it accepts inherits its own. So keys are
 * kept here for as long as the engine wants them, and each socket is told before its first segment.
 *
 * A connection that ought to be signed is never let through unsigned. One that was under way when
 * its keys came inherits nothing, so each accepted one is told its own once more: for TCP MD5 that
 * adds the password, for TCP-AO the kernel says whether they are there (EEXIST) or the connection
 * was set up without (EINVAL). Where the kernel cannot sign at all, connections with that address
 * are neither opened nor accepted. Secrets are not logged.
 */
#include "os/tcpauth.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/mem.h"
#include "os/sockaddr.h"

/* linux/tcp.h has these since 6.7, and clashes with netinet/tcp.h. */
#define AO_ADD_KEY 38
#define AO_DEL_KEY 39

struct ao_add {
	struct sockaddr_storage addr;
	char alg_name[64];
	int32_t ifindex;
	uint32_t set_current : 1, set_rnext : 1, reserved : 30;
	uint16_t reserved2;
	uint8_t prefix, sndid, rcvid, maclen, keyflags, keylen;
	uint8_t key[TCP_AUTH_SECRET_MAX];
} __attribute__((aligned(8)));

struct ao_del {
	struct sockaddr_storage addr;
	int32_t ifindex;
	uint32_t set_current : 1, set_rnext : 1, del_async : 1, reserved : 29;
	uint16_t reserved2;
	uint8_t prefix, sndid, rcvid, current_key, rnext, keyflags;
} __attribute__((aligned(8)));

struct owner {
	struct prefix remote;
	struct tcp_auth auth;
};

struct tcpauth {
	struct log *log;
	struct owner *owners; /* owned */
	size_t count;
};

struct tcpauth *tcpauth_new(struct log *log)
{
	struct tcpauth *t = mem_new(sizeof(*t));

	t->log = log;
	return t;
}

void tcpauth_free(struct tcpauth *t)
{
	mem_free(t->owners);
	mem_free(t);
}

static size_t address_bits(const struct ip *ip)
{
	return ip_size(ip) * 8;
}

static bool is_of_family(int fd, uint8_t family)
{
	union sockaddr_ip local = {0};
	socklen_t size = sizeof(local);

	return getsockname(fd, &local.sa, &size) == 0 &&
	       local.sa.sa_family == (family == IP_V4 ? AF_INET : AF_INET6);
}

static void address_of(struct sockaddr_storage *to, const struct prefix *remote)
{
	union sockaddr_ip address = {0};
	socklen_t size = sockaddr_from_ip(&address, &remote->addr, 0, (ifindex_t){0});

	memcpy(to, &address, size);
}

static int option_set(int fd, int option, const void *value, size_t size)
{
	return setsockopt(fd, IPPROTO_TCP, option, value, (socklen_t)size) == 0 ? 0 : errno;
}

/* ---- TCP MD5 ---- */

/* An empty password takes it away. */
static int md5_set(int fd, const struct prefix *remote, const char *password)
{
	struct tcp_md5sig sig = {.tcpm_keylen = (uint16_t)strlen(password)};
	int option = TCP_MD5SIG;

	address_of(&sig.tcpm_addr, remote);
	memcpy(sig.tcpm_key, password, sig.tcpm_keylen);
	if (remote->len != address_bits(&remote->addr)) {
		option = TCP_MD5SIG_EXT;
		sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
		sig.tcpm_prefixlen = remote->len;
	}
	return option_set(fd, option, &sig, sizeof(sig));
}

/* ---- TCP-AO ---- */

static int ao_add(int fd, const struct prefix *remote, const struct tcp_auth_key *k, bool current)
{
	struct ao_add add = {.set_current = current,
	    .set_rnext = current,
	    .prefix = remote->len,
	    .sndid = k->send_id,
	    .rcvid = k->recv_id,
	    .keylen = (uint8_t)strlen(k->secret)};

	address_of(&add.addr, remote);
	strcpy(add.alg_name, k->kind == TCP_AUTH_AO_AES_CMAC ? "cmac(aes128)" : "hmac(sha1)");
	memcpy(add.key, k->secret, add.keylen);
	return option_set(fd, AO_ADD_KEY, &add, sizeof(add));
}

static int ao_del(int fd, const struct prefix *remote, const struct tcp_auth_key *k)
{
	struct ao_del del = {.prefix = remote->len, .sndid = k->send_id, .rcvid = k->recv_id};

	address_of(&del.addr, remote);
	return option_set(fd, AO_DEL_KEY, &del, sizeof(del));
}

/* ---- one set of keys on one socket ---- */

/* Which key is in use is a matter of connections: a listening socket has none. */
static int socket_add(
    int fd, const struct prefix *remote, const struct tcp_auth *auth, bool listens)
{
	int error = 0;

	for (size_t i = 0; i < auth->count && error == 0; i++) {
		const struct tcp_auth_key *k = &auth->keys[i];

		if (k->kind == TCP_AUTH_MD5)
			error = md5_set(fd, remote, k->secret);
		else
			error = ao_add(fd, remote, k, i == 0 && !listens);
		if (error == EEXIST)
			error = 0;
	}
	return error;
}

static void socket_remove(int fd, const struct owner *o)
{
	for (size_t i = 0; i < o->auth.count; i++) {
		if (o->auth.keys[i].kind == TCP_AUTH_MD5)
			md5_set(fd, &o->remote, "");
		else
			ao_del(fd, &o->remote, &o->auth.keys[i]);
	}
}

static void listener_add(struct tcpauth *t, const struct owner *o, int fd)
{
	char text[PREFIX_TEXT_MAX];
	int error;

	if (!is_of_family(fd, o->remote.addr.family))
		return;
	error = socket_add(fd, &o->remote, &o->auth, true);
	if (error != 0)
		log_error(t->log, LOG_OS, "no %s for %s, so no connections: %s%s",
		    o->auth.keys[0].kind == TCP_AUTH_MD5 ? "TCP MD5 signatures" : "TCP-AO",
		    prefix_text(&o->remote, text), strerror(error),
		    error == ENOPROTOOPT ? " (this kernel was built without it)" : "");
}

static void listeners_remove(const struct owner *o, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_of_family(fds[i], o->remote.addr.family))
			socket_remove(fds[i], o);
}

/* ---- the sets ---- */

static struct owner *owner_exactly(struct tcpauth *t, const struct prefix *remote)
{
	for (size_t i = 0; i < t->count; i++)
		if (prefix_equal(&t->owners[i].remote, remote))
			return &t->owners[i];
	return NULL;
}

/* Longest prefix first, as the kernel looks. */
static const struct owner *owner_of(const struct tcpauth *t, const struct ip *remote)
{
	const struct owner *best = NULL;

	for (size_t i = 0; i < t->count; i++)
		if (prefix_contains(&t->owners[i].remote, remote) &&
		    (best == NULL || t->owners[i].remote.len > best->remote.len))
			best = &t->owners[i];
	return best;
}

/* A new password replaces the old one in the sockets, so that at no time there is none. Other keys
 * have to go before, which tcpauth_sign() makes up for. */
static bool replaces_itself(const struct tcp_auth *old, const struct tcp_auth *new)
{
	return old->keys[0].kind == TCP_AUTH_MD5 && new->keys[0].kind == TCP_AUTH_MD5;
}

void tcpauth_set(struct tcpauth *t, const struct prefix *remote, const struct tcp_auth *auth,
    const int *fds, size_t count)
{
	struct owner *o = owner_exactly(t, remote);

	if (o != NULL && (auth == NULL || !replaces_itself(&o->auth, auth)))
		listeners_remove(o, fds, count);
	if (auth == NULL) {
		if (o != NULL)
			*o = t->owners[--t->count];
		return;
	}
	if (o == NULL) {
		t->owners = mem_resize(t->owners, (t->count + 1) * sizeof(*t->owners));
		o = &t->owners[t->count++];
	}
	*o = (struct owner){*remote, *auth};
	for (size_t i = 0; i < count; i++)
		listener_add(t, o, fds[i]);
}

void tcpauth_listen(struct tcpauth *t, int fd)
{
	for (size_t i = 0; i < t->count; i++)
		listener_add(t, &t->owners[i], fd);
}

const struct tcp_auth *tcpauth_of(const struct tcpauth *t, const struct ip *remote)
{
	const struct owner *o = owner_of(t, remote);

	return o == NULL ? NULL : &o->auth;
}

int tcpauth_sign(struct tcpauth *t, int fd, const struct ip *remote)
{
	struct prefix host = {.addr = *remote, .len = (uint8_t)address_bits(remote)};
	const struct owner *o = owner_of(t, remote);

	if (o == NULL)
		return 0;
	/* Keys that an accepted connection has are known by the prefix of their owner. */
	return socket_add(
	    fd, o->auth.keys[0].kind == TCP_AUTH_MD5 ? &host : &o->remote, &o->auth, false);
}
