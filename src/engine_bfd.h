/*
 * The hinge between BGP, BFD and the links of this host: which sessions BGP's neighbors want.
 * Private to the engine.
 */
#pragma once

#include "bfd/peers.h"
#include "bgp/bgp.h"
#include "kernel/mirror.h"

/* With neighbors, configuration and links as they are now. `arena` is scratch. */
void engine_bfd_update(struct bfd_peers *peers, const struct bfd_settings *settings,
    const struct bgp *bgp, const struct mirror *mirror, struct arena *arena, mono_t now);
