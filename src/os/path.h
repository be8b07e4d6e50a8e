/*
 * Directories and whole files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes the directory and its missing parents; true if it is there afterwards, else errno says
 * why not. */
bool path_make_dir(const char *dir, mode_t mode);

/* The same for the directory part of `path`; a path without one needs nothing. */
bool path_make_parent(const char *path, mode_t mode);

/* The whole file as NUL-terminated text, owned by the caller (mem_free). NULL with errno: EFBIG
 * beyond `limit` bytes, EILSEQ when it holds a NUL, or what open and read say. */
char *path_read_text(const char *path, size_t limit);
