// Kills a program at its Nth step: LD_PRELOAD for the sweep in sweep.py beside it. Nothing of this is in
// Millrace itself.
//
// A step is a call that changes something below KILL_ROOT (create, write, sync, rename, link, remove, copy),
// or that starts or awaits a process. The process dies by SIGKILL just before the step is done, so that the
// kills at 1, 2, 3 … are all the states that a death can leave behind, as far as one thread's order goes.
//
//   KILL_ROOT  only files below this folder
//   KILL_ROLE  `daemon` or `worker`: whose steps are counted; the other runs undisturbed
//   KILL_CALL  only this call, and KILL_FILE only files that match this pattern (fnmatch): the threads take
//              turns differently each time, so that a step is found again by what it does, not by its number
//   KILL_AT    die at this one of those steps; 0 counts all and goes on
//   KILL_LOG   gets a line for each step when it counts, and one for the death: ROLE N CALL PATH. When it
//              is there already nobody dies: of the workers that are tried one after the other, one does
//
// Build: cc -shared -fPIC -O1 -o killshim.so killshim.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *root, *role = "daemon", *logfile, *only_call, *only_file;
static long at;
static _Atomic long steps;
static pid_t me;

#define REAL(name)                                              \
    static __typeof__(name) *real;                              \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void prepare(void) {
    char command[4096] = "";
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? 0 : syscall(SYS_read, fd, command, sizeof command - 1);
    if (fd >= 0) syscall(SYS_close, fd);
    const char *wanted = getenv("KILL_ROLE");
    const char *first = count > 0 ? command + strlen(command) + 1 : "";
    role = first < command + count && !strcmp(first, "job-worker") ? "worker" : "daemon";
    if (wanted && !strcmp(wanted, role)) me = getpid();
    root = getenv("KILL_ROOT");
    logfile = getenv("KILL_LOG");
    only_call = getenv("KILL_CALL");
    only_file = getenv("KILL_FILE");
    const char *number = getenv("KILL_AT");
    at = number ? atol(number) : 0;
    if (at > 0 && logfile && !access(logfile, F_OK)) me = 0;
}

static void note(long step, const char *call, const char *path) {
    if (!logfile) return;
    char line[PATH_MAX + 100];
    int length = snprintf(line, sizeof line, "%s %ld %s %s\n", role, step, call, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, logfile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

static void step(const char *call, const char *path) {
    // The child of a fork shares the memory's contents and is not the one that is counted.
    if (!me || getpid() != me) return;
    if (root && path && strncmp(path, root, strlen(root))) return;
    if (only_call && strcmp(call, only_call)) return;
    if (only_file && fnmatch(only_file, path ? path : "-", 0)) return;
    long now = ++steps;
    if (at == 0) note(now, call, path ? path : "-");
    if (now != at) return;
    note(now, call, path ? path : "-");
    syscall(SYS_kill, me, SIGKILL);
    for (;;) pause();
}

static void step_at(const char *call, int folder, const char *path) {
    char full[2 * PATH_MAX], link[64];
    int saved = errno;
    if (path && path[0] == '/') {
        step(call, path);
    } else {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, full, PATH_MAX);
        if (length < 0) length = 0;
        snprintf(full + length, sizeof full - length, "%s%s", path ? "/" : "", path ? path : "");
        step(call, full);
    }
    errno = saved;
}

static void step_on(const char *call, int fd) { step_at(call, fd, NULL); }

ssize_t write(int fd, const void *bytes, size_t count) { REAL(write); step_on("write", fd); return real(fd, bytes, count); }
ssize_t writev(int fd, const struct iovec *v, int count) { REAL(writev); step_on("write", fd); return real(fd, v, count); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); step_on("write", fd); return real(fd, b, n, o); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); step_on("write", fd); return real(fd, b, n, o); }
int fsync(int fd) { REAL(fsync); step_on("fsync", fd); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); step_on("fdatasync", fd); return real(fd); }
int syncfs(int fd) { REAL(syncfs); step_on("syncfs", fd); return real(fd); }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); step_on("truncate", fd); return real(fd, n); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); step_on("truncate", fd); return real(fd, n); }
int fallocate(int fd, int mode, off_t o, off_t n) { REAL(fallocate); step_on("fallocate", fd); return real(fd, mode, o, n); }
ssize_t copy_file_range(int in, off64_t *a, int out, off64_t *b, size_t n, unsigned f) {
    REAL(copy_file_range);
    step_on("copy", out);
    return real(in, a, out, b, n, f);
}
int ioctl(int fd, unsigned long request, ...) {
    REAL(ioctl);
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request == 0x40049409) step_on("clone", fd);
    return real(fd, request, argument);
}
int rename(const char *from, const char *to) { REAL(rename); step_at("rename", AT_FDCWD, to); return real(from, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned f) {
    REAL(renameat2);
    step_at("rename", b, to);
    return real(a, from, b, to, f);
}
int symlink(const char *target, const char *path) { REAL(symlink); step_at("symlink", AT_FDCWD, path); return real(target, path); }
int link(const char *from, const char *to) { REAL(link); step_at("link", AT_FDCWD, to); return real(from, to); }
int linkat(int a, const char *from, int b, const char *to, int f) { REAL(linkat); step_at("link", b, to); return real(a, from, b, to, f); }
int unlink(const char *path) { REAL(unlink); step_at("unlink", AT_FDCWD, path); return real(path); }
int unlinkat(int folder, const char *path, int f) { REAL(unlinkat); step_at("unlink", folder, path); return real(folder, path, f); }
int rmdir(const char *path) { REAL(rmdir); step_at("rmdir", AT_FDCWD, path); return real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); step_at("mkdir", AT_FDCWD, path); return real(path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { REAL(mkdirat); step_at("mkdir", folder, path); return real(folder, path, mode); }

static int changes(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }
#define MODE                                   \
    mode_t mode = 0;                           \
    if (changes(flags)) {                      \
        va_list list;                          \
        va_start(list, flags);                 \
        mode = va_arg(list, mode_t);           \
        va_end(list);                          \
    }
int open(const char *path, int flags, ...) { MODE REAL(open); if (changes(flags)) step_at("create", AT_FDCWD, path); return real(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE REAL(open64); if (changes(flags)) step_at("create", AT_FDCWD, path); return real(path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE REAL(openat); if (changes(flags)) step_at("create", folder, path); return real(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE REAL(openat64); if (changes(flags)) step_at("create", folder, path); return real(folder, path, flags, mode); }

pid_t fork(void) { REAL(fork); step("fork", NULL); return real(); }
// Between the start of a process and its end: it goes on without the one that started it.
pid_t waitpid(pid_t pid, int *status, int options) { REAL(waitpid); step("wait", NULL); return real(pid, status, options); }

// A worker gets a clean environment: it is told here what its parent was told.
int execve(const char *path, char *const arguments[], char *const environment[]) {
    REAL(execve);
    static const char *names[] = {"LD_PRELOAD", "KILL_ROOT", "KILL_ROLE", "KILL_AT", "KILL_LOG", "KILL_CALL", "KILL_FILE"};
    enum { NAMES = sizeof names / sizeof *names };
    if (!arguments[0] || !arguments[1] || strcmp(arguments[1], "job-worker")) return real(path, arguments, environment);
    static char texts[NAMES][PATH_MAX];
    char *list[256];
    int count = 0;
    for (int i = 0; environment[i] && count < 200; i++) list[count++] = environment[i];
    for (int i = 0; i < NAMES; i++) {
        const char *value = getenv(names[i]);
        if (!value) continue;
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], value);
        list[count++] = texts[i];
    }
    list[count] = NULL;
    return real(path, arguments, list);
}
