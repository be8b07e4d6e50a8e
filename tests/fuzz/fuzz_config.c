/*
 * config_load on any text: the canonical text is a fixed point that loads without complaint about
 * unknown statements, redacted text redacts to itself; a policy equals its copy and can be applied.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "bgp/extcomm.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fixed_point(const struct statement *tree)
{
	struct statement_errors errors = {0};
	struct str once = {0}, twice = {0};
	struct statement *again;

	statement_print(tree, &once);
	again = statement_parse(str_text(&once), &errors);
	statement_print(again, &twice);
	check(strcmp(str_text(&once), str_text(&twice)) == 0);
	check(errors.count == 0);
	statement_free(again);
	statement_errors_fini(&errors);
	str_fini(&once);
	str_fini(&twice);
}

static void check_redaction(const char *text)
{
	struct str once = {0}, twice = {0};

	config_redact(text, &once);
	config_redact(str_text(&once), &twice);
	check(strcmp(str_text(&once), str_text(&twice)) == 0);
	str_fini(&once);
	str_fini(&twice);
}

/* Every route-map, to a route that has something of each kind. */
static void check_policy(const struct bgp_settings *s)
{
	static const uint32_t communities[] = {0, 0xfde90064, COMMUNITY_NO_EXPORT};
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xe9, 1, 1, 0, 0, 0, 1};
	const struct large_community large = {65001, 1, 2};
	struct extcomm ext = extcomm_rt_as(65001, 100);
	struct nlri n = {.prefix = {.addr = ip_from_u32(0x0a010200), .len = 24}};
	struct bgp_settings copy;

	bgp_settings_copy(&copy, s);
	for (size_t i = 0; i < s->policy.map_count; i++) {
		struct policy_route route = {.nlri = &n, .interface = "eth0"};
		struct arena arena = {0};
		struct attrs a = {.communities = communities,
		    .community_count = 3,
		    .as_path = path,
		    .as_path_size = sizeof(path),
		    .large = &large,
		    .large_count = 1,
		    .extcomms = &ext,
		    .extcomm_count = 1};

		check(policy_map_equal(
		    &s->policy, &s->policy.maps[i], &copy.policy, &copy.policy.maps[i]));
		policy_map_looks_at_nlri(&s->policy, &s->policy.maps[i]);
		route_map_apply(&s->policy, &s->policy.maps[i], &route, &a, &arena);
		arena_fini(&arena);
	}
	bgp_settings_fini(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct statement_errors errors = {0};
	char *text = calloc(1, size + 1);
	struct config *c;

	check(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	c = config_load(text, &errors);
	check_fixed_point(c->tree);
	check_redaction(text);
	check_policy(&c->bgp);
	config_free(c);
	statement_errors_fini(&errors);
	free(text);
	return 0;
}
