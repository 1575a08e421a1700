/* ebml_next on any bytes: the same events however the input is cut, payload true to the input, and
 * the same events that an obvious reader of a whole input tells.
 *
 * Byte 0: bit 0 tree or raw; the rest is the cutting's seed. */
#include "fuzz.h"

#include "media/ebml.h"

/* docs/READING.md section 2, ids from RFC 8794 and RFC 9559. */
static const struct ebml_rule rules[] = {
    {0x1A45DFA3, EBML_ROOT, EBML_MASTER, 0},        /* EBML */
    {0x4282, 0x1A45DFA3, EBML_LEAF, 64},            /* DocType */
    {0x42F7, 0x1A45DFA3, EBML_LEAF, 8},             /* EBMLReadVersion */
    {0x42F2, 0x1A45DFA3, EBML_LEAF, 8},             /* EBMLMaxIDLength */
    {0x42F3, 0x1A45DFA3, EBML_LEAF, 8},             /* EBMLMaxSizeLength */
    {0x4285, 0x1A45DFA3, EBML_LEAF, 8},             /* DocTypeReadVersion */
    {0x18538067, EBML_ROOT, EBML_MASTER_OPEN, 0},   /* Segment */
    {0x1549A966, 0x18538067, EBML_CONTAINER, 0},    /* Info */
    {0x73A4, 0x1549A966, EBML_LEAF, 16},            /* SegmentUID */
    {0x2AD7B1, 0x1549A966, EBML_LEAF, 8},           /* TimecodeScale */
    {0x1654AE6B, 0x18538067, EBML_CONTAINER, 0},    /* Tracks */
    {0xAE, 0x1654AE6B, EBML_MASTER, 0},             /* TrackEntry */
    {0xD7, 0xAE, EBML_LEAF, 8},                     /* TrackNumber */
    {0x83, 0xAE, EBML_LEAF, 8},                     /* TrackType */
    {0x536E, 0xAE, EBML_LEAF, 64},                  /* Name */
    {0x86, 0xAE, EBML_LEAF, 64},                    /* CodecID */
    {0xE1, 0xAE, EBML_CONTAINER, 0},                /* Audio */
    {0xB5, 0xE1, EBML_LEAF, 8},                     /* SamplingFrequency */
    {0x9F, 0xE1, EBML_LEAF, 8},                     /* Channels */
    {0x6264, 0xE1, EBML_LEAF, 8},                   /* BitDepth */
    {0x6D80, 0xAE, EBML_LEAF, EBML_ANY_LENGTH},     /* ContentEncodings */
    {0x1254C367, 0x18538067, EBML_CONTAINER, 0},    /* Tags */
    {0x7373, 0x1254C367, EBML_CONTAINER, 0},        /* Tag */
    {0x67C8, 0x7373, EBML_MASTER_NESTED, 0},        /* SimpleTag */
    {0x45A3, 0x67C8, EBML_LEAF, 128},               /* TagName */
    {0x4487, 0x67C8, EBML_LEAF, 512},               /* TagString */
    {0x1F43B675, 0x18538067, EBML_MASTER_OPEN, 0},  /* Cluster */
    {0xE7, 0x1F43B675, EBML_LEAF, 8},               /* Timecode */
    {0xA3, 0x1F43B675, EBML_LEAF, EBML_ANY_LENGTH}, /* SimpleBlock */
    {0xA0, 0x1F43B675, EBML_CONTAINER, 0},          /* BlockGroup */
    {0xA1, 0xA0, EBML_LEAF, EBML_ANY_LENGTH},       /* Block */
    {0xAF, 0x1F43B675, EBML_LEAF, EBML_ANY_LENGTH}, /* EncryptedBlock */
    {0x114D9B74, 0x18538067, EBML_PASSED_OVER, 0},  /* SeekHead */
    {0x1C53BB6B, 0x18538067, EBML_PASSED_OVER, 0},  /* Cues */
    {0x1043A770, 0x18538067, EBML_PASSED_OVER, 0},  /* Chapters */
    {0x1941A469, 0x18538067, EBML_PASSED_OVER, 0},  /* Attachments */
};

enum { RULES = sizeof rules / sizeof *rules, DEPTH_MAX = 12 };

struct event {
    char what;
    uint64_t id, at, size;
};

/* Each element has two bytes at least, and two events at most. */
struct events {
    size_t count;
    struct event event[FUZZ_INPUT_BYTES_MAX + 1];
};

static void add(struct events *e, char what, uint64_t id, uint64_t at, uint64_t size)
{
    FUZZ_REQUIRE(e->count <= FUZZ_INPUT_BYTES_MAX);
    e->event[e->count++] = (struct event){what, id, at, size};
}

/* ---- the obvious reader ---- */

#define NO_END UINT64_MAX

struct obvious {
    struct span input;
    uint64_t at;
    struct events *to;
};

struct open_element {
    const struct open_element *around; /* NULL: this is the root */
    uint32_t id;
    bool sized;
    uint64_t end;
    unsigned depth;
};

struct header {
    uint64_t id, size, data_at;
    bool no_size, unknown;
};

static const struct ebml_rule *rule_of(uint64_t id)
{
    for (size_t i = 0; i < RULES; i++)
        if (rules[i].id == id) return &rules[i];
    return NULL;
}

static unsigned width_of(uint8_t first)
{
    unsigned width = 1;
    while (width <= 8 && (first << (width - 1) & 0x80) == 0)
        width++;
    return width;
}

static uint64_t number_at(const struct obvious *o, uint64_t at, unsigned width)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++)
        number = number << 8 | o->input.at[at + i];
    return number;
}

/* 1.1, 1.2. False: none, or not all of it is there. */
static bool header_at(const struct obvious *o, struct header *h)
{
    const unsigned id_width = width_of(o->input.at[o->at]);
    const uint64_t size_at = o->at + id_width;
    if (id_width > 4 || size_at >= o->input.len) return false;
    const uint64_t ones = (UINT64_C(1) << 7 * id_width) - 1;
    h->id = number_at(o, o->at, id_width);
    const uint64_t data = h->id & ones;
    if (data == 0 || data == ones || (id_width > 1 && data < ones >> 7)) return false;
    const unsigned size_width = width_of(o->input.at[size_at]);
    h->no_size = size_width > 8;
    if (h->no_size) return true;
    if (size_at + size_width > o->input.len) return false;
    const uint64_t size_ones = (UINT64_C(1) << 7 * size_width) - 1;
    h->size = number_at(o, size_at, size_width) & size_ones;
    h->unknown = h->size == size_ones;
    h->data_at = size_at + size_width;
    return true;
}

static bool may_hold(const struct open_element *in, const struct ebml_rule *rule)
{
    return rule->parent == in->id || (rule->kind == EBML_MASTER_NESTED && rule->id == in->id);
}

/* 2.2 */
static bool has_place(const struct open_element *in, const struct ebml_rule *rule)
{
    for (; in != NULL; in = in->around) {
        if (may_hold(in, rule)) return true;
        if (in->sized) return false;
    }
    return false;
}

static bool children(struct obvious *o, const struct open_element *in);

/* What stands behind an element's header, in its right place. */
static bool content(struct obvious *o, const struct open_element *in, const struct header *h)
{
    const struct ebml_rule *rule = rule_of(h->id);
    const enum ebml_kind kind = rule != NULL ? rule->kind : EBML_PASSED_OVER;
    if (h->no_size || (h->unknown && kind != EBML_MASTER_OPEN)) return false;
    if (h->data_at > in->end || (!h->unknown && h->size > in->end - h->data_at)) return false;
    if (o->at == 0 && kind == EBML_PASSED_OVER) return false;
    o->at = h->data_at;
    if (kind == EBML_LEAF || kind == EBML_PASSED_OVER) {
        if (kind == EBML_LEAF && h->size > rule->payload_max) return false;
        if (kind == EBML_LEAF) add(o->to, 'v', h->id, o->at, h->size);
        o->at += h->size;
        return o->at <= o->input.len;
    }
    if (in->depth == DEPTH_MAX) return false;
    const struct open_element open = {.around = in,
                                      .id = (uint32_t)h->id,
                                      .sized = !h->unknown,
                                      .end = h->unknown ? in->end : h->data_at + h->size,
                                      .depth = in->depth + 1};
    if (kind != EBML_CONTAINER) add(o->to, 'e', h->id, o->at, 0);
    if (!children(o, &open)) return false;
    if (kind != EBML_CONTAINER) add(o->to, 'l', h->id, 0, 0);
    return true;
}

static bool children(struct obvious *o, const struct open_element *in)
{
    for (;;) {
        if (o->at == in->end) return true;
        if (o->at == o->input.len) return in->end == NO_END;
        struct header h = {0};
        if (!header_at(o, &h)) return false;
        const struct ebml_rule *rule = rule_of(h.id);
        if (rule != NULL && !has_place(in, rule)) return false;
        if (rule != NULL && !may_hold(in, rule)) return true; /* read again further out */
        if (!content(o, in, &h)) return false;
    }
}

static bool read_obviously(struct span input, struct events *to)
{
    to->count = 0;
    struct obvious o = {.input = input, .to = to};
    const struct open_element root = {.id = EBML_ROOT, .end = NO_END};
    return input.len > 0 && children(&o, &root);
}

/* ---- the reading ---- */

/* Every third leaf is left to be skipped, every third is eaten by halves. */
static size_t appetite(const struct ebml *e, size_t at_hand)
{
    switch (e->began % 3) {
    case 0: return 0;
    case 1: return at_hand;
    }
    return at_hand / 2;
}

/* The payload that is at hand: true to the input, whatever is eaten of it. */
static void eat(struct ebml *e, struct span input, struct span *in)
{
    const struct span payload = ebml_payload(e, *in);
    const uint64_t offset = (uint64_t)e->offset;
    FUZZ_REQUIRE(offset + payload.len <= input.len);
    FUZZ_REQUIRE(span_equal(payload, span_of(input.at + offset, payload.len)));
    ebml_eat(e, in, appetite(e, payload.len));
}

static void note(struct journal *j, const struct ebml *e, enum ebml_event event, struct events *to)
{
    const uint64_t offset = (uint64_t)e->offset;
    switch (event) {
    case EBML_NEED: break;
    case EBML_ENTER:
        journal_add(j, "enter", e->id, offset, e->depth);
        if (to != NULL) add(to, 'e', e->id, offset, 0);
        break;
    case EBML_LEAVE:
        journal_add(j, "leave", e->id, offset, e->depth);
        if (to != NULL) add(to, 'l', e->id, 0, 0);
        break;
    case EBML_VALUE:
        journal_add(j, "value", e->id, offset, e->left);
        if (to != NULL) add(to, 'v', e->id, offset, e->left);
        break;
    case EBML_END: journal_add(j, ".end", offset, 0, 0); break;
    case EBML_FAULT:
        journal_add(j, "fault", e->fault.kind, e->fault.at,
                    journal_hash(0, span_of(e->fault.text, e->fault.len)));
        journal_add(j, "fault", offset, 0, 0);
        break;
    }
}

static struct journal read_in(struct span input, enum fuzz_cutting cutting, uint8_t seed,
                              struct events *to, bool *whole)
{
    static struct ebml e;
    ebml_init(&e, rules, RULES);
    struct journal journal = {0};
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    bool in_value = false;
    uint64_t fed = 0;
    for (struct span in; fuzz_next(&pieces, &in);) {
        fed += in.len;
        if (in_value) eat(&e, input, &in);
        for (enum ebml_event event = EBML_VALUE; event != EBML_NEED && event != EBML_FAULT;) {
            const bool had_failed = e.at == EBML_AT_FAULT;
            event = ebml_next(&e, &in);
            FUZZ_REQUIRE(!had_failed || event == EBML_FAULT);
            if (!had_failed) note(&journal, &e, event, to);
            in_value = event == EBML_VALUE || (event == EBML_NEED && in_value && e.left > 0);
            if (event == EBML_VALUE) eat(&e, input, &in);
            if (event == EBML_NEED) FUZZ_REQUIRE(in.len == 0 && (uint64_t)e.offset == fed);
        }
    }
    enum ebml_event event = EBML_LEAVE;
    while (event == EBML_LEAVE) {
        const bool had_failed = e.at == EBML_AT_FAULT;
        event = ebml_end(&e);
        if (!had_failed) note(&journal, &e, event, to);
    }
    FUZZ_REQUIRE(event == EBML_END || event == EBML_FAULT);
    FUZZ_REQUIRE((event == EBML_FAULT) == (e.fault.kind != FAULT_NONE));
    *whole = event == EBML_END;
    return journal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const struct span input = fuzz_input(span_of(data + 1, size - 1), (seed & 1) != 0);
    static struct events ours, theirs;
    ours.count = 0;
    bool is_whole = false;
    const struct journal whole = read_in(input, FUZZ_WHOLE, 0, &ours, &is_whole);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        bool is_whole_too = false;
        const struct journal cut = read_in(input, cutting, seed, NULL, &is_whole_too);
        FUZZ_REQUIRE(whole.digest == cut.digest && whole.entries == cut.entries);
    }
    const bool is_right = read_obviously(input, &theirs);
    FUZZ_REQUIRE(is_whole == is_right);
    FUZZ_REQUIRE(ours.count == theirs.count);
    for (size_t i = 0; i < ours.count; i++) {
        const struct event *a = &ours.event[i];
        const struct event *b = &theirs.event[i];
        FUZZ_REQUIRE(a->what == b->what && a->id == b->id && a->at == b->at && a->size == b->size);
    }
    return 0;
}
