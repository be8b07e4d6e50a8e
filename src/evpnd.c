/*
 * evpnd: options, then the loop. Everything that is decided, is decided in the engine.
 *
 * Exit status: 0 stopped in order, 1 trouble, 2 wrong usage.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"
#include "engine.h"
#include "os/host.h"
#include "os/loop.h"
#include "os/path.h"
#include "os/privs.h"

#define CONFIG_OWN "/etc/evpnd/evpnd.conf"
#define CONFIG_FRR "/etc/frr/frr.conf"
#define SOCKET_DEFAULT "/run/evpnd/evpnd.sock"
#define BGP_PORT 179
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_DEFAULT false /* the leak checker traces its own process at exit */
#else
#define SANDBOX_DEFAULT true
#endif
#define CONFIG_MAX ((size_t)16 << 20)

static const char usage_text[] =
    "usage: evpnd [options]\n"
    "  -f, --config FILE        configuration, FRR's syntax (default " CONFIG_OWN " if it is\n"
    "                           there, else " CONFIG_FRR ")\n"
    "      --check              check the configuration and exit\n"
    "      --socket PATH        control socket (default " SOCKET_DEFAULT ")\n"
    "      --group NAME         group that may use the control socket\n"
    "      --state-dir DIR      where to remember what was written over a restart (default\n"
    "                           /run/evpnd/netns-N, N the network namespace)\n"
    "      --log stderr|journal where messages go (default stderr)\n"
    "      --flush-on-exit      remove everything of ours from the kernel when stopped\n"
    "      --port N             BGP port, to listen on and to connect to (default 179)\n"
    "      --record FILE        flight record for evpnreplay\n"
    "      --netlink-buffer N   receive buffer in bytes\n"
    "      --no-sandbox         keep all capabilities and system calls\n"
    "      --version, --help\n";

enum option_value {
	OPTION_CHECK = 256,
	OPTION_SOCKET,
	OPTION_GROUP,
	OPTION_STATE_DIR,
	OPTION_LOG,
	OPTION_FLUSH,
	OPTION_PORT,
	OPTION_RECORD,
	OPTION_NETLINK_BUFFER,
	OPTION_NO_SANDBOX,
	OPTION_VERSION,
	OPTION_HELP
};

static const struct option long_options[] = {{"config", required_argument, NULL, 'f'},
    {"check", no_argument, NULL, OPTION_CHECK}, {"socket", required_argument, NULL, OPTION_SOCKET},
    {"group", required_argument, NULL, OPTION_GROUP},
    {"state-dir", required_argument, NULL, OPTION_STATE_DIR},
    {"log", required_argument, NULL, OPTION_LOG},
    {"flush-on-exit", no_argument, NULL, OPTION_FLUSH},
    {"port", required_argument, NULL, OPTION_PORT},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"netlink-buffer", required_argument, NULL, OPTION_NETLINK_BUFFER},
    {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
    {"version", no_argument, NULL, OPTION_VERSION}, {"help", no_argument, NULL, OPTION_HELP}, {0}};

struct arguments {
	struct loop_options loop;
	enum logger_target log;
	bool check, sandbox;
};

static void usage_error(const char *what)
{
	fprintf(stderr, "evpnd: %s\n%s", what, usage_text);
	exit(2);
}

static long parse_number(const char *text, long min, long max, const char *what)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
		usage_error(what);
	return n;
}

static enum logger_target parse_log(const char *text)
{
	if (strcmp(text, "journal") == 0)
		return LOGGER_JOURNAL;
	if (strcmp(text, "stderr") != 0)
		usage_error("--log takes stderr or journal");
	return LOGGER_STDERR;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(0);
}

static void parse_option(struct arguments *a, int option)
{
	switch (option) {
	case 'f':
		a->loop.config_file = optarg;
		break;
	case OPTION_CHECK:
		a->check = true;
		break;
	case OPTION_SOCKET:
		a->loop.socket_path = optarg;
		break;
	case OPTION_GROUP:
		a->loop.socket_group = optarg;
		break;
	case OPTION_STATE_DIR:
		a->loop.state_dir = optarg;
		break;
	case OPTION_LOG:
		a->log = parse_log(optarg);
		break;
	case OPTION_FLUSH:
		a->loop.flush_on_exit = true;
		break;
	case OPTION_PORT:
		a->loop.bgp_port =
		    (uint16_t)parse_number(optarg, 1, 65535, "--port takes 1 to 65535");
		break;
	case OPTION_RECORD:
		a->loop.record_file = optarg;
		break;
	case OPTION_NETLINK_BUFFER:
		a->loop.netlink_buffer =
		    (int)parse_number(optarg, 1, 1 << 30, "--netlink-buffer takes 1 to 1073741824");
		break;
	case OPTION_NO_SANDBOX:
		a->sandbox = false;
		break;
	case OPTION_VERSION:
		print_and_exit("evpnd " EVPND_VERSION "\n");
		break;
	case OPTION_HELP:
		print_and_exit(usage_text);
		break;
	default: /* getopt has said what is wrong */
		fputs(usage_text, stderr);
		exit(2);
	}
}

static struct arguments parse_arguments(int argc, char **argv)
{
	struct arguments a = {.loop = {.config_file = CONFIG_OWN,
				  .socket_path = SOCKET_DEFAULT,
				  .socket_group = "",
				  .bgp_port = BGP_PORT},
	    .log = LOGGER_STDERR,
	    .sandbox = SANDBOX_DEFAULT};
	int option;

	if (access(CONFIG_OWN, F_OK) != 0)
		a.loop.config_file = CONFIG_FRR;
	while ((option = getopt_long(argc, argv, "f:", long_options, NULL)) != -1)
		parse_option(&a, option);
	if (optind < argc)
		usage_error("no arguments beside options");
	return a;
}

/* --check: prints what is wrong, with positions; the exit status. */
static int check_config(const char *file, const char *text)
{
	struct statement_errors errors = {0};
	struct config *config = config_load(text, &errors);
	struct str line = {0};
	int status = errors.error_count > 0 ? 1 : 0;

	for (size_t i = 0; i < errors.count; i++) {
		str_clear(&line);
		config_error_text(file, &errors.list[i], &line);
		fprintf(stderr, "%s\n", str_text(&line));
	}
	str_fini(&line);
	statement_errors_fini(&errors);
	config_free(config);
	return status;
}

static int run(struct arguments *a, const char *instance)
{
	struct engine *engine = engine_new();
	struct logger *logger = logger_new(a->log, instance);
	struct loop *loop;
	int status = 1;

	a->loop.logger = logger;
	a->loop.sandbox = a->sandbox;
	loop = loop_new(&a->loop, engine);
	if (loop != NULL) {
		if (a->sandbox) {
			privs_drop(a->loop.config_file, logger_log(logger));
			privs_sandbox(false, logger_log(logger));
		}
		status = loop_run(loop);
		loop_free(loop);
	}
	engine_free(engine);
	logger_free(logger);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments a = parse_arguments(argc, argv);
	struct event_start host = {0};
	char instance[32], state_dir[64];
	char *text = path_read_text(a.loop.config_file, CONFIG_MAX);
	int status;

	if (text == NULL) {
		fprintf(stderr, "evpnd: %s: %s\n", a.loop.config_file, strerror(errno));
		return 1;
	}
	if (a.check) {
		status = check_config(a.loop.config_file, text);
		mem_free(text);
		return status;
	}
	mem_free(text);
	host_describe(&host);
	snprintf(instance, sizeof(instance), "netns-%llu", (unsigned long long)host.netns);
	snprintf(state_dir, sizeof(state_dir), "/run/evpnd/%s", instance);
	if (a.loop.state_dir == NULL)
		a.loop.state_dir = state_dir;
	return run(&a, instance);
}
