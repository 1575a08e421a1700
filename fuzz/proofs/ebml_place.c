/* One call of place from any state in which a header is read: no undefined behaviour, the invariant again,
 * no byte eaten, and each call ends a level or settles the element. */
#include "ebml_state.h"

int main(void)
{
    struct ebml e;
    make_any(&e);
    ASSUME(e.at == EBML_AT_PLACE);
    const int64_t offset = e.offset;
    const uint8_t depth = e.depth;

    const enum ebml_event event = place(&e);

    PROVE(holds(&e));
    PROVE(e.offset == offset);
    PROVE((event == EBML_FAULT) == (e.at == EBML_AT_FAULT));
    PROVE(event != EBML_END);
    PROVE(e.at != EBML_AT_PLACE || e.depth == depth - 1);
    if (event == EBML_VALUE)
        PROVE(e.left <= (uint64_t)(e.inner.end - e.offset) && e.left == (uint64_t)e.size);
    if (event == EBML_VALUE) PROVE(e.rule->kind == EBML_LEAF && e.left <= e.rule->payload_max);
    return 0;
}
