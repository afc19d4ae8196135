// Stands between a process and the C library (LD_PRELOAD), for files below one folder: says what was called, kills the
// process at the N-th call, or lets the N-th call of one kind fail. Compiled and set up by shim.mjs.
//
//   FAULT_ROOT=/store       only calls on paths below it count
//   FAULT_JOURNAL=/file     a line for each call: kind, path
//   FAULT_KILL=N            SIGKILL before the N-th call of any kind; with FAULT_AFTER=1 behind it
//   FAULT_FAIL=write:N:28   the N-th call of that kind fails with that errno; with FAULT_STICKY=1 all later ones too
//   FAULT_SHORT=1           the N-th write writes half first, as on a disk that fills up, and the call after it fails
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *root;
static size_t root_length;
static int journal = -1;
static int kill_at, kill_after, fail_at, fail_errno, is_sticky, is_short;
static char fail_kind[16];
static atomic_int calls, calls_of_kind;

__attribute__((constructor)) static void setup(void) {
  const char *given = getenv("FAULT_ROOT");
  if (given == NULL) return;
  root = given;
  root_length = strlen(given);
  if ((given = getenv("FAULT_JOURNAL"))) journal = REAL(open)(given, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if ((given = getenv("FAULT_KILL"))) kill_at = atoi(given);
  if ((given = getenv("FAULT_FAIL"))) sscanf(given, "%15[^:]:%d:%d", fail_kind, &fail_at, &fail_errno);
  kill_after = getenv("FAULT_AFTER") != NULL;
  is_sticky = getenv("FAULT_STICKY") != NULL;
  is_short = getenv("FAULT_SHORT") != NULL;
}

static int below_root(const char *path) {
  if (root == NULL || path == NULL || strncmp(path, root, root_length) != 0) return 0;
  if (path[root_length] != 0 && path[root_length] != '/') return 0;
  const char *name = strrchr(path, '/');
  // LevelDB's diary holds nothing, and nobody looks whether it could be written.
  return strcmp(name, "/LOG") != 0 && strcmp(name, "/LOG.old") != 0;
}

static int path_of(int fd, char *path) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = root == NULL ? 0 : readlink(link, path, 4095);
  path[length < 0 ? 0 : length] = 0;
  return below_root(path);
}

static void say(const char *kind, const char *path, const char *what) {
  if (journal < 0) return;
  char line[4200];
  int length = snprintf(line, sizeof line, "%s\t%s\t%s\n", kind, path + root_length, what);
  if (REAL(write)(journal, line, length) < 0) abort();
}

enum verdict { GO, FAIL, HALF };

static enum verdict before(const char *kind, const char *path, int *number) {
  *number = atomic_fetch_add(&calls, 1) + 1;
  if (kill_at == *number && !kill_after) kill(getpid(), SIGKILL);
  enum verdict verdict = GO;
  if (fail_at > 0 && strcmp(kind, fail_kind) == 0) {
    int of_kind = atomic_fetch_add(&calls_of_kind, 1) + 1;
    int from = is_short ? fail_at + 1 : fail_at;
    if (is_short && of_kind == fail_at) verdict = HALF;
    else if (of_kind == from || (is_sticky && of_kind > from)) verdict = FAIL;
  }
  say(kind, path, verdict == GO ? "-" : verdict == HALF ? "short" : "failed");
  if (verdict == FAIL) errno = fail_errno;
  return verdict;
}

static void after(int number) {
  if (kill_at == number && kill_after) {
    kill(getpid(), SIGKILL);
  }
}

#define ON_PATH(kind, path, result, call)                       \
  do {                                                          \
    if (!below_root(path)) return call;                         \
    int number;                                                 \
    if (before(kind, path, &number) == FAIL) return -1;         \
    result = call;                                              \
    int saved = errno;                                          \
    after(number);                                              \
    errno = saved;                                              \
    return result;                                              \
  } while (0)

#define ON_WRITE(fd, length, call)                              \
  do {                                                          \
    char path[4096];                                            \
    if (!path_of(fd, path)) return call;                        \
    int number;                                                 \
    enum verdict verdict = before("write", path, &number);      \
    if (verdict == FAIL) return -1;                             \
    if (verdict == HALF && length > 1) length /= 2;             \
    ssize_t result = call;                                      \
    int saved = errno;                                          \
    after(number);                                              \
    errno = saved;                                              \
    return result;                                              \
  } while (0)

#define ON_SYNC(fd, call)                                       \
  do {                                                          \
    char path[4096];                                            \
    if (!path_of(fd, path)) return call;                        \
    int number;                                                 \
    if (before("sync", path, &number) == FAIL) return -1;       \
    int result = call;                                          \
    int saved = errno;                                          \
    after(number);                                              \
    errno = saved;                                              \
    return result;                                              \
  } while (0)

#define MODE(flags, mode)                                       \
  do {                                                          \
    if (flags & (O_CREAT | O_TMPFILE)) {                        \
      va_list rest;                                             \
      va_start(rest, flags);                                    \
      mode = va_arg(rest, mode_t);                              \
      va_end(rest);                                             \
    }                                                           \
  } while (0)

int open(const char *path, int flags, ...) { mode_t mode = 0; int result; MODE(flags, mode); ON_PATH("open", path, result, REAL(open)(path, flags, mode)); }
int open64(const char *path, int flags, ...) { mode_t mode = 0; int result; MODE(flags, mode); ON_PATH("open", path, result, REAL(open64)(path, flags, mode)); }
FILE *fopen(const char *path, const char *mode) {
  int number;
  if (!below_root(path)) return REAL(fopen)(path, mode);
  if (before("open", path, &number) == FAIL) return NULL;
  FILE *file = REAL(fopen)(path, mode);
  after(number);
  return file;
}
FILE *fopen64(const char *path, const char *mode) {
  int number;
  if (!below_root(path)) return REAL(fopen64)(path, mode);
  if (before("open", path, &number) == FAIL) return NULL;
  FILE *file = REAL(fopen64)(path, mode);
  after(number);
  return file;
}
ssize_t write(int fd, const void *bytes, size_t length) { ON_WRITE(fd, length, REAL(write)(fd, bytes, length)); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { ON_WRITE(fd, length, REAL(pwrite)(fd, bytes, length, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { ON_WRITE(fd, length, REAL(pwrite64)(fd, bytes, length, at)); }
// stdio's own writes do not come through write(); this is where LevelDB's do.
int fflush_unlocked(FILE *file) {
  char path[4096];
  int number;
  if (file == NULL || !path_of(fileno(file), path)) return REAL(fflush_unlocked)(file);
  if (before("write", path, &number) == FAIL) return EOF;
  int result = REAL(fflush_unlocked)(file);
  after(number);
  return result;
}
int fsync(int fd) { ON_SYNC(fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { ON_SYNC(fd, REAL(fdatasync)(fd)); }
int rename(const char *from, const char *to) { int result; ON_PATH("rename", to, result, REAL(rename)(from, to)); }
int link(const char *from, const char *to) { int result; ON_PATH("link", to, result, REAL(link)(from, to)); }
int unlink(const char *path) { int result; ON_PATH("unlink", path, result, REAL(unlink)(path)); }
int mkdir(const char *path, mode_t mode) { int result; ON_PATH("mkdir", path, result, REAL(mkdir)(path, mode)); }
