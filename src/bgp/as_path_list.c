/*
 * As-path lists: regular expressions over the text of an AS_PATH, AS_SETs in braces, confederation
 * segments in parentheses and brackets.
 */
#include "bgp/policy_list.h"

bool as_path_list_permits(const struct policy_list *l, const struct attrs *a)
{
	struct str text = {0};
	bool permit = false;

	as_path_text(a, &text);
	for (size_t i = 0; i < l->count; i++)
		if (pattern_matches(l->entries[i].pattern, str_text(&text))) {
			permit = l->entries[i].permit;
			break;
		}
	str_fini(&text);
	return permit;
}
