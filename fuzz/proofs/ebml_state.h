/* Any state of the EBML reader that its invariant allows, for the proofs of its steps; ebml.c itself is
 * included, so that its static functions can be called one by one. The words of a fault are the leaf that is
 * left out (fault.c, writer.c: proved apart). */
#ifndef RUSUDEN_PROOF_EBML_STATE_H
#define RUSUDEN_PROOF_EBML_STATE_H

#include "proof.h"

#include "../../src/media/ebml.c"

struct writer fault_begin(struct fault *f, enum fault_kind kind, uint64_t at)
{
    PROVE(kind != FAULT_NONE);
    (void)at;
    if (f->kind == FAULT_NONE) f->kind = kind;
    return writer_on(f->text, sizeof f->text);
}
void fault_put(struct fault *f, const struct writer *words)
{
    (void)f;
    (void)words;
}
void fault_set(struct fault *f, enum fault_kind kind, uint64_t at, const char *text)
{
    (void)at;
    (void)text;
    if (f->kind == FAULT_NONE) f->kind = kind;
}
void writer_text(struct writer *w, const char *text)
{
    (void)w;
    PROVE(text != NULL);
}
void writer_byte(struct writer *w, uint8_t byte)
{
    (void)w;
    (void)byte;
}
void writer_number(struct writer *w, uint64_t value)
{
    (void)w;
    (void)value;
}
void writer_hex(struct writer *w, uint64_t value, unsigned digits)
{
    (void)w;
    (void)value;
    (void)digits;
}

enum {
    /* More than 8 EiB / 2 was never fed: a century at 1 GB/s. Sizes are below 2^56 (RFC 8794 section 4). */
    OFFSET_BITS = 61,
    SIZE_BITS = 56
};

static bool is_size(int64_t size)
{
    return size == EBML_UNKNOWN || size == NO_SIZE || (size >= 0 && size < INT64_C(1) << SIZE_BITS);
}

static bool is_end(int64_t end)
{
    return end == EBML_UNKNOWN || (end >= 0 && end < INT64_C(1) << (OFFSET_BITS + 1));
}

/* A level inside of another: it never ends behind it, and has the same end where its own is unknown. */
static bool nests(const struct ebml_level *outer, const struct ebml_level *inner)
{
    if (!is_end(inner->end) || inner->end > outer->end) return false;
    return inner->sized ? inner->end != EBML_UNKNOWN : inner->end == outer->end;
}

static bool is_root(const struct ebml_level *level)
{
    return level->end == EBML_UNKNOWN && level->id == EBML_ROOT && !level->sized && !level->told;
}

static bool levels_hold(const struct ebml *e)
{
    if (e->depth > EBML_DEPTH_MAX) return false;
    if (!is_root(e->depth == 0 ? &e->inner : &e->outer[0])) return false;
    bool hold = e->depth == 0 || nests(&e->outer[e->depth - 1], &e->inner);
    for (size_t i = 1; i < EBML_DEPTH_MAX; i++)
        if (i < e->depth) hold = hold && nests(&e->outer[i - 1], &e->outer[i]);
    return hold;
}

/* What is true between two steps. */
static bool holds(const struct ebml *e)
{
    if (e->at == EBML_AT_FAULT) return e->fault.kind != FAULT_NONE;
    if (!levels_hold(e)) return false;
    if (e->began < 0 || e->began > e->offset || e->began > e->inner.end) return false;
    if (e->header_len >= EBML_HEADER_BYTES_MAX) return false;
    switch (e->at) {
    case EBML_AT_HEADER:
        if (e->left != 0) return false;
        if (e->header_len == 0) return e->offset <= e->inner.end;
        return e->offset - e->began == e->header_len && e->began < e->inner.end &&
               vint_len((uint64_t)e->header[0] << 56) <= 4 &&
               (e->header_len <= vint_len((uint64_t)e->header[0] << 56) ||
                e->header_len < parse(e->header).len);
    case EBML_AT_PLACE:
        return e->header_len == 0 && e->left == 0 && is_size(e->size) &&
               e->offset - e->began >= 2 && e->offset - e->began <= EBML_HEADER_BYTES_MAX &&
               e->began < e->inner.end;
    case EBML_AT_PAYLOAD:
        return e->header_len == 0 && e->left > 0 && e->left < UINT64_C(1) << SIZE_BITS &&
               e->offset <= e->inner.end && e->left <= (uint64_t)(e->inner.end - e->offset);
    case EBML_AT_FAULT: break;
    }
    return true;
}

static struct ebml_rule any_rule; /* the only one of the table: it answers for any id, or none */

static struct ebml_level any_level(void)
{
    struct ebml_level level = {nondet_i64(), nondet_u32(), nondet_bool(), nondet_bool()};
    return level;
}

/* The table's answer is any rule with the asked id, or `other`. Every second slot is free, so that the search
 * ends at its second step; that real tables have free slots is asserted by ebml_init. */
static void make_any(struct ebml *e)
{
    const unsigned kind = nondet_u32();
    ASSUME(kind <= EBML_PASSED_OVER);
    any_rule = (struct ebml_rule){nondet_u32(), nondet_u32(), (enum ebml_kind)kind, nondet_u64()};
    ASSUME(any_rule.id >
           0x80); /* a legal id (RFC 8794 section 5): smaller ones have no marker bit */
    const bool odd = nondet_bool();
    for (size_t i = 0; i < EBML_SLOTS; i++)
        e->slot[i] = i % 2 == odd ? &any_rule : &other;
    e->rule = nondet_bool() ? &any_rule : &other;
    const unsigned at = nondet_u32();
    ASSUME(at <= EBML_AT_FAULT);
    e->at = at;
    e->id = nondet_u32();
    e->child_id = nondet_u32();
    e->size = nondet_i64();
    e->offset = nondet_i64();
    e->began = nondet_i64();
    e->left = nondet_u64();
    e->inner = any_level();
    for (size_t i = 0; i < EBML_DEPTH_MAX; i++)
        e->outer[i] = any_level();
    e->depth = nondet_u8();
    e->over = nondet_bool();
    e->header_len = nondet_u8();
    for (size_t i = 0; i < EBML_HEADER_BYTES_MAX; i++)
        e->header[i] = nondet_u8();
    e->fault.kind = e->at == EBML_AT_FAULT ? FAULT_MALFORMED : FAULT_NONE;
    ASSUME(e->offset >= 0 && e->offset < INT64_C(1) << OFFSET_BITS);
    ASSUME(holds(e));
}

#endif
