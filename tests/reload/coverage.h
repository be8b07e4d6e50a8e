#pragma once

#include <stdbool.h>

/* Every statement that works, and every keyword of it, is generated somewhere; what is not is
 * printed. */
bool coverage_check(void);
