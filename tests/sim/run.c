/* run.c - the job in its world, to its end, its death, or for ever. */
#include "world.h"

#include <setjmp.h>

static jmp_buf out;
static enum { LEFT_BY_DEATH = 1, LEFT_STUCK } left;

static void die(void)
{
    left = LEFT_BY_DEATH;
    longjmp(out, 1);
}

static void stuck(void)
{
    left = LEFT_STUCK;
    longjmp(out, 1);
}

void world_run(struct world *w, uint64_t last_call)
{
    if (last_call != 0) sim_kill(last_call, die);
    sim_on_stuck(stuck);
    if (setjmp(out) == 0) {
        world_run_job(w);
        return;
    }
    sim_died();
    if (left == LEFT_STUCK) {
        w->result.outcome = OUTCOME_STUCK;
        w->result.why = "stuck";
        return;
    }
    w->killed = true;
    sim_settle(world_roll(w, 3) == 0 ? world_roll(w, 100) : WORLD_SETTLE_MS);
    if (setjmp(out) == 0)
        world_run_job(w);
    else
        w->result.outcome = OUTCOME_STUCK;
}
