/* pem.h - DER out of PEM text, one block at a time.
 *   eats    a span of any length, cut anywhere: a certificate, a key, a bundle of all the world's CAs
 *   gives   each block's label and its bytes, in the caller's room; a block that does not fit is told and skipped
 *   keeps   the line's beginning, the label, the room
 *   knows   RFC 7468 (lax: blanks in and around lines; text around blocks is ignored); no RFC 1421 headers */
#ifndef RUSUDEN_TEXT_PEM_H
#define RUSUDEN_TEXT_PEM_H

#include "base/budget.h"
#include "base/fault.h"

enum pem_event {
    PEM_NEED,     /* the span is used up */
    PEM_BLOCK,    /* label, der: until the next call */
    PEM_TOO_LONG, /* label: a block was longer than the room, and is passed over */
    PEM_FAULT     /* and again for every later call */
};

/* A line that matters begins with one of these: "-----BEGIN " and a label, "-----END " and the same label. */
enum { PEM_LABEL_BYTES_MAX = 64 };

struct pem {
    int at;          /* the reader's own: states in pem.c */
    uint64_t offset; /* of the next byte, from the first byte ever fed */
    uint64_t began;  /* of the block's first line */
    uint8_t *room;   /* the caller's: DER of the block at hand */
    size_t room_bytes, der_len;
    bool too_long;
    uint32_t bits; /* of a group of four characters that is not whole */
    unsigned characters, padding;
    size_t matched; /* of a marker, or the end line's label */
    size_t label_len;
    char label[PEM_LABEL_BYTES_MAX]; /* "CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY" ... */
    struct fault fault;
};

/* The room may be CERTIFICATE_BYTES_MAX; the caller wipes it where it held a key. */
void pem_init(struct pem *p, uint8_t *room, size_t bytes);

enum pem_event pem_next(struct pem *p, struct span *in);

/* No more bytes will come. False: the text ends inside a block (FAULT_TRUNCATED), or a fault was told. */
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
