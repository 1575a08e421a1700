#include "app/memory.h"

#include "app/workspace.h"
#include "console.h"

struct row {
    const char *name;
    size_t bytes;
    const char *reason;
};

#define MEMBER(type, member) sizeof((((type *)0)->member))

static const struct row rows[] = {
    {"convert", sizeof(struct convert), "all of `rusuden convert`"},
    {"  read buffer", MEMBER(struct convert, buffer), "one read"},
    {"  output", MEMBER(struct convert, output), "write buffer, name of the temporary file"},
    {"  rings", MEMBER(struct convert, rings),
     "two channels wait for each other: now, before this document, before this block"},
    {"  recording", MEMBER(struct convert, recording), "one bit a fragment, the contacts"},
    {"  pipeline", MEMBER(struct convert, pipeline),
     "the reader, the mixer and where to go back to"},
    {"    connect_audio", MEMBER(struct pipeline, audio),
     "one document's tracks and tags, whose SegmentUID was whose"},
    {"      matroska", MEMBER(struct connect_audio, matroska), "the element being read"},
    {"        ebml", MEMBER(struct matroska, ebml), "the open elements"},
    {"    mixer", MEMBER(struct pipeline, mixer), "without its ring"},
    {"send", sizeof(struct send), "all of `rusuden convert -o s3://...`"},
    {"  upload", sizeof(struct upload), "one job: below 256 KiB"},
    {"    connection", MEMBER(struct upload, connection), "to S3"},
    {"      TLS arena", MEMBER(struct tls, memory), "all that Mbed TLS may ask for"},
    {"    sign-in connection", MEMBER(struct upload, sign_in_connection),
     "to whoever hands out credentials"},
    {"    WAV source", MEMBER(struct upload, source),
     "two channels' ring, the reader, and both again at the mark"},
    {"    recording", MEMBER(struct upload, recording), "as above"},
    {"    parts", MEMBER(struct upload, parts), "ETags of a multipart upload"},
    {"    request", MEMBER(struct upload, head) + MEMBER(struct upload, chunk),
     "head and aws-chunk; between two, the room for signing in"},
    {"    answer", MEMBER(struct upload, answer) + MEMBER(struct upload, exchange),
     "one read, one header, what XML said"},
    {"inspect", sizeof(struct inspect), "all of `rusuden inspect`"},
    {"  read buffer", MEMBER(struct inspect, buffer), "one read"},
    {"  waveform", MEMBER(struct inspect, waveform), "the picture"},
    {"workspace", sizeof(union workspace), "static memory: the largest of the three"},
};

enum exit_code memory_run(void)
{
    char text[128];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w = writer_on(text, sizeof text);
        writer_text(&w, rows[i].name);
        writer_pad(&w, 0, 22);
        char number[24];
        struct writer n = writer_on(number, sizeof number);
        writer_number(&n, rows[i].bytes);
        for (size_t pad = n.len; pad < 7; pad++)
            writer_byte(&w, ' ');
        writer_bytes(&w, writer_span(&n));
        writer_text(&w, "  ");
        writer_text(&w, rows[i].reason);
        writer_byte(&w, '\n');
        if (!console_write(CONSOLE_OUT, writer_span(&w))) return EXIT_FAILED;
    }
    return EXIT_DONE;
}
