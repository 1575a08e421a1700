/* connect_stream_main.c - the command connect-stream: a stream of connect_stream.h, to be read.
 *   eats    options; perhaps files with voices
 *   gives   the stream, or the audio that a right reader finds in it (raw, or as WAV)
 *   keeps   one buffer of output
 *   knows   the options' names, and the 44 bytes of a WAV header from the specification */
#define _POSIX_C_SOURCE 200809L

#include "connect_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXIT_IO = 1,
    EXIT_USAGE = 2,
    /* Written at once; stays in the processor's cache while it is filled. */
    WRITE_BYTES = 256 * 1024,
    WAV_HEADER_BYTES = 44,
};

static const char help[] =
    "connect-stream - a made-up Amazon Connect recording on standard output\n"
    "\n"
    "  connect-stream [options] > out.mkv              the stream\n"
    "  connect-stream --pcm customer|agent [options]   the audio of one contact and side in it,\n"
    "  connect-stream --wav customer|agent [options]   raw, or with a WAV header\n"
    "\n"
    "TIME is a number with a unit: 1088ms, 60s, 90m, 24h, 5d. BYTES may end in k, M, G (1000s).\n"
    "\n"
    "What is said\n"
    "  --duration TIME        of each contact, lost fragments included (60s; with voices: as\n"
    "                         long as the longer one; with --bytes: as long as needed)\n"
    "  --bytes BYTES          end with the first fragment that reaches so much of the stream\n"
    "  --customer-pcm FILE    voices: 16-bit little-endian samples at 8 kHz, without a header;\n"
    "  --agent-pcm FILE       silence follows, and is all of a side without a voice. With no\n"
    "                         voice both sides speak the pattern of connect_stream.h\n"
    "  --start-ms N           start of the first contact, ms since 1970 (1741219200123)\n"
    "  --contacts N           so many contacts (1), c as 00000000-0000-4000-8000-00000000000c\n"
    "  --contact-id ID        ids instead, in their order, once for each contact; they raise\n"
    "                         --contacts where they are more\n"
    "  --order ORDER          in-turn (one after the other) or alternating (at the same time,\n"
    "                         a fragment of each by turns) (in-turn)\n"
    "  --apart TIME           from one contact's start to the next one's, in turn (5d)\n"
    "  --tracks TRACKS        customer, agent, both, or swapped (both, agent first) (both)\n"
    "\n"
    "How it is cut\n"
    "  --fragment TIME        length of a fragment, at most 20s (1088ms)\n"
    "  --block-bytes N        audio in a block, even or odd (1024)\n"
    "  --cluster TIME         a new Cluster after so much (one in a fragment)\n"
    "  --gap AFTER,COUNT      COUNT fragments of each contact are lost behind the first AFTER:\n"
    "                         numbers, times and audio jump\n"
    "\n"
    "How it is written\n"
    "  --segment-uids UIDS    own (each contact's), same (for all) or none (own)\n"
    "  --segment-size SIZE    unknown or known (unknown)\n"
    "  --cluster-size SIZE    unknown or known (unknown)\n"
    "  --block-size-width N   bytes of a block's size, 1 to 8 (8)\n"
    "  --block-group          BlockGroup{Block} instead of SimpleBlock\n"
    "  --lacing LACING        none, xiph, fixed or ebml: one to eight frames in a block (none)\n"
    "  --track-numbers N,M    of the first and the second track (1,2)\n"
    "  --timecode-scale NS    nanoseconds a tick (1000000)\n"
    "  --nul-padded           track names and codec ids filled to 32 bytes, as old SDKs do\n"
    "  --tags WHERE           ContactId and its like: before or after the audio, both (places)\n"
    "                         or none (after)\n"
    "  --tagless-tail         each contact's last fragment has no ContactId, InstanceId\n"
    "  --get-media            the tags that GetMedia adds\n"
    "  --no-first-header      the first document begins without its EBML header\n"
    "  --sprinkle             Void and unknown elements at every level\n"
    "  --error WORDS          at the end a document that reports an error of KVS, as\n"
    "                         GetMediaForFragmentList says it (list), GetMedia (media), both,\n"
    "                         or none (none)\n"
    "\n"
    "What a reader should find; give the same options as for the stream\n"
    "  --pcm SIDE             the audio of customer or agent, as it stands in the stream, even\n"
    "                         where no tag tells its contact; nothing of a side not in it\n"
    "  --wav SIDE             the same as WAV\n"
    "  --contact N            of the Nth contact, from 1 (1)\n"
    "  --gaps GAPS            lost fragments left out (join) or as silence (join)\n"
    "  --help                 this\n"
    "\n"
    "Exit: 0 done, 1 reading or writing failed, 2 wrong options.\n";

static _Noreturn void usage(const char *what)
{
    fprintf(stderr, "connect-stream: %s (--help explains)\n", what);
    exit(EXIT_USAGE);
}

static _Noreturn void wrong_option(const char *option, const char *why)
{
    fprintf(stderr, "connect-stream: --%s: %s (--help explains)\n", option, why);
    exit(EXIT_USAGE);
}

static _Noreturn void failed(const char *what)
{
    fprintf(stderr, "connect-stream: %s: %s\n", what, strerror(errno));
    exit(EXIT_IO);
}

/* ---- standard output ---- */

static uint8_t out[WRITE_BYTES + CONNECT_STREAM_FRAGMENT_BYTES_MAX];
static size_t out_len;

static void out_flush(void)
{
    for (size_t sent = 0; sent < out_len;) {
        const ssize_t n = write(STDOUT_FILENO, out + sent, out_len - sent);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) failed("standard output");
        sent += (size_t)n;
    }
    out_len = 0;
}

/* Room for at least a fragment. */
static uint8_t *out_door(void)
{
    if (out_len >= WRITE_BYTES) out_flush();
    return out + out_len;
}

/* ---- options ---- */

enum sound { SOUND_STREAM, SOUND_PCM, SOUND_WAV };

struct wish {
    struct connect_stream_options stream;
    const char *ids[CONNECT_STREAM_CONTACTS_MAX];
    size_t ids_given;
    bool duration_given;
    uint64_t bytes_wanted; /* 0: all */
    const char *voices[2]; /* names of files */
    enum sound sound;
    enum connect_stream_side side;
    uint64_t contact; /* from 1 */
    bool gaps_silent;
};

static uint64_t number_up_to(const char **text, const char *option)
{
    if (**text < '0' || **text > '9') wrong_option(option, "a number is missing");
    char *end = NULL;
    errno = 0;
    const uint64_t value = strtoull(*text, &end, 10);
    if (errno != 0) wrong_option(option, "the number is too big");
    *text = end;
    return value;
}

static uint64_t number(const char *text, const char *option)
{
    const char *rest = text;
    const uint64_t value = number_up_to(&rest, option);
    if (*rest != '\0') wrong_option(option, "not a number");
    return value;
}

static uint32_t number32(const char *text, const char *option)
{
    const uint64_t value = number(text, option);
    if (value > UINT32_MAX) wrong_option(option, "the number is too big");
    return (uint32_t)value;
}

static void two_numbers(const char *text, uint64_t *first, uint64_t *second, const char *option)
{
    const char *rest = text;
    *first = number_up_to(&rest, option);
    if (*rest != ',') wrong_option(option, "wants two numbers with a comma between");
    *second = number(rest + 1, option);
}

struct unit {
    const char *name;
    uint64_t worth;
};

static uint64_t number_with_unit(const char *text, const struct unit *units, const char *option)
{
    const char *rest = text;
    const uint64_t value = number_up_to(&rest, option);
    for (const struct unit *u = units; u->name != NULL; u++) {
        if (strcmp(rest, u->name) != 0) continue;
        if (value > UINT64_MAX / u->worth) wrong_option(option, "the number is too big");
        return value * u->worth;
    }
    wrong_option(option, "the unit is missing or unknown");
}

static uint64_t time_ms(const char *text, const char *option)
{
    static const struct unit units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
    };
    return number_with_unit(text, units, option);
}

static uint32_t time32_ms(const char *text, const char *option)
{
    const uint64_t value = time_ms(text, option);
    if (value > UINT32_MAX) wrong_option(option, "the time is too long");
    return (uint32_t)value;
}

static uint64_t size_bytes(const char *text, const char *option)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
    };
    return number_with_unit(text, units, option);
}

/* The place of a word in a list that NULL ends. */
static unsigned word(const char *text, const char *const *words, const char *option)
{
    for (unsigned i = 0; words[i] != NULL; i++)
        if (strcmp(text, words[i]) == 0) return i;
    wrong_option(option, "unknown word");
}

/* In the order of the enums of connect_stream.h. */
static const char *const side_words[] = {"customer", "agent", NULL};
static const char *const tracks_words[] = {"customer", "agent", "both", "swapped", NULL};
static const char *const tags_words[] = {"before", "after", "both", "none", NULL};
static const char *const lacing_words[] = {"none", "xiph", "fixed", "ebml", NULL};
static const char *const order_words[] = {"in-turn", "alternating", NULL};
static const char *const uids_words[] = {"own", "same", "none", NULL};
static const char *const error_words[] = {"none", "list", "media", "both", NULL};
static const char *const size_words[] = {"unknown", "known", NULL};
static const char *const gaps_words[] = {"join", "silence", NULL};

enum choice {
    CHOICE_HELP = 1000, /* above every character that getopt_long() could return */
    CHOICE_DURATION,
    CHOICE_BYTES,
    CHOICE_CUSTOMER_PCM,
    CHOICE_AGENT_PCM,
    CHOICE_START_MS,
    CHOICE_CONTACTS,
    CHOICE_CONTACT_ID,
    CHOICE_ORDER,
    CHOICE_APART,
    CHOICE_TRACKS,
    CHOICE_FRAGMENT,
    CHOICE_BLOCK_BYTES,
    CHOICE_CLUSTER,
    CHOICE_GAP,
    CHOICE_SEGMENT_UIDS,
    CHOICE_SEGMENT_SIZE,
    CHOICE_CLUSTER_SIZE,
    CHOICE_BLOCK_SIZE_WIDTH,
    CHOICE_BLOCK_GROUP,
    CHOICE_LACING,
    CHOICE_TRACK_NUMBERS,
    CHOICE_TIMECODE_SCALE,
    CHOICE_NUL_PADDED,
    CHOICE_TAGS,
    CHOICE_TAGLESS_TAIL,
    CHOICE_GET_MEDIA,
    CHOICE_NO_FIRST_HEADER,
    CHOICE_SPRINKLE,
    CHOICE_ERROR,
    CHOICE_PCM,
    CHOICE_WAV,
    CHOICE_CONTACT,
    CHOICE_GAPS,
};

static const struct option options[] = {
    {"help", no_argument, NULL, CHOICE_HELP},
    {"duration", required_argument, NULL, CHOICE_DURATION},
    {"bytes", required_argument, NULL, CHOICE_BYTES},
    {"customer-pcm", required_argument, NULL, CHOICE_CUSTOMER_PCM},
    {"agent-pcm", required_argument, NULL, CHOICE_AGENT_PCM},
    {"start-ms", required_argument, NULL, CHOICE_START_MS},
    {"contacts", required_argument, NULL, CHOICE_CONTACTS},
    {"contact-id", required_argument, NULL, CHOICE_CONTACT_ID},
    {"order", required_argument, NULL, CHOICE_ORDER},
    {"apart", required_argument, NULL, CHOICE_APART},
    {"tracks", required_argument, NULL, CHOICE_TRACKS},
    {"fragment", required_argument, NULL, CHOICE_FRAGMENT},
    {"block-bytes", required_argument, NULL, CHOICE_BLOCK_BYTES},
    {"cluster", required_argument, NULL, CHOICE_CLUSTER},
    {"gap", required_argument, NULL, CHOICE_GAP},
    {"segment-uids", required_argument, NULL, CHOICE_SEGMENT_UIDS},
    {"segment-size", required_argument, NULL, CHOICE_SEGMENT_SIZE},
    {"cluster-size", required_argument, NULL, CHOICE_CLUSTER_SIZE},
    {"block-size-width", required_argument, NULL, CHOICE_BLOCK_SIZE_WIDTH},
    {"block-group", no_argument, NULL, CHOICE_BLOCK_GROUP},
    {"lacing", required_argument, NULL, CHOICE_LACING},
    {"track-numbers", required_argument, NULL, CHOICE_TRACK_NUMBERS},
    {"timecode-scale", required_argument, NULL, CHOICE_TIMECODE_SCALE},
    {"nul-padded", no_argument, NULL, CHOICE_NUL_PADDED},
    {"tags", required_argument, NULL, CHOICE_TAGS},
    {"tagless-tail", no_argument, NULL, CHOICE_TAGLESS_TAIL},
    {"get-media", no_argument, NULL, CHOICE_GET_MEDIA},
    {"no-first-header", no_argument, NULL, CHOICE_NO_FIRST_HEADER},
    {"sprinkle", no_argument, NULL, CHOICE_SPRINKLE},
    {"error", required_argument, NULL, CHOICE_ERROR},
    {"pcm", required_argument, NULL, CHOICE_PCM},
    {"wav", required_argument, NULL, CHOICE_WAV},
    {"contact", required_argument, NULL, CHOICE_CONTACT},
    {"gaps", required_argument, NULL, CHOICE_GAPS},
    {NULL, 0, NULL, 0},
};

static void take_id(struct wish *w, const char *id)
{
    if (w->ids_given == CONNECT_STREAM_CONTACTS_MAX) wrong_option("contact-id", "too many");
    w->ids[w->ids_given++] = id;
}

static void take_sound(struct wish *w, enum sound sound, const char *side, const char *option)
{
    w->sound = sound;
    w->side = (enum connect_stream_side)word(side, side_words, option);
}

static void take(struct wish *w, enum choice which, const char *value, const char *name)
{
    struct connect_stream_options *const o = &w->stream;
    switch (which) {
    case CHOICE_HELP:
        fputs(help, stdout);
        if (fflush(stdout) != 0) failed("standard output");
        exit(EXIT_SUCCESS);
    case CHOICE_DURATION:
        o->duration_ms = time_ms(value, name);
        if (o->duration_ms == 0) wrong_option(name, "must be longer");
        w->duration_given = true;
        return;
    case CHOICE_BYTES:
        w->bytes_wanted = size_bytes(value, name);
        if (w->bytes_wanted == 0) wrong_option(name, "must be more");
        return;
    case CHOICE_CUSTOMER_PCM: w->voices[CONNECT_STREAM_CUSTOMER] = value; return;
    case CHOICE_AGENT_PCM: w->voices[CONNECT_STREAM_AGENT] = value; return;
    case CHOICE_START_MS: o->start_ms = number(value, name); return;
    case CHOICE_CONTACTS: o->contacts = number32(value, name); return;
    case CHOICE_CONTACT_ID: take_id(w, value); return;
    case CHOICE_ORDER: o->order = (enum connect_stream_order)word(value, order_words, name); return;
    case CHOICE_APART: o->apart_ms = time_ms(value, name); return;
    case CHOICE_TRACKS:
        o->tracks = (enum connect_stream_tracks)word(value, tracks_words, name);
        return;
    case CHOICE_FRAGMENT: o->fragment_ms = time32_ms(value, name); return;
    case CHOICE_BLOCK_BYTES: o->block_bytes = number32(value, name); return;
    case CHOICE_CLUSTER: o->cluster_ms = time32_ms(value, name); return;
    case CHOICE_GAP: two_numbers(value, &o->gap_after, &o->gap_fragments, name); return;
    case CHOICE_SEGMENT_UIDS:
        o->uids = (enum connect_stream_uids)word(value, uids_words, name);
        return;
    case CHOICE_SEGMENT_SIZE: o->segment_known = word(value, size_words, name) == 1; return;
    case CHOICE_CLUSTER_SIZE: o->cluster_known = word(value, size_words, name) == 1; return;
    case CHOICE_BLOCK_SIZE_WIDTH: o->block_size_width = number32(value, name); return;
    case CHOICE_BLOCK_GROUP: o->block_group = true; return;
    case CHOICE_LACING:
        o->lacing = (enum connect_stream_lacing)word(value, lacing_words, name);
        return;
    case CHOICE_TRACK_NUMBERS:
        two_numbers(value, &o->track_numbers[0], &o->track_numbers[1], name);
        return;
    case CHOICE_TIMECODE_SCALE: o->timecode_scale = number(value, name); return;
    case CHOICE_NUL_PADDED: o->nul_padded = true; return;
    case CHOICE_TAGS: o->tags = (enum connect_stream_tags)word(value, tags_words, name); return;
    case CHOICE_TAGLESS_TAIL: o->tagless_tail = true; return;
    case CHOICE_GET_MEDIA: o->get_media = true; return;
    case CHOICE_NO_FIRST_HEADER: o->no_first_header = true; return;
    case CHOICE_SPRINKLE: o->sprinkle = true; return;
    case CHOICE_ERROR: o->error = (enum connect_stream_error)word(value, error_words, name); return;
    case CHOICE_PCM: take_sound(w, SOUND_PCM, value, name); return;
    case CHOICE_WAV: take_sound(w, SOUND_WAV, value, name); return;
    case CHOICE_CONTACT: w->contact = number(value, name); return;
    case CHOICE_GAPS: w->gaps_silent = word(value, gaps_words, name) == 1; return;
    }
}

static void read_options(struct wish *w, int argc, char **argv)
{
    w->stream = connect_stream_defaults();
    w->contact = 1;
    for (;;) {
        int at = 0;
        const int which = getopt_long(argc, argv, "", options, &at);
        if (which == -1) break;
        if (which == '?') exit(EXIT_USAGE); /* getopt_long() has said why */
        take(w, (enum choice)which, optarg, options[at].name);
    }
    if (optind < argc) usage("options only, no other arguments");

    if (w->ids_given > w->stream.contacts) w->stream.contacts = w->ids_given;
    if (w->ids_given != 0) w->stream.contact_ids = w->ids;
    if (w->contact < 1 || w->contact > w->stream.contacts) wrong_option("contact", "there is none");
    const bool voiced = w->voices[0] != NULL || w->voices[1] != NULL;
    if (w->duration_given) return;
    if (voiced) w->stream.duration_ms = 0;
    /* A year is 500 GB a side; --bytes ends it. */
    else if (w->bytes_wanted != 0)
        w->stream.duration_ms = UINT64_C(365) * 24 * 60 * 60 * 1000;
}

/* ---- voices ---- */

static void take_voice(struct connect_stream *s, enum connect_stream_side side, const char *name)
{
    static const uint8_t nothing[1];
    const int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) failed(name);
    struct stat about;
    if (fstat(file, &about) != 0) failed(name);
    if (!S_ISREG(about.st_mode)) {
        fprintf(stderr, "connect-stream: %s: not a regular file\n", name);
        exit(EXIT_IO);
    }
    const uint8_t *pcm = nothing;
    const size_t bytes = (size_t)about.st_size;
    if (bytes != 0) { /* mmap() refuses nothing */
        void *const map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
        if (map == MAP_FAILED) failed(name);
        pcm = map;
    }
    close(file);
    connect_stream_voice(s, side, pcm, bytes);
}

/* ---- what we write ---- */

/* The stream, up to the wanted size; how many fragments that took. */
static uint64_t run(struct connect_stream *s, uint64_t bytes_wanted, bool write_it)
{
    uint64_t bytes = 0;
    size_t len = 0;
    while (connect_stream_next(s, out_door(), CONNECT_STREAM_FRAGMENT_BYTES_MAX, &len)) {
        if (write_it) out_len += len;
        bytes += len;
        if (bytes_wanted != 0 && bytes >= bytes_wanted) break;
    }
    const uint64_t all = connect_stream_fragments(s);
    return s->at < all ? s->at : all;
}

static void put_silence(uint64_t bytes)
{
    while (bytes != 0) {
        uint8_t *const to = out_door();
        const size_t n = bytes < WRITE_BYTES ? (size_t)bytes : WRITE_BYTES;
        memset(to, 0, n);
        out_len += n;
        bytes -= n;
    }
}

/* The audio of one side in the first fragments; only its length, unless write_it. */
static uint64_t sound(const struct connect_stream *s, const struct wish *w, uint64_t fragments,
                      bool write_it)
{
    if (!connect_stream_has(s, w->side)) return 0;
    const size_t contact_at = (size_t)w->contact - 1;
    bool begun = false;
    uint64_t end = 0; /* of the fragment before */
    uint64_t total = 0;
    for (uint64_t at = 0; at < fragments; at++) {
        struct connect_stream_facts f;
        connect_stream_facts(s, at, &f);
        if (f.contact_at != contact_at) continue;
        const uint64_t lost = w->gaps_silent && begun ? f.pcm_from - end : 0;
        begun = true;
        end = f.pcm_from + f.pcm_bytes;
        total += lost + f.pcm_bytes;
        if (!write_it) continue;
        put_silence(lost);
        connect_stream_pcm(s, contact_at, w->side, f.pcm_from, out_door(), (size_t)f.pcm_bytes);
        out_len += (size_t)f.pcm_bytes;
    }
    return total;
}

static void put_little(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

/* Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft, 1991), "Waveform
 * Audio File Format": RIFF chunk, fmt chunk of 16 bytes for WAVE_FORMAT_PCM, data chunk. */
static void put_wav_header(uint64_t bytes)
{
    if (bytes > UINT32_MAX - 36) wrong_option("wav", "more than 4 GB do not fit a WAV");
    static const char header[] = "RIFF\0\0\0\0WAVE" /* 36 + bytes of data, set below */
                                 "fmt \x10\0\0\0"   /* 16 bytes */
                                 "\x01\0\x01\0"     /* WAVE_FORMAT_PCM, channels */
                                 "\x40\x1F\0\0"     /* 8000 samples a second */
                                 "\x80\x3E\0\0"     /* 16000 bytes a second */
                                 "\x02\0\x10\0"     /* bytes, bits a sample */
                                 "data\0\0\0\0";    /* bytes of data, set below */
    _Static_assert(sizeof header == WAV_HEADER_BYTES + 1, "a WAV header and the literal's NUL");
    uint8_t *const to = out_door();
    memcpy(to, header, WAV_HEADER_BYTES);
    put_little(to + 4, (uint32_t)bytes + 36);
    put_little(to + 40, (uint32_t)bytes);
    out_len += WAV_HEADER_BYTES;
}

int main(int argc, char **argv)
{
    static struct wish w;
    static struct connect_stream s;
    read_options(&w, argc, argv);
    const char *const wrong = connect_stream_init(&s, &w.stream);
    if (wrong != NULL) usage(wrong);
    for (int side = 0; side < 2; side++)
        if (w.voices[side] != NULL) take_voice(&s, (enum connect_stream_side)side, w.voices[side]);

    signal(SIGPIPE, SIG_IGN); /* a closed pipe is then a failed write, and exit 1 */
    if (w.sound == SOUND_STREAM) {
        run(&s, w.bytes_wanted, true);
    } else {
        /* Where --bytes ends the stream, only the stream can tell. */
        const bool whole = w.bytes_wanted == 0;
        const uint64_t fragments =
            whole ? connect_stream_fragments(&s) : run(&s, w.bytes_wanted, false);
        if (w.sound == SOUND_WAV) put_wav_header(sound(&s, &w, fragments, false));
        sound(&s, &w, fragments, true);
    }
    out_flush();
    return EXIT_SUCCESS;
}
