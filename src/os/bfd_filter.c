/*
 * The filter in front of a listener's buffer.
 *
 * What nobody should have sent must not take the room of BFD's own packets, nor time of the process
 * that has to be on time. So the kernel drops what the speaker would discard, as far as it can be
 * told without a session's state: shorter than a packet, another version, a TTL other than 255 over
 * one hop (RFC 5881 section 5), Your Discriminator that is none of ours, or 0 from somebody who is
 * no peer. What is left is judged by the speaker as ever; a program that is out of date for a
 * moment does no harm but to lose a packet.
 *
 * Of an IPv6 address the last four bytes are compared: enough to keep strangers out.
 */
#include "os/bfd_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "bfd/packet.h"

#define UDP_SIZE 8
#define YOUR_DISCRIMINATOR (UDP_SIZE + 8)
#define VERSION 1
#define HEAD_MAX 16
#define INSNS_EACH 4 /* of a session: address and discriminator */
#define SESSIONS_MAX ((BPF_MAXINSNS - HEAD_MAX) / INSNS_EACH)
#define TAKE 0xffff

struct program {
	struct sock_filter *code; /* owned */
	uint16_t size;
};

static void add(struct program *p, struct sock_filter insn)
{
	p->code[p->size++] = insn;
}

static void add_return(struct program *p, uint32_t bytes)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, bytes));
}

static void add_load(struct program *p, uint16_t width, uint32_t from)
{
	add(p, (struct sock_filter)BPF_STMT((uint16_t)(BPF_LD | width | BPF_ABS), from));
}

/* `is` drops what does not compare so with `value`. */
static void add_demand(struct program *p, uint16_t is, uint32_t value)
{
	add(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | is | BPF_K), value, 1, 0));
	add_return(p, 0);
}

static void add_take_if(struct program *p, uint32_t value)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
	add_return(p, TAKE);
}

/* An address's last four bytes. */
static uint32_t tail_of(const struct ip *ip)
{
	struct reader r = reader_from(ip->b + ip_size(ip) - 4, 4);

	return read_u32(&r);
}

static void add_form(struct program *p, int family, bool multihop)
{
	uint32_t ttl_at = (uint32_t)SKF_NET_OFF + (family == AF_INET ? 8 : 7);

	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
	add_demand(p, BPF_JGE, UDP_SIZE + BFD_PACKET_SIZE);
	add_load(p, BPF_B, UDP_SIZE);
	add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 5));
	add_demand(p, BPF_JEQ, VERSION);
	if (multihop)
		return; /* each session has a minimum of its own */
	add_load(p, BPF_B, ttl_at);
	add_demand(p, BPF_JEQ, 255);
}

static void add_sessions(
    struct program *p, int family, const struct bfd_filter_session *sessions, size_t count)
{
	uint32_t source_at = (uint32_t)SKF_NET_OFF + (family == AF_INET ? 12 : 8 + 12);

	add_load(p, BPF_W, YOUR_DISCRIMINATOR);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
	add(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(2 * count + 1)));
	for (size_t i = 0; i < count; i++)
		add_take_if(p, sessions[i].discriminator);
	add_return(p, 0);
	add_load(p, BPF_W, source_at);
	for (size_t i = 0; i < count; i++)
		add_take_if(p, tail_of(&sessions[i].remote));
	add_return(p, 0);
}

bool bfd_filter_set(
    int fd, int family, bool multihop, const struct bfd_filter_session *sessions, size_t count)
{
	struct program p = {.code = mem_new_array(BPF_MAXINSNS, sizeof(*p.code))};
	struct sock_fprog program;
	bool set;
	int error;

	add_form(&p, family, multihop);
	if (count <= SESSIONS_MAX)
		add_sessions(&p, family, sessions, count);
	else
		add_return(&p, TAKE);
	program = (struct sock_fprog){.len = p.size, .filter = p.code};
	set = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
	error = errno;
	mem_free(p.code);
	errno = error;
	return set;
}

uint32_t bfd_filter_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size);
	return info[SK_MEMINFO_DROPS];
}
