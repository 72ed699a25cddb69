// Linux calls that Glibc's module map leaves out of Swift: those behind _GNU_SOURCE, those behind
// headers it does not list (epoll, signalfd, eventfd, pidfd, statfs), variadic `syscall`, and macros
// that take arguments. Each function is the call itself: it returns -1 and sets errno on failure.
// _GNU_SOURCE is defined in the .c alone, because in this header it would change `fd_set` under the
// Glibc module.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>


int clinux_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
long clinux_copy_file_range(int in, int out, size_t length);
int clinux_clone_file(int out, int in);
int clinux_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath, unsigned flags);
int clinux_pidfd_open(int pid);
int clinux_signalfd(const int *signals, int count);
int clinux_eventfd(void);
/// A timer on the wall's clock: non-blocking and closed on exec.
int clinux_timerfd(void);
/// Goes off at so many microseconds since 1970, and when the clock is set; 0 for never.
int clinux_timerfd_set(int fd, int64_t microseconds);
int clinux_pipe_cloexec(int fds[2]);
int clinux_syncfs(int fd);
/// A file without a name, in memory: memfd_create(2), closed on exec.
int clinux_memory_file(const char *name);
/// Begins to write dirty pages of a part of a file, without waiting: sync_file_range(2).
int clinux_start_writing(int fd, int64_t offset, int64_t length);
/// Writes dirty pages of a part of a file and waits for the device to have them: sync_file_range(2). It
/// may have them in its cache alone, and only what was on the disk before is found again.
int clinux_finish_writing(int fd, int64_t offset, int64_t length);
/// Gives free pages of the heap back: malloc_trim(3), whose header the module map leaves out.
void clinux_trim_heap(void);
/// At most so many arenas of the heap, each of which holds on to what its threads freed, and large blocks
/// outside of it: mallopt(3).
void clinux_limit_arenas(int count);
/// 1 when the kernel can seal a thread: landlock(7).
int clinux_can_seal_thread(void);
/// From here on the calling thread, and those that it starts, can change no file that is not open, and
/// open no TCP connection. There is no way back.
int clinux_seal_thread(void);
int clinux_set_child_subreaper(void);
int clinux_set_read_lease(int fd);
int clinux_release_lease(int fd);
/// The file system's magic number (statfs f_type), or -1.
int64_t clinux_filesystem_type(int fd);
/// Grows a file without changing its size's contents: fallocate(2) with mode 0.
int clinux_fallocate(int fd, int64_t offset, int64_t length);
/// getdents64(2): the number of bytes, 0 at the end.
long clinux_getdents(int fd, void *buffer, size_t size);
/// Non-blocking and closed on exec.
int clinux_inotify_init(void);
int clinux_inotify_add_watch(int fd, const char *path, uint32_t mask);
int clinux_inotify_rm_watch(int fd, int wd);

/// Spawns a child: its own session when `new_session` is not 0, killed when the calling thread ends
/// when it is 2, working directory `directory` (may be
/// null), and the descriptors 0, 1 and 2 taken from `in`, `out` and `err`; every other descriptor is
/// closed. Signals are reset to their defaults. Returns the pid, or -1 with errno from fork or exec.
int clinux_spawn(const char *path, char *const argv[], char *const envp[], const char *directory,
                   int in, int out, int err, int new_session);

/// Makes the calling thread give way to all others: a nice value of 10, and no real-time policy, which a
/// service that runs under one would else give to its work in the background as well.
void clinux_lower_priority(void);
/// Asks for turns of so many nanoseconds at a processor for the calling thread, and for none that it
/// starts: sched_setattr(2). It changes nothing else, and nothing at all for a thread whose policy is not
/// the usual one.
int clinux_shorten_slice(uint64_t nanoseconds);

#define CLINUX_O_PATH 010000000
#define CLINUX_O_TMPFILE 020200000
#define CLINUX_O_NOATIME 01000000
#define CLINUX_RESOLVE_NO_XDEV 0x01
#define CLINUX_RESOLVE_NO_MAGICLINKS 0x02
#define CLINUX_RESOLVE_NO_SYMLINKS 0x04
#define CLINUX_RESOLVE_BENEATH 0x08

#endif
