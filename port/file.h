/* file.h - files, pipes and standard streams, for the commands that work on them.
 *   eats    paths and bytes
 *   gives   bytes; a file that appears under its name only when it is whole
 *   keeps   one write buffer; how to undo what was begun
 *   knows   the machine: this floor is written once for each (posix/) */
#ifndef RUSUDEN_PORT_FILE_H
#define RUSUDEN_PORT_FILE_H

#include "base/fault.h"

/* A file's name for a message: visible, and of a long one the end. */
void file_write_name(struct writer *to, const char *name);

struct input {
    int fd;
    const char *name; /* for messages: the path, or "standard input" */
    bool again;       /* can be read twice: a file */
    uint64_t start;   /* offset where we began */
    uint64_t size;    /* bytes from there to the end; 0 where not known */
    uint64_t device, inode;
    int64_t changed_s, changed_ns; /* when it was written last, at open */
};

/* Path "-": standard input. False: the fault says why. */
bool input_open(struct input *in, const char *path, struct fault *f);

/* Up to `room` bytes; 0 at the end; -1: the fault says why. */
long input_read(struct input *in, uint8_t *to, size_t room, struct fault *f);

/* Back to where it began. False: it was changed meanwhile, or cannot be. */
bool input_again(struct input *in, struct fault *f);

/* Up to `room` bytes from `offset` behind the place where it began, for an input that can be read again; 0 at the end;
 * -1: the fault says why, also when it was changed meanwhile. */
long input_read_at(struct input *in, uint64_t offset, uint8_t *to, size_t room, struct fault *f);

void input_close(struct input *in);

enum output_kind {
    OUTPUT_STREAM, /* a pipe, a device: what is written is gone */
    OUTPUT_OPENED, /* a file somebody opened for us: can be cut back */
    OUTPUT_NEW     /* our own temporary file beside the final name */
};

struct output {
    int fd;
    enum output_kind kind;
    bool replace;
    const char *path; /* the caller's */
    const char *name; /* for messages */
    uint64_t start;   /* offset of our first byte in the file */
    uint64_t flushed; /* bytes that left the buffer */
    size_t held;
    char temporary[4096]; /* PATH_MAX */
    uint8_t buffer[WRITE_BUFFER_BYTES];
};

/* Path "-": standard output. A regular file is written under a temporary name in the same folder;
 * an existing one is refused unless `replace`. `source` is not to be overwritten. */
bool output_open(struct output *out, const char *path, bool replace, const struct input *source,
                 struct fault *f);

static inline bool output_can_be_cut(const struct output *out)
{
    return out->kind != OUTPUT_STREAM;
}

bool output_write(struct output *out, struct span bytes, struct fault *f);

/* Makes it `len` bytes long, no longer than it is. Not for OUTPUT_STREAM. */
bool output_cut(struct output *out, uint64_t len, struct fault *f);

/* Sound behind the head can be moved where it can be read back: `> file` opens for writing alone. */
bool output_head_may_grow(const struct output *out);

/* Replaces the first old_len bytes by others, which may be more. Not for OUTPUT_STREAM. */
bool output_replace_head(struct output *out, size_t old_len, struct span head, struct fault *f);

/* Whole: on the disk, under its name. */
bool output_commit(struct output *out, struct fault *f);

/* Undoes what can be undone; safe to call twice, and after output_commit. */
void output_discard(struct output *out);

#endif
