#include "media/wav.h"

enum { FORMAT_PCM = 1, FORMAT_ULAW = 7, RATE = 8000 };
enum { RIFF = 12, DS64 = 36, FMT_PCM = 24, FMT_ULAW = 26, FACT = 12, DATA = 8, CHUNK_HEADER = 8 };

static size_t fmt_len(struct wav_format format)
{
    return format.encoding == WAV_PCM ? FMT_PCM : FMT_ULAW + FACT;
}

/* What follows the eight bytes "RIFF", size. */
static uint64_t riff_bytes(struct wav_format format, uint64_t data_bytes)
{
    return RIFF - CHUNK_HEADER + fmt_len(format) + DATA + data_bytes + data_bytes % 2;
}

static bool needs_rf64(struct wav_format format, uint64_t data_bytes)
{
    return data_bytes != WAV_UNKNOWN && riff_bytes(format, data_bytes) >= UINT32_MAX;
}

static void chunk(struct writer *to, const char *name, uint64_t size)
{
    writer_text(to, name);
    writer_le(to, size, 4);
}

void wav_header(struct writer *to, struct wav_format format, uint64_t data_bytes)
{
    bool pcm = format.encoding == WAV_PCM;
    bool rf64 = needs_rf64(format, data_bytes);
    unsigned frame_bytes = format.channels * (pcm ? 2 : 1);
    uint64_t frames = data_bytes / frame_bytes;
    bool open = rf64 || data_bytes == WAV_UNKNOWN;

    chunk(to, rf64 ? "RF64" : "RIFF", open ? UINT32_MAX : riff_bytes(format, data_bytes));
    writer_text(to, "WAVE");
    if (rf64) {
        chunk(to, "ds64", DS64 - CHUNK_HEADER);
        writer_le(to, riff_bytes(format, data_bytes) + DS64, 8);
        writer_le(to, data_bytes, 8);
        writer_le(to, frames, 8);
        writer_le(to, 0, 4); /* no other chunk is larger than 4 GiB */
    }
    chunk(to, "fmt ", pcm ? FMT_PCM - CHUNK_HEADER : FMT_ULAW - CHUNK_HEADER);
    writer_le(to, pcm ? FORMAT_PCM : FORMAT_ULAW, 2);
    writer_le(to, format.channels, 2);
    writer_le(to, RATE, 4);
    writer_le(to, RATE * frame_bytes, 4);
    writer_le(to, frame_bytes, 2);
    writer_le(to, pcm ? 16 : 8, 2);
    if (!pcm) {
        /* Formats other than PCM carry the length of their extension, and a fact chunk
         * (mmreg.h). */
        writer_le(to, 0, 2);
        chunk(to, "fact", FACT - CHUNK_HEADER);
        writer_le(to, open ? UINT32_MAX : frames, 4);
    }
    chunk(to, "data", open ? UINT32_MAX : data_bytes);
}
