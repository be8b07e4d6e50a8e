/*
 * evpnctl: sends a command line to evpnd's control socket and prints the answer. Without a command
 * on a terminal: a small shell with history. The frame is that of os/ctlsock.h: the line, a NUL;
 * the text of the answer, three NULs, one byte of status.
 *
 * Knows nothing of commands: the daemon says what is wrong with one.
 */
#include <editline/readline.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/evpnd/evpnd.sock"
#define LINE_MAX_BYTES 65000

enum exit_status { EXIT_ACCEPTED = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

static void usage(FILE *to)
{
	fputs(
	    "usage: evpnctl [--socket PATH] [COMMAND…]\n"
	    "\n"
	    "  evpnctl show bgp summary [json]\n"
	    "  evpnctl show evpn mac vni 10099\n"
	    "  evpnctl explain mac 02:00:00:00:00:01\n"
	    "  evpnctl watch\n"
	    "  evpnctl help            all commands\n"
	    "\n"
	    "Without a command, on a terminal: an interactive shell; else one command per line is\n"
	    "read from standard input.\n"
	    "\n"
	    "  -s, --socket PATH   evpnd's control socket (default " DEFAULT_SOCKET ")\n"
	    "  -V, --version\n"
	    "  -h, --help\n"
	    "\n"
	    "Exit status: 0 accepted, 1 refused, 2 wrong usage, 3 no answer from evpnd.\n",
	    to);
}

static int daemon_connect(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "evpnctl: %s: socket path too long\n", path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		fprintf(stderr, "evpnctl: %s: %s%s\n", path, strerror(errno),
		    errno == ENOENT || errno == ECONNREFUSED ? ": is evpnd running?" : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static bool send_line(int fd, const char *line)
{
	size_t left = strlen(line) + 1;

	while (left > 0) {
		ssize_t n = send(fd, line, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		line += n;
		left -= (size_t)n;
	}
	return true;
}

/* The answer as it comes: text is printed at once (`watch` never ends), NULs are counted. */
struct answer {
	unsigned nuls;
	bool done;
	int status;
};

static void answer_take(struct answer *a, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && !a->done; i++) {
		if (a->nuls == 3) {
			a->done = true;
			a->status = (unsigned char)bytes[i];
		} else if (bytes[i] == '\0') {
			a->nuls++;
		} else {
			size_t run = strnlen(bytes + i, size - i);

			fwrite(bytes + i, 1, run, stdout);
			i += run - 1;
		}
	}
}

static int read_answer(int fd)
{
	struct answer a = {0};
	char bytes[65536];

	while (!a.done) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fprintf(stderr, "evpnctl: evpnd hung up%s%s\n", n < 0 ? ": " : "",
			    n < 0 ? strerror(errno) : "");
			return EXIT_NO_DAEMON;
		}
		answer_take(&a, bytes, (size_t)n);
		if (fflush(stdout) != 0)
			return EXIT_NO_DAEMON; /* nobody reads */
	}
	return a.status == 0 ? EXIT_ACCEPTED : EXIT_REFUSED;
}

static int run_line(const char *path, const char *line)
{
	int fd, status;

	if (strlen(line) > LINE_MAX_BYTES) {
		fprintf(stderr, "evpnctl: the command is too long\n");
		return EXIT_USAGE;
	}
	fd = daemon_connect(path);
	if (fd < 0)
		return EXIT_NO_DAEMON;
	if (send_line(fd, line)) {
		status = read_answer(fd);
	} else {
		fprintf(stderr, "evpnctl: %s: %s\n", path, strerror(errno));
		status = EXIT_NO_DAEMON;
	}
	close(fd);
	return status;
}

static int run_words(const char *path, char **words, int count)
{
	size_t size = 1;
	char *line;
	int status;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	line = calloc(1, size);
	if (line == NULL)
		return EXIT_USAGE;
	for (int i = 0; i < count; i++) {
		strcat(line, words[i]);
		if (i + 1 < count)
			strcat(line, " ");
	}
	status = run_line(path, line);
	free(line);
	return status;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t")] == '\0';
}

static bool is_leave(const char *line)
{
	line += strspn(line, " \t");
	return strcmp(line, "exit") == 0 || strcmp(line, "quit") == 0;
}

static int shell(const char *path)
{
	char *line;
	int status = EXIT_ACCEPTED;

	using_history();
	while ((line = readline("evpnd# ")) != NULL) {
		if (is_leave(line)) {
			free(line);
			return status;
		}
		if (!is_blank(line)) {
			add_history(line);
			status = run_line(path, line);
		}
		free(line);
	}
	putchar('\n');
	return status;
}

/* 0 only if every line was accepted. */
static int batch(const char *path)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int status = EXIT_ACCEPTED;

	while ((n = getline(&line, &room, stdin)) > 0) {
		int one;

		line[strcspn(line, "\r\n")] = '\0';
		if (is_blank(line))
			continue;
		if (is_leave(line))
			break;
		one = run_line(path, line);
		if (one > status)
			status = one;
	}
	free(line);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"socket", required_argument, NULL, 's'},
	    {"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	const char *path = DEFAULT_SOCKET;
	int option;

	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt_long(argc, argv, "+s:Vh", options, NULL)) != -1) {
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'V':
			puts("evpnctl " EVPND_VERSION);
			return EXIT_ACCEPTED;
		case 'h':
			usage(stdout);
			return EXIT_ACCEPTED;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return run_words(path, argv + optind, argc - optind);
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? shell(path) : batch(path);
}
