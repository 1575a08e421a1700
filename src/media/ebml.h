/* ebml.h - EBML (RFC 8794), one event per call.
 *   eats    a span of any length, cut anywhere
 *   gives   one event; a leaf's payload is read in place, what the caller leaves of it is skipped
 *   keeps   the open elements and where they end, never payload
 *   knows   ids, sizes and whose child may be whose (from a table), not what they mean */
#ifndef RUSUDEN_MEDIA_EBML_H
#define RUSUDEN_MEDIA_EBML_H

#include "base/fault.h"
#include "media/vint.h"

enum ebml_kind {
    EBML_LEAF,          /* EBML_VALUE, then its payload */
    EBML_CONTAINER,     /* a master of which nothing is told but its children */
    EBML_MASTER,        /* EBML_ENTER, its children, EBML_LEAVE */
    EBML_MASTER_OPEN,   /* a master whose size may be unknown */
    EBML_MASTER_NESTED, /* a master that may also be its own parent */
    EBML_PASSED_OVER    /* known by its place only; skipped */
};

/* A row of the caller's table. */
struct ebml_rule {
    uint32_t id;
    uint32_t parent; /* EBML_ROOT: stands at the top */
    enum ebml_kind kind;
    uint64_t payload_max; /* of a leaf */
};

#define EBML_ANY_LENGTH UINT64_MAX /* whatever its parent has room for */

#define EBML_ROOT 0              /* no element has id 0 */
#define EBML_ANYWHERE UINT32_MAX /* nor this one: elements that are not in the table */
/* A size, or an end, that is not known: larger than all that are, and than the distance to any. */
#define EBML_UNKNOWN INT64_MAX

enum {
    EBML_HEADER_BYTES_MAX = 12, /* an id of 4, a size of 8 */
    EBML_SLOTS = 128            /* a power of two, more than twice the rows of any table */
};

enum ebml_event {
    EBML_NEED,  /* the span is used up */
    EBML_ENTER, /* a master begins: id */
    EBML_LEAVE, /* a master ends: id */
    EBML_VALUE, /* a leaf begins: rule, left */
    EBML_END,   /* from ebml_end only: everything is closed */
    EBML_FAULT  /* and again for every later call */
};

struct ebml_level {
    int64_t end; /* first byte behind it, or behind the nearest known end around it */
    uint32_t id;
    bool sized;
    bool told; /* EBML_LEAVE is given */
};

struct ebml {
    enum { EBML_AT_HEADER, EBML_AT_PLACE, EBML_AT_PAYLOAD, EBML_AT_FAULT } at;
    uint32_t id;                             /* of the element the event speaks of */
    uint32_t child_id;                       /* of the element whose header was read last */
    const struct ebml_rule *rule;            /* its row of the table, or one for all others */
    int64_t size;                            /* its payload; EBML_UNKNOWN */
    int64_t offset;                          /* of the next byte, from the first byte ever fed */
    int64_t began;                           /* offset of the element being read */
    uint64_t left;                           /* payload bytes of the leaf that are not eaten yet */
    struct ebml_level inner;                 /* the innermost open element */
    struct ebml_level outer[EBML_DEPTH_MAX]; /* those around it; the first is the root */
    uint8_t depth;
    bool over; /* no more bytes will come */
    uint8_t header_len;
    uint8_t header[EBML_HEADER_BYTES_MAX]; /* of a header that came in pieces */
    struct fault fault;
    const struct ebml_rule *slot[EBML_SLOTS]; /* hash table of the caller's rows */
};

void ebml_init(struct ebml *e, const struct ebml_rule *rules, size_t rule_count);

/* The next event in *in, which is cut by what was eaten. Call again until EBML_NEED. Payload that
 * was not eaten by then is skipped. */
enum ebml_event ebml_next(struct ebml *e, struct span *in);

/* After EBML_VALUE: the front of *in that is payload of this leaf. Empty: it is all eaten, or *in
 * is. */
static inline struct span ebml_payload(const struct ebml *e, struct span in)
{
    return span_of(in.at, span_min(in, e->left));
}

/* Eats n bytes of it. */
static inline void ebml_eat(struct ebml *e, struct span *in, size_t n)
{
    assert(n <= e->left);
    span_cut(in, n);
    e->left -= n;
    e->offset += (int64_t)n;
    if (e->left == 0) e->at = EBML_AT_HEADER;
}

/* No more bytes will come: EBML_LEAVE for each open element, then EBML_END; or EBML_FAULT,
 * truncated. */
static inline enum ebml_event ebml_end(struct ebml *e)
{
    struct span nothing = span_of(NULL, 0);
    e->over = true;
    return ebml_next(e, &nothing);
}

#endif
