/* writer.h - builds bytes and text in a buffer of fixed size.
 *   eats    text, numbers, bytes
 *   gives   the written span; `full` when something did not fit
 *   keeps   where it writes; what does not fit is left out whole
 *   knows   decimal, hexadecimal, little-endian, and how to show foreign text safely */
#ifndef RUSUDEN_BASE_WRITER_H
#define RUSUDEN_BASE_WRITER_H

#include "base/span.h"

struct writer {
    uint8_t *to; /* the caller's, for as long as the writer is used */
    size_t room;
    size_t len;
    bool full;
};

static inline struct writer writer_on(void *to, size_t room)
{
    return (struct writer){to, room, 0, false};
}

static inline struct span writer_span(const struct writer *w)
{
    return span_of(w->to, w->len);
}

void writer_bytes(struct writer *w, struct span bytes);
void writer_text(struct writer *w, const char *text);
void writer_byte(struct writer *w, uint8_t byte);

void writer_number(struct writer *w, uint64_t value);
void writer_signed(struct writer *w, int64_t value);
/* 12345 with 3 decimals: 12.345 */
void writer_decimal(struct writer *w, uint64_t value, unsigned decimals);
/* At least `digits` hexadecimal digits, lower case. */
void writer_hex(struct writer *w, uint64_t value, unsigned digits);
/* Pads with blanks, from where the line or column began, to `width` bytes. */
void writer_pad(struct writer *w, size_t from, size_t width);

/* Foreign text as it is, but for what a terminal would obey: see writer_quoted. */
void writer_visible(struct writer *w, struct span text);

/* The end of a long text, as much as takes no more than `room` bytes once it is made visible. */
struct span writer_end_of(struct span text, size_t room);

/* Foreign text inside double quotes, JSON's escapes, and nothing that a terminal would obey:
 * control bytes and bytes that are not UTF-8 come out as \u00XX (RFC 8259 section 7). */
void writer_quoted(struct writer *w, struct span text);

void writer_le(struct writer *w, uint64_t value, unsigned bytes);

#endif
