/* g711.h - mu-law, ITU-T G.711: 16-bit samples to one byte each.
 *   eats    one sample
 *   gives   its byte
 *   keeps   nothing
 *   knows   the segments of mu-law (G.711 table 2), all bits inverted on the line */
#ifndef RUSUDEN_MEDIA_G711_H
#define RUSUDEN_MEDIA_G711_H

#include <stdint.h>

uint8_t g711_ulaw(int16_t sample);

#endif
