#include "text/pem.h"

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

static enum pem_event fail(struct pem *p, enum fault_kind kind, const char *what)
{
    p->at = PEM_AT_FAULT;
    fault_set(&p->fault, kind, p->began, what);
    return PEM_FAULT;
}

void pem_init(struct pem *p, uint8_t *room, size_t bytes)
{
    memset(p, 0, sizeof *p);
    p->room = room;
    p->room_bytes = bytes;
}

static bool ends_line(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* RFC 7468 section 2: what stands between blocks is for people. */
static enum pem_event step_outside(struct pem *p, uint8_t c)
{
    if (c == (uint8_t)begin_mark[p->matched]) {
        if (p->matched == 0) p->began = p->offset;
        p->matched++;
        if (begin_mark[p->matched] != '\0') return PEM_NEED;
        p->at = PEM_AT_LABEL;
        p->label_len = 0;
    } else {
        p->at = ends_line(c) ? PEM_AT_OUTSIDE : PEM_AT_TEXT;
    }
    p->matched = 0;
    return PEM_NEED;
}

static enum pem_event begin_block(struct pem *p)
{
    p->at = PEM_AT_BLANKS;
    p->matched = 0;
    p->der_len = 0;
    p->too_long = false;
    p->group = (struct base64_group){0, 0, 0};
    return PEM_NEED;
}

/* Printable characters; dashes only alone, as five of them end it (RFC 7468 section 3). */
static enum pem_event step_label(struct pem *p, uint8_t c)
{
    if (c == '-' && p->label_len > 0) {
        p->matched++;
        return p->matched == strlen(dashes) ? begin_block(p) : PEM_NEED;
    }
    if (c < 0x20 || c > 0x7E || p->matched > 1 || c == '-')
        return fail(p, FAULT_MALFORMED, "the line that begins a PEM block has no end");
    if (p->label_len + p->matched >= PEM_LABEL_BYTES_MAX)
        return fail(p, FAULT_LIMIT, "a PEM block's label is longer than 64 bytes");
    if (p->matched == 1) p->label[p->label_len++] = '-';
    p->matched = 0;
    p->label[p->label_len++] = (char)c;
    return PEM_NEED;
}

static enum pem_event take_base64(struct pem *p, uint8_t c)
{
    uint8_t bytes[3];
    size_t count;
    if (c == ':')
        return fail(p, FAULT_UNSUPPORTED,
                    "a PEM block has headers, as keys with a passphrase do: take it off");
    if (!base64_eat(&p->group, c, bytes, &count))
        return fail(p, FAULT_MALFORMED, "a PEM block is not base64");
    p->at = PEM_AT_LINE;
    if (count > p->room_bytes - p->der_len) p->too_long = true;
    if (p->too_long) return PEM_NEED;
    if (count > 0) memcpy(p->room + p->der_len, bytes, count);
    p->der_len += count;
    return PEM_NEED;
}

/* Inside a block. Lines of any length; blanks at a line's end are not seen by those who left
 * them. */
static enum pem_event step_inside(struct pem *p, uint8_t c)
{
    if (ends_line(c)) {
        p->at = PEM_AT_LINE_BEGIN;
        return PEM_NEED;
    }
    if ((c == ' ' || c == '\t') && p->at != PEM_AT_LINE_BEGIN) {
        p->at = PEM_AT_BLANKS;
        return PEM_NEED;
    }
    if (p->at == PEM_AT_BLANKS)
        return fail(p, FAULT_MALFORMED, "a line of a PEM block goes on behind a blank");
    if (c == '-' && p->at == PEM_AT_LINE_BEGIN) {
        p->at = PEM_AT_END;
        p->matched = 1;
        return PEM_NEED;
    }
    return take_base64(p, c);
}

static enum pem_event end_block(struct pem *p)
{
    /* What follows on this line may be the next block: files that lack their last line break are
     * put together so. */
    p->at = PEM_AT_OUTSIDE;
    p->matched = 0;
    if (p->group.characters > 0 || (p->der_len == 0 && !p->too_long))
        return fail(p, FAULT_MALFORMED, "a PEM block ends within a group of base64, or is empty");
    if (p->too_long) return PEM_TOO_LONG;
    return PEM_BLOCK;
}

/* "-----END ", the label, five dashes. */
static enum pem_event step_end(struct pem *p, uint8_t c)
{
    const size_t mark = strlen(end_mark);
    const size_t i = p->matched++;
    const char expected = i < mark                  ? end_mark[i]
                          : i < mark + p->label_len ? p->label[i - mark]
                                                    : '-';
    if (c != (uint8_t)expected)
        return fail(p, FAULT_MALFORMED, "a PEM block ends with another line than its END");
    return p->matched == mark + p->label_len + strlen(dashes) ? end_block(p) : PEM_NEED;
}

static enum pem_event step(struct pem *p, uint8_t c)
{
    switch (p->at) {
    case PEM_AT_TEXT:
        if (ends_line(c)) p->at = PEM_AT_OUTSIDE;
        return PEM_NEED;
    case PEM_AT_OUTSIDE: return step_outside(p, c);
    case PEM_AT_LABEL: return step_label(p, c);
    case PEM_AT_LINE_BEGIN:
    case PEM_AT_LINE:
    case PEM_AT_BLANKS: return step_inside(p, c);
    case PEM_AT_END: return step_end(p, c);
    case PEM_AT_FAULT: break;
    }
    return PEM_FAULT;
}

enum pem_event pem_next(struct pem *p, struct span *in)
{
    if (p->at == PEM_AT_FAULT) return PEM_FAULT;
    while (in->len > 0) {
        const enum pem_event event = step(p, span_take(in));
        p->offset++;
        if (event != PEM_NEED) return event;
    }
    return PEM_NEED;
}

bool pem_finish(struct pem *p)
{
    switch (p->at) {
    case PEM_AT_OUTSIDE:
    case PEM_AT_TEXT: return true;
    case PEM_AT_LABEL:
    case PEM_AT_LINE_BEGIN:
    case PEM_AT_LINE:
    case PEM_AT_BLANKS:
    case PEM_AT_END: fail(p, FAULT_TRUNCATED, "the text ends inside a PEM block"); break;
    case PEM_AT_FAULT: break;
    }
    return false;
}
