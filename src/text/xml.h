/* xml.h - an XML document as S3, STS and SNS answer, one event per call.
 *   eats    a span of any length, cut anywhere
 *   gives   an element's beginning and its end, with the text directly in it
 *   keeps   the names of the open elements, and the text of the innermost
 *   knows   XML 1.0 without DTD; namespaces and attributes are passed over; the five entities and
 *           numbered ones; CDATA, comments, white space before the prolog (S3 sends it while it works) */
#ifndef RUSUDEN_TEXT_XML_H
#define RUSUDEN_TEXT_XML_H

#include "base/budget.h"
#include "base/fault.h"

enum xml_event {
    XML_NEED,  /* the span is used up */
    XML_OPEN,  /* an element begins: xml_name, depth */
    XML_CLOSE, /* it ends: xml_name, depth, and xml_text, the text directly in it */
    XML_FAULT  /* and again for every later call */
};

struct xml {
    int at; /* the reader's own: states in xml.c */
    unsigned depth; /* of the element at hand; the root's is 1 */
    bool over;      /* the root element has ended */
    bool text_cut;  /* the text was longer than its room */
    uint64_t offset;
    size_t name_len[XML_DEPTH_MAX];
    char name[XML_DEPTH_MAX][XML_NAME_BYTES_MAX]; /* longer ones are a fault; without a prefix */
    char *text;                                   /* the caller's */
    size_t text_room, text_len;
    char held[12]; /* an entity or a marker that is not whole yet */
    size_t held_len;
    struct fault fault;
};

void xml_init(struct xml *x, char *text_room, size_t bytes);

enum xml_event xml_next(struct xml *x, struct span *in);

/* No more bytes will come. False: the document is not whole (FAULT_TRUNCATED), or nothing came at all. */
bool xml_finish(struct xml *x);

/* The element at hand, and the one around it ("" for the root's). Until the next call. */
struct span xml_name(const struct xml *x);
struct span xml_parent(const struct xml *x);

/* After XML_CLOSE. */
static inline struct span xml_text(const struct xml *x)
{
    return span_of(x->text, x->text_len);
}

/* Text for an element's content: & < > " ' and control bytes escaped. */
void xml_escape(struct writer *to, struct span text);

#endif
