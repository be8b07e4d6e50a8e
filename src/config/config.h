/*
 * Typed configuration: what the statements mean. Statement tree → struct config; bgp/ and evpn/
 * take their parts and find out themselves what changed (bgp_configure, evpn_configure): a reload
 * is the same code as a start.
 */
#pragma once

#include "base/log.h"
#include "bfd/settings.h"
#include "bgp/ra_message.h"
#include "bgp/settings.h"
#include "config/statement.h"
#include "evpn/fib.h"
#include "evpn/settings.h"
#include "evpn/static_routes.h"

struct interface_settings {
	char name[16];
	struct prefix *addresses; /* owned; host bits kept */
	size_t address_count;
	char *description;
	bool said_down, said_up; /* `shutdown`, `no shutdown` */
	struct ra_settings ra;
};

struct vrf_settings {
	char name[16];
	vni_t vni; /* L3VNI; 0 none */
};

struct config {
	struct statement *tree; /* owned */
	char hostname[64];	/* "" unset */
	uint32_t debug_topics;	/* bit per enum log_topic */
	enum log_level log_level;
	char log_file[256]; /* "" none */
	enum log_level log_file_level;
	struct bgp_settings bgp;
	struct evpn_settings evpn;
	struct bfd_settings bfd;
	struct fib_settings fib;
	struct static_way *static_ways; /* owned */
	size_t static_way_count;
	struct interface_settings *interfaces; /* owned, sorted by name */
	size_t interface_count;
	struct vrf_settings *vrfs; /* owned, sorted by name */
	size_t vrf_count;
};

/* Never NULL; with errors the caller keeps the old configuration. Messages name what is wrong and
 * hint at what was meant. */
struct config *config_load(const char *text, struct statement_errors *errors);
void config_free(struct config *c);

/* The configuration text with secrets (`neighbor X password …`) blanked: the form that is recorded
 * and logged. Positions stay as they are. */
void config_redact(const char *text, struct str *out);

/* "frr.conf:12:3: error: unknown …; did you mean …?" */
void config_error_text(const char *file, const struct statement_error *error, struct str *out);
