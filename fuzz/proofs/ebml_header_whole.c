/* One call of next_element from any state where a header begins, with a longest header's bytes at hand, or
 * one more: no undefined behaviour, the invariant again, never a byte read behind the span, and progress:
 * where nothing is told and bytes are left, bytes were eaten or a level was closed. */
#include "ebml_state.h"

enum { SPAN_MAX = 13 };

int main(void)
{
    struct ebml e;
    make_any(&e);
    ASSUME(e.at == EBML_AT_HEADER);
    /* The span ends where its array does: one byte too far is seen. */
    const size_t given = nondet_size();
    ASSUME(given <= SPAN_MAX && given >= EBML_HEADER_BYTES_MAX);
    ASSUME(e.header_len == 0);
    uint8_t bytes[SPAN_MAX];
    for (int i = 0; i < SPAN_MAX; i++)
        bytes[i] = nondet_u8();
    struct span in = {bytes + SPAN_MAX - given, given};
    const int64_t offset = e.offset;
    const uint8_t depth = e.depth;

    const enum ebml_event event = next_element(&e, &in);

    PROVE(holds(&e));
    PROVE(in.len <= given && (uint64_t)(e.offset - offset) == given - in.len);
    PROVE(e.depth <= depth + 1 && e.depth + 1 >= depth);
    PROVE((event == EBML_FAULT) == (e.at == EBML_AT_FAULT));
    if (event == EBML_NEED && in.len > 0) PROVE(in.len < given || e.depth < depth);
    return 0;
}
