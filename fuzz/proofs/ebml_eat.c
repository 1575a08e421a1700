/* Payload, eaten by the caller or skipped: any part of a span of any length. */
#include "ebml_state.h"

int main(void)
{
    struct ebml e;
    make_any(&e);
    ASSUME(e.at == EBML_AT_PAYLOAD);
    const size_t given = nondet_size();
    ASSUME(given < (size_t)1 << 20);
    uint8_t bytes[(size_t)1 << 20];
    struct span in = {bytes, given};

    const struct span payload = ebml_payload(&e, in);
    PROVE(payload.at == bytes && payload.len <= given && payload.len <= e.left);
    PROVE(payload.len == given || payload.len == e.left);
    const size_t n = nondet_size();
    ASSUME(n <= payload.len);
    const int64_t offset = e.offset;
    const uint64_t left = e.left;
    ebml_eat(&e, &in, n);

    PROVE(holds(&e));
    PROVE(in.at == bytes + n && in.len == given - n);
    PROVE(e.left == left - n && e.offset == offset + (int64_t)n);
    return 0;
}
