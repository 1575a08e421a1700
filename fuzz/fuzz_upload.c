/* One whole upload in a made-up world (tests/sim) whose dice are the fuzzer's bytes: which settings, which recording,
 * what becomes of each connection and each question, when the process is stopped or dies. Whatever happens, the
 * invariants of tests/sim/README.md hold.
 *
 * Byte 0: the mode; bytes 1 and 2: the seed of the weather, and of what is rolled when the bytes are used up. A seed
 * of its own, not a hash of the input: a changed byte changes one roll and leaves the rest of the story as it was. */
#include "fuzz.h"

#include "world.h"

/* Some calls are never reached: then nobody dies. */
static uint64_t draw_last_call(struct world *w)
{
    return w->mode == WORLD_KILL ? 1 + world_roll(w, UINT64_C(1) << (4 + world_roll(w, 10))) : 0;
}

/* A stop at any time, in one world of four; most of them in the first seconds. */
static void draw_stop(struct world *w)
{
    if (world_roll(w, 4) == 0)
        w->stop_at_ms = sim_now_ms() + world_roll(w, UINT64_C(1) << world_roll(w, 17));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    if (size < 3) return 0;
    struct span dice = span_of(data, size);
    enum world_mode mode = (enum world_mode)(span_take(&dice) % WORLD_MODES);
    uint64_t seed = span_take(&dice);
    seed |= (uint64_t)span_take(&dice) << 8;
    const bool tells = getenv("FUZZ_TRACE") != NULL;
    if (tells) (void)setvbuf(stdout, NULL, _IOLBF, 0); /* all of it, also before an abort */

    world_begin(&w, seed, &dice, mode, CANARY_NONE, tells);
    const uint64_t last_call = draw_last_call(&w);
    draw_stop(&w);
    world_run(&w, last_call);
    sim_settle(WORLD_SETTLE_MS);
    (void)world_check(&w);
    if (tells) (void)fwrite(w.cloud->story.at, 1, w.cloud->story.len, stdout);
    const bool good = w.broken.len == 0;
    if (!good) (void)fputs(blob_text(&w.broken), stderr);
    world_end(&w);
    FUZZ_REQUIRE(good);
    return 0;
}
