/* Faults of disk and clock inside one process and its children, for LD_PRELOAD.

   FAULTS is a file of five int64, mapped by every process, and written by the test:
     0  errno of writes, 0 for none; but for ENOSPC, files cannot be cut either
     1  errno of syncs, 0 for none
     2  bytes that are written before writes fail
     3  nanoseconds added to CLOCK_REALTIME
     4  syncs that succeed until the process is killed in place of one, -1 for never
   FAULTS_DIR is the folder whose files are hit. FAULTS_SYNCED gets a line for each sync that
   succeeded: the inode, and the size that the file had before it. What is beyond is lost when the
   power fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_ERRNO, SYNC_ERRNO, ROOM, SHIFT, SYNCS_LEFT, WORDS };

static volatile int64_t *control;
static char folder[PATH_MAX];
static int synced = -1;

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void set_up(void) {
    const char *path = getenv("FAULTS"), *hit = getenv("FAULTS_DIR"), *log = getenv("FAULTS_SYNCED");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0 || !hit || !realpath(hit, folder)) return;
    void *mapped = mmap(NULL, WORDS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (log) synced = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (mapped != MAP_FAILED) control = mapped;
}

static int is_hit(int fd) {
    char link[64], path[PATH_MAX];
    size_t length = strlen(folder);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    return n > (ssize_t)length && memcmp(path, folder, length) == 0 && path[length] == '/';
}

/* Return how many of `n` bytes may be written, or -1 with errno. */
static ssize_t allow(int fd, size_t n) {
    if (!control || !control[WRITE_ERRNO] || !is_hit(fd)) return (ssize_t)n;
    if (n && control[ROOM] == 0) {
        errno = (int)control[WRITE_ERRNO];
        return -1;
    }
    if ((int64_t)n > control[ROOM]) n = (size_t)control[ROOM];
    __sync_fetch_and_sub(&control[ROOM], (int64_t)n);
    return (ssize_t)n;
}

ssize_t write(int fd, const void *data, size_t n) {
    ssize_t allowed = allow(fd, n);
    return allowed < 0 ? -1 : REAL(write)(fd, data, (size_t)allowed);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    ssize_t allowed = allow(fd, n);
    return allowed < 0 ? -1 : REAL(pwrite64)(fd, data, (size_t)allowed, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return pwrite64(fd, data, n, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (control && count > 0 && is_hit(fd)) return write(fd, parts[0].iov_base, parts[0].iov_len);
    return REAL(writev)(fd, parts, count);
}

int ftruncate64(int fd, off64_t size) {
    int64_t error = control && control[ROOM] == 0 && is_hit(fd) ? control[WRITE_ERRNO] : 0;
    if (error && error != ENOSPC) {
        errno = (int)error;
        return -1;
    }
    return REAL(ftruncate64)(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_file(int fd, int (*real)(int)) {
    if (!control || !is_hit(fd)) return real(fd);
    if (control[SYNC_ERRNO]) {
        errno = (int)control[SYNC_ERRNO];
        return -1;
    }
    if (control[SYNCS_LEFT] >= 0 && __sync_sub_and_fetch(&control[SYNCS_LEFT], 1) < 0) raise(SIGKILL);
    struct stat file;
    int known = fstat(fd, &file) == 0;
    int result = real(fd);
    if (result == 0 && known && synced >= 0) {
        char line[64];
        int n = snprintf(line, sizeof line, "%ju %jd\n", (uintmax_t)file.st_ino, (intmax_t)file.st_size);
        if (REAL(write)(synced, line, (size_t)n) < 0) abort();
    }
    return result;
}

int fsync(int fd) { return sync_file(fd, REAL(fsync)); }

int fdatasync(int fd) { return sync_file(fd, REAL(fdatasync)); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);
    if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + control[SHIFT];
        now->tv_sec = ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec fine;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &fine)) return -1;
    now->tv_sec = fine.tv_sec;
    now->tv_usec = fine.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec fine;
    if (clock_gettime(CLOCK_REALTIME, &fine)) return -1;
    if (now) *now = fine.tv_sec;
    return fine.tv_sec;
}
