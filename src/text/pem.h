/* pem.h - DER out of PEM text, one block at a time.
 *   eats    a span of any length, cut anywhere: a certificate, a key, a bundle of CAs
 *   gives   each block's label and bytes, in the caller's room; what does not fit is told
 *   keeps   a group of base64 that is not whole, the label
 *   knows   RFC 7468; lines of any length; text around blocks is ignored; no headers (RFC 1421) */
#ifndef RUSUDEN_TEXT_PEM_H
#define RUSUDEN_TEXT_PEM_H

#include "base/budget.h"
#include "base/fault.h"
#include "text/base64.h"

enum pem_event {
    PEM_NEED,     /* the span is used up */
    PEM_BLOCK,    /* pem_label, pem_der: until the next call */
    PEM_TOO_LONG, /* pem_label: a block was longer than the room, and is passed over */
    PEM_FAULT     /* and again for every later call */
};

struct pem {
    enum {
        PEM_AT_OUTSIDE,    /* where a line begins, outside of blocks */
        PEM_AT_TEXT,       /* the rest of such a line */
        PEM_AT_LABEL,      /* behind "-----BEGIN " */
        PEM_AT_LINE_BEGIN, /* where a line begins, inside a block */
        PEM_AT_LINE,       /* the rest of such a line */
        PEM_AT_BLANKS,     /* the rest of a line in a block that must be blank */
        PEM_AT_END,        /* "-----END " and the label */
        PEM_AT_FAULT
    } at;
    uint64_t offset; /* of the next byte, from the first byte ever fed */
    uint64_t began;  /* of the block's first line */
    uint8_t *room;   /* the caller's: DER of the block at hand */
    size_t room_bytes, der_len;
    bool too_long;
    struct base64_group group;
    size_t matched; /* characters of a mark, or dashes behind a label */
    size_t label_len;
    char label[PEM_LABEL_BYTES_MAX]; /* "CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY" ... */
    struct fault fault;
};

/* CERTIFICATE_BYTES_MAX bytes do for certificates. The caller wipes the room where it held a
 * key. */
void pem_init(struct pem *p, uint8_t *room, size_t bytes);

/* Call again until PEM_NEED. */
enum pem_event pem_next(struct pem *p, struct span *in);

/* No more bytes will come. False: the text ends inside a block (FAULT_TRUNCATED), or there was a
 * fault. A text without any block is none: the caller knows what it needs. */
bool pem_finish(struct pem *p);

/* After PEM_BLOCK and PEM_TOO_LONG. */
static inline struct span pem_label(const struct pem *p)
{
    return span_of(p->label, p->label_len);
}

/* After PEM_BLOCK. */
static inline struct span pem_der(const struct pem *p)
{
    return span_of(p->room, p->der_len);
}

#endif
