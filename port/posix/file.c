#include "file.h"

#include "console.h"
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h> /* rename */
#include <sys/stat.h>
#include <unistd.h>

/* ---- words ---- */

/* strerror keeps a buffer that it may allocate; these are what files meet. */
static const char *reason(int error)
{
    switch (error) {
    case ENOENT: return "no such file or folder";
    case EACCES:
    case EPERM: return "permission denied";
    case EEXIST: return "it exists; --force replaces it";
    case EBADF: return "it is closed";
    case EISDIR: return "it is a folder";
    case ENOTDIR: return "a part of its path is not a folder";
    case ENOSPC: return "the disk is full";
    case EDQUOT: return "the disk quota is used up";
    case EFBIG: return "a file may not become that large here";
    case EPIPE: return "the reader has closed the pipe";
    case EIO: return "the device failed";
    case EROFS: return "the file system is read-only";
    case ENAMETOOLONG: return "the name is too long";
    case EMFILE:
    case ENFILE: return "too many open files";
    case ELOOP: return "too many symbolic links";
    case EINTR: return "interrupted by a signal";
    case ENXIO:
    case ENODEV: return "no such device";
    }
    return NULL;
}

static bool refuse(struct fault *f, const char *why)
{
    fault_set(f, FAULT_REFUSED, FAULT_NOWHERE, why);
    return false;
}

/* A name may be 4096 bytes long and the reason must still fit: of long ones the end is told. */
void file_write_name(struct writer *to, const char *name)
{
    struct span whole = span_text(name);
    struct span end = writer_end_of(whole, NAME_SHOWN_BYTES);
    writer_text(to, end.len < whole.len ? "..." : "");
    writer_visible(to, end);
}

static bool fail(struct fault *f, const char *doing, const char *name, int error)
{
    enum fault_kind kind = error == EEXIST ? FAULT_REFUSED : FAULT_IO;
    struct writer words = fault_begin(f, kind, FAULT_NOWHERE);
    writer_text(&words, doing);
    writer_byte(&words, ' ');
    file_write_name(&words, name);
    writer_text(&words, ": ");
    const char *why = reason(error);
    if (why != NULL) {
        writer_text(&words, why);
    } else {
        writer_text(&words, "error number ");
        writer_signed(&words, error);
    }
    fault_put(f, &words);
    return false;
}

/* A descriptor that others share may be non-blocking: then we wait for it. False: a failure. */
static bool try_again(int fd, short events)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        struct pollfd ready = {.fd = fd, .events = events};
        return poll(&ready, 1, -1) > 0;
    }
    return errno == EINTR && !console_interrupted();
}

/* ---- input ---- */

static void note_identity(struct input *in, const struct stat *st)
{
    in->device = st->st_dev;
    in->inode = st->st_ino;
    in->changed_s = st->st_mtim.tv_sec;
    in->changed_ns = st->st_mtim.tv_nsec;
}

bool input_open(struct input *in, const char *path, struct fault *f)
{
    bool standard = strcmp(path, "-") == 0;
    *in = (struct input){.fd = STDIN_FILENO, .name = standard ? "standard input" : path};
    if (!standard) in->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (in->fd < 0 || fstat(in->fd, &st) != 0) return fail(f, "cannot open", in->name, errno);
    if (S_ISDIR(st.st_mode)) return fail(f, "cannot read", in->name, EISDIR);
    note_identity(in, &st);
    off_t at = lseek(in->fd, 0, SEEK_CUR);
    in->again = S_ISREG(st.st_mode) && at >= 0;
    if (in->again) {
        in->start = (uint64_t)at;
        in->size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
    }
    return true;
}

long input_read(struct input *in, uint8_t *to, size_t room, struct fault *f)
{
    ssize_t n = -1;
    errno = EINTR;
    while (!console_interrupted() && (n = read(in->fd, to, room)) < 0 &&
           try_again(in->fd, POLLIN)) {
    }
    if (n < 0 || console_interrupted()) {
        fail(f, "cannot read", in->name, n < 0 ? errno : EINTR);
        return -1;
    }
    return n;
}

/* Nobody has written to it since it was opened. */
static bool is_unchanged(const struct input *in, struct fault *f)
{
    struct stat st;
    if (fstat(in->fd, &st) != 0) return fail(f, "cannot read again", in->name, errno);
    if (st.st_mtim.tv_sec != in->changed_s || st.st_mtim.tv_nsec != in->changed_ns ||
        (uint64_t)st.st_size - in->start != in->size) {
        fault_set(f, FAULT_CHANGED, FAULT_NOWHERE,
                  "somebody writes to it; convert it when that has ended");
        return false;
    }
    return true;
}

bool input_again(struct input *in, struct fault *f)
{
    assert(in->again);
    if (!is_unchanged(in, f)) return false;
    return lseek(in->fd, (off_t)in->start, SEEK_SET) >= 0 ||
           fail(f, "cannot read again", in->name, errno);
}

long input_read_at(struct input *in, uint64_t offset, uint8_t *to, size_t room, struct fault *f)
{
    assert(in->again);
    if (!is_unchanged(in, f)) return -1;
    ssize_t n = -1;
    errno = EINTR;
    while (!console_interrupted() &&
           (n = pread(in->fd, to, room, (off_t)(in->start + offset))) < 0 && errno == EINTR) {
    }
    if (n >= 0 && !console_interrupted()) return n;
    fail(f, "cannot read", in->name, n < 0 ? errno : EINTR);
    return -1;
}

void input_close(struct input *in)
{
    if (in->fd > STDERR_FILENO) close(in->fd);
    in->fd = -1;
}

/* ---- output ---- */

/* The temporary file lies beside the final one: only within a file system is a rename atomic. */
static bool open_temporary(struct output *out, struct fault *f)
{
    const char *slash = strrchr(out->path, '/');
    struct span folder = span_of(out->path, slash ? (size_t)(slash - out->path) + 1 : 0);
    /* Killed runs leave theirs behind, and process ids come again. */
    uint64_t number = port_now_ms();
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        struct writer w = writer_on(out->temporary, sizeof out->temporary);
        writer_bytes(&w, folder);
        writer_text(&w, ".rusuden-");
        writer_number(&w, (uint64_t)getpid());
        writer_byte(&w, '-');
        writer_number(&w, number + attempt);
        writer_text(&w, ".part");
        writer_byte(&w, '\0');
        if (w.full) return fail(f, "cannot create", out->name, ENAMETOOLONG);
        out->fd = open(out->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0 || errno != EEXIST) break;
    }
    if (out->fd < 0) {
        out->temporary[0] = '\0';
        return fail(f, "cannot create", out->name, errno);
    }
    out->kind = OUTPUT_NEW;
    return true;
}

/* Only files: two ends of one terminal or of /dev/null are no danger. */
static bool is_source(const struct stat *st, const struct input *source)
{
    return S_ISREG(st->st_mode) && st->st_dev == source->device && st->st_ino == source->inode;
}

/* A descriptor that was opened by others: a file that can be cut, or a stream. */
static bool adopt(struct output *out, const struct stat *st, const struct input *source,
                  struct fault *f)
{
    if (is_source(st, source)) return refuse(f, "input and output are the same file");
    int flags = fcntl(out->fd, F_GETFL);
    off_t at = lseek(out->fd, 0, SEEK_CUR);
    if (S_ISREG(st->st_mode) && (flags & O_APPEND) == 0 && at >= 0 && st->st_size > at)
        return refuse(f,
                      "standard output is a file that holds something already; redirect it with >");
    /* Cutting back reads and writes in the middle, which O_APPEND forbids; `> file` opens it
     * write-only, which a cut can do with, but a longer head cannot. */
    bool cut = S_ISREG(st->st_mode) && at >= 0 && (flags & O_APPEND) == 0;
    out->kind = cut ? OUTPUT_OPENED : OUTPUT_STREAM;
    out->start = cut ? (uint64_t)at : 0;
    if (isatty(out->fd))
        return refuse(f, "a WAV file is not for a terminal; give -o FILE, or pipe it on");
    return true;
}

/* /dev/stdout, or the file it is redirected to: replacing it would leave the redirection empty. */
static bool is_standard_output(const struct stat *st)
{
    struct stat out;
    return S_ISREG(st->st_mode) && fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == st->st_dev &&
           out.st_ino == st->st_ino;
}

bool output_open(struct output *out, const char *path, bool replace, const struct input *source,
                 struct fault *f)
{
    bool standard = strcmp(path, "-") == 0;
    out->fd = -1;
    out->path = path;
    out->name = standard ? "standard output" : path;
    out->replace = replace;
    out->start = out->flushed = 0;
    out->held = 0;
    out->temporary[0] = '\0';
    out->kind = OUTPUT_STREAM;

    struct stat st;
    if (standard) {
        out->fd = STDOUT_FILENO;
        return fstat(out->fd, &st) == 0 ? adopt(out, &st, source, f)
                                        : fail(f, "cannot write", out->name, errno);
    }
    bool there = stat(path, &st) == 0;
    if (there && is_standard_output(&st)) {
        out->fd = STDOUT_FILENO;
        return adopt(out, &st, source, f);
    }
    if (!there)
        return errno == ENOENT ? open_temporary(out, f)
                               : fail(f, "cannot create", out->name, errno);
    if (S_ISDIR(st.st_mode)) return fail(f, "cannot write", out->name, EISDIR);
    if (!S_ISREG(st.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        return out->fd >= 0 ? adopt(out, &st, source, f) : fail(f, "cannot open", out->name, errno);
    }
    if (is_source(&st, source)) return refuse(f, "input and output are the same file");
    return replace ? open_temporary(out, f) : fail(f, "cannot create", out->name, EEXIST);
}

static bool write_all(struct output *out, struct span bytes, struct fault *f)
{
    while (bytes.len > 0) {
        if (console_interrupted()) return fail(f, "cannot write", out->name, EINTR);
        ssize_t n = write(out->fd, bytes.at, bytes.len);
        if (n < 0 && try_again(out->fd, POLLOUT)) continue;
        if (n <= 0) return fail(f, "cannot write", out->name, n < 0 ? errno : ENOSPC);
        span_cut(&bytes, (size_t)n);
    }
    return true;
}

static bool flush(struct output *out, struct fault *f)
{
    if (!write_all(out, span_of(out->buffer, out->held), f)) return false;
    out->flushed += out->held;
    out->held = 0;
    return true;
}

bool output_write(struct output *out, struct span bytes, struct fault *f)
{
    while (bytes.len > 0) {
        struct span piece = span_cut(&bytes, span_min(bytes, sizeof out->buffer - out->held));
        memcpy(out->buffer + out->held, piece.at, piece.len);
        out->held += piece.len;
        if (out->held == sizeof out->buffer && !flush(out, f)) return false;
    }
    return true;
}

bool output_cut(struct output *out, uint64_t len, struct fault *f)
{
    assert(output_can_be_cut(out) && len <= out->flushed + out->held);
    if (len >= out->flushed) {
        out->held = (size_t)(len - out->flushed);
        return true;
    }
    out->held = 0;
    off_t at = (off_t)(out->start + len);
    if (ftruncate(out->fd, at) != 0 || lseek(out->fd, at, SEEK_SET) < 0)
        return fail(f, "cannot cut back", out->name, errno);
    out->flushed = len;
    return true;
}

static bool write_at(struct output *out, uint64_t at, struct span bytes, struct fault *f)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(out->fd, bytes.at, bytes.len, (off_t)(out->start + at));
        if (n < 0 && try_again(out->fd, 0)) continue;
        if (n <= 0) return fail(f, "cannot write", out->name, n < 0 ? errno : ENOSPC);
        span_cut(&bytes, (size_t)n);
        at += (uint64_t)n;
    }
    return true;
}

static bool read_at(struct output *out, uint64_t at, size_t len, struct fault *f)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = pread(out->fd, out->buffer + got, len - got, (off_t)(out->start + at + got));
        if (n < 0 && try_again(out->fd, 0)) continue;
        if (n <= 0) return fail(f, "cannot read back", out->name, n < 0 ? errno : EIO);
        got += (size_t)n;
    }
    return true;
}

/* Everything behind old_len moves to new_len, from the end to the front, through the write
 * buffer. */
static bool move_body(struct output *out, size_t old_len, size_t new_len, struct fault *f)
{
    for (uint64_t end = out->flushed; end > old_len;) {
        size_t len =
            end - old_len < sizeof out->buffer ? (size_t)(end - old_len) : sizeof out->buffer;
        end -= len;
        if (!read_at(out, end, len, f) ||
            !write_at(out, end + (new_len - old_len), span_of(out->buffer, len), f))
            return false;
    }
    out->flushed += new_len - old_len;
    return true;
}

bool output_head_may_grow(const struct output *out)
{
    return (fcntl(out->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

bool output_replace_head(struct output *out, size_t old_len, struct span head, struct fault *f)
{
    assert(output_can_be_cut(out) && head.len >= old_len);
    if (!flush(out, f)) return false;
    if (head.len > old_len && !move_body(out, old_len, head.len, f)) return false;
    if (!write_at(out, 0, head, f)) return false;
    if (lseek(out->fd, (off_t)(out->start + out->flushed), SEEK_SET) < 0)
        return fail(f, "cannot write", out->name, errno);
    return true;
}

/* A new name is on the disk when its folder is. File systems that cannot sync a folder write it by
 * themselves. */
static void sync_folder(struct output *out)
{
    char *slash = strrchr(out->temporary, '/');
    if (slash != NULL) slash[1] = '\0';
    int folder = open(slash != NULL ? out->temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    (void)!fsync(folder);
    close(folder);
}

/* Under its name, at once or not at all. link() refuses to replace; where a file system has no
 * links, a look and a rename is the best there is. */
static bool give_name(struct output *out, struct fault *f)
{
    bool done;
    if (out->replace) {
        done = rename(out->temporary, out->path) == 0;
    } else {
        done = link(out->temporary, out->path) == 0;
        if (done)
            unlink(out->temporary);
        else if (errno != EEXIST && access(out->path, F_OK) != 0)
            done = rename(out->temporary, out->path) == 0;
    }
    if (!done) return fail(f, "cannot create", out->name, errno);
    sync_folder(out);
    out->temporary[0] = '\0';
    return true;
}

bool output_commit(struct output *out, struct fault *f)
{
    if (!flush(out, f)) return false;
    /* The input may have been a pipe: from here on this file is the only copy. */
    if (out->kind != OUTPUT_STREAM && fsync(out->fd) != 0)
        return fail(f, "cannot write", out->name, errno);
    if (out->kind == OUTPUT_NEW && !give_name(out, f)) return false;
    int fd = out->fd;
    out->fd = -1;
    if (fd > STDERR_FILENO && close(fd) != 0) return fail(f, "cannot write", out->name, errno);
    return true;
}

void output_discard(struct output *out)
{
    if (out->fd >= 0 && out->kind == OUTPUT_OPENED) {
        (void)!ftruncate(out->fd, (off_t)out->start);
        lseek(out->fd, (off_t)out->start, SEEK_SET);
    }
    if (out->temporary[0] != '\0') unlink(out->temporary);
    out->temporary[0] = '\0';
    if (out->fd > STDERR_FILENO) close(out->fd);
    out->fd = -1;
}
