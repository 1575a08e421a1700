/* One call of vint_next from any state between two bytes, with a span of any length: it eats just the bytes
 * that belong to the integer, keeps them in their order, and says true just when the last one is there. */
#include "proof.h"

#include "media/vint.h"

enum { SPAN_MAX = 9 };

static unsigned len_of(uint8_t first)
{
    unsigned len = 1;
    while (len <= 8 && (first & 0x80 >> (len - 1)) == 0)
        len++;
    return len;
}

int main(void)
{
    uint8_t bytes[SPAN_MAX];
    for (int i = 0; i < SPAN_MAX; i++)
        bytes[i] = nondet_u8();
    struct span in = {bytes, nondet_size()};
    ASSUME(in.len <= SPAN_MAX);
    const size_t given = in.len;

    struct vint v;
    for (int i = 0; i < 8; i++)
        v.bytes[i] = nondet_u8();
    v.have = nondet_u8();
    ASSUME(v.have == 0 || v.have < len_of(v.bytes[0]));
    ASSUME(v.have == 0 || len_of(v.bytes[0]) <= 8);
    const struct vint before = v;

    const bool whole = vint_next(&v, &in);

    const size_t eaten = given - in.len;
    PROVE(in.len <= given && in.at == bytes + eaten);
    PROVE(v.have == before.have + eaten);
    for (int i = 0; i < 8; i++) {
        if (i < before.have) PROVE(v.bytes[i] == before.bytes[i]);
        if (i >= before.have && i < v.have) PROVE(v.bytes[i] == bytes[i - before.have]);
    }
    const unsigned len = v.have > 0 ? len_of(v.bytes[0]) : 0;
    if (whole)
        PROVE(v.have == (len > 8 ? 1 : len));
    else
        PROVE(in.len == 0 && (v.have == 0 || (len <= 8 && v.have < len)));
    return 0;
}
