/*
 * The instance: what the files of evpn/ share. Each part is owned by the file of its name; the
 * others go through its functions.
 */
#pragma once

#include "evpn/desired.h"
#include "evpn/evpn.h"
#include "evpn/history.h"
#include "evpn/imet.h"
#include "evpn/import.h"
#include "evpn/mac.h"
#include "evpn/mac_vrf.h"
#include "evpn/neigh.h"

/* How far the audit has come. */
enum evpn_audit_part { AUDIT_MACS, AUDIT_NEIGHS, AUDIT_FLOODS };

struct evpn_audit {
	enum evpn_audit_part part;
	size_t at; /* in the map of that part */
};

struct evpn {
	struct log *log;
	struct mirror *mirror; /* lent */
	struct evpn_host host;
	struct evpn_settings settings; /* owned copy */
	char boot_id[40];
	uint64_t netns;
	mono_t now;	    /* of the call under way */
	struct arena arena; /* scratch of the call under way */
	uint32_t writer;    /* of the event under way, where known */
	bool watched;	    /* somebody wants notes */
	bool loaded;	    /* the start dump was taken over */
	bool converged;	    /* BGP told all it knows */
	bool flushing;	    /* nothing is wanted any more */
	bool was_stale;	    /* operations were held back; look at everything again */
	bool discovery_due; /* links or settings changed */
	bool routes_due;    /* a MAC-VRF may import what it has not seen */
	uint64_t repaired_seen;
	struct evpn_audit audit;
	struct mac_vrf_table vrfs;
	struct mac_table macs;
	struct neigh_table neighs;
	struct import_table imports;
	struct imet_table imets;
	struct desired_table slots;
	struct evpn_counters counters;
};
