/*
 * The underlay's routes. Being filled in.
 */
#include "evpn/fib.h"

#include "base/mem.h"

struct fib {
	struct fib_host host;
};

struct fib *fib_new(
    uint64_t seed, struct log *log, struct mirror *mirror, const struct fib_host *host)
{
	struct fib *f = mem_new(sizeof(*f));

	(void)seed, (void)log, (void)mirror;
	f->host = *host;
	return f;
}

void fib_free(struct fib *f)
{
	mem_free(f);
}

void fib_route_changed(struct fib *f, const struct bgp_best *best)
{
	(void)f, (void)best;
}

void fib_kernel_changed(struct fib *f, const struct kernel_event *event)
{
	(void)f, (void)event;
}

void fib_slot_result(
    struct fib *f, const struct kernel_op *op, const struct kernel_result *result, mono_t now)
{
	(void)f, (void)op, (void)result, (void)now;
}

void fib_converged(struct fib *f)
{
	(void)f;
}

bool fib_run(struct fib *f, mono_t now)
{
	(void)f, (void)now;
	return false;
}

mono_t fib_deadline(const struct fib *f)
{
	(void)f;
	return MONO_NEVER;
}

void fib_flush(struct fib *f)
{
	(void)f;
}

bool fib_flushed(const struct fib *f)
{
	(void)f;
	return true;
}
