/* The end of the input in any state: elements are told as closed or it is a fault; the invariant again. END is
 * said only where nothing is open. */
#include "ebml_state.h"

int main(void)
{
    struct ebml e;
    make_any(&e);
    const uint8_t depth = e.depth;
    const bool at_header = e.at == EBML_AT_HEADER && e.header_len == 0;

    const enum ebml_event event = end(&e);

    PROVE(event == EBML_LEAVE || event == EBML_END || event == EBML_FAULT);
    PROVE(holds(&e));
    PROVE((event == EBML_FAULT) == (e.at == EBML_AT_FAULT));
    if (event == EBML_END) PROVE(e.depth == 0 && at_header);
    if (event == EBML_LEAVE) PROVE(e.depth < depth && at_header);
    return 0;
}
