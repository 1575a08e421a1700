#include "media/ebml.h"

void ebml_init(struct ebml *e, const struct ebml_rule *rules, size_t rule_count)
{
    memset(e, 0, sizeof *e);
    e->rules = rules;
    e->rule_count = rule_count;
    e->level[0] = (struct ebml_level){EBML_UNKNOWN, EBML_ROOT, false};
}

static enum ebml_event fail(struct ebml *e, enum fault_kind kind, const char *what)
{
    /* Whatever is wrong with the very first element: this was never a recording. */
    if (e->began == 0 && kind == FAULT_MALFORMED) kind = FAULT_NOT_MATROSKA;
    struct writer words = fault_begin(&e->fault, kind, e->began);
    writer_text(&words, "element 0x");
    writer_hex(&words, e->id, 2);
    writer_byte(&words, ' ');
    writer_text(&words, what);
    fault_put(&e->fault, &words);
    e->at = EBML_AT_FAULT;
    return EBML_FAULT;
}

static const struct ebml_rule *find_rule(const struct ebml *e, uint32_t id)
{
    for (size_t i = 0; i < e->rule_count; i++)
        if (e->rules[i].id == id) return &e->rules[i];
    return NULL;
}

/* RFC 8794 section 5: one to four bytes, the shortest form, data bits neither all zero nor all one.
 */
static bool id_is_legal(const struct vint *v)
{
    static const uint32_t first[] = {0x01, 0x7F, 0x3FFF, 0x1FFFFF};
    if (v->len > 4) return false;
    uint64_t value = vint_value(v);
    return value >= first[v->len - 1] && value < vint_ones(v);
}

static bool may_hold(const struct ebml_rule *rule, uint32_t parent)
{
    return rule->parent == parent || (rule->kind == EBML_MASTER_NESTED && rule->id == parent);
}

/* The level that holds the element: the innermost one, or the first right parent outside of it with
 * nothing but unknown sizes between. DEPTH_NONE: it stands where it must not. */
#define DEPTH_NONE SIZE_MAX
static size_t find_place(const struct ebml *e)
{
    if (e->rule == NULL) return e->depth;
    for (size_t depth = e->depth;; depth--) {
        if (may_hold(e->rule, e->level[depth].id)) return depth;
        if (depth == 0 || e->level[depth].sized) return DEPTH_NONE;
    }
}

static enum ebml_event leave(struct ebml *e)
{
    assert(e->depth > 0);
    e->id = e->level[e->depth--].id;
    return EBML_LEAVE;
}

static enum ebml_event enter(struct ebml *e, uint64_t size)
{
    if (e->depth == EBML_DEPTH_MAX)
        return fail(e, FAULT_LIMIT, "is nested deeper than 12 levels (EBML_DEPTH_MAX)");
    bool sized = size != EBML_UNKNOWN;
    uint64_t end = sized ? e->offset + size : e->level[e->depth].end;
    e->level[++e->depth] = (struct ebml_level){end, e->id, sized};
    e->at = EBML_AT_ID;
    return EBML_ENTER;
}

/* The header is read. EBML_NEED: nothing to tell, the payload is skipped. */
static enum ebml_event begin(struct ebml *e)
{
    if (!vint_legal(&e->vint)) return fail(e, FAULT_MALFORMED, "has a size of more than 8 bytes");
    uint64_t size = vint_value(&e->vint);
    bool unknown = size == vint_ones(&e->vint);
    enum ebml_kind kind = e->rule ? e->rule->kind : EBML_PASSED_OVER;
    if (unknown && kind != EBML_MASTER_OPEN)
        return fail(e, FAULT_MALFORMED, "has unknown size, which only Segment and Cluster may");
    uint64_t end = e->level[e->depth].end;
    if (e->offset > end || (!unknown && size > end - e->offset))
        return fail(e, FAULT_MALFORMED, "reaches past the end of its parent");

    vint_start(&e->vint);
    switch (kind) {
    case EBML_MASTER:
    case EBML_MASTER_OPEN:
    case EBML_MASTER_NESTED: return enter(e, unknown ? EBML_UNKNOWN : size);
    case EBML_LEAF:
    case EBML_PASSED_OVER: break;
    }
    e->left = size;
    e->at = EBML_AT_PAYLOAD;
    return kind == EBML_LEAF ? EBML_VALUE : EBML_NEED;
}

static bool read_vint(struct ebml *e, struct span *in)
{
    size_t before = in->len;
    bool whole = vint_next(&e->vint, in);
    e->offset += before - in->len;
    return whole;
}

enum ebml_event ebml_next(struct ebml *e, struct span *in)
{
    for (;;) {
        switch (e->at) {
        case EBML_AT_ID:
            if (e->vint.have == 0) {
                if (e->offset == e->level[e->depth].end) return leave(e);
                e->began = e->offset;
            }
            if (!read_vint(e, in)) return EBML_NEED;
            e->id = (uint32_t)e->vint.bits;
            if (!id_is_legal(&e->vint)) return fail(e, FAULT_MALFORMED, "is not an EBML id");
            e->rule = find_rule(e, e->id);
            e->at = EBML_AT_PLACE;
            break;

        case EBML_AT_PLACE: {
            uint32_t id = (uint32_t)e->vint.bits;
            size_t place = find_place(e);
            if (place < e->depth) return leave(e);
            e->id = id;
            if (place == DEPTH_NONE || (e->began == 0 && e->rule == NULL))
                return fail(e, FAULT_MALFORMED, "stands where it must not");
            vint_start(&e->vint);
            e->at = EBML_AT_SIZE;
            break;
        }

        case EBML_AT_SIZE: {
            if (!read_vint(e, in)) return EBML_NEED;
            enum ebml_event event = begin(e);
            if (event != EBML_NEED) return event;
            break;
        }

        case EBML_AT_PAYLOAD:
            ebml_eat(e, in, span_min(*in, e->left));
            if (e->left > 0) return EBML_NEED;
            e->at = EBML_AT_ID;
            break;

        case EBML_AT_FAULT: return EBML_FAULT;
        }
    }
}

enum ebml_event ebml_end(struct ebml *e)
{
    if (e->at == EBML_AT_FAULT) return EBML_FAULT;
    if (e->offset == 0) {
        fault_set(&e->fault, FAULT_NOT_MATROSKA, 0, "the input is empty");
        e->at = EBML_AT_FAULT;
        return EBML_FAULT;
    }
    bool between = e->at == EBML_AT_ID && e->vint.have == 0;
    if (between && e->depth == 0) return EBML_END;
    const struct ebml_level *top = &e->level[e->depth];
    if (between && (top->end == EBML_UNKNOWN || top->end == e->offset)) return leave(e);
    if (e->at == EBML_AT_ID) e->id = between ? top->id : (uint32_t)e->vint.bits;
    e->began = e->offset;
    return fail(e, FAULT_TRUNCATED, "is cut off by the end of the input");
}
