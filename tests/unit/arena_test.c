/* The arena against a model: a sorted list of the pieces that are out. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/arena.h"

enum { BYTES = 4096, HEADER = 8, PIECES_MAX = BYTES / 16, STEPS = 200000 };

static uint64_t memory[BYTES / 8 + 2];
static struct arena arena;

/* Some numbers for a test, the same each time (xorshift). */
static uint32_t dice(uint32_t below)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

/* A piece as the model sees it: where its block begins, how long that is with its header. */
struct piece {
    size_t at, size, asked;
    uint8_t fill;
};

static struct piece out[PIECES_MAX];
static size_t out_count;

/* First fit, from the arena's contract alone: blocks of a header and a multiple of eight, a rest too
 * small to be a piece stays with the piece before it. BYTES: no room. */
static size_t model_get(size_t asked, size_t *position, size_t *size)
{
    size_t need = HEADER + (asked + 7) / 8 * 8;
    if (need < 2 * HEADER) need = 2 * HEADER;
    size_t at = 0;
    for (size_t i = 0; i <= out_count; i++) {
        const size_t end = i < out_count ? out[i].at : BYTES;
        if (end - at >= need) {
            *position = i;
            *size = end - at - need < 2 * HEADER ? end - at : need;
            return at;
        }
        if (i < out_count) at = out[i].at + out[i].size;
    }
    return BYTES;
}

static size_t model_used(void)
{
    size_t used = 0;
    for (size_t i = 0; i < out_count; i++)
        used += out[i].size;
    return used;
}

static uint8_t *bytes_of(const struct piece *p)
{
    return (uint8_t *)memory + p->at + HEADER;
}

static void get_one(size_t asked)
{
    size_t position = 0, size = 0;
    const size_t at = model_get(asked, &position, &size);
    const size_t count = asked % 3 == 0 ? 3 : 1;
    const uint64_t refused = arena.refused;
    uint8_t *got = arena_get(&arena, count, asked / count);
    if (at == BYTES) {
        assert_null(got);
        assert_int_equal(arena.refused, refused + 1);
        return;
    }
    assert_ptr_equal(got, (uint8_t *)memory + at + HEADER);
    for (size_t i = 0; i < asked; i++)
        assert_int_equal(got[i], 0);
    memmove(out + position + 1, out + position, (out_count - position) * sizeof *out);
    out[position] = (struct piece){at, size, asked, (uint8_t)dice(256)};
    memset(got, out[position].fill, asked);
    out_count++;
}

static void put_one(size_t i)
{
    for (size_t k = 0; k < out[i].asked; k++)
        assert_int_equal(bytes_of(&out[i])[k], out[i].fill);
    arena_put(&arena, bytes_of(&out[i]));
    out_count--;
    memmove(out + i, out + i + 1, (out_count - i) * sizeof *out);
}

static void begin(void)
{
    memset(memory, 0xA5, sizeof memory);
    arena_init(&arena, memory, BYTES);
    out_count = 0;
}

/* Every piece lies where first fit puts it, so every pair of free neighbours was joined. */
static void as_the_model(void **state)
{
    (void)state;
    begin();
    size_t peak = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        /* Waves: the arena fills up, then empties. */
        const bool filling = step / 1000 % 2 == 0;
        if (out_count == 0 || dice(10) < (filling ? 6u : 4u))
            get_one(dice(8) == 0 ? dice(1500) : dice(100));
        else
            put_one(dice((uint32_t)out_count));
        assert_int_equal(arena.used, model_used());
        if (arena.used > peak) peak = arena.used;
        assert_int_equal(arena.peak, peak);
    }
    while (out_count > 0)
        put_one(dice((uint32_t)out_count));
    assert_int_equal(arena.used, 0);
    get_one(BYTES - HEADER); /* in one piece again */
    assert_int_equal(out_count, 1);
    assert_int_equal(memory[BYTES / 8], 0xA5A5A5A5A5A5A5A5);
}

static void too_much(void **state)
{
    (void)state;
    begin();
    assert_null(arena_get(&arena, 1, BYTES - HEADER + 1));
    assert_null(arena_get(&arena, SIZE_MAX, SIZE_MAX));
    assert_null(arena_get(&arena, SIZE_MAX / 2 + 1, 2)); /* 0 if it were multiplied */
    assert_null(arena_get(&arena, 2, SIZE_MAX / 2 + 1));
    assert_null(arena_get(&arena, 1, SIZE_MAX));
    assert_int_equal(arena.refused, 5);
    assert_int_equal(arena.used, 0);
    uint8_t *nothing = arena_get(&arena, 0, 7);
    uint8_t *other = arena_get(&arena, 7, 0);
    assert_true(nothing != NULL && other != NULL && nothing != other);
    arena_put(&arena, nothing);
    arena_put(&arena, other);
    arena_put(&arena, NULL);
    assert_int_equal(arena.used, 0);
}

static void the_nth_call_fails(void **state)
{
    (void)state;
    begin();
    arena.fail_at = 2;
    assert_non_null(arena_get(&arena, 1, 1));
    assert_null(arena_get(&arena, 1, 1));
    assert_non_null(arena_get(&arena, 1, 1));
    assert_int_equal(arena.calls, 3);
    assert_int_equal(arena.refused, 1);
}

/* A length that is no multiple of eight loses its rest. */
static void odd_length(void **state)
{
    (void)state;
    arena_init(&arena, memory, 47);
    assert_null(arena_get(&arena, 1, 33));
    assert_non_null(arena_get(&arena, 1, 32));
}

static void what_it_holds(void **state)
{
    (void)state;
    begin();
    const uint8_t *piece = arena_get(&arena, 1, 10);
    assert_true(arena_holds(&arena, piece));
    assert_true(arena_holds(&arena, (uint8_t *)memory + BYTES - 1));
    assert_false(arena_holds(&arena, (uint8_t *)memory + BYTES));
    assert_false(arena_holds(&arena, &arena));
    assert_false(arena_holds(&arena, NULL));
}

/* What a child that must not come back does. */
static void twice(void)
{
    void *piece = arena_get(&arena, 1, 40);
    arena_put(&arena, piece);
    arena_put(&arena, piece);
}

/* The second is joined with what is before it and behind it, so its header is gone. */
static void twice_and_joined(void)
{
    void *first = arena_get(&arena, 1, 40), *second = arena_get(&arena, 1, 40);
    arena_put(&arena, first);
    arena_put(&arena, second);
    arena_put(&arena, second);
}

static void foreign(void)
{
    static uint64_t elsewhere[4];
    arena_put(&arena, elsewhere + 1);
}

static void inside(void)
{
    uint8_t *piece = arena_get(&arena, 1, 40);
    memset(piece, 0xFF, 40);
    arena_put(&arena, piece + 16);
}

static void inside_of_zeros(void)
{
    arena_put(&arena, (uint8_t *)arena_get(&arena, 1, 40) + 16);
}

static void crooked(void)
{
    arena_put(&arena, (uint8_t *)arena_get(&arena, 1, 40) + 4);
}

/* Written behind its end. */
static void overrun(void)
{
    uint8_t *piece = arena_get(&arena, 1, 40);
    memset(piece, 0x11, 48);
    arena_put(&arena, piece);
}

static void our_mistakes_are_asserted(void **state)
{
    (void)state;
    void (*const mistakes[])(void) = {twice,           twice_and_joined, foreign, inside,
                                      inside_of_zeros, crooked,          overrun};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        begin();
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)!freopen("/dev/null", "w", stderr);
            signal(SIGABRT, SIG_DFL); /* cmocka's would say that the test failed */
            mistakes[i]();
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) print_error("mistake %zu\n", i);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_model),       cmocka_unit_test(too_much),
        cmocka_unit_test(the_nth_call_fails), cmocka_unit_test(odd_length),
        cmocka_unit_test(what_it_holds),      cmocka_unit_test(our_mistakes_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
