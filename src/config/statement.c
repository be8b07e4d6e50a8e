/*
 * Statement tree.
 */
#include "config/statement.h"

#include "base/mem.h"

struct statement *statement_parse(const char *text, struct statement_errors *errors)
{
	(void)text;
	(void)errors;
	return mem_new(sizeof(struct statement));
}

void statement_free(struct statement *root)
{
	mem_free(root);
}

void statement_errors_fini(struct statement_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		mem_free(errors->list[i].message);
		mem_free(errors->list[i].hint);
	}
	mem_free(errors->list);
	*errors = (struct statement_errors){0};
}

void statement_print(const struct statement *root, struct str *out)
{
	(void)root;
	(void)out;
}
