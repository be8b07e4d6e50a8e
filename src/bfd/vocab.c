/*
 * Texts of the shared words, and comparison of the shared values.
 */
#include "bfd/vocab.h"

const char *bfd_state_text(enum bfd_state state)
{
	static const char *const texts[] = {[BFD_ADMIN_DOWN] = "shutdown",
	    [BFD_DOWN] = "down",
	    [BFD_INIT] = "init",
	    [BFD_UP] = "up"};

	return texts[state];
}

const char *bfd_diag_text(enum bfd_diag diag)
{
	static const char *const texts[BFD_DIAGS] = {[BFD_DIAG_NONE] = "ok",
	    [BFD_DIAG_DETECTION_EXPIRED] = "control detection time expired",
	    [BFD_DIAG_ECHO_FAILED] = "echo function failed",
	    [BFD_DIAG_NEIGHBOR_DOWN] = "neighbor signaled session down",
	    [BFD_DIAG_FORWARDING_RESET] = "forwarding plane reset",
	    [BFD_DIAG_PATH_DOWN] = "path down",
	    [BFD_DIAG_CONCATENATED_DOWN] = "concatenated path down",
	    [BFD_DIAG_ADMIN_DOWN] = "administratively down",
	    [BFD_DIAG_REVERSE_CONCATENATED_DOWN] = "reverse concatenated path down"};

	return diag < BFD_DIAGS ? texts[diag] : "unknown";
}

const char *bfd_verdict_text(enum bfd_verdict verdict)
{
	static const char *const texts[BFD_VERDICTS] = {[BFD_ACCEPTED] = "accepted",
	    [BFD_BAD_VERSION] = "version is not 1",
	    [BFD_BAD_LENGTH] = "length",
	    [BFD_BAD_MULTIPLIER] = "detect multiplier of 0",
	    [BFD_BAD_MULTIPOINT] = "multipoint",
	    [BFD_BAD_DISCRIMINATOR] = "discriminator of 0",
	    [BFD_BAD_STATE] = "state needs a discriminator",
	    [BFD_AUTHENTICATED] = "authentication is not supported",
	    [BFD_BAD_TTL] = "TTL too low",
	    [BFD_UNKNOWN_DISCRIMINATOR] = "unknown discriminator",
	    [BFD_UNKNOWN_PEER] = "unknown peer",
	    [BFD_WRONG_PORT] = "wrong port",
	    [BFD_WHILE_ADMIN_DOWN] = "session is shut down",
	    [BFD_DROPPED] = "dropped by the kernel",
	    [BFD_STRANGE_ECHO] = "echo packet that is none of ours"};

	return texts[verdict];
}

bool bfd_path_equal(const struct bfd_path *a, const struct bfd_path *b)
{
	return ip_equal(&a->remote, &b->remote) && ip_equal(&a->local, &b->local) &&
	       ifindex_equal(a->ifindex, b->ifindex) && ifindex_equal(a->vrf, b->vrf) &&
	       a->multihop == b->multihop;
}

bool bfd_params_equal(const struct bfd_params *a, const struct bfd_params *b)
{
	return a->transmit_us == b->transmit_us && a->receive_us == b->receive_us &&
	       a->multiplier == b->multiplier && a->echo_transmit_us == b->echo_transmit_us &&
	       a->echo_receive_us == b->echo_receive_us && a->echo == b->echo &&
	       a->minimum_ttl == b->minimum_ttl && a->passive == b->passive &&
	       a->shutdown == b->shutdown;
}
