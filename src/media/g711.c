#include "media/g711.h"

/* G.711 codes 14 bits; 16-bit samples are four times as large. Segment s begins at 4 * (33 * 2^s -
 * 33). */
enum { BIAS = 33 * 4, CLIP = 8158 * 4 + 3 };

uint8_t g711_ulaw(int16_t sample)
{
    int magnitude = sample < 0 ? -(int)sample : sample;
    if (magnitude > CLIP) magnitude = CLIP;
    magnitude += BIAS;
    int segment = 24 - __builtin_clz((unsigned)magnitude); /* 132..255: 0, each doubling one more */
    int step = magnitude >> (segment + 3) & 0x0F;
    int sign = sample < 0 ? 0x80 : 0;
    return (uint8_t) ~(sign | segment << 4 | step);
}
