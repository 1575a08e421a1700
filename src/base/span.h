/* span.h - a view of bytes that somebody else owns.
 *   eats    a pointer and a length
 *   gives   pieces cut from its front
 *   keeps   nothing: say at each declaration whose bytes it sees, and until when
 *   knows   the only place with pointer arithmetic on input */
#ifndef RUSUDEN_BASE_SPAN_H
#define RUSUDEN_BASE_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Stays out of the way of the code that calls it: it runs for few inputs or few bytes. */
#define RARE __attribute__((cold, noinline))

struct span {
    const uint8_t *at;
    size_t len;
};

static inline struct span span_of(const void *at, size_t len)
{
    return (struct span){at, len};
}

static inline struct span span_text(const char *text)
{
    return span_of(text, strlen(text));
}

static inline size_t span_min(struct span s, uint64_t limit)
{
    return limit < s.len ? (size_t)limit : s.len;
}

/* The first n bytes; *from goes on behind them. */
static inline struct span span_cut(struct span *from, size_t n)
{
    assert(n <= from->len);
    struct span front = {from->at, n};
    if (n > 0) from->at += n; /* an empty span may see nothing at all: NULL */
    from->len -= n;
    return front;
}

static inline uint8_t span_take(struct span *from)
{
    assert(from->len > 0);
    from->len--;
    return *from->at++;
}

static inline bool span_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Without the blanks and tabs at either end. */
static inline struct span span_trim(struct span s)
{
    while (s.len > 0 && span_is_blank(s.at[0]))
        span_cut(&s, 1);
    while (s.len > 0 && span_is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

#endif
