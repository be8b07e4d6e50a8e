/*
 * The state file. The first byte chooses: even, the rest is a file as it stands; odd, the rest is
 * records (kind, size, payload) of a file whose head and checksums are right, as no mutation finds
 * those.
 *
 * What is decoded encodes to a record that decodes to the same. Then a daemon starts with the
 * file, over a kernel in which others have written: whatever the file says, it gets through its
 * start and the sweep, and their entries stand.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "hypervisor.h"
#include "record/state.h"

#define FILE_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size * 8; i++) {
		crc ^= (uint32_t)(bytes[i / 8] >> i % 8 & 1);
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The records of `r` behind a good head; the size of the file. */
static size_t assemble(struct reader *r, uint8_t *file)
{
	struct writer w = writer_to(file, FILE_MAX);

	state_write_head(&w, FUZZ_BOOT_ID, FUZZ_NETNS);
	while (reader_left(r) > 0 && writer_left(&w) > 300) {
		uint8_t *start = w.p;
		size_t mark, left;
		struct reader payload;

		write_u8(&w, read_u8(r));
		mark = write_begin_u8(&w);
		left = read_u8(r);
		payload = read_slice(r, left < reader_left(r) ? left : reader_left(r));
		write_bytes(&w, payload.p, reader_left(&payload));
		write_end_u8(&w, mark);
		write_u32(&w, crc32(start, (size_t)(w.p - start)));
	}
	return writer_size(&w);
}

static void check_again(const struct state_record *record)
{
	uint8_t bytes[64 + STATE_RECORD_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct state_record again;
	struct state_reader s;
	size_t head;

	state_write_head(&w, "b", 1);
	head = writer_size(&w);
	state_write(&w, record);
	check(!w.overflow && writer_size(&w) - head <= STATE_RECORD_MAX);
	check(state_open(&s, bytes, writer_size(&w), "b", 1));
	check(state_next(&s, &again));
	check(memcmp(&again, record, sizeof(again)) == 0);
	check(!state_next(&s, &again) && s.ignored == 0);
}

static void decode(const uint8_t *file, size_t size)
{
	struct state_record record;
	struct state_reader s;

	if (!state_open(&s, file, size, FUZZ_BOOT_ID, FUZZ_NETNS))
		return;
	while (state_next(&s, &record))
		check_again(&record);
}

/* ---- a start with it ----------------------------------------------------------------------- */

static const struct mac mac = {{2, 0, 0, 0, 1, 1}};

static void others_write(struct hypervisor *h)
{
	struct ip vtep = ip_from_u32(0x0a000001), ip = ip_from_u32(0xc0a80901);

	simkernel_init(&h->kernel, &vtep, 2);
	h->kernel.context = h;
	simkernel_fdb_write(
	    &h->kernel, SIM_ACCESS, SIM_VLAN, &mac, SIM_REPLACE, NUD_NOARP, NTF_STICKY);
	simkernel_neigh_write(
	    &h->kernel, SIM_SVI, &ip, SIM_REPLACE, &mac, NUD_PERMANENT, 255, 4242);
}

static void check_foreign(const struct hypervisor *h)
{
	const struct fdb_entry *row = simkernel_fdb(&h->kernel, SIM_BRIDGE, SIM_VLAN, &mac);
	struct ip ip = ip_from_u32(0xc0a80901);
	const struct neigh_entry *neigh = simkernel_neigh(&h->kernel, SIM_SVI, &ip);

	check(row != NULL && row->port.v == SIM_ACCESS && row->nud == NUD_NOARP);
	check(neigh != NULL && neigh->nud == NUD_PERMANENT && mac_equal(&neigh->lladdr, &mac));
}

static void ignore(void *context, const struct kernel_event *event)
{
	(void)context, (void)event;
}

static void start_with(const uint8_t *file, size_t size)
{
	struct hypervisor *h = mem_new(sizeof(*h));

	h->kernel.notify = ignore;
	others_write(h);
	hypervisor_start(h, file, size);
	check_foreign(h);
	hypervisor_wait(h, 200000);
	check_foreign(h);
	hypervisor_free(h);
	mem_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_from(data, size);
	uint8_t *file;
	size_t file_size;

	if ((read_u8(&r) & 1) == 0) {
		decode(r.p, reader_left(&r));
		start_with(r.p, reader_left(&r));
		return 0;
	}
	file = mem_new(FILE_MAX);
	file_size = assemble(&r, file);
	decode(file, file_size);
	start_with(file, file_size);
	mem_free(file);
	return 0;
}
