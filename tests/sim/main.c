/* main.c - thousands of worlds, one a seed: what may never happen in any of them. README.md says what and how. */
#include "world.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    bool tells, hashes;
    uint64_t count, broken_max;
    int mode; /* -1: each seed its own */
    enum world_canary canary;
} options = {.count = 1, .broken_max = 5, .mode = -1};

static struct {
    uint64_t worlds[WORLD_MODES], outcomes[WORLD_MODES][OUTCOMES], broken, false_alarms, left_open;
    uint64_t requests, net_faults[SIM_FAULTS], cloud_faults[CLOUD_FAULT_KINDS], faultless, killed;
    uint64_t hash;
} sums;

static struct {
    const char *why;
    uint64_t count;
} whys[16];

static const char *const modes[WORLD_MODES] = {"calm", "few", "wild", "storm", "kill"};
static const char *const outcomes[OUTCOMES] = {"converted", "no audio", "failed", "stuck"};
static const char *const canaries[CANARIES] = {"none",      "byte",     "header", "no-abort",
                                               "trust-200", "secret",   "socket", "endless",
                                               "unsigned",  "checksum", "chunk",  "busy"};

/* A port call of the run, so that each may be the last one: a run without a death is counted first. */
static uint64_t draw_last_call(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    world_begin(w, seed, NULL, WORLD_KILL, options.canary, false);
    world_run(w, 0);
    uint64_t calls = sim_counts().calls;
    uint64_t nth = 1 + world_roll(w, calls);
    world_end(w);
    free(w);
    return nth;
}

static void count_why(const char *why)
{
    size_t at = 0;
    while (at < 15 && whys[at].why != NULL && strcmp(whys[at].why, why) != 0)
        at++;
    whys[at].why = why;
    whys[at].count++;
}

static void count(struct world *w, bool exact)
{
    sums.worlds[w->mode]++;
    sums.outcomes[w->mode][w->result.outcome]++;
    if (w->result.outcome == OUTCOME_FAILED) count_why(w->result.why);
    if (w->result.outcome == OUTCOME_FAILED && exact && !w->was_there) sums.false_alarms++;
    sums.left_open += w->result.left_open;
    sums.killed += w->killed;
    sums.requests += w->cloud->requests;
    sums.faultless += world_faults(w) == 0;
    struct sim_counts counts = sim_counts();
    for (int i = 0; i < SIM_FAULTS; i++)
        sums.net_faults[i] += counts.faults[i];
    for (int i = 0; i < CLOUD_FAULT_KINDS; i++)
        sums.cloud_faults[i] += w->cloud->faults[i];
    sums.hash = (sums.hash ^ sim_hash()) * 0x100000001B3;
}

static void run_world(uint64_t seed)
{
    enum world_mode mode =
        options.mode >= 0 ? (enum world_mode)options.mode : (enum world_mode)(seed % WORLD_MODES);
    uint64_t last_call = mode == WORLD_KILL ? draw_last_call(seed) : 0;
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    world_begin(w, seed, NULL, mode, options.canary, options.tells);
    world_run(w, last_call);
    sim_settle(WORLD_SETTLE_MS);
    bool exact = world_check(w);
    count(w, exact);
    bool good = w->broken.len == 0;
    if (options.tells) fwrite(w->cloud->story.at, 1, w->cloud->story.len, stdout);
    if (!good || options.tells)
        printf("seed %llu, %s: %s%s%s\n", (unsigned long long)seed, modes[mode],
               outcomes[w->result.outcome], good ? "" : "\n", good ? "" : blob_text(&w->broken));
    sums.broken += !good;
    world_end(w);
    free(w);
}

static void print_sums(void)
{
    printf("%-8s %10s %10s %10s %10s %10s\n", "mode", "worlds", "converted", "no audio", "failed",
           "stuck");
    for (int m = 0; m < WORLD_MODES; m++)
        if (sums.worlds[m] > 0)
            printf("%-8s %10llu %10llu %10llu %10llu %10llu\n", modes[m],
                   (unsigned long long)sums.worlds[m], (unsigned long long)sums.outcomes[m][0],
                   (unsigned long long)sums.outcomes[m][1], (unsigned long long)sums.outcomes[m][2],
                   (unsigned long long)sums.outcomes[m][3]);
    printf("requests %llu, worlds without a fault %llu, deaths %llu, false alarms %llu, said to be "
           "left open %llu\n",
           (unsigned long long)sums.requests, (unsigned long long)sums.faultless,
           (unsigned long long)sums.killed, (unsigned long long)sums.false_alarms,
           (unsigned long long)sums.left_open);
    for (size_t i = 0; i < 16 && whys[i].why != NULL; i++)
        printf("failed, %s: %llu\n", whys[i].why, (unsigned long long)whys[i].count);
    printf("faults of the network:");
    for (int i = 0; i < SIM_FAULTS; i++)
        printf(" %llu", (unsigned long long)sums.net_faults[i]);
    printf("\nfaults of the cloud:");
    for (int i = 1; i < CLOUD_FAULT_KINDS; i++)
        printf(" %llu", (unsigned long long)sums.cloud_faults[i]);
    printf("\nhash %016llx\n%llu worlds broken\n", (unsigned long long)sums.hash,
           (unsigned long long)sums.broken);
}

static int index_of(const char *word, const char *const *words, int count_of)
{
    for (int i = 0; i < count_of; i++)
        if (strcmp(word, words[i]) == 0) return i;
    fprintf(stderr, "sim: %s: no such word\n", word);
    exit(2);
}

static void usage(FILE *to)
{
    fputs("sim SEED [--count N] [--broken N] [--mode calm|few|wild|storm|kill] [--tell] [--hash]\n"
          "    [--break "
          "byte|header|no-abort|trust-200|secret|socket|endless|unsigned|checksum|chunk|busy]\n",
          to);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"tell", 0, NULL, 't'},   {"count", 1, NULL, 'n'},
                                          {"broken", 1, NULL, 'x'}, {"mode", 1, NULL, 'm'},
                                          {"break", 1, NULL, 'b'},  {"hash", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int which;
    while ((which = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (which) {
        case 't': options.tells = true; break;
        case 'h': options.hashes = true; break;
        case 'n': options.count = strtoull(optarg, NULL, 10); break;
        case 'x': options.broken_max = strtoull(optarg, NULL, 10); break;
        case 'm': options.mode = index_of(optarg, modes, WORLD_MODES); break;
        case 'b': options.canary = (enum world_canary)index_of(optarg, canaries, CANARIES); break;
        default: usage(stderr); return 2;
        }
    }
    if (optind + 1 != argc) {
        usage(stderr);
        return 2;
    }
    uint64_t seed = strtoull(argv[optind], NULL, 10);
    for (uint64_t i = 0; i < options.count && sums.broken < options.broken_max; i++)
        run_world(seed + i);
    if (options.hashes)
        printf("%016llx\n", (unsigned long long)sums.hash);
    else
        print_sums();
    return sums.broken != 0;
}
