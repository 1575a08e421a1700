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
    EBML_MASTER,        /* EBML_ENTER, its children, EBML_LEAVE */
    EBML_MASTER_OPEN,   /* a master whose size may be unknown */
    EBML_MASTER_NESTED, /* a master that may also be its own parent */
    EBML_PASSED_OVER    /* known by its place only; skipped */
};

/* A row of the caller's table; the most frequent first, it is searched from the front. */
struct ebml_rule {
    uint32_t id;
    uint32_t parent; /* EBML_ROOT: stands at the top */
    enum ebml_kind kind;
};

#define EBML_ROOT 0 /* no element has id 0 */
#define EBML_VOID 0xEC
#define EBML_CRC32 0xBF
#define EBML_UNKNOWN UINT64_MAX /* a size, or an end, that is not known */

enum ebml_event {
    EBML_NEED,  /* the span is used up */
    EBML_ENTER, /* a master begins: id */
    EBML_LEAVE, /* a master ends: id */
    EBML_VALUE, /* a leaf begins: id, left */
    EBML_END,   /* from ebml_end only: everything is closed */
    EBML_FAULT  /* and again for every later call */
};

struct ebml_level {
    uint64_t end; /* first byte behind it, or behind the nearest known end around it */
    uint32_t id;
    bool sized;
};

struct ebml {
    enum { EBML_AT_ID, EBML_AT_PLACE, EBML_AT_SIZE, EBML_AT_PAYLOAD, EBML_AT_FAULT } at;
    const struct ebml_rule *rules; /* the caller's, constant */
    size_t rule_count;
    const struct ebml_rule *rule; /* of the element being read; NULL: not in the table */
    struct vint vint;
    uint64_t offset; /* of the next byte, from the first byte ever fed */
    uint64_t began;  /* offset of the element being read */
    uint32_t id;     /* of the element the event speaks of */
    uint64_t left;   /* payload bytes of the leaf that are not eaten yet */
    size_t depth;    /* open elements; level[0] is the root */
    struct ebml_level level[EBML_DEPTH_MAX + 1];
    struct fault fault;
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
    assert(e->at == EBML_AT_PAYLOAD && n <= e->left);
    span_cut(in, n);
    e->left -= n;
    e->offset += n;
}

/* No more bytes will come: EBML_LEAVE for each open element, then EBML_END; or EBML_FAULT,
 * truncated. */
enum ebml_event ebml_end(struct ebml *e);

#endif
