#include "media/ebml.h"

/* ---- the table ---- */

/* Of every element that is not in the table. */
static const struct ebml_rule other = {0, EBML_ANYWHERE, EBML_PASSED_OVER, EBML_ANY_LENGTH};

static size_t first_slot(uint32_t id)
{
    /* Fibonacci hashing (Knuth 6.4): ids differ in their last bytes mostly. */
    return (uint32_t)(id * UINT32_C(2654435769)) >> 25;
}

_Static_assert(EBML_SLOTS == 1 << (32 - 25), "first_slot gives a slot");

void ebml_init(struct ebml *e, const struct ebml_rule *rules, size_t rule_count)
{
    assert(rule_count < EBML_SLOTS / 2);
    memset(e, 0, sizeof *e);
    e->inner = (struct ebml_level){EBML_UNKNOWN, EBML_ROOT, false, false};
    for (size_t i = 0; i < EBML_SLOTS; i++)
        e->slot[i] = &other;
    for (size_t row = 0; row < rule_count; row++) {
        size_t slot = first_slot(rules[row].id);
        while (e->slot[slot] != &other)
            slot = (slot + 1) % EBML_SLOTS;
        e->slot[slot] = &rules[row];
    }
}

static inline const struct ebml_rule *find_rule(const struct ebml *e, uint32_t id)
{
    size_t slot = first_slot(id);
    while (e->slot[slot]->id != id && e->slot[slot] != &other)
        slot = (slot + 1) % EBML_SLOTS;
    return e->slot[slot];
}

/* ---- faults ---- */

RARE static struct writer fault_words(struct ebml *e, enum fault_kind kind)
{
    /* Whatever is wrong with the very first element: this was never a recording. */
    if (e->began == 0 && kind == FAULT_MALFORMED) kind = FAULT_NOT_MATROSKA;
    e->at = EBML_AT_FAULT;
    struct writer words = fault_begin(&e->fault, kind, (uint64_t)e->began);
    writer_text(&words, "element 0x");
    writer_hex(&words, e->id, 2);
    writer_byte(&words, ' ');
    return words;
}

RARE static enum ebml_event fail(struct ebml *e, enum fault_kind kind, const char *what)
{
    struct writer words = fault_words(e, kind);
    writer_text(&words, what);
    fault_put(&e->fault, &words);
    return EBML_FAULT;
}

/* A number or a UID has its type's length; a text has a limit of ours. */
RARE static enum ebml_event fail_too_long(struct ebml *e)
{
    struct writer words = fault_words(e, e->rule->payload_max > 16 ? FAULT_LIMIT : FAULT_MALFORMED);
    writer_text(&words, "has ");
    writer_number(&words, (uint64_t)e->size);
    writer_text(&words, " bytes; it may have ");
    writer_number(&words, e->rule->payload_max);
    fault_put(&e->fault, &words);
    return EBML_FAULT;
}

/* ---- headers ---- */

/* RFC 8794 section 5: one to four bytes, the shortest form, data bits neither all zero nor all
 * one. */
RARE static bool id_is_legal(uint32_t id, unsigned len)
{
    static const uint32_t first[] = {0x01, 0x7F, 0x3FFF, 0x1FFFFF};
    if (len > 4) return false;
    uint32_t ones = (UINT32_C(1) << (7 * len)) - 1;
    return (id & ones) >= first[len - 1] && (id & ones) < ones;
}

struct header {
    uint32_t id; /* marker bit included, as the RFCs write ids */
    unsigned id_len;
    unsigned len; /* in all; where the bytes are no header, of those that show it */
    int64_t size; /* or EBML_UNKNOWN, or NO_SIZE */
};

/* A size that is none is refused after the element has found its place, and ended others by it. */
#define NO_SIZE (INT64_MAX - 1)

/* Of twelve readable bytes. */
static inline struct header parse(const uint8_t *bytes)
{
    uint64_t word = vint_load(bytes);
    unsigned id_len = vint_len(word);
    if (id_len > 4) return (struct header){bytes[0], id_len, 1, NO_SIZE};
    uint32_t id = (uint32_t)(word >> (64 - 8 * id_len));
    word = vint_load(bytes + id_len);
    unsigned size_len = vint_len(word);
    if (size_len > 8) return (struct header){id, id_len, id_len + 1, NO_SIZE};
    int64_t size =
        vint_is_ones(word, size_len) ? EBML_UNKNOWN : (int64_t)vint_value(word, size_len);
    return (struct header){id, id_len, id_len + size_len, size};
}

/* A header that lies in two spans, or at the very end of one, is gathered byte by byte. False: more
 * must come. The bytes behind what was gathered are of an older header and decide nothing. */
RARE static bool gather(struct ebml *e, struct span *in)
{
    while (in->len > 0) {
        e->header[e->header_len++] = span_take(in);
        e->offset++;
        unsigned id_len = vint_len((uint64_t)e->header[0] << 56);
        if (id_len > 4 || (e->header_len > id_len && e->header_len == parse(e->header).len))
            return true;
    }
    return false;
}

/* False: more must come. */
static inline bool read_header(struct ebml *e, struct span *in, struct header *h)
{
    if (e->header_len == 0 && in->len >= EBML_HEADER_BYTES_MAX) {
        *h = parse(in->at);
        span_cut(in, h->len);
        e->offset += h->len;
        return true;
    }
    if (!gather(e, in)) return false;
    *h = parse(e->header);
    e->header_len = 0;
    return true;
}

/* ---- places ---- */

static inline bool ends_here(const struct ebml *e)
{
    return e->at == EBML_AT_HEADER && e->header_len == 0 && e->offset == e->inner.end;
}

/* EBML_NEED: an element was ended of which nothing is told. */
static inline enum ebml_event leave(struct ebml *e)
{
    assert(e->depth > 0);
    enum ebml_event event = e->inner.told ? EBML_LEAVE : EBML_NEED;
    e->id = e->inner.id;
    e->inner = e->outer[--e->depth];
    return event;
}

static inline enum ebml_event enter(struct ebml *e, bool told)
{
    if (e->depth == EBML_DEPTH_MAX)
        return fail(e, FAULT_LIMIT, "is nested deeper than 12 levels (EBML_DEPTH_MAX)");
    bool sized = e->size != EBML_UNKNOWN;
    int64_t end = sized ? e->offset + e->size : e->inner.end;
    e->outer[e->depth++] = e->inner;
    e->inner = (struct ebml_level){end, e->id, sized, told};
    e->at = EBML_AT_HEADER;
    return told ? EBML_ENTER : EBML_NEED;
}

static bool may_hold(const struct ebml_level *level, const struct ebml_rule *rule)
{
    return rule->parent == level->id || rule->parent == EBML_ANYWHERE ||
           (rule->kind == EBML_MASTER_NESTED && rule->id == level->id);
}

/* An element that is not a child of the innermost one ends it, if an open element further out is
 * its right parent and nothing but unknown sizes stand between; else it stands where it must
 * not. */
RARE static enum ebml_event end_inner(struct ebml *e)
{
    bool open = !e->inner.sized;
    for (size_t depth = e->depth; open && depth > 0; depth--) {
        if (may_hold(&e->outer[depth - 1], e->rule)) {
            e->at = EBML_AT_PLACE;
            return leave(e);
        }
        open = !e->outer[depth - 1].sized;
    }
    e->id = e->child_id;
    return fail(e, FAULT_MALFORMED, "stands where it must not");
}

/* The size is unknown, none, or too large for the element's parent. */
RARE static enum ebml_event begin_unsized(struct ebml *e)
{
    if (e->size == NO_SIZE) return fail(e, FAULT_MALFORMED, "has a size of more than 8 bytes");
    if (e->size != EBML_UNKNOWN || e->offset > e->inner.end)
        return fail(e, FAULT_MALFORMED, "reaches past the end of its parent");
    if (e->rule->kind != EBML_MASTER_OPEN)
        return fail(e, FAULT_MALFORMED, "has unknown size, which only Segment and Cluster may");
    return enter(e, true);
}

/* The payload is read by the caller, or skipped. */
static inline enum ebml_event begin_payload(struct ebml *e, enum ebml_event event)
{
    e->left = (uint64_t)e->size;
    e->at = e->left > 0 ? EBML_AT_PAYLOAD : EBML_AT_HEADER;
    return event;
}

/* The header is read; elements that end before it are told first, one a call. EBML_NEED: nothing to
 * tell. */
static inline enum ebml_event place(struct ebml *e)
{
    const struct ebml_rule *rule = e->rule;
    if (rule->parent != e->inner.id && !may_hold(&e->inner, rule)) return end_inner(e);
    e->id = e->child_id;
    if (e->size > e->inner.end - e->offset) return begin_unsized(e);
    switch (rule->kind) {
    case EBML_LEAF:
        if ((uint64_t)e->size > rule->payload_max) return fail_too_long(e);
        return begin_payload(e, EBML_VALUE);
    case EBML_CONTAINER: return enter(e, false);
    case EBML_MASTER:
    case EBML_MASTER_OPEN:
    case EBML_MASTER_NESTED: return enter(e, true);
    case EBML_PASSED_OVER: break;
    }
    if (e->began == 0) return fail(e, FAULT_MALFORMED, "does not begin an EBML document");
    return begin_payload(e, EBML_NEED);
}

/* ---- events ---- */

/* EBML_NEED with at still EBML_AT_HEADER and nothing left of *in: more must come. */
static inline enum ebml_event next_element(struct ebml *e, struct span *in)
{
    if (e->header_len == 0) {
        if (e->offset == e->inner.end) return leave(e);
        e->began = e->offset;
    }
    struct header h;
    if (!read_header(e, in, &h)) return EBML_NEED;
    e->child_id = h.id;
    e->size = h.size;
    e->rule = find_rule(e, h.id);
    if (e->rule != &other || id_is_legal(h.id, h.id_len)) return place(e);
    e->id = h.id;
    return fail(e, FAULT_MALFORMED, "is not an EBML id");
}

/* The input ends inside a header: its id, or as much of it as there is. */
RARE static enum ebml_event end_in_header(struct ebml *e)
{
    unsigned id_len = vint_len((uint64_t)e->header[0] << 56);
    unsigned have = e->header_len < id_len ? e->header_len : id_len;
    e->id = (uint32_t)(vint_load(e->header) >> (64 - 8 * have));
    if (e->began == 0 && have == id_len && find_rule(e, e->id)->parent != EBML_ROOT)
        return fail(e, FAULT_MALFORMED, "does not begin an EBML document");
    e->began = e->offset;
    return fail(e, FAULT_TRUNCATED, "is cut off by the end of the input");
}

/* *in is used up, and more will not come. */
RARE static enum ebml_event end(struct ebml *e)
{
    if (e->at == EBML_AT_FAULT) return EBML_FAULT;
    if (e->offset == 0) {
        e->at = EBML_AT_FAULT;
        fault_set(&e->fault, FAULT_NOT_MATROSKA, 0, "the input is empty");
        return EBML_FAULT;
    }
    if (e->header_len > 0) return end_in_header(e);
    bool between = e->at == EBML_AT_HEADER;
    /* The input may end in an element that ends here, or nowhere. */
    while (between && e->depth > 0 && (e->inner.end == EBML_UNKNOWN || ends_here(e)))
        if (leave(e) == EBML_LEAVE) return EBML_LEAVE;
    if (between && e->depth == 0) return EBML_END;
    if (between) e->id = e->inner.id;
    e->began = e->offset;
    return fail(e, FAULT_TRUNCATED, "is cut off by the end of the input");
}

enum ebml_event ebml_next(struct ebml *e, struct span *in)
{
    enum ebml_event event = EBML_NEED;
    do {
        switch (e->at) {
        case EBML_AT_HEADER: event = next_element(e, in); break;
        case EBML_AT_PLACE: event = place(e); break;
        case EBML_AT_PAYLOAD: ebml_eat(e, in, span_min(*in, e->left)); break;
        case EBML_AT_FAULT: return EBML_FAULT;
        }
    } while (event == EBML_NEED && (in->len > 0 || ends_here(e)));
    return event == EBML_NEED && e->over ? end(e) : event;
}
