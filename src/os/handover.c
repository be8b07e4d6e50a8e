/*
 * The service manager's file descriptor store, as a place where connections wait for the next
 * instance. It survives `systemctl restart`, a crash and SIGKILL; `systemctl stop` ends it, and
 * with it the connections.
 *
 * A connection can be gone on with only between two messages, in both directions. Whoever is killed
 * cannot say where it was; so it says so before. The page has a flag for each direction, set before
 * the socket is read or written and cleared when what was read has been handled, and what was
 * written was all. The kernel is the witness: what it still has to deliver, either way, is whole
 * messages then. A daemon that dies of what a peer sent dies with the flag set, so that the
 * connection that killed it is never gone on with.
 *
 * The keys of a signed connection (os/tcpauth.h) stay in the socket, and the kernel tells nobody
 * which they are. So they stand on the page, which is as secret as our memory: whether they are
 * still the ones wanted is a matter of the next configuration.
 *
 * A name is never used twice: it holds the time, and the descriptor.
 */
#include "os/handover.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "os/clock.h"

#define PAGE_SIZE 4096
#define PAGE_MAGIC "evpnd handover 2"
#define HEADER_LENGTH_AT 16
#define HEADER_SIZE 19

struct page {
	char magic[16];
	_Atomic uint8_t busy[HANDOVER_SIDES];
	struct tcp_auth auth; /* count 0: not signed */
	uint32_t size;
	uint8_t note[HANDOVER_NOTE_MAX_SIZE];
};
_Static_assert(sizeof(struct page) <= PAGE_SIZE, "one page");

struct handover {
	char name[48];
	struct page *page;
};

/* ---- giving -------------------------------------------------------------------------------- */

static struct page *page_map(int memory)
{
	void *at = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* A descriptor; -1 and *page NULL: no memory. */
static int page_new(struct page **page)
{
	int memory = memfd_create("evpnd-session", MFD_CLOEXEC);

	*page = NULL;
	if (memory >= 0 && ftruncate(memory, PAGE_SIZE) == 0)
		*page = page_map(memory);
	if (*page == NULL && memory >= 0) {
		close(memory);
		memory = -1;
	}
	return memory;
}

static void page_fill(
    struct page *page, const struct tcp_auth *auth, const uint8_t *note, size_t size)
{
	memcpy(page->magic, PAGE_MAGIC, sizeof(page->magic));
	if (auth != NULL)
		page->auth = *auth;
	page->size = (uint32_t)size;
	memcpy(page->note, note, size);
}

struct handover *handover_store(
    int fd, const struct tcp_auth *auth, const uint8_t *note, size_t size, struct log *log)
{
	char text[96];
	int fds[2] = {fd, -1};
	struct handover *h;
	struct page *page;
	int sent;

	if (getenv("NOTIFY_SOCKET") == NULL || size > HANDOVER_NOTE_MAX_SIZE)
		return NULL;
	fds[1] = page_new(&page);
	if (page == NULL) {
		log_warning(log, LOG_OS, "a connection cannot outlive us: %s", strerror(errno));
		return NULL;
	}
	page_fill(page, auth, note, size);
	h = mem_new(sizeof(*h));
	h->page = page;
	snprintf(h->name, sizeof(h->name), "session-%lld-%d", (long long)clock_now().ns, fd);
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", h->name);
	sent = sd_pid_notify_with_fds(0, 0, text, fds, 2);
	close(fds[1]);
	if (sent < 0)
		log_warning(log, LOG_OS, "a connection cannot outlive us: %s", strerror(-sent));
	return h;
}

bool handover_has_keys(const struct handover *h, const struct tcp_auth *auth)
{
	static const struct tcp_auth none;

	return memcmp(&h->page->auth, auth != NULL ? auth : &none, sizeof(none)) == 0;
}

static void store_remove(const char *name)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

void handover_leave(struct handover *h)
{
	if (h == NULL)
		return;
	munmap(h->page, PAGE_SIZE);
	mem_free(h);
}

void handover_forget(struct handover *h)
{
	if (h == NULL)
		return;
	store_remove(h->name);
	handover_leave(h);
}

void handover_busy(struct handover *h, enum handover_side side, bool busy)
{
	if (h != NULL)
		h->page->busy[side] = busy;
}

/* ---- taking -------------------------------------------------------------------------------- */

static bool is_open_connection(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == TCP_ESTABLISHED;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

static bool page_is_good(const struct page *p)
{
	return memcmp(p->magic, PAGE_MAGIC, sizeof(p->magic)) == 0 &&
	       p->size <= HANDOVER_NOTE_MAX_SIZE && !p->busy[HANDOVER_IN] && !p->busy[HANDOVER_OUT];
}

/* The page behind the descriptor, if this version wrote it and it says that the connection can be
 * gone on with. */
static struct page *page_found(int memory)
{
	off_t end = lseek(memory, 0, SEEK_END);
	struct page *page = end == PAGE_SIZE ? page_map(memory) : NULL;

	if (page != NULL && !page_is_good(page)) {
		munmap(page, PAGE_SIZE);
		page = NULL;
	}
	return page;
}

/* Names come in pairs, in any order; *second is the place of the other one. */
static bool find_pair(char **names, const int *fds, size_t count, size_t first, size_t *second)
{
	for (*second = first + 1; *second < count; (*second)++)
		if (fds[*second] >= 0 && strcmp(names[first], names[*second]) == 0)
			return true;
	return false;
}

/* False: closed, and to be removed from the store. */
static bool take_pair(const char *name, int *a, int *b, struct handover_found *found)
{
	int *socket = is_socket(*a) ? a : b, *memory = socket == a ? b : a;
	struct page *page = NULL;

	if (is_open_connection(*socket))
		page = page_found(*memory);
	if (page == NULL || strlen(name) >= sizeof(found->handover->name))
		return false;
	found->handover = mem_new(sizeof(*found->handover));
	found->handover->page = page;
	strcpy(found->handover->name, name);
	found->fd = *socket;
	found->note = page->note;
	found->size = page->size;
	close(*memory);
	*socket = *memory = -1;
	return true;
}

static size_t take_all(char **names, int *fds, size_t count, struct handover_found *list)
{
	size_t taken = 0, other;

	for (size_t i = 0; i < count; i++) {
		if (fds[i] < 0)
			continue;
		if (find_pair(names, fds, count, i, &other) &&
		    take_pair(names[i], &fds[i], &fds[other], &list[taken])) {
			taken++;
			continue;
		}
		store_remove(names[i]);
		/* The other one comes later, alone. */
		close(fds[i]);
		fds[i] = -1;
	}
	return taken;
}

size_t handover_take(struct handover_found **list, struct log *log)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);
	size_t taken = 0;
	int *fds;

	*list = NULL;
	if (count <= 0)
		return 0;
	fds = mem_new_array((size_t)count, sizeof(*fds));
	*list = mem_new_array((size_t)count, sizeof(**list));
	for (int i = 0; i < count; i++)
		fds[i] = SD_LISTEN_FDS_START + i;
	taken = take_all(names, fds, (size_t)count, *list);
	log_info(log, LOG_OS, "%d descriptors from the service manager, %zu connections go on",
	    count, taken);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	mem_free(fds);
	return taken;
}

/* ---- where messages begin ------------------------------------------------------------------ */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Up to the end of the length field, then to the end of the message. A length below that of a
 * header is an error that ends the session; here it only must not stop the count. */
void framing_feed(struct framing *f, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		size_t n;

		if (f->at < HEADER_LENGTH_AT) {
			n = least(size, HEADER_LENGTH_AT - f->at);
		} else if (f->at < HEADER_LENGTH_AT + 2) {
			f->size = (uint16_t)(f->size << 8 | bytes[0]);
			n = 1;
		} else {
			n = least(size, f->size - f->at);
		}
		f->at += n;
		bytes += n;
		size -= n;
		if (f->at == HEADER_LENGTH_AT + 2 && f->size < HEADER_SIZE)
			f->size = HEADER_SIZE;
		if (f->at > HEADER_LENGTH_AT + 2 && f->at == f->size)
			*f = (struct framing){0};
	}
}
