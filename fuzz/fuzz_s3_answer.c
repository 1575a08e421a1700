/* An answer of S3, of any status, headers and body: the same events however the body is cut; never
 * good where it is not whole; nothing in its words that a terminal would obey.
 *
 * Byte 0: the operation (modulo 8) and the checksum's kind; byte 1: the status; byte 2: the
 * cutting's seed. Then lines "name: value", an empty line, the body. */
#include "fuzz.h"

#include "aws/s3.h"

static const unsigned statuses[] = {200, 204, 0,   206, 301, 307, 400, 403,
                                    404, 409, 412, 429, 500, 501, 503, 100};

struct question {
    enum s3_operation operation;
    enum checksum_kind kind;
    unsigned status;
    uint8_t seed;
    struct span headers, body;
};

/* Up to a line feed, which is eaten. */
static struct span take_line(struct span *text)
{
    size_t len = 0;
    while (len < text->len && text->at[len] != '\n')
        len++;
    const struct span line = span_cut(text, len);
    if (text->len > 0) span_cut(text, 1);
    return line;
}

static struct question question_of(struct span raw)
{
    struct question q = {0};
    const uint8_t first = span_take(&raw);
    q.operation = (enum s3_operation)(first % 8);
    q.kind = (enum checksum_kind)(first / 8 % 5);
    q.status = statuses[span_take(&raw) % 16];
    q.seed = span_take(&raw);
    q.headers = raw;
    while (raw.len > 0 && take_line(&raw).len > 0)
        ;
    q.headers.len -= raw.len;
    q.body = raw;
    return q;
}

static void give_headers(struct s3_answer *a, struct span headers)
{
    while (headers.len > 0) {
        struct span value = take_line(&headers);
        size_t colon = 0;
        while (colon < value.len && value.at[colon] != ':')
            colon++;
        if (colon == value.len) continue;
        const struct span name = span_cut(&value, colon);
        span_cut(&value, 1);
        if (value.len > 0 && value.at[0] == ' ') span_cut(&value, 1);
        s3_answer_header(a, name, value);
    }
}

static void note(struct journal *j, const char *what, const void *text, size_t len)
{
    journal_add(j, what, journal_hash(0, span_of(text, len)), len, 0);
}

static struct journal read_it(struct s3_answer *a, const struct question *q,
                              enum fuzz_cutting cutting)
{
    struct journal j = {0};
    struct fuzz_pieces pieces = fuzz_pieces(q->body, cutting, q->seed);
    struct span piece;
    s3_answer_begin(a, q->operation, q->kind);
    give_headers(a, q->headers);
    s3_answer_head(a, q->status);
    while (fuzz_next(&pieces, &piece)) {
        while (s3_answer_body(a, &piece) == S3_ANSWER_KEY) {
            FUZZ_REQUIRE(q->operation == S3_LIST_OBJECTS && a->key_len <= sizeof a->key);
            note(&j, "key", a->key, a->key_len);
        }
        FUZZ_REQUIRE(piece.len == 0);
        FUZZ_REQUIRE(!s3_answer_is_good(a));
    }
    s3_answer_end(a);
    note(&j, "code", a->code, a->code_len);
    note(&j, "message", a->message, a->message_len);
    note(&j, "request id", a->request_id, a->request_id_len);
    note(&j, "host id", a->host_id, a->host_id_len);
    note(&j, "region", a->region, a->region_len);
    note(&j, "upload id", a->upload_id, a->upload_id_len);
    note(&j, "etag", a->etag, a->etag_len);
    note(&j, "checksum", a->checksum, a->checksum_len);
    note(&j, "next", a->next_token, a->next_token_len);
    journal_add(&j, "is", s3_answer_is_good(a), a->is_error_document, a->unusable != NULL);
    journal_add(&j, "list", a->truncated, a->checksum_is_composite, a->content_length);
    return j;
}

static void check_words(const struct s3_answer *a, size_t room)
{
    uint8_t *block = malloc(room > 0 ? room : 1);
    struct writer w = writer_on(block, room);
    s3_answer_tell(a, &w);
    for (size_t i = 0; i < w.len; i++) {
        FUZZ_REQUIRE(block[i] >= ' ' && block[i] != 0x7F);
        /* C1: CSI is one of them */
        FUZZ_REQUIRE(block[i] != 0xC2 || i + 1 == w.len || block[i + 1] >= 0xA0);
    }
    free(block);
}

static void check_facts(const struct s3_answer *a, bool good)
{
    struct answer_facts facts;
    s3_answer_facts(a, INT64_C(1432000000000), &facts);
    const bool none = retry_classify(&facts) == MISHAP_NONE;
    FUZZ_REQUIRE(none == good);
    for (size_t i = 0; i < a->region_len; i++) {
        const char c = a->region[i];
        FUZZ_REQUIRE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
    }
    FUZZ_REQUIRE(!good || (a->status >= 200 && a->status < 300 && !a->is_error_document));
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Of a good answer whose body counts, the last byte is taken. */
static void check_cut_off(struct s3_answer *a, const struct question *q)
{
    struct question cut = *q;
    while (cut.body.len > 0 && is_space(cut.body.at[cut.body.len - 1]))
        cut.body.len--;
    if (cut.body.len == 0) return;
    cut.body.len--;
    (void)read_it(a, &cut, FUZZ_WHOLE);
    FUZZ_REQUIRE(!s3_answer_is_good(a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct s3_answer answer;
    if (size < 3 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const struct question q = question_of(span_of(data, size));
    struct journal first = {0};
    for (enum fuzz_cutting cutting = FUZZ_CUTTINGS; cutting-- > FUZZ_WHOLE;) {
        const struct journal j = read_it(&answer, &q, cutting);
        if (first.entries == 0) first = j;
        FUZZ_REQUIRE(j.digest == first.digest);
    }
    const bool good = s3_answer_is_good(&answer);
    check_facts(&answer, good);
    check_words(&answer, FAULT_TEXT_BYTES);
    check_words(&answer, q.seed);
    const bool passed_over = q.operation == S3_HEAD_OBJECT || q.operation == S3_GET_OBJECT;
    if (good && !passed_over) check_cut_off(&answer, &q);
    return 0;
}
