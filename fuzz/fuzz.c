#include "fuzz.h"

#include "tree.h"

/* A finding as a file for the program, for reference_check and for tests/data. */
static void write_input(struct span input)
{
    const char *const path = getenv("FUZZ_INPUT");
    FILE *file = path != NULL ? fopen(path, "wb") : NULL;
    if (file == NULL) return;
    (void)fwrite(input.at, 1, input.len, file);
    (void)fclose(file);
}

struct span fuzz_input(struct span raw, bool as_tree)
{
    static uint8_t tree[FUZZ_INPUT_BYTES_MAX];
    if (as_tree) raw = span_of(tree, tree_build(raw.at, raw.len, tree, sizeof tree));
    write_input(raw);
    return raw;
}

struct fuzz_pieces fuzz_pieces(struct span input, enum fuzz_cutting cutting, uint8_t seed)
{
    return (struct fuzz_pieces){.left = input, .cutting = cutting, .seed = seed};
}

/* Most pieces are small, and the largest differ from run to run. */
static size_t cut_len(struct fuzz_pieces *p)
{
    p->seed = p->seed * 1103515245U + 12345U;
    const uint32_t random = p->seed >> 16;
    const uint32_t largest = UINT32_C(1) << (1 + (random >> 12) % 8);
    return random % (largest + 1);
}

static size_t piece_len(struct fuzz_pieces *p)
{
    switch (p->cutting) {
    case FUZZ_WHOLE: return p->left.len;
    case FUZZ_BYTES: return 1;
    case FUZZ_CUT: return span_min(p->left, cut_len(p));
    case FUZZ_CUTTINGS: break;
    }
    abort();
}

bool fuzz_next(struct fuzz_pieces *p, struct span *piece)
{
    /* One block serves all single bytes: it is the fastest, and as exact. */
    const bool again = p->cutting == FUZZ_BYTES && p->block != NULL && p->left.len > 0;
    if (!again) {
        free(p->block);
        p->block = NULL;
    }
    if (p->left.len == 0) return false;
    const struct span from = span_cut(&p->left, piece_len(p));
    if (!again) p->block = malloc(from.len);
    if (from.len > 0) memcpy(p->block, from.at, from.len);
    *piece = span_of(p->block, from.len);
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

uint64_t journal_hash(uint64_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = mix(hash, bytes.at[i] + 1U);
    return hash;
}

void journal_add(struct journal *j, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
    static int trace = -1;
    if (trace < 0) trace = getenv("FUZZ_TRACE") != NULL;
    if (trace > 0)
        (void)fprintf(stderr, "  %3llu %-10s %llx %llx %llx\n", (unsigned long long)j->entries,
                      what, (unsigned long long)a, (unsigned long long)b, (unsigned long long)c);
    j->digest = mix(mix(mix(mix(j->digest, (uint8_t)what[0]), a), b), c);
    j->entries++;
}

_Noreturn void fuzz_found(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: found: not true: %s\n", file, line, condition);
    abort();
}
