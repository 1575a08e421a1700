/* pem_next on any bytes: the same blocks however the input is cut, and the same that a reader
 * finds who looks at whole lines (RFC 7468) and decodes base64 with a table that it makes
 * itself.
 *
 * Byte 0: the cutting's seed, and its lowest two bits the room for a block. */
#include "fuzz.h"

#include "text/pem.h"

enum { BLOCKS = FUZZ_INPUT_BYTES_MAX / 20 + 1 };

struct block {
    bool too_long;
    uint64_t label, der;
};

struct blocks {
    size_t count;
    struct block block[BLOCKS];
};

static size_t room_bytes;

static void add(struct blocks *to, bool too_long, struct span label, struct span der)
{
    FUZZ_REQUIRE(to->count < BLOCKS);
    to->block[to->count++] =
        (struct block){too_long, journal_hash(1, label), too_long ? 0 : journal_hash(1, der)};
}

/* ---- the obvious reader ---- */

static bool begins(struct span s, const char *word)
{
    return s.len >= strlen(word) && memcmp(s.at, word, strlen(word)) == 0;
}

static bool eat(struct span *s, const char *word)
{
    if (!begins(*s, word)) return false;
    span_cut(s, strlen(word));
    return true;
}

static struct span line_of(struct span *s)
{
    size_t len = 0;
    while (len < s->len && s->at[len] != '\n' && s->at[len] != '\r')
        len++;
    return span_cut(s, len);
}

/* Base64 without blanks, by bits. False: it is none. */
static bool decode(struct span base64, uint8_t *to, size_t *len)
{
    static const char table[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t pads = 0;
    while (base64.len > 0 && base64.at[base64.len - 1] == '=' && pads < 2) {
        base64.len--;
        pads++;
    }
    if ((base64.len + pads) % 4 != 0 || base64.len == 0) return false;
    *len = 0;
    uint64_t bits = 0;
    unsigned have = 0;
    while (base64.len > 0) {
        const uint8_t c = span_take(&base64);
        const char *const found = c == 0 ? NULL : strchr(table, c);
        if (found == NULL) return false;
        bits = bits * 64 + (uint64_t)(found - table);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        to[(*len)++] = (uint8_t)(bits >> have);
        bits %= 1U << have;
    }
    return bits == 0 && have == 2 * pads;
}

/* Printable, no two dashes together, 64 bytes. */
static bool label_is_legal(struct span label)
{
    if (label.len == 0 || label.len > 64 || label.at[0] == '-') return false;
    for (size_t i = 0; i < label.len; i++) {
        if (label.at[i] < ' ' || label.at[i] > '~') return false;
        if (label.at[i] == '-' && i + 1 < label.len && label.at[i + 1] == '-') return false;
    }
    return true;
}

static bool only_blanks(struct span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        span_cut(&s, 1);
    return s.len == 0;
}

/* Behind "-----BEGIN ". */
static bool block(struct span *rest, struct blocks *to)
{
    static uint8_t base64[FUZZ_INPUT_BYTES_MAX], der[FUZZ_INPUT_BYTES_MAX];
    size_t base64_len = 0;
    size_t der_len = 0;
    struct span line = line_of(rest);
    struct span label = span_of(line.at, 0);
    while (line.len > 0 && !begins(line, "-----")) {
        span_take(&line);
        label.len++;
    }
    if (!eat(&line, "-----") || !label_is_legal(label) || !only_blanks(line)) return false;
    while (rest->len > 0) {
        span_take(rest); /* the line's end */
        if (eat(rest, "-----END ")) {
            if (rest->len < label.len || !span_equal(span_cut(rest, label.len), label))
                return false;
            if (!eat(rest, "-----")) return false;
            if (!decode(span_of(base64, base64_len), der, &der_len)) return false;
            add(to, der_len > room_bytes, label, span_of(der, der_len));
            return true;
        }
        line = line_of(rest);
        if (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) return false;
        while (line.len > 0 && line.at[0] != ' ' && line.at[0] != '\t')
            base64[base64_len++] = span_take(&line);
        if (!only_blanks(line)) return false;
    }
    return false;
}

static bool read_obviously(struct span rest, struct blocks *to)
{
    to->count = 0;
    while (rest.len > 0) {
        if (eat(&rest, "-----BEGIN ")) {
            if (!block(&rest, to)) return false;
            continue;
        }
        line_of(&rest);
        if (rest.len > 0) span_take(&rest);
    }
    return true;
}

/* ---- the reading ---- */

static struct journal read_in(struct span input, enum fuzz_cutting cutting, uint8_t seed,
                              struct blocks *to, bool *whole)
{
    uint8_t *const room = malloc(room_bytes);
    struct pem p;
    pem_init(&p, room, room_bytes);
    struct journal journal = {0};
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    for (struct span in; fuzz_next(&pieces, &in);) {
        enum pem_event event;
        do {
            event = pem_next(&p, &in);
            if (event != PEM_BLOCK && event != PEM_TOO_LONG) continue;
            journal_add(&journal, event == PEM_BLOCK ? "block" : "long",
                        journal_hash(1, pem_label(&p)),
                        event == PEM_BLOCK ? journal_hash(1, pem_der(&p)) : 0, p.offset);
            if (to != NULL) add(to, event == PEM_TOO_LONG, pem_label(&p), pem_der(&p));
        } while (event != PEM_NEED && event != PEM_FAULT);
        if (event == PEM_NEED) FUZZ_REQUIRE(in.len == 0);
    }
    *whole = pem_finish(&p);
    FUZZ_REQUIRE(*whole == (p.fault.kind == FAULT_NONE));
    journal_add(&journal, "finish", *whole, p.fault.kind, p.fault.at);
    free(room);
    return journal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const struct span input = fuzz_input(span_of(data + 1, size - 1), false);
    room_bytes = (size_t[]){4096, 48, 3, 0}[seed & 3];
    static struct blocks ours, theirs;
    ours.count = 0;
    bool is_whole = false;
    const struct journal whole = read_in(input, FUZZ_WHOLE, 0, &ours, &is_whole);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        bool is_whole_too = false;
        const struct journal cut = read_in(input, cutting, seed, NULL, &is_whole_too);
        FUZZ_REQUIRE(whole.digest == cut.digest && whole.entries == cut.entries);
    }
    FUZZ_REQUIRE(read_obviously(input, &theirs) == is_whole);
    FUZZ_REQUIRE(ours.count == theirs.count);
    for (size_t i = 0; i < ours.count; i++) {
        const struct block *a = &ours.block[i];
        const struct block *b = &theirs.block[i];
        FUZZ_REQUIRE(a->too_long == b->too_long && a->label == b->label && a->der == b->der);
    }
    return 0;
}
