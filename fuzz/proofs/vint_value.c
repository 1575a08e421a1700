/* Every word: the length is one more than the leading zeros of its first byte, the value is the data bits
 * (RFC 8794 section 4), and it is unknown just where all of them are one (section 6.2). */
#include "proof.h"

#include "media/vint.h"

int main(void)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = nondet_u8();

    unsigned len = 1;
    while (len <= 8 && (bytes[0] & 0x80 >> (len - 1)) == 0)
        len++;
    const uint64_t word = vint_load(bytes);
    PROVE(vint_len(word) == len);
    if (len > 8) return 0;

    uint64_t value = 0;
    bool ones = true;
    for (unsigned bit = len; bit < 8 * len; bit++) {
        const unsigned one = bytes[bit / 8] >> (7 - bit % 8) & 1;
        value = value << 1 | one;
        ones = ones && one == 1;
    }
    PROVE(vint_value(word, len) == value);
    PROVE(vint_is_ones(word, len) == ones);
    PROVE(value < UINT64_C(1) << 56);
    return 0;
}
