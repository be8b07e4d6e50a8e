/*
 * What the configuration says about EVPN on this host, typed and final. Made by config/.
 */
#pragma once

#include "base/types.h"

enum sticky_sequence { STICKY_SEQUENCE_BUMP, STICKY_SEQUENCE_ZERO };

/* RFC 8365 section 5.1.2.1: an automatic RT, of type VXLAN, domain 0; below it the VNI. */
#define AUTO_RT_VXLAN 0x10000000u

struct vni_settings {
	vni_t vni;
	bool advertise_svi_ip, advertise_default_gw; /* beside the instance's */
	bool has_rd;
	struct rd rd;
	struct extcomm
	    *import_rts; /* owned; configured ones match exactly and replace the auto RT */
	size_t import_count;
	struct extcomm *export_rts; /* owned */
	size_t export_count;
};

struct evpn_settings {
	bool advertise_all_vni;
	bool advertise_svi_ip;
	bool advertise_default_gw;
	bool rfc8365_rt; /* auto RTs have the form of RFC 8365 section 5.1.2.1 */
	bool flooding_disabled;
	bool keep_port_learning; /* do not set `learning off` on our VXLAN ports */
	uint32_t as;		 /* for auto RTs; `autort as N` or the instance's */
	struct ip router_id;	 /* for auto RDs */
	enum sticky_sequence sticky_sequence;
	struct vni_settings *vnis; /* owned, sorted by VNI */
	size_t vni_count;
	struct {
		bool enabled;	    /* dup-addr-detection; default on */
		uint32_t max_moves; /* 5 */
		uint32_t time_s;    /* 180 */
		bool freeze;
		uint32_t freeze_s; /* 0: permanent */
	} duplicates;
	uint32_t contested_alarm_s; /* 10 */
	uint32_t audit_s;	    /* 300; 0: on demand only */
	uint32_t convergence_s;	    /* how long after start unconfirmed entries of ours are kept */
};

void evpn_settings_fini(struct evpn_settings *s);
