/*
 * config_load on any text: the canonical text is a fixed point that loads without complaint about
 * unknown statements, and redacted text redacts to itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
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
	config_free(c);
	statement_errors_fini(&errors);
	free(text);
	return 0;
}
