/*
 * The daemon's net in a child process: what it needs still works behind the capability drop and
 * the system call filter, what it must not do fails. Needs root for the first; skipped without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect.h"
#include "os/privs.h"

static struct log quiet = {.write = log_nothing};

/* Exit status of `body` in a child. */
static int in_child(int (*body)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static unsigned long long effective(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long long caps = 0;
	char line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "CapEff: %llx", &caps);
	if (file != NULL)
		fclose(file);
	return caps;
}

#define CAP(name) (1ull << CAP_##name)

static int only_three_capabilities(void)
{
	privs_drop("/etc/passwd", &quiet);
	if (effective() != (CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(NET_BIND_SERVICE)))
		return 1;
	return getuid() == 0 ? 0 : 2; /* the user stays */
}

/* What the children of BFD's keeper begin with; what is not there is not missed. */
static int capabilities_of_a_keeper(void)
{
	unsigned long long wanted = CAP(NET_RAW) | CAP(SYS_NICE) | CAP(IPC_LOCK);

	wanted &= effective();
	privs_drop_to_children(&quiet);
	if (effective() != wanted)
		return 1;
	privs_drop_most(&quiet);
	if (effective() != CAP(NET_RAW))
		return 2;
	privs_drop_to_children(&quiet);
	return effective() == CAP(NET_RAW) ? 0 : 3;
}

static void test_capabilities(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(in_child(only_three_capabilities), 0);
	assert_int_equal(in_child(capabilities_of_a_keeper), 0);
}

static char path[] = "/tmp/evpnd-privs-XXXXXX";

/* frr:frr 0640: root without CAP_DAC_OVERRIDE reads it by group. */
static int group_file_still_readable(void)
{
	privs_drop(path, &quiet);
	return open(path, O_RDONLY) >= 0 ? 0 : 2;
}

static void test_config_of_another_user(void **state)
{
	int fd, status;

	(void)state;
	if (getuid() != 0)
		skip();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, 12345, 12346), 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	status = in_child(group_file_still_readable);
	assert_int_equal(unlink(path), 0);
	close(fd);
	assert_int_equal(status, 0);
}

static int refuses_what_we_never_do(void)
{
	char *const no_arguments[] = {NULL};
	void *page;

	privs_sandbox(false, &quiet);
	if (execve("/bin/true", no_arguments, no_arguments) == 0 || errno != ENOSYS)
		return 1;
	if (fork() >= 0)
		return 2;
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != ENOSYS)
		return 3;
	page = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED && errno == ENOSYS ? 0 : 4;
}

static int allows_packets_on_demand(void)
{
	privs_sandbox(true, &quiet);
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != ENOSYS ? 0 : 1;
}

static int allows_what_we_do(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	sd_event *event;
	char *memory;

	privs_sandbox(false, &quiet);
	for (size_t i = 0; i < 4; i++)
		if (socket(families[i], families[i] == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0) <
			0 &&
		    errno == ENOSYS)
			return 1;
	memory = malloc(64 << 20);
	memset(memory, 1, 64 << 20);
	free(memory);
	if (sd_event_new(&event) < 0 || sd_event_run(event, 1000) < 0)
		return 2;
	if (open("/etc/passwd", O_RDONLY) < 0 || clock_now().ns == 0)
		return 3;
	return 0;
}

static void test_sandbox(void **state)
{
	(void)state;
	assert_int_equal(in_child(refuses_what_we_never_do), 0);
	assert_int_equal(in_child(allows_what_we_do), 0);
	assert_int_equal(in_child(allows_packets_on_demand), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_capabilities),
	    cmocka_unit_test(test_config_of_another_user), cmocka_unit_test(test_sandbox)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
