/* A WAV given piece by piece, and given again from a mark: against what the pipeline gives where a file is cut back
 * (another pass, that never goes back to a mark), and against the generator's own samples. Headers are typed. */
#include <dirent.h>
#include <stdio.h>

#include "../connect_stream.h"
#include "job/wav_source.h"
#include "piping.h"

enum { STREAM_BYTES_MAX = 1 << 21, SKIPPED = 77 };

static uint8_t *stream;
static size_t stream_len;
static struct connect_stream generator;
static struct wav_source source;
static struct recording surveyed;
static struct piped should;
static struct {
    size_t len;
    uint8_t bytes[PIPED_BYTES + 100];
} wav;

static void generate(const struct connect_stream_options *o)
{
    const char *why = connect_stream_init(&generator, o);
    if (why != NULL) fail_msg("%s", why);
    stream_len = 0;
    size_t len;
    while (connect_stream_next(&generator, stream + stream_len,
                               STREAM_BYTES_MAX + CONNECT_STREAM_FRAGMENT_BYTES_MAX - stream_len,
                               &len))
        stream_len += len;
    assert_in_range(stream_len, 1, STREAM_BYTES_MAX);
}

/* ---- what is expected ---- */

static void put_little(size_t at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++)
        wav.bytes[at + i] = (uint8_t)(value >> (8 * i));
}

/* RIFF MCI (1991), mmreg.h: as in wav_test.c, with the sizes put in. */
static void expect(const struct pipeline_options *o, const uint8_t *sound, size_t len)
{
    const bool two = o->layout == MIXER_STEREO;
    const bool pcm = o->encoding == WAV_PCM;
    const char *form = pcm ? (two ? "'RIFF' 00*4 'WAVEfmt ' 10000000 0100 0200 401F0000 007D0000 "
                                    "0400 1000 'data' 00*4"
                                  : "'RIFF' 00*4 'WAVEfmt ' 10000000 0100 0100 401F0000 803E0000 "
                                    "0200 1000 'data' 00*4")
                           : (two ? "'RIFF' 00*4 'WAVEfmt ' 12000000 0700 0200 401F0000 803E0000 "
                                    "0200 0800 0000 'fact' 04000000 "
                                    "00*4 'data' 00*4"
                                  : "'RIFF' 00*4 'WAVEfmt ' 12000000 0700 0100 401F0000 401F0000 "
                                    "0100 0800 0000 'fact' 04000000 "
                                    "00*4 'data' 00*4");
    const size_t header = doc_write(wav.bytes, sizeof wav.bytes, form);
    assert_int_equal(header, pcm ? 44 : 58);
    memcpy(wav.bytes + header, sound, len);
    wav.len = header + len;
    if (len % 2 != 0) wav.bytes[wav.len++] = 0;
    put_little(4, 4, wav.len - 8);
    put_little(header - 4, 4, len);
    if (!pcm) put_little(46, 4, len / (two ? 2 : 1));
}

/* ---- reading ---- */

static struct {
    struct span input;
    uint32_t seed;
    size_t read_most; /* bytes of one read; 0: what there is room for */
    size_t most;      /* asked for at once; 0: at random */
    unsigned mark_percent, back_percent;
    size_t at;     /* of the WAV */
    size_t marked; /* where it will go back to */
    size_t reads, backs;
} now;

static void feed(void)
{
    size_t room;
    uint64_t offset;
    uint8_t *to = wav_source_room(&source, &room, &offset);
    assert_true(room > 0);
    assert_in_range(to - source.buffer, 0, SOURCE_BUFFER_BYTES - 1);
    assert_true((size_t)(to - source.buffer) + room <= SOURCE_BUFFER_BYTES);
    size_t n = now.read_most > 0 && now.read_most < room ? now.read_most : room;
    if (now.read_most == 1) n = 1 + cut_random(&now.seed) % (room < 500 ? room : 500);
    struct span rest = now.input;
    (void)span_cut(&rest, span_min(rest, offset));
    n = span_min(rest, n);
    if (n > 0) memcpy(to, rest.at, n);
    if (n == 0) memset(to, 0xEE, room); /* what a read leaves behind is nobody's */
    wav_source_put(&source, n);
    now.reads++;
}

static bool happens(unsigned percent)
{
    return percent > 0 && cut_random(&now.seed) % 100 < percent;
}

static void take(struct span out)
{
    assert_true(out.len > 0 && now.at + out.len <= wav.len);
    if (memcmp(out.at, wav.bytes + now.at, out.len) != 0)
        fail_msg("other bytes from %zu on, after %zu ways back", now.at, now.backs);
    now.at += out.len;
    assert_int_equal(source.now.given, now.at);
    if (happens(now.mark_percent)) {
        wav_source_set_mark(&source);
        now.marked = now.at;
    }
}

static void go_back(void)
{
    wav_source_go_back(&source);
    now.at = now.marked;
    now.backs++;
}

/* The end, or FAULT. */
static enum wav_source_event read_pass(void)
{
    for (;;) {
        struct span out = span_of(NULL, 0);
        const size_t most = now.most > 0 ? now.most : 1 + cut_random(&now.seed) % 3000;
        enum wav_source_event event = wav_source_next(&source, most, &out);
        switch (event) {
        case WAV_SOURCE_READ: feed(); break;
        case WAV_SOURCE_BYTES:
            assert_true(out.len <= most);
            take(out);
            break;
        case WAV_SOURCE_END:
        case WAV_SOURCE_FAULT: return event;
        }
        if (now.backs < 200 && happens(now.back_percent)) go_back();
    }
}

static bool survey(const struct pipeline_options *o)
{
    now.at = now.marked = now.backs = 0;
    memset(&source, 0xA5, sizeof source);
    const unsigned mark = now.mark_percent, back = now.back_percent;
    now.mark_percent = now.back_percent = 0;
    wav_source_survey(&source, o, &surveyed);
    const bool is_over = read_pass() == WAV_SOURCE_END;
    now.mark_percent = mark;
    now.back_percent = back;
    return is_over;
}

static void deliver(void)
{
    wav_source_deliver(&source);
    assert_int_equal(wav_source_total(&source), wav.len);
    if (read_pass() != WAV_SOURCE_END) fail_msg("%.*s", (int)source.fault.len, source.fault.text);
    assert_int_equal(now.at, wav.len);
    struct span out;
    assert_int_equal(wav_source_next(&source, 1, &out), WAV_SOURCE_END);
    /* And back from its very end. */
    if (now.back_percent == 0) return;
    for (int i = 0; i < 2; i++) {
        go_back();
        assert_int_equal(read_pass(), WAV_SOURCE_END);
        assert_int_equal(now.at, wav.len);
    }
}

/* `should` or nothing; false: the input is not one to deliver. */
static bool expect_of_pipeline(const struct pipeline_options *o, struct span input)
{
    recording_init(&recording, &o->contact);
    pipe_pass(PIPELINE_PROVISIONAL, o, input, 4000, &should);
    if (!should.whole || should.len == 0) return false;
    expect(o, should.bytes, should.len);
    return true;
}

static void check_ways(const struct pipeline_options *o, struct span input, uint32_t seed)
{
    static const struct {
        size_t read_most, most;
        unsigned mark_percent, back_percent;
    } ways[] = {{0, SIZE_MAX, 0, 0}, {1, 0, 0, 0},    {0, 0, 30, 30},       {700, 0, 5, 20},
                {1, 100, 10, 5},     {0, 333, 2, 10}, {0, SIZE_MAX, 50, 50}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        now.input = input;
        now.seed = seed + (uint32_t)i;
        now.read_most = ways[i].read_most;
        now.most = ways[i].most;
        now.mark_percent = ways[i].mark_percent;
        now.back_percent = ways[i].back_percent;
        assert_true(survey(o));
        assert_int_equal(surveyed.bytes, should.len);
        deliver();
    }
}

/* All layouts, encodings, gaps. How many of them had sound. */
static unsigned check_all(struct span input, const char *contact, bool salvage)
{
    static const struct {
        enum mixer_layout layout;
        enum channel channel;
    } layouts[] = {{MIXER_ONE, CHANNEL_CUSTOMER},
                   {MIXER_ONE, CHANNEL_AGENT},
                   {MIXER_STEREO, CHANNEL_CUSTOMER},
                   {MIXER_MIX, CHANNEL_CUSTOMER}};
    unsigned heard = 0;
    for (unsigned i = 0; i < 16; i++) {
        struct pipeline_options o = options_of(contact);
        o.layout = layouts[i / 4].layout;
        o.channel = layouts[i / 4].channel;
        o.encoding = i % 2 == 0 ? WAV_PCM : WAV_ULAW;
        o.gaps = i / 2 % 2 == 0 ? GAPS_JOIN : GAPS_SILENCE;
        o.salvage = salvage;
        if (!expect_of_pipeline(&o, input)) continue;
        check_ways(&o, input, 900 + i);
        heard++;
    }
    return heard;
}

/* ---- streams of the generator ---- */

static struct connect_stream_options small(void)
{
    struct connect_stream_options o = connect_stream_defaults();
    o.duration_ms = 1500;
    o.fragment_ms = 512;
    o.block_bytes = 1024;
    return o;
}

static uint8_t voice[CHANNEL_COUNT][1 << 16];

/* One contact, both voices, nothing lost: what each layout is, from the samples themselves. */
static void from_the_samples(void **state)
{
    (void)state;
    static const uint32_t blocks[] = {1024, 333, 8192, 1};
    for (size_t i = 0; i < 4; i++) {
        struct connect_stream_options g = small();
        g.block_bytes = blocks[i];
        g.duration_ms = blocks[i] == 1 ? 60 : 1500;
        generate(&g);
        const size_t len = (size_t)g.duration_ms * CONNECT_STREAM_BYTES_PER_MS;
        connect_stream_pcm(&generator, 0, CONNECT_STREAM_CUSTOMER, 0, voice[0], len);
        connect_stream_pcm(&generator, 0, CONNECT_STREAM_AGENT, 0, voice[1], len);
        static uint8_t frames[2 * sizeof voice[0]];
        for (int layout = 0; layout < 4; layout++) {
            struct pipeline_options o = options_of("");
            o.layout = layout < 2 ? MIXER_ONE : layout == 2 ? MIXER_STEREO : MIXER_MIX;
            o.channel = layout == 1 ? CHANNEL_AGENT : CHANNEL_CUSTOMER;
            size_t to = 0;
            for (size_t at = 0; at < len; at += 2) {
                int16_t a, b;
                memcpy(&a, voice[0] + at, 2);
                memcpy(&b, voice[1] + at, 2);
                const int sum = a + b;
                const int16_t mixed = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
                const int16_t first = layout == 1 ? b : layout == 3 ? mixed : a;
                memcpy(frames + to, &first, 2);
                to += 2;
                if (layout == 2) memcpy(frames + to, &b, 2);
                if (layout == 2) to += 2;
            }
            expect(&o, frames, to);
            should.len = to;
            check_ways(&o, span_of(stream, stream_len), 31);
        }
    }
}

#define WITH(change)                                                                               \
    do {                                                                                           \
        struct connect_stream_options o = small();                                                 \
        change;                                                                                    \
        generate(&o);                                                                              \
        heard += check_all(span_of(stream, stream_len), "", false);                                \
    } while (0)

static void every_option(void **state)
{
    (void)state;
    unsigned heard = 0;
    WITH((void)0);
    WITH(o.tracks = CONNECT_STREAM_TRACKS_AGENT);
    WITH(o.tracks = CONNECT_STREAM_TRACKS_SWAPPED);
    WITH((o.gap_after = 1, o.gap_fragments = 1));
    WITH((o.gap_after = 1, o.gap_fragments = 4, o.block_bytes = 333));
    WITH(o.tagless_tail = true);
    WITH((o.lacing = CONNECT_STREAM_LACING_EBML, o.block_bytes = 4000));
    WITH((o.sprinkle = true, o.cluster_ms = 64));
    /* Channels far apart: a block of one voice is longer than the mark keeps, and longer than the ring. */
    WITH((o.duration_ms = 5000, o.fragment_ms = 1000, o.block_bytes = 16000));
    WITH((o.duration_ms = 9000, o.fragment_ms = 3000, o.block_bytes = 48000));
    WITH((o.duration_ms = 2000, o.fragment_ms = 700, o.block_bytes = 4098));
    assert_int_equal(heard, 11 * 16 - 2 * 4 + 4); /* one voice alone has nothing for the other */
    /* Others' contacts between ours: their sound goes in no mark. */
    heard = 0;
    struct connect_stream_options o = small();
    o.contacts = 3;
    o.order = CONNECT_STREAM_ALTERNATING;
    generate(&o);
    for (size_t contact = 0; contact < 3; contact++) {
        char own[CONNECT_STREAM_UUID_BYTES];
        heard += check_all(span_of(stream, stream_len),
                           connect_stream_contact_id(&generator, contact, own), false);
    }
    assert_int_equal(heard, 3 * 16);
}

static void salvaged(void **state)
{
    (void)state;
    struct connect_stream_options o = small();
    generate(&o);
    unsigned heard = 0;
    for (size_t cut = 1; cut < 9; cut++)
        heard += check_all(span_of(stream, stream_len - stream_len / 9 * cut), "", true);
    assert_true(heard > 64);
}

/* ---- the mark ---- */

static void begin_delivery(enum mixer_layout layout)
{
    struct pipeline_options o = options_of("");
    o.layout = layout;
    assert_true(expect_of_pipeline(&o, span_of(stream, stream_len)));
    memset(&now, 0, sizeof now);
    now.input = span_of(stream, stream_len);
    now.seed = 3;
    assert_true(survey(&o));
    wav_source_deliver(&source);
}

static void read_to(size_t at)
{
    struct span out;
    while (now.at < at)
        switch (wav_source_next(&source, at - now.at, &out)) {
        case WAV_SOURCE_READ: feed(); break;
        case WAV_SOURCE_BYTES: take(out); break;
        case WAV_SOURCE_END:
        case WAV_SOURCE_FAULT: fail_msg("ended at %zu", now.at);
        }
}

static void mark(void)
{
    wav_source_set_mark(&source);
    now.marked = now.at;
}

/* A mark at every place of the header, and at many behind; gone back to from many, also in the middle of going back. */
static void at_every_place(void **state)
{
    (void)state;
    struct connect_stream_options o = small();
    o.block_bytes = 333;
    generate(&o);
    for (size_t at = 0; at < 48000; at += at < 100 ? 1 : 1499) {
        begin_delivery(at % 2 == 0 ? MIXER_STEREO : MIXER_MIX);
        if (at + 1 >= wav.len) continue;
        read_to(at);
        mark();
        for (size_t further = at; further < wav.len; further += 1 + (wav.len - at) / 5) {
            read_to(further);
            go_back();
            struct span out;
            for (size_t calls = cut_random(&now.seed) % 3; calls > 0; calls--)
                if (wav_source_next(&source, 1, &out) == WAV_SOURCE_READ) feed();
            go_back();
        }
        assert_int_equal(read_pass(), WAV_SOURCE_END);
        assert_int_equal(now.at, wav.len);
    }
}

/* Parts of an upload: a mark at each one's beginning, each gone back to. Channels far apart: not every mark can be
 * moved, and what lies between is passed over. */
static void part_after_part(void **state)
{
    (void)state;
    static const struct {
        uint32_t fragment_ms, block_bytes;
        bool moves; /* each mark does */
    } rows[] = {{1000, 1024, true}, {1000, 16000, false}, {3000, 48000, false}};
    for (size_t row = 0; row < 3; row++)
        for (size_t part = 500; part < 20000; part += 4711) {
            struct connect_stream_options o = small();
            o.duration_ms = 6000;
            o.fragment_ms = rows[row].fragment_ms;
            o.block_bytes = rows[row].block_bytes;
            generate(&o);
            begin_delivery(MIXER_STEREO);
            unsigned kept = 0;
            for (size_t at = 0; at < wav.len; at += part) {
                const size_t next = at + part < wav.len ? at + part : wav.len;
                mark();
                kept += source.mark.given != source.marked;
                for (size_t i = 0; i < 3; i++) {
                    read_to(at + (next - at) / 3 * i);
                    go_back();
                    assert_int_equal(now.at, at);
                }
                read_to(next);
            }
            assert_int_equal(read_pass(), WAV_SOURCE_END);
            assert_int_equal(kept == 0, rows[row].moves);
        }
}

static void check_changed(struct span input)
{
    now.input = input;
    wav_source_go_back(&source);
    now.at = now.marked;
    assert_int_equal(read_pass(), WAV_SOURCE_FAULT);
    assert_int_equal(source.fault.kind, FAULT_CHANGED);
    wav_source_go_back(&source);
    struct span out;
    assert_int_equal(wav_source_next(&source, 1, &out), WAV_SOURCE_FAULT);
}

static void another_input(void **state)
{
    (void)state;
    struct connect_stream_options o = small();
    generate(&o);
    const struct span input = span_of(stream, stream_len);
    uint8_t *other = cut_copy(input);
    /* One bit of what was held at the mark, also of a sample. */
    for (size_t i = 0; i < 40; i++) {
        begin_delivery(MIXER_MIX);
        read_to(8000);
        mark();
        read_to(20000);
        const size_t at = (size_t)source.mark.base + source.mark.held * i / 40;
        other[at] ^= (uint8_t)(1 << i % 8);
        check_changed(span_of(other, stream_len));
        other[at] = stream[at];
    }
    /* Shorter, down to nothing. */
    for (size_t i = 0; i < 5; i++) {
        begin_delivery(MIXER_STEREO);
        read_to(20000);
        mark();
        read_to(45000);
        const size_t held_end = (size_t)source.mark.base + source.mark.held;
        check_changed(span_of(other, i == 0 ? 0 : held_end - i));
    }
    /* Shorter behind the mark's buffer: the second reading is not the first. */
    begin_delivery(MIXER_STEREO);
    read_to(20000);
    mark();
    now.input = span_of(stream, stream_len / 2 + 4000);
    go_back();
    assert_int_equal(read_pass(), WAV_SOURCE_FAULT);
    /* Another contact's, the second time. */
    begin_delivery(MIXER_STEREO);
    static const char *const ids[] = {"somebody-else-somebody-else-somebody"};
    o.contact_ids = ids;
    generate(&o);
    now.input = span_of(stream, stream_len);
    assert_int_equal(read_pass(), WAV_SOURCE_FAULT);
    assert_int_equal(source.fault.kind, FAULT_CHANGED);
    free(other);
}

static void nothing_to_give(void **state)
{
    (void)state;
    struct pipeline_options o = options_of("");
    memset(&now, 0, sizeof now);
    static const struct {
        const char *input;
        bool is_over;
    } rows[] = {{HEADER SEGMENT(BOTH_TRACKS CONTACT("c")), true},
                {HEADER SEGMENT(BOTH_TRACKS CLUSTER("00", BLOCK("81", "0000", "01*20"))), true},
                {"'this is no recording at all, it is a letter'", false}};
    for (size_t i = 0; i < 3; i++) {
        now.input = doc(rows[i].input);
        assert_int_equal(survey(&o), rows[i].is_over);
        if (rows[i].is_over) assert_int_equal(surveyed.bytes, 0);
        if (!rows[i].is_over) assert_int_equal(source.fault.kind, FAULT_NOT_MATROSKA);
    }
}

/* ---- streams from elsewhere ---- */

static unsigned fixtures_in(const char *root, const char *name, unsigned *heard)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/kvs/%s", root, name);
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    unsigned files = 0;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        char file[5000];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        FILE *f = e->d_name[0] != '.' ? fopen(file, "rb") : NULL;
        if (f == NULL) continue;
        const size_t len = fread(stream, 1, STREAM_BYTES_MAX, f);
        fclose(f);
        *heard += check_all(span_of(stream, len), "", false);
        *heard += check_all(span_of(stream, len), "", true);
        *heard += check_all(span_of(stream, len), "c-1", false);
        files++;
    }
    closedir(folder);
    return files;
}

static void fixtures(void **state)
{
    (void)state;
    const char *root = getenv("RUSUDEN_SHARED");
    if (root == NULL) root = FIXTURES;
    unsigned heard = 0;
    unsigned files = fixtures_in(root, "captured", &heard);
    files += fixtures_in(root, "modelled", &heard);
    files += fixtures_in(root, "synthetic", &heard);
    if (files == 0) skip();
    printf("%u files, %u recordings\n", files, heard);
    assert_true(files > 30 && heard > 100);
}

/* ---- the mixer's own part in it ---- */

enum { BLOCKS = 80, BLOCK_BYTES = 9000, MIXED_BYTES = 1 << 22 };

static struct {
    enum channel channel;
    int64_t time_ns;
    size_t len;
    uint8_t sound[BLOCK_BYTES];
} blocks[BLOCKS];

static uint8_t mixed[2][MIXED_BYTES];

static size_t mix(struct mixer *m, size_t block, uint8_t *to)
{
    size_t len = 0;
    struct span in = span_of(blocks[block].sound, blocks[block].len), out;
    assert_true(mixer_block(m, blocks[block].channel, blocks[block].time_ns));
    for (; mixer_next(m, &in, &out) == MIXER_SOUND; len += out.len)
        memcpy(to + len, out.at, out.len);
    return len;
}

/* From `first` on, to the end; how many bytes. */
static size_t mix_from(struct mixer *m, size_t first, size_t last, uint8_t *to)
{
    size_t len = 0;
    for (size_t i = first; i < last; i++)
        len += mix(m, i, to + len);
    struct span out;
    while (last == BLOCKS && mixer_end(m, &out) == MIXER_SOUND) {
        memcpy(to + len, out.at, out.len);
        len += out.len;
    }
    return len;
}

/* Voices with holes of their own, late and early, a half sample here and there; put back from any block to any. */
static void rings_put_back(void **state)
{
    (void)state;
    static struct mixer_ring ring;
    static uint8_t saved[MIXER_FRAMES * BYTES_PER_SAMPLE];
    for (uint32_t seed = 1; seed < 400; seed++) {
        uint32_t chance = seed * 2654435761u | 1;
        int64_t at_ns[CHANNEL_COUNT] = {0};
        for (size_t i = 0; i < BLOCKS; i++) {
            enum channel c = cut_random(&chance) % 2 == 0 ? CHANNEL_CUSTOMER : CHANNEL_AGENT;
            blocks[i].channel = c;
            blocks[i].len = cut_random(&chance) % BLOCK_BYTES;
            if (cut_random(&chance) % 4 == 0)
                at_ns[c] += cut_random(&chance) % 900 * INT64_C(1000000);
            blocks[i].time_ns = at_ns[c];
            at_ns[c] += (int64_t)blocks[i].len * 62500;
            for (size_t b = 0; b < blocks[i].len; b++)
                blocks[i].sound[b] = (uint8_t)(1 + cut_random(&chance) % 255);
        }
        const enum mixer_layout layout = seed % 2 == 0 ? MIXER_STEREO : MIXER_MIX;
        struct mixer m;
        memset(&ring, 0, sizeof ring);
        mixer_init(&m, layout, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT, GAPS_JOIN, &ring);
        const size_t whole = mix_from(&m, 0, BLOCKS, mixed[0]);
        for (int i = 0; i < 8; i++) {
            const size_t mark = cut_random(&chance) % BLOCKS;
            const size_t back = mark + cut_random(&chance) % (BLOCKS + 1 - mark);
            memset(&ring, 0, sizeof ring);
            mixer_init(&m, layout, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT, GAPS_JOIN, &ring);
            const size_t before = mix_from(&m, 0, mark, mixed[1]);
            const struct mixer then = m;
            assert_true(mixer_held_bytes(&m) <= sizeof saved);
            mixer_save(&m, saved);
            mix_from(&m, mark, back, mixed[1] + before);
            m = then;
            mixer_restore(&m, saved);
            assert_int_equal(before + mix_from(&m, mark, BLOCKS, mixed[1] + before), whole);
            assert_memory_equal(mixed[1], mixed[0], whole);
        }
    }
}

static int begin(void **state)
{
    (void)state;
    stream = malloc(STREAM_BYTES_MAX + CONNECT_STREAM_FRAGMENT_BYTES_MAX);
    return stream == NULL;
}

static int end(void **state)
{
    (void)state;
    free(stream);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_samples), cmocka_unit_test(every_option),
        cmocka_unit_test(salvaged),         cmocka_unit_test(at_every_place),
        cmocka_unit_test(part_after_part),  cmocka_unit_test(another_input),
        cmocka_unit_test(nothing_to_give),  cmocka_unit_test(fixtures),
        cmocka_unit_test(rings_put_back),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
