#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

long clinux_copy_file_range(int in, int out, size_t length) {
    return copy_file_range(in, NULL, out, NULL, length, 0);
}

int clinux_clone_file(int out, int in) { return ioctl(out, 0x40049409 /* FICLONE */, in); }

int clinux_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned flags) {
    return renameat2(olddir, oldpath, newdir, newpath, flags);
}

int clinux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_timerfd(void) { return timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC); }

int clinux_timerfd_set(int fd, int64_t microseconds) {
    struct itimerspec when = {{0, 0}, {microseconds / 1000000, microseconds % 1000000 * 1000}};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

int clinux_pipe_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }

int clinux_syncfs(int fd) { return syncfs(fd); }

int clinux_start_writing(int fd, int64_t offset, int64_t length) {
    return sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
}

int clinux_finish_writing(int fd, int64_t offset, int64_t length) {
    return sync_file_range(fd, offset, length,
                           SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                               SYNC_FILE_RANGE_WAIT_AFTER);
}

void clinux_trim_heap(void) { malloc_trim(0); }

void clinux_limit_arenas(int count) {
    mallopt(M_ARENA_MAX, count);
    // Fixed, or the first large block that is freed would have all later ones kept in the heap.
    mallopt(M_MMAP_THRESHOLD, 1 << 18);
}

int clinux_set_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int clinux_set_read_lease(int fd) { return fcntl(fd, F_SETLEASE, F_RDLCK); }

int clinux_release_lease(int fd) { return fcntl(fd, F_SETLEASE, F_UNLCK); }

int64_t clinux_filesystem_type(int fd) {
    struct statfs s;
    return fstatfs(fd, &s) == 0 ? (int64_t)s.f_type : -1;
}

int clinux_fallocate(int fd, int64_t offset, int64_t length) { return fallocate(fd, 0, offset, length); }

int clinux_spawn(const char *path, char *const argv[], char *const envp[], const char *directory,
                   int in, int out, int err, int new_session) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    // No signal may run a handler of the parent in the child before exec.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        if (new_session) setsid();
        // The parent may have ended before the kernel was asked.
        if (new_session == 2 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) _exit(127);
        // Lift the three out of the way of each other before they take their places.
        int a = fcntl(in, F_DUPFD, 3), b = fcntl(out, F_DUPFD, 3), c = fcntl(err, F_DUPFD, 3);
        int status = fcntl(report[1], F_DUPFD_CLOEXEC, 10);
        if (a < 0 || b < 0 || c < 0 || status < 0) goto failed;
        if (dup2(a, 0) < 0 || dup2(b, 1) < 0 || dup2(c, 2) < 0) goto failed;
        if (status > 3) close_range(3, (unsigned)status - 1, 0);
        close_range((unsigned)status + 1, ~0U, 0);
        if (directory && chdir(directory) != 0) goto failed;
        struct sigaction standard;
        memset(&standard, 0, sizeof standard);
        standard.sa_handler = SIG_DFL;
        for (int s = 1; s < NSIG; s++) sigaction(s, &standard, NULL);
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        execve(path, argv, envp);
    failed:;
        int code = errno;
        ssize_t ignored = write(status >= 0 ? status : report[1], &code, sizeof code);
        (void)ignored;
        _exit(127);
    }
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        errno = saved;
        return -1;
    }
    int code = 0;
    ssize_t got;
    do got = read(report[0], &code, sizeof code);
    while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got == sizeof code) {
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
        errno = code;
        return -1;
    }
    return pid;
}

long clinux_getdents(int fd, void *buffer, size_t size) {
    return syscall(SYS_getdents64, fd, buffer, size);
}

int clinux_inotify_init(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

int clinux_inotify_add_watch(int fd, const char *path, uint32_t mask) {
    return inotify_add_watch(fd, path, mask);
}

int clinux_inotify_rm_watch(int fd, int wd) { return inotify_rm_watch(fd, wd); }

int clinux_can_seal_thread(void) {
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

int clinux_seal_thread(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return -1;
    // The rights that are named here are taken away. By their bits, which are those of the kernel: older
    // headers do not have all of them.
    struct {
        uint64_t files, network;
    } rights;
    // Bit 1: write a file; 4 to 12: remove and make; 13: link elsewhere (version 2); 14: truncate (3).
    rights.files = 0x2 | 0x1ff0 | (version >= 2 ? 0x2000 : 0) | (version >= 3 ? 0x4000 : 0);
    rights.network = 0x3;
    // Version 4 brought the network.
    size_t size = version >= 4 ? sizeof rights : sizeof rights.files;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
    if (rules < 0) return -1;
    int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
    return result;
}

void clinux_lower_priority(void) {
    // For the calling thread alone: on Linux policy and nice value belong to a thread.
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_BATCH, &none);
    setpriority(PRIO_PROCESS, 0, 10);
}

int clinux_shorten_slice(uint64_t nanoseconds) {
    // The first version of struct sched_attr, whose header the C library may lack.
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes;
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return -1;
    if (attributes.policy != 0 /* SCHED_OTHER */) return 0;
    attributes.size = sizeof attributes;
    attributes.flags |= 1 /* SCHED_FLAG_RESET_ON_FORK */;
    attributes.runtime = nanoseconds;
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
