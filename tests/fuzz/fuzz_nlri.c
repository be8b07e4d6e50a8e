/*
 * A run of NLRI; the first byte chooses the family. What is read is written as it was (host bits
 * apart) and its key leads back to it.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/nlri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct nlri *n, const uint8_t *wire, size_t size)
{
	uint8_t bytes[300], key[NLRI_KEY_MAX], key2[NLRI_KEY_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct reader r;
	struct nlri m;
	struct str text = {0};
	bool skip;

	nlri_encode(&w, n);
	check(!w.overflow && writer_size(&w) == size);
	if (n->family == BGP_L2VPN_EVPN && n->evpn.type != EVPN_IP_PREFIX)
		check(memcmp(bytes, wire, size) == 0);
	r = reader_from(bytes, size);
	check(nlri_decode(&r, n->family, &m, &skip) && !skip && nlri_equal(n, &m));
	nlri_key(n, key);
	nlri_from_key(n->family, key, &m);
	nlri_key(&m, key2);
	check(memcmp(key, key2, key[0] + 1u) == 0);
	nlri_text(n, &text);
	str_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlri_run run;
	struct nlri n;
	struct reader r;
	bool skip, right;

	if (size == 0)
		return 0;
	run = (struct nlri_run){.family = (enum bgp_family)(data[0] % BGP_FAMILIES),
	    .bytes = reader_from(data + 1, size - 1)};
	right = nlri_run_check(&run);
	r = run.bytes;
	while (reader_left(&r) != 0) {
		const uint8_t *start = r.p;

		if (!nlri_decode(&r, run.family, &n, &skip))
			break;
		if (!skip)
			again(&n, start, (size_t)(r.p - start));
	}
	check(r.failed != right);
	while (nlri_run_next(&run, &n))
		;
	check(run.bytes.failed != right);
	run.bytes = reader_from(data + 1, size - 1);
	run.add_path = true;
	right = nlri_run_check(&run);
	while (nlri_run_next(&run, &n))
		;
	check(run.bytes.failed != right);
	return 0;
}
