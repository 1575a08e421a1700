/* xml.h - an XML document as S3, STS and SNS answer, one event per call.
 *   eats    a span of any length, cut anywhere
 *   gives   an element's beginning and its end, with the text directly in it
 *   keeps   the names of the open elements, and the text of the innermost
 *   knows   XML 1.0 without DTD; namespaces and attributes are passed over; the five entities and
 *           numbered ones; CDATA, comments, white space before the prolog (S3 still works) */
#ifndef RUSUDEN_TEXT_XML_H
#define RUSUDEN_TEXT_XML_H

#include "base/budget.h"
#include "base/fault.h"

enum xml_event {
    XML_NEED, /* the span is used up */
    XML_OPEN, /* an element begins: xml_name, depth */
    XML_CLOSE, /* it ends: xml_name, depth, and xml_text: what stands in it behind its last child */
    XML_FAULT /* and again for every later call */
};

struct xml {
    enum {
        XML_AT_OUTSIDE,      /* before the root element, or behind it */
        XML_AT_CONTENT,      /* in an element */
        XML_AT_REFERENCE,    /* behind "&" */
        XML_AT_MARKUP,       /* behind "<" */
        XML_AT_BANG,         /* behind "<!" */
        XML_AT_COMMENT,      /* behind "<!--" */
        XML_AT_CDATA,        /* behind "<![CDATA[" */
        XML_AT_TARGET,       /* behind "<?" */
        XML_AT_INSTRUCTION,  /* in a processing instruction, which the XML declaration is to us */
        XML_AT_NAME,         /* in the name of an element that begins */
        XML_AT_TAG,          /* behind a blank in a tag */
        XML_AT_ATTRIBUTE,    /* in the name of an attribute */
        XML_AT_EQUALS,       /* behind it: only "=" may follow */
        XML_AT_QUOTE,        /* behind "=": only a value may follow */
        XML_AT_VALUE,        /* in the value */
        XML_AT_VALUE_END,    /* behind its quotation mark */
        XML_AT_SLASH,        /* behind "/" in a tag that begins: only ">" may follow */
        XML_AT_EMPTY,        /* behind "<a/>", which is to be told as an end, too */
        XML_AT_CLOSING_NAME, /* behind "</" */
        XML_AT_CLOSING_TAG,  /* behind that name: only ">" may follow */
        XML_AT_CLOSED,       /* the end of an element was told */
        XML_AT_FAULT
    } at;
    unsigned depth; /* of the element at hand; the root's is 1 */
    bool over;      /* the root element has ended */
    bool text_cut;  /* the text was longer than its room */
    bool after_cr;  /* a line feed now is the second half of a line's end */
    uint64_t offset;
    size_t name_len[XML_DEPTH_MAX];
    size_t local_at[XML_DEPTH_MAX];               /* behind the prefix */
    char name[XML_DEPTH_MAX][XML_NAME_BYTES_MAX]; /* with its prefix; longer ones are a fault */
    char *text;                                   /* the caller's */
    size_t text_room, text_len;
    char held[12]; /* an entity or a marker that is not whole yet */
    size_t held_len;
    size_t matched; /* of a name that ends, or of a mark that ends something */
    struct fault fault;
};

/* A text that is longer than the room is cut there, and text_cut says so until the next element. */
void xml_init(struct xml *x, char *text_room, size_t bytes);

/* Call again until XML_NEED. Bytes that are not UTF-8 are passed on as they are. */
enum xml_event xml_next(struct xml *x, struct span *in);

/* No more bytes will come. False: the document is not whole (FAULT_TRUNCATED), or nothing came
 * at all. */
bool xml_finish(struct xml *x);

/* The element at hand, and the one around it ("" for the root's). Until the next call. */
struct span xml_name(const struct xml *x);
struct span xml_parent(const struct xml *x);

/* After XML_CLOSE. */
static inline struct span xml_text(const struct xml *x)
{
    return span_of(x->text, x->text_len);
}

/* Text for an element's content or an attribute: & < > " ' and control bytes escaped; most of
 * the latter no XML 1.0 may hold, so that the other side says so, not we. */
void xml_escape(struct writer *to, struct span text);

#endif
