/* Injects faults into a program's I/O. A library to preload: gcc -shared -fPIC io_faults.c -o io_faults.so

   Every call that changes something within one folder is counted, in this process and in those that it starts. At the
   n-th call, the program is killed, gets a signal, or is told that the disk is full or broken. Calls can be recorded;
   disk.py derives from them what a power cut leaves. Nothing waits for a disk: fsync is only recorded. Mappings are not
   seen, nor stdio's writes, except what a shell's built-in commands have written by the time the shell redirects their
   output back (dup2). tests/faults/library.py shares `state` through a mapped file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LONGEST 4096

enum { KILL = 1, INTERRUPT, TERMINATE, FULL, BROKEN };

static struct {
    int64_t count, at, kind, plain; /* plain: the file system cannot exchange two names */
    char folder[LONGEST], record[LONGEST];
} *state;

/* open an existing file, create, write, truncate, mkdir, rename, exchange, unlink, rmdir, link, symlink, fsync, sync,
   chmod, close, and the contents that stdio has given a file: o c w t d r x u R l s f S m k p */
struct call {
    char what, counted;
    int64_t offset, size;
    char one[LONGEST], other[LONGEST];
};

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTS_STATE");
    int descriptor = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped =
        descriptor < 0 ? MAP_FAILED : mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED)
        state = mapped;
    if (descriptor >= 0)
        syscall(SYS_close, descriptor);
}

static void path_of(int descriptor, char *result)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, result, LONGEST - 1);
    result[length < 0 ? 0 : length] = 0;
}

static void absolute(int folder, const char *path, char *result)
{
    result[0] = 0;
    if (path[0] != '/') {
        if (folder != AT_FDCWD)
            path_of(folder, result);
        else if (!getcwd(result, LONGEST))
            result[0] = 0;
        strncat(result, "/", LONGEST - 1 - strlen(result));
    }
    strncat(result, path, LONGEST - 1 - strlen(result));
}

static int within(const char *path)
{
    size_t length = strlen(state->folder);
    return length && !strncmp(path, state->folder, length) && (path[length] == '/' || !path[length]);
}

/* Before a call: returns whether it must fail, with errno set. */
static int begin(struct call *call)
{
    call->counted = state && (within(call->one) || within(call->other));
    if (!call->counted)
        return 0;
    int64_t number = __atomic_add_fetch(&state->count, 1, __ATOMIC_SEQ_CST);
    int now = number == state->at;
    switch (state->at && number >= state->at ? state->kind : 0) {
    case FULL: /* it stays full for calls that need space */
        errno = ENOSPC;
        if (now && call->what == 'w' && call->size > 1) {
            call->size /= 2;
            return 0;
        }
        return strchr(now ? "cwdlsrxfk" : "cwdls", call->what) != 0;
    case BROKEN:
        errno = EIO;
        return now && call->what != 'p';
    case KILL:
        kill(getpid(), now ? SIGKILL : 0);
        break;
    case INTERRUPT:
    case TERMINATE:
        kill(getpid(), !now ? 0 : state->kind == INTERRUPT ? SIGINT : SIGTERM);
    }
    return 0;
}

/* After a call: records it, as '-' if it failed, and returns its result. */
static long end(struct call *call, long result, const void *data)
{
    if (!call->counted || !state->record[0])
        return result;
    int error = errno, what = result < 0 ? '-' : call->what;
    int64_t sizes[5] = {what, strlen(call->one), strlen(call->other), call->offset, data && result > 0 ? result : 0};
    struct iovec parts[] = {
        {sizes, sizeof sizes}, {call->one, sizes[1]}, {call->other, sizes[2]}, {(void *)data, sizes[4]}};
    int record = syscall(SYS_openat, AT_FDCWD, state->record, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (record < 0 || syscall(SYS_writev, record, parts, 4) < 0)
        abort();
    syscall(SYS_close, record);
    errno = error;
    return result;
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    struct call call = {'o'};
    struct stat status;
    if (flags & (O_WRONLY | O_RDWR | O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE)
        absolute(folder, path, call.one);
    if (call.one[0] && lstat(call.one, &status) && flags & O_CREAT)
        call.what = 'c';
    call.offset = flags & O_TRUNC;
    return begin(&call) ? -1 : end(&call, syscall(SYS_openat, folder, path, flags, mode), 0);
}

#define OPEN(name, parameters, folder)                                                                                 \
    int name parameters                                                                                                \
    {                                                                                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = va_arg(rest, int);                                                                               \
        va_end(rest);                                                                                                  \
        return open_any(folder, path, flags, mode);                                                                    \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder)

static ssize_t write_at(int descriptor, const void *data, size_t size, int64_t offset)
{
    struct call call = {'w', 0, offset, size};
    struct stat status;
    if (!state || fstat(descriptor, &status) || !S_ISREG(status.st_mode))
        return offset < 0 ? syscall(SYS_write, descriptor, data, size)
                          : syscall(SYS_pwrite64, descriptor, data, size, offset);
    path_of(descriptor, call.one);
    if (offset < 0)
        call.offset = fcntl(descriptor, F_GETFL) & O_APPEND ? status.st_size : lseek(descriptor, 0, SEEK_CUR);
    if (begin(&call))
        return -1;
    return end(&call,
               offset < 0 ? syscall(SYS_write, descriptor, data, call.size)
                          : syscall(SYS_pwrite64, descriptor, data, call.size, offset),
               data);
}
ssize_t write(int descriptor, const void *data, size_t size) { return write_at(descriptor, data, size, -1); }
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset)
{
    return write_at(descriptor, data, size, offset);
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset)
{
    return write_at(descriptor, data, size, offset);
}

/* Calls that take one descriptor or one path. */
#define OF_DESCRIPTOR(name, letter, parameters, number, real)                                                          \
    int name parameters                                                                                                \
    {                                                                                                                  \
        struct call call = {letter, 0, number};                                                                        \
        path_of(descriptor, call.one);                                                                                 \
        return begin(&call) ? -1 : end(&call, real, 0);                                                                \
    }
#define OF_PATH(name, letter, parameters, folder, real)                                                                \
    int name parameters                                                                                                \
    {                                                                                                                  \
        struct call call = {letter};                                                                                   \
        absolute(folder, path, call.one);                                                                              \
        return begin(&call) ? -1 : end(&call, real, 0);                                                                \
    }
#define SYNC(call, descriptor) ((call).counted ? 0 : syscall(SYS_fsync, descriptor))
OF_DESCRIPTOR(fsync, 'f', (int descriptor), 0, SYNC(call, descriptor))
OF_DESCRIPTOR(fdatasync, 'f', (int descriptor), 0, SYNC(call, descriptor))
OF_DESCRIPTOR(ftruncate, 't', (int descriptor, off_t size), size, syscall(SYS_ftruncate, descriptor, size))
OF_DESCRIPTOR(ftruncate64, 't', (int descriptor, off64_t size), size, syscall(SYS_ftruncate, descriptor, size))
OF_PATH(mkdirat, 'd', (int folder, const char *path, mode_t mode), folder, syscall(SYS_mkdirat, folder, path, mode))
OF_PATH(mkdir, 'd', (const char *path, mode_t mode), AT_FDCWD, syscall(SYS_mkdirat, AT_FDCWD, path, mode))
OF_PATH(chmod, 'm', (const char *path, mode_t mode), AT_FDCWD, syscall(SYS_fchmodat, AT_FDCWD, path, mode))
OF_PATH(unlink, 'u', (const char *path), AT_FDCWD, syscall(SYS_unlinkat, AT_FDCWD, path, 0))
OF_PATH(rmdir, 'R', (const char *path), AT_FDCWD, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR))
OF_PATH(unlinkat, flags &AT_REMOVEDIR ? 'R' : 'u', (int folder, const char *path, int flags), folder,
        syscall(SYS_unlinkat, folder, path, flags))

int close(int descriptor)
{
    struct call call = {'k'};
    int flags = state ? fcntl(descriptor, F_GETFL) : -1;
    if (flags >= 0 && flags & (O_WRONLY | O_RDWR))
        path_of(descriptor, call.one);
    int fails = begin(&call), error = errno;
    long result = end(&call, syscall(SYS_close, descriptor), 0);
    if (fails)
        errno = error;
    return fails ? -1 : result;
}

int dup2(int descriptor, int other)
{
    struct call call = {'p'};
    struct stat status = {0};
    int flags = state && descriptor != other ? fcntl(other, F_GETFL) : -1;
    if (flags >= 0 && flags & (O_WRONLY | O_RDWR) && !fstat(other, &status) && S_ISREG(status.st_mode))
        path_of(other, call.one);
    begin(&call);
    if (call.counted) {
        void *data = malloc(status.st_size + 1);
        int file = syscall(SYS_openat, AT_FDCWD, call.one, O_RDONLY | O_CLOEXEC);
        end(&call, syscall(SYS_read, file, data, status.st_size), data);
        syscall(SYS_close, file);
        free(data);
    }
    if (descriptor == other)
        return fcntl(descriptor, F_GETFD) < 0 ? -1 : descriptor;
    return syscall(SYS_dup3, descriptor, other, 0);
}

/* Programs fall back to write() if the file system cannot copy. */
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t size, unsigned flags)
{
    (void)from, (void)at, (void)to, (void)there, (void)size, (void)flags;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int to, int from, off_t *at, size_t size) { return copy_file_range(from, at, to, 0, size, 0); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) { return copy_file_range(from, at, to, 0, size, 0); }

/* Sync a file system, or the whole disk. */
int syncfs(int descriptor)
{
    struct call call = {'S'};
    if (!state || !state->folder[0])
        return syscall(SYS_syncfs, descriptor);
    strcpy(call.one, state->folder);
    return begin(&call) ? -1 : end(&call, 0, 0);
}
void sync(void)
{
    if (!state || !state->folder[0])
        syscall(SYS_sync);
    else
        syncfs(-1);
}

int renameat2(int from, const char *one, int to, const char *other, unsigned flags)
{
    struct call call = {flags ? 'x' : 'r'};
    absolute(from, one, call.one);
    absolute(to, other, call.other);
    if (flags && state && state->plain) {
        errno = EINVAL;
        return -1;
    }
    return begin(&call) ? -1 : end(&call, syscall(SYS_renameat2, from, one, to, other, flags), 0);
}
int renameat(int from, const char *one, int to, const char *other) { return renameat2(from, one, to, other, 0); }
int rename(const char *one, const char *other) { return renameat2(AT_FDCWD, one, AT_FDCWD, other, 0); }

int linkat(int from, const char *one, int to, const char *other, int flags)
{
    struct call call = {'l'};
    absolute(from, one, call.one);
    absolute(to, other, call.other);
    return begin(&call) ? -1 : end(&call, syscall(SYS_linkat, from, one, to, other, flags), 0);
}
int link(const char *one, const char *other) { return linkat(AT_FDCWD, one, AT_FDCWD, other, 0); }

int symlinkat(const char *target, int folder, const char *path)
{
    struct call call = {'s'};
    absolute(folder, path, call.one);
    snprintf(call.other, LONGEST, "%s", target);
    return begin(&call) ? -1 : end(&call, syscall(SYS_symlinkat, target, folder, path), 0);
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
