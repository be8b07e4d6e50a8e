/*
 * Echo packets on the wire.
 *
 * A packet whose source and destination are one address of ours must leave the host, and what comes
 * back must be seen: the kernel's IP would deliver the first at once and drop the second as
 * martian. So both go by a packet socket, below IP, as in FRR. The peer's link address is that of
 * the kernel's neighbour entry, which the control packets keep alive.
 *
 * What left with TTL 255 and crossed one router has 254; a filter in the kernel lets nothing else
 * in. That the peer's kernel really forwards what it is handed depends on it: its ip_forward,
 * and its rp_filter where the way back is another link (docs/configuration.md).
 */
#include "os/bfd_echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

#define IP_SIZE 20
#define UDP_SIZE 8
#define FRAME_MAX 128
#define TTL_OUT 255
#define TTL_BACK 254
#define TOS_CS6 0xc0
#define RECEIVED_PER_TURN 256

struct bfd_echo_io {
	struct bfd_echo_io_host host;
	int fd;	    /* -1: not open */
	int arp_fd; /* for the neighbour table */
	int error;  /* told last */
};

struct bfd_echo_io *bfd_echo_io_new(const struct bfd_echo_io_host *host)
{
	struct bfd_echo_io *e = mem_new(sizeof(*e));

	e->host = *host;
	e->fd = e->arp_fd = -1;
	return e;
}

static void io_close(struct bfd_echo_io *e)
{
	if (e->fd >= 0)
		close(e->fd);
	if (e->arp_fd >= 0)
		close(e->arp_fd);
	e->fd = e->arp_fd = -1;
}

void bfd_echo_io_free(struct bfd_echo_io *e)
{
	io_close(e);
	mem_free(e);
}

static void tell(struct bfd_echo_io *e, int error)
{
	if (e->error != error)
		e->host.failed(e->host.context, error);
	e->error = error;
}

/* UDP to the echo port, TTL 254, from an address to the same one; the socket sees from the IP
 * header on. */
static bool set_filter(int fd)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TTL_BACK, 0, 9),
	    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 7, 0),
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BFD_PORT_ECHO, 0, 4),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
	    BPF_STMT(BPF_MISC | BPF_TAX, 0),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	    BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

/* Bound only when the filter is there. */
static bool io_open(struct bfd_echo_io *e)
{
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	const int priority = 6;

	if (e->fd >= 0)
		return true;
	e->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	e->arp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (e->fd >= 0 && e->arp_fd >= 0 && set_filter(e->fd) &&
	    bind(e->fd, (const struct sockaddr *)&all, sizeof(all)) == 0) {
		setsockopt(e->fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
		return true;
	}
	tell(e, errno);
	io_close(e);
	return false;
}

/* ---- sending ------------------------------------------------------------------------------- */

static uint32_t sum_of(const uint8_t *bytes, size_t size, uint32_t sum)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_u16(uint8_t *at, uint16_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

/* The whole packet; its size. RFC 1071 sums; the pseudo-header's addresses are those of the header.
 */
static size_t packet_make(
    uint8_t packet[FRAME_MAX], const struct ip *self, const uint8_t *bytes, size_t size)
{
	struct writer w = writer_to(packet, FRAME_MAX);
	size_t udp_size = UDP_SIZE + size, whole = IP_SIZE + udp_size;
	uint32_t pseudo = (uint32_t)udp_size + IPPROTO_UDP;
	uint16_t sum;

	write_u16(&w, 0x4500 | TOS_CS6);
	write_u16(&w, (uint16_t)whole);
	write_u32(&w, 0);
	write_u8(&w, TTL_OUT);
	write_u8(&w, IPPROTO_UDP);
	write_u16(&w, 0);
	write_bytes(&w, self->b, 4);
	write_bytes(&w, self->b, 4);
	write_u16(&w, BFD_PORT_ECHO);
	write_u16(&w, BFD_PORT_ECHO);
	write_u16(&w, (uint16_t)udp_size);
	write_u16(&w, 0);
	write_bytes(&w, bytes, size);
	put_u16(packet + 10, folded(sum_of(packet, IP_SIZE, 0)));
	pseudo = sum_of(packet + 12, 8, pseudo);
	sum = folded(sum_of(packet + IP_SIZE, udp_size, pseudo));
	put_u16(packet + IP_SIZE + 6, sum != 0 ? sum : 0xffff);
	return whole;
}

/* The peer's link address; 0 or an errno. */
static int link_address(
    const struct bfd_echo_io *e, const struct bfd_echo_path *path, struct sockaddr_ll *to)
{
	struct arpreq ask = {.arp_flags = 0};
	struct sockaddr_in who = {.sin_family = AF_INET};

	memcpy(&who.sin_addr, path->remote.b, 4);
	memcpy(&ask.arp_pa, &who, sizeof(who));
	if (if_indextoname(path->ifindex.v, ask.arp_dev) == NULL ||
	    ioctl(e->arp_fd, SIOCGARP, &ask) != 0)
		return errno;
	if ((ask.arp_flags & ATF_COM) == 0)
		return EHOSTUNREACH;
	*to = (struct sockaddr_ll){.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IP),
	    .sll_ifindex = (int)path->ifindex.v,
	    .sll_halen = ETHER_ADDR_LEN};
	memcpy(to->sll_addr, ask.arp_ha.sa_data, ETHER_ADDR_LEN);
	return 0;
}

void bfd_echo_io_send(
    struct bfd_echo_io *e, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size)
{
	uint8_t packet[FRAME_MAX];
	struct sockaddr_ll to;
	size_t whole;
	int error;

	if (!io_open(e))
		return;
	error = link_address(e, path, &to);
	if (error == 0) {
		whole = packet_make(packet, &path->local, bytes, size);
		if (sendto(e->fd, packet, whole, MSG_NOSIGNAL, (const struct sockaddr *)&to,
			sizeof(to)) < 0)
			error = errno;
	}
	tell(e, error);
}

/* ---- receiving ----------------------------------------------------------------------------- */

int bfd_echo_io_fd(const struct bfd_echo_io *e)
{
	return e->fd;
}

void bfd_echo_io_receive(struct bfd_echo_io *e, void *context,
    void (*received)(void *context, const uint8_t *bytes, size_t size))
{
	uint8_t frame[FRAME_MAX];

	for (int i = 0; e->fd >= 0 && i < RECEIVED_PER_TURN; i++) {
		ssize_t n = recv(e->fd, frame, sizeof(frame), MSG_DONTWAIT);
		size_t head = (size_t)(frame[0] & 0xf) * 4 + UDP_SIZE;

		if (n < 0)
			return;
		if ((size_t)n > head)
			received(context, frame + head, (size_t)n - head);
	}
}

bool bfd_echo_io_forwards(void)
{
	char digit = '0';
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);
	bool read_it = fd >= 0 && read(fd, &digit, 1) == 1;

	if (fd >= 0)
		close(fd);
	return read_it && digit == '1';
}
