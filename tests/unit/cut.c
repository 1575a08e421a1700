#include "cut.h"

#include <stdio.h>
#include <stdlib.h>

enum { RANDOM_READINGS = 25, FIRST_SEED = 20240918 };

uint32_t cut_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

uint8_t *cut_copy(struct span s)
{
    uint8_t *copy = malloc(s.len > 0 ? s.len : 1);
    assert_non_null(copy);
    if (s.len > 0) memcpy(copy, s.at, s.len);
    return copy;
}

static void put_text(struct cut_log *log, const char *text)
{
    size_t len = strlen(text);
    assert_true(CUT_LOG_BYTES - log->len > len);
    memcpy(log->text + log->len, text, len + 1);
    log->len += len;
}

void cut_say(struct cut_log *log, const char *form, ...)
{
    char line[1024];
    va_list list;
    va_start(list, form);
    vsnprintf(line, sizeof line, form, list);
    va_end(list);
    if (log->len > 0) put_text(log, " ");
    put_text(log, line);
    log->in_payload = false;
}

void cut_payload(struct cut_log *log, struct span bytes)
{
    if (bytes.len == 0) return;
    if (!log->in_payload) cut_say(log, "=");
    log->in_payload = true;
    assert_true(CUT_LOG_BYTES - log->len > 2 * bytes.len);
    for (size_t i = 0; i < bytes.len; i++, log->len += 2)
        sprintf(log->text + log->len, "%02x", bytes.at[i]);
}

struct cut_log cut_read(const struct cut_reader *r, struct span input, size_t piece, uint32_t seed)
{
    static char texts[2][CUT_LOG_BYTES];
    static unsigned turn;
    struct cut_log log = {texts[turn++ % 2], 0, false};
    log.text[0] = '\0';
    void *state = calloc(1, r->state_bytes);
    assert_non_null(state);
    r->init(state);
    enum cut_answer answer = CUT_NEED;
    while (answer != CUT_OVER && input.len > 0) {
        size_t n = piece > 0 ? piece : 1 + cut_random(&seed) % (cut_random(&seed) % 3 ? 8 : 97);
        struct span front = span_cut(&input, span_min(input, n));
        uint8_t *block = cut_copy(front);
        struct span in = span_of(block, front.len);
        do
            answer = r->next(state, &in, &log);
        while (answer == CUT_MORE);
        if (answer == CUT_NEED) assert_int_equal(in.len, 0);
        free(block);
    }
    if (answer == CUT_NEED)
        while (r->end(state, &log) == CUT_MORE) {
        }
    free(state);
    return log;
}

static void check_cut(const struct cut_reader *r, struct span input, const char *expected)
{
    assert_string_equal(cut_read(r, input, 1, 1).text, expected);
    uint32_t seed = FIRST_SEED;
    for (int i = 0; i < RANDOM_READINGS; i++)
        assert_string_equal(cut_read(r, input, 0, cut_random(&seed)).text, expected);
}

void cut_check(const struct cut_reader *r, struct span input, const char *expected)
{
    assert_string_equal(cut_read(r, input, input.len + 1, 1).text, expected);
    check_cut(r, input, expected);
}

void cut_same(const struct cut_reader *r, struct span input)
{
    static char whole[CUT_LOG_BYTES];
    memcpy(whole, cut_read(r, input, input.len + 1, 1).text, sizeof whole);
    check_cut(r, input, whole);
}
