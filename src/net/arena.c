#include "net/arena.h"

/* Blocks lie side by side without gaps. Each knows its own size and that of the block before it, so
 * both neighbours are found at once; that the two agree is also what tells a header from other
 * bytes. */
struct block {
    uint32_t size;   /* with this header; a multiple of 8, so the lowest bit can say: in use */
    uint32_t before; /* the size of the block before; 0 for the first */
};

_Static_assert(sizeof(struct block) == ARENA_ALIGNMENT, "pieces are aligned as blocks are");

enum { IN_USE = 1, SMALLEST = 2 * sizeof(struct block) };

static struct block *block_at(const struct arena *a, size_t at)
{
    assert(at % ARENA_ALIGNMENT == 0);
    assert(at + sizeof(struct block) <= a->bytes);
    return (struct block *)(void *)(a->memory + at);
}

static size_t size_of(const struct block *b)
{
    return b->size & ~(uint32_t)IN_USE;
}

/* Whoever comes behind is told. */
static void set_size(struct arena *a, size_t at, size_t size, bool in_use)
{
    block_at(a, at)->size = (uint32_t)size | in_use;
    if (at + size < a->bytes) block_at(a, at + size)->before = (uint32_t)size;
}

void arena_init(struct arena *a, void *memory, size_t bytes)
{
    assert((uintptr_t)memory % ARENA_ALIGNMENT == 0);
    bytes -= bytes % ARENA_ALIGNMENT;
    assert(bytes >= SMALLEST);
    assert(bytes < UINT32_MAX);
    *a = (struct arena){.memory = memory, .bytes = bytes};
    block_at(a, 0)->before = 0;
    set_size(a, 0, bytes, false);
}

/* The first free block of at least this size; a->bytes: there is none. */
static size_t find(struct arena *a, size_t size)
{
    size_t at = a->hole_at;
    while (at < a->bytes) {
        const struct block *b = block_at(a, at);
        if (!(b->size & IN_USE) && b->size >= size) break;
        if (at == a->hole_at && (b->size & IN_USE)) a->hole_at += size_of(b);
        at += size_of(b);
    }
    return at;
}

void *arena_get(struct arena *a, size_t count, size_t size)
{
    a->calls++;
    const size_t most = a->bytes - sizeof(struct block);
    if (a->calls == a->fail_at || (size > 0 && count > most / size)) {
        a->refused++;
        return NULL;
    }
    size_t need = sizeof(struct block) + count * size;
    need += (ARENA_ALIGNMENT - need % ARENA_ALIGNMENT) % ARENA_ALIGNMENT;
    if (need < SMALLEST) need = SMALLEST;
    const size_t at = find(a, need);
    if (at == a->bytes) {
        a->refused++;
        return NULL;
    }
    const size_t found = size_of(block_at(a, at));
    if (found - need >= SMALLEST) {
        block_at(a, at + need)->before = 0; /* set_size says it */
        set_size(a, at + need, found - need, false);
    } else {
        need = found;
    }
    set_size(a, at, need, true);
    a->used += need;
    if (a->used > a->peak) a->peak = a->used;
    return memset(a->memory + at + sizeof(struct block), 0, need - sizeof(struct block));
}

bool arena_holds(const struct arena *a, const void *piece)
{
    const uintptr_t first = (uintptr_t)a->memory;
    return (uintptr_t)piece >= first && (uintptr_t)piece < first + a->bytes;
}

/* Where this piece's block begins; asserts that it is one of ours and in use. */
static size_t offset_of(const struct arena *a, const void *piece)
{
    assert(arena_holds(a, piece));
    const size_t in = (size_t)((const uint8_t *)piece - a->memory);
    assert(in >= sizeof(struct block));
    assert(in % ARENA_ALIGNMENT == 0);
    const size_t at = in - sizeof(struct block);
    const struct block *b = block_at(a, at);
    assert(b->size & IN_USE); /* else: given back twice */
    assert(size_of(b) >= SMALLEST);
    assert(size_of(b) <= a->bytes - at);
    assert(at + size_of(b) == a->bytes || block_at(a, at + size_of(b))->before == size_of(b));
    assert(b->before <= at);
    assert(at == 0 || size_of(block_at(a, at - b->before)) == b->before);
    return at;
}

/* A header that is none any more must not be taken for one. */
static void forget(struct arena *a, size_t at)
{
    *block_at(a, at) = (struct block){0, 0};
}

void arena_put(struct arena *a, void *piece)
{
    if (piece == NULL) return;
    size_t at = offset_of(a, piece);
    size_t size = size_of(block_at(a, at));
    assert(size <= a->used);
    a->used -= size;

    const size_t behind = at + size;
    if (behind < a->bytes && !(block_at(a, behind)->size & IN_USE)) {
        size += size_of(block_at(a, behind));
        forget(a, behind);
    }
    const size_t before = block_at(a, at)->before;
    if (at > 0 && !(block_at(a, at - before)->size & IN_USE)) {
        forget(a, at);
        at -= before;
        size += before;
    }
    set_size(a, at, size, false);
    if (at < a->hole_at) a->hole_at = at;
}
