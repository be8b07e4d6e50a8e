/*
 * Privileges. Two nets under the daemon: capabilities (it stays root, so that a bare machine
 * needs no user for it, but root without CAP_DAC_OVERRIDE and CAP_SYS_ADMIN) and a seccomp
 * allow-list. Neither is a reason not to run: both are logged when they cannot be had.
 *
 * The list holds what the daemon, sd-event, libmnl, json-c and glibc use: sockets, epoll,
 * signals, memory, and files by name for the state file and reload. What is missing on purpose:
 * execve, ptrace, mount, module, bpf, keyring, clone of processes, and PROT_EXEC mappings.
 * Refused calls get ENOSYS, not a kill: glibc falls back where it can, and a call that a new
 * library version begins to use degrades one function instead of ending the forwarding brain.
 */
#include "os/privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- capabilities -------------------------------------------------------------------------- */

/* frr.conf is usually frr:frr 0640, and root without CAP_DAC_OVERRIDE reads it by group only. */
static void join_group_of(const char *file, struct log *log)
{
	struct stat st;
	gid_t group;

	if (stat(file, &st) != 0 || st.st_uid == geteuid() || st.st_gid == getegid() ||
	    (st.st_mode & S_IROTH) != 0)
		return;
	group = st.st_gid;
	if (setgroups(1, &group) != 0)
		log_warning(log, LOG_OS, "cannot join the group of %s: %s", file, strerror(errno));
}

/* Without CAP_SETPCAP (containers, children of one that has dropped it) the bounding set stays, and
 * libcap-ng would tell the journal of each attempt. */
static capng_select_t sets_to_drop(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1 ? CAPNG_SELECT_BOTH
									: CAPNG_SELECT_CAPS;
}

void privs_drop(const char *config_file, struct log *log)
{
	capng_select_t sets = sets_to_drop();

	join_group_of(config_file, log);
	capng_clear(CAPNG_SELECT_BOTH);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, CAP_NET_RAW,
	    CAP_NET_BIND_SERVICE, -1);
	if (capng_apply(sets) != 0 && capng_apply(CAPNG_SELECT_CAPS) != 0)
		log_info(log, LOG_OS, "capabilities cannot be dropped; going on with all");
	if (access(config_file, R_OK) != 0)
		log_warning(
		    log, LOG_OS, "%s cannot be read any more: a reload will fail", config_file);
}

/* Only what is there can be kept: to ask for more is to be refused all. */
void privs_drop_to_children(struct log *log)
{
	static const unsigned wanted[] = {CAP_NET_RAW, CAP_SYS_NICE, CAP_IPC_LOCK};
	bool had[sizeof(wanted) / sizeof(wanted[0])];
	capng_select_t sets = sets_to_drop();

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]) == 1;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, wanted[i]);
	if (capng_apply(sets) != 0 && capng_apply(CAPNG_SELECT_CAPS) != 0)
		log_info(log, LOG_OS, "capabilities cannot be dropped; going on with all");
}

void privs_drop_most(struct log *log)
{
	capng_select_t sets = sets_to_drop();

	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	if (capng_apply(sets) != 0 && capng_apply(CAPNG_SELECT_CAPS) != 0)
		log_info(log, LOG_OS, "capabilities cannot be dropped; going on with all");
}

/* ---- system calls --------------------------------------------------------------------------- */

static const int allowed[] = {
    /* descriptors */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(dup),
    SCMP_SYS(dup3), SCMP_SYS(memfd_create), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ioctl),
    /* the loop */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime), SCMP_SYS(signalfd4), SCMP_SYS(eventfd2),
    /* sockets (families below) */
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    /* files: configuration, state file, flight record, socket file */
    SCMP_SYS(openat), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(msync),
    SCMP_SYS(flock), SCMP_SYS(memfd_create),
    /* memory (mmap and mprotect below) */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* time, identity, randomness */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(getrandom), SCMP_SYS(prlimit64), SCMP_SYS(getrusage),
    SCMP_SYS(umask),
    /* signals, threads of the C library, the end */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(futex),
    SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(tgkill), SCMP_SYS(kill), SCMP_SYS(exit),
    SCMP_SYS(exit_group)};

/* The last one only for who asks for it. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* 0 or a negative errno: allow `call` when `condition` holds for one of its arguments. */
static int allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
}

static int allow_families(scmp_filter_ctx filter, bool packets)
{
	size_t count = packets ? FAMILIES : FAMILIES - 1;
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++)
		error = allow_if(filter, SCMP_SYS(socket),
		    (struct scmp_arg_cmp){
			.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)families[i]});
	return error;
}

static int allow_calls(scmp_filter_ctx filter, bool packets)
{
	struct scmp_arg_cmp not_executable = {
	    .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
	int error = allow_families(filter, packets);

	for (size_t i = 0; error == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (error == 0)
		error = allow_if(filter, SCMP_SYS(mmap), not_executable);
	if (error == 0)
		error = allow_if(filter, SCMP_SYS(mprotect), not_executable);
	return error;
}

void privs_sandbox(bool packets, struct log *log)
{
	scmp_filter_ctx filter;
	int error;

	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	error = filter != NULL ? allow_calls(filter, packets) : -ENOMEM;
	if (error == 0)
		error = seccomp_load(filter);
	if (error != 0)
		log_warning(log, LOG_OS, "no system call filter: %s", strerror(-error));
	seccomp_release(filter);
}
