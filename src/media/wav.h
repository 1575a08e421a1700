/* wav.h - the header of a WAV file.
 *   eats    a format and the number of data bytes
 *   gives   the header; a pad byte follows the data where wav_pads says so
 *   keeps   nothing
 *   knows   RIFF/WAVE (Microsoft, RIFF MCI 1991 and mmreg.h), RF64 above 4 GiB (EBU Tech 3306) */
#ifndef RUSUDEN_MEDIA_WAV_H
#define RUSUDEN_MEDIA_WAV_H

#include "base/writer.h"

enum wav_encoding { WAV_PCM, WAV_ULAW };

struct wav_format {
    enum wav_encoding encoding;
    unsigned channels; /* 1 or 2; 8000 Hz, 16 bits PCM or 8 bits mu-law each */
};

/* The data's length is not known: a pipe. Both sizes are written as 0xFFFFFFFF, as sox and ffmpeg
 * do. */
#define WAV_UNKNOWN UINT64_MAX

/* RF64 with mu-law's longer format chunk and its fact chunk. */
enum { WAV_HEADER_BYTES_MAX = 94 };

/* 44 bytes for PCM, 58 for mu-law, 36 more above 4 GiB. */
void wav_header(struct writer *to, struct wav_format format, uint64_t data_bytes);

/* RIFF chunks have even length: a zero byte follows odd data. */
static inline bool wav_pads(uint64_t data_bytes)
{
    return data_bytes != WAV_UNKNOWN && data_bytes % 2 != 0;
}

#endif
