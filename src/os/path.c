/*
 * Small helpers around paths. No state.
 */
#include "os/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool path_make_dir(const char *dir, mode_t mode)
{
	char *path = mem_strdup(dir);
	bool made = true;

	for (char *slash = path + 1; made && *path != '\0'; slash++) {
		char c = *slash;

		if (c != '/' && c != '\0')
			continue;
		*slash = '\0';
		made = mkdir(path, mode) == 0 || (errno == EEXIST && is_dir(path)) || is_dir(path);
		*slash = c;
		if (c == '\0')
			break;
	}
	mem_free(path);
	return made;
}

bool path_make_parent(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	struct str dir = {0};
	bool made;

	if (slash == NULL || slash == path)
		return true;
	str_add_bytes(&dir, path, (size_t)(slash - path));
	made = path_make_dir(str_text(&dir), mode);
	str_fini(&dir);
	return made;
}

static bool read_into(int fd, struct str *text, size_t limit)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (text->size + (size_t)n > limit) {
			errno = EFBIG;
			return false;
		}
		str_add_bytes(text, chunk, (size_t)n);
	}
	return true;
}

char *path_read_text(const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct str text = {0};
	int error;

	if (fd < 0)
		return NULL;
	str_add(&text, "");
	if (read_into(fd, &text, limit) && strlen(text.text) == text.size) {
		close(fd);
		return text.text;
	}
	error = strlen(text.text) != text.size ? EILSEQ : errno;
	close(fd);
	str_fini(&text);
	errno = error;
	return NULL;
}
