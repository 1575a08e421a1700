/* Answers with credentials, JSON and XML, from any bytes: what is taken may go into a header; what
 * is not leaves nothing behind; no byte of an answer gets into a fault; XML reads the same however
 * it is cut.
 *
 * Byte 0: which form, and the cutting's seed. */
#include "fuzz.h"

#include "aws/credentials.h"

/* Faults are words of ours. Were there bytes of the answers in them, there would be more and more
 * of them. */
enum { FAULTS_MAX = 24 };

static void check_fault(const struct fault *f)
{
    static uint64_t seen[FAULTS_MAX];
    static size_t count;
    const uint64_t hash = journal_hash(1, span_of(f->text, f->len));
    for (size_t i = 0; i < count; i++)
        if (seen[i] == hash) return;
    FUZZ_REQUIRE(count < FAULTS_MAX);
    seen[count++] = hash;
}

static void check_text(struct span text, size_t max)
{
    FUZZ_REQUIRE(text.len > 0 && text.len <= max);
    for (size_t i = 0; i < text.len; i++)
        FUZZ_REQUIRE(text.at[i] > ' ' && text.at[i] < 0x7F);
}

static void check(const struct credentials *c, bool good, const struct fault *f)
{
    static const struct credentials none;
    FUZZ_REQUIRE(good == (f->kind == FAULT_NONE));
    if (!good) {
        FUZZ_REQUIRE(memcmp(c, &none, sizeof none) == 0);
        check_fault(f);
        return;
    }
    check_text(credentials_id(c), sizeof c->id);
    check_text(span_of(c->secret, c->secret_len), sizeof c->secret);
    check_text(credentials_token(c), sizeof c->token);
}

static void read_json(struct span body, enum credentials_form form)
{
    static struct credentials c;
    static struct credentials_room room;
    struct fault fault = {0};
    struct fuzz_pieces pieces = fuzz_pieces(body, FUZZ_WHOLE, 0);
    struct span in = body;
    fuzz_next(&pieces, &in); /* a block of its own size */
    const bool good = credentials_read(&c, form, in, &room, &fault);
    check(&c, good, &fault);
    while (fuzz_next(&pieces, &in))
        ;
}

static uint64_t read_xml(struct span body, enum fuzz_cutting cutting, uint8_t seed)
{
    static struct credentials c;
    static struct sts_answer a;
    static char text[SESSION_TOKEN_BYTES_MAX];
    struct fault fault = {0};
    struct fuzz_pieces pieces = fuzz_pieces(body, cutting, seed);
    sts_answer_begin(&a, &c, text, sizeof text);
    for (struct span in; fuzz_next(&pieces, &in);)
        sts_answer_body(&a, in);
    const bool good = sts_answer_end(&a, 200 + (seed & 64), &fault);
    check(&c, good, &fault);
    return journal_hash(journal_hash(0, span_of(&c, sizeof c)), span_of(fault.text, fault.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const struct span body = span_of(data + 1, size - 1);
    if ((seed & 3) < 3) {
        read_json(body, (enum credentials_form)(seed & 3));
        return 0;
    }
    const uint64_t whole = read_xml(body, FUZZ_WHOLE, seed);
    FUZZ_REQUIRE(read_xml(body, FUZZ_BYTES, seed) == whole);
    FUZZ_REQUIRE(read_xml(body, FUZZ_CUT, seed) == whole);
    return 0;
}
