/* ebml_reader.h - the EBML cursor as a cut_reader, over a small table of elements.
 *   eats    what cut.h feeds
 *   gives   "+id" enter, "-id" leave, "id:size" leaf, "=hex" its payload, "END", "FAULT kind@at text"
 *   keeps   a struct ebml
 *   knows   the table below, typed from RFC 8794 section 11.2 and RFC 9559 section 5.1 */
#ifndef TESTS_UNIT_EBML_READER_H
#define TESTS_UNIT_EBML_READER_H

#include "cut.h"
#include "doc.h"
#include "media/ebml.h"

static const struct ebml_rule table[] = {
    {0xA3, 0x1F43B675, EBML_LEAF, EBML_ANY_LENGTH},
    {0xE7, 0x1F43B675, EBML_LEAF, EBML_ANY_LENGTH},
    {0xA0, 0x1F43B675, EBML_MASTER, EBML_ANY_LENGTH},
    {0xA1, 0xA0, EBML_LEAF, EBML_ANY_LENGTH},
    {0x1A45DFA3, EBML_ROOT, EBML_MASTER, EBML_ANY_LENGTH},
    {0x4282, 0x1A45DFA3, EBML_LEAF, EBML_ANY_LENGTH},
    {0x18538067, EBML_ROOT, EBML_MASTER_OPEN, EBML_ANY_LENGTH},
    {0x1549A966, 0x18538067, EBML_MASTER, EBML_ANY_LENGTH},
    {0x2AD7B1, 0x1549A966, EBML_LEAF, EBML_ANY_LENGTH},
    {0x1F43B675, 0x18538067, EBML_MASTER_OPEN, EBML_ANY_LENGTH},
    {0x1254C367, 0x18538067, EBML_MASTER, EBML_ANY_LENGTH},
    {0x7373, 0x1254C367, EBML_MASTER, EBML_ANY_LENGTH},
    {0x67C8, 0x7373, EBML_MASTER_NESTED, EBML_ANY_LENGTH},
    {0x45A3, 0x67C8, EBML_LEAF, EBML_ANY_LENGTH},
    {0x1C53BB6B, 0x18538067, EBML_PASSED_OVER, EBML_ANY_LENGTH},
};

struct ebml_state {
    struct ebml ebml;
    bool in_value;
};

static void ebml_reader_init(void *state)
{
    struct ebml_state *s = state;
    ebml_init(&s->ebml, table, sizeof table / sizeof *table);
}

static inline enum cut_answer ebml_tell(struct ebml_state *s, enum ebml_event event,
                                        struct cut_log *log)
{
    switch (event) {
    case EBML_NEED: return CUT_NEED;
    case EBML_ENTER: cut_say(log, "+%X", (unsigned)s->ebml.id); return CUT_MORE;
    case EBML_LEAVE: cut_say(log, "-%X", (unsigned)s->ebml.id); return CUT_MORE;
    case EBML_VALUE:
        cut_say(log, "%X:%llu", (unsigned)s->ebml.id, (unsigned long long)s->ebml.left);
        s->in_value = true;
        return CUT_MORE;
    case EBML_END: cut_say(log, "END"); return CUT_OVER;
    case EBML_FAULT: break;
    }
    const struct fault *f = &s->ebml.fault;
    cut_say(log, "FAULT %s@%llu %.*s", fault_name(f->kind), (unsigned long long)f->at, (int)f->len,
            f->text);
    struct span none = span_of(NULL, 0);
    assert_int_equal(ebml_next(&s->ebml, &none), EBML_FAULT); /* and again for every later call */
    assert_int_equal(ebml_end(&s->ebml), EBML_FAULT);
    return CUT_OVER;
}

static inline enum cut_answer ebml_reader_next(void *state, struct span *in, struct cut_log *log)
{
    struct ebml_state *s = state;
    if (s->in_value) {
        struct span piece = ebml_payload(&s->ebml, *in);
        cut_payload(log, piece);
        ebml_eat(&s->ebml, in, piece.len);
        if (s->ebml.left > 0) return CUT_NEED;
        s->in_value = false;
    }
    return ebml_tell(s, ebml_next(&s->ebml, in), log);
}

static inline enum cut_answer ebml_reader_skip(void *state, struct span *in, struct cut_log *log)
{
    struct ebml_state *s = state;
    return ebml_tell(s, ebml_next(&s->ebml, in), log);
}

static inline enum cut_answer ebml_reader_end(void *state, struct cut_log *log)
{
    struct ebml_state *s = state;
    return ebml_tell(s, ebml_end(&s->ebml), log);
}

/* Reads each payload. */
static const struct cut_reader ebml_reads = {sizeof(struct ebml_state), ebml_reader_init,
                                             ebml_reader_next, ebml_reader_end};

static inline void check_ebml(const char *text, const char *expected)
{
    cut_check(&ebml_reads, doc(text), expected);
}

#endif
