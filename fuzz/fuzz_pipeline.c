/* The pipeline on any bytes: what two passes give, what one pass gives that is cut back, and what a
 * stream gives are one and the same, however the input is cut; and it is the sound that the
 * reference finds, of the right contact and nobody else.
 *
 * Byte 0: bit 0 tree or raw, the rest is the cutting's seed. Byte 1: layout (2 bits), channel, gaps,
 * encoding, salvage, contact (2 bits). */
#include "fuzz.h"

#include "reference.h"

#include "job/pipeline.h"

/* More output is not looked at: gaps of 24 hours would take seconds to fill. */
enum { OUTPUT_BYTES_MAX = 1 << 18 };

struct output {
    enum pipeline_event
        end; /* PIPELINE_END, PIPELINE_FAULT, or PIPELINE_NEED: too long to look at */
    enum fault_kind fault;
    uint64_t len;
    uint8_t bytes[OUTPUT_BYTES_MAX];
};

static struct recording survey_recording, other_recording;
static struct mixer_ring rings[PIPELINE_RINGS];

/* One pass over the input; false when there is too much output to look at. */
static void run(struct span input, enum pipeline_pass pass, const struct pipeline_options *options,
                struct recording *recording, enum fuzz_cutting cutting, uint8_t seed,
                struct output *to)
{
    static struct pipeline p;
    pipeline_init(&p, pass, options, recording, rings);
    to->len = 0;
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    struct span in = span_of(NULL, 0);
    bool over = false;
    while (!over) {
        if (!fuzz_next(&pieces, &in)) {
            over = true;
            in = span_of(NULL, 0);
            pipeline_finish(&p);
        }
        for (;;) {
            struct span out = span_of(NULL, 0);
            const enum pipeline_event event = pipeline_next(&p, &in, &out);
            to->end = event;
            if (event == PIPELINE_CUT) {
                FUZZ_REQUIRE(p.bytes <= to->len && pass != PIPELINE_DELIVER);
                FUZZ_REQUIRE(pass != PIPELINE_STREAM);
                to->len = p.bytes;
            } else if (event == PIPELINE_BYTES) {
                FUZZ_REQUIRE(out.len > 0);
                if (to->len + out.len > OUTPUT_BYTES_MAX) {
                    to->end = PIPELINE_NEED;
                    free(pieces.block);
                    return;
                }
                memcpy(to->bytes + to->len, out.at, out.len);
                to->len += out.len;
                FUZZ_REQUIRE(to->len == p.bytes);
            } else {
                FUZZ_REQUIRE(event != PIPELINE_NEED || (!over && in.len == 0));
                break;
            }
        }
    }
    FUZZ_REQUIRE(to->end == PIPELINE_END || to->end == PIPELINE_FAULT);
    to->fault = to->end == PIPELINE_FAULT ? p.fault.kind : FAULT_NONE;
    FUZZ_REQUIRE(to->end != PIPELINE_FAULT || p.fault.kind != FAULT_NONE);
    if (to->end == PIPELINE_END) FUZZ_REQUIRE(recording->bytes == to->len);
}

static void require_same(const struct output *a, const struct output *b)
{
    FUZZ_REQUIRE(a->end == b->end && a->fault == b->fault);
    FUZZ_REQUIRE(a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* ---- what the reference expects ---- */

static const char *chosen_contact(const struct reference *theirs, const struct audio_contact *asked)
{
    static char name[REFERENCE_CONTACT_BYTES_MAX + 1];
    memset(name, 0, sizeof name);
    memcpy(name, asked->id, asked->len);
    if (asked->len > 0) return name;
    for (size_t i = 0; i < theirs->documents; i++)
        if (theirs->document[i].has_contact) return theirs->document[i].contact;
    return NULL;
}

static bool is_of(const struct reference *theirs, size_t document, const char *contact)
{
    return contact != NULL && theirs->document[document].has_contact &&
           memcmp(theirs->document[document].contact, contact, REFERENCE_CONTACT_BYTES_MAX) == 0;
}

static bool has_rivals(const struct reference *theirs, const char *contact)
{
    for (size_t i = 0; i < theirs->documents; i++)
        if (theirs->document[i].has_contact && !is_of(theirs, i, contact)) return true;
    return false;
}

/* The sound of one channel, whole samples. */
static size_t expected_sound(const struct reference *theirs, struct span input, const char *contact,
                             int channel, uint8_t *to)
{
    size_t len = 0;
    for (size_t i = 0; i < theirs->pieces; i++) {
        const struct reference_piece *p = &theirs->piece[i];
        if (p->channel != channel || !is_of(theirs, p->document, contact)) continue;
        if (p->len > 0) memcpy(to + len, input.at + p->at, p->len);
        len += p->len;
    }
    return len & ~(size_t)1;
}

/* Every sample that is not silent, in its order: in an output with silence between, and in one side
 * of a stereo output. */
static bool same_but_for_silence(const uint8_t *out, size_t len, size_t frame_bytes,
                                 const uint8_t *expected, size_t expected_len)
{
    size_t at = 0;
    for (size_t i = 0; i + 2 <= len; i += frame_bytes) {
        if (out[i] == 0 && out[i + 1] == 0) continue;
        while (at < expected_len && expected[at] == 0 && expected[at + 1] == 0)
            at += 2;
        if (at == expected_len || memcmp(out + i, expected + at, 2) != 0) return false;
        at += 2;
    }
    while (at < expected_len && expected[at] == 0 && expected[at + 1] == 0)
        at += 2;
    return at == expected_len;
}

/* What salvage keeps of an input that is cut off or broken: the whole documents of the contact, and
 * of the document that never ended the whole blocks or nothing; nothing where it names two. */
static void compare_salvaged(const struct reference *theirs, struct span input,
                             const struct pipeline_options *o, const struct output *ours)
{
    static uint8_t expected[FUZZ_INPUT_BYTES_MAX];
    const bool is_broken =
        theirs->verdict == REFERENCE_TRUNCATED || theirs->verdict == REFERENCE_MALFORMED;
    if (!is_broken || ours->end == PIPELINE_FAULT) return;
    if (o->layout != MIXER_ONE || o->gaps != GAPS_JOIN || o->encoding != WAV_PCM) return;
    const char *contact = chosen_contact(theirs, &o->contact);
    size_t len = 0;
    size_t last_document = 0;
    for (size_t i = 0; i < theirs->pieces; i++) {
        const struct reference_piece *p = &theirs->piece[i];
        const bool is_last = p->document == theirs->documents;
        if (!is_last && !is_of(theirs, p->document, contact)) continue;
        if (p->len > 0) memcpy(expected + len, input.at + p->at, p->len);
        len += p->len;
        if (is_last) last_document += p->len;
    }
    const bool names_two = strncmp(theirs->why, "7.2", 3) == 0;
    const size_t with = len & ~(size_t)1;
    const size_t without = (len - last_document) & ~(size_t)1;
    FUZZ_REQUIRE(ours->len == without || (ours->len == with && !names_two));
    FUZZ_REQUIRE(memcmp(ours->bytes, expected, ours->len) == 0);
}

static void compare(const struct reference *theirs, struct span input,
                    const struct pipeline_options *o, const struct output *ours)
{
    static uint8_t expected[FUZZ_INPUT_BYTES_MAX];
    if (theirs->verdict != REFERENCE_WHOLE) {
        FUZZ_REQUIRE(ours->end == PIPELINE_FAULT || o->salvage);
        compare_salvaged(theirs, input, o, ours);
        return;
    }
    const char *contact = chosen_contact(theirs, &o->contact);
    const bool ambiguous = o->contact.len == 0 && has_rivals(theirs, contact);
    if (ours->fault == FAULT_LIMIT) return; /* a gap too long to fill, or times too far apart */
    FUZZ_REQUIRE((ours->end == PIPELINE_FAULT) == ambiguous);
    FUZZ_REQUIRE((ours->fault == FAULT_AMBIGUOUS) == ambiguous);
    if (ambiguous) return;
    if (o->encoding == WAV_ULAW || o->layout == MIXER_MIX) return;
    for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
        if (o->layout == MIXER_ONE && c != o->channel) continue;
        const size_t len = expected_sound(theirs, input, contact, 1 << c, expected);
        const size_t side = o->layout == MIXER_STEREO ? 2 * (size_t)c : 0;
        const size_t frame_bytes = o->layout == MIXER_STEREO ? 4 : 2;
        if (o->layout == MIXER_ONE && o->gaps == GAPS_JOIN)
            FUZZ_REQUIRE(ours->len == len && memcmp(ours->bytes, expected, len) == 0);
        else
            FUZZ_REQUIRE(same_but_for_silence(ours->bytes + side,
                                              ours->len - (ours->len ? side : 0), frame_bytes,
                                              expected, len));
    }
}

static struct pipeline_options options_of(uint8_t bits)
{
    static const enum mixer_layout layouts[] = {MIXER_ONE, MIXER_STEREO, MIXER_MIX, MIXER_ONE};
    static const char *const contacts[] = {"", "c-1", "00000000-0000-4000-8000-000000000002",
                                           "other"};
    struct pipeline_options o = {
        .layout = layouts[bits & 3],
        .channel = (bits & 4) != 0 ? CHANNEL_AGENT : CHANNEL_CUSTOMER,
        .gaps = (bits & 8) != 0 ? GAPS_SILENCE : GAPS_JOIN,
        .encoding = (bits & 16) != 0 ? WAV_ULAW : WAV_PCM,
        .salvage = (bits & 32) != 0,
    };
    o.contact.len = (uint8_t)strlen(contacts[bits >> 6]);
    memcpy(o.contact.id, contacts[bits >> 6], o.contact.len);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const struct pipeline_options o = options_of(data[1]);
    const struct span input = fuzz_input(span_of(data + 2, size - 2), (seed & 1) != 0);

    static struct output survey, provisional, other;
    recording_init(&survey_recording, &o.contact);
    run(input, PIPELINE_SURVEY, &o, &survey_recording, FUZZ_CUT, seed, &survey);
    if (survey.end == PIPELINE_NEED) return 0;

    recording_init(&other_recording, &o.contact);
    run(input, PIPELINE_PROVISIONAL, &o, &other_recording, FUZZ_WHOLE, 0, &provisional);
    if (provisional.end == PIPELINE_NEED) return 0;
    FUZZ_REQUIRE(provisional.end == survey.end && provisional.fault == survey.fault);
    FUZZ_REQUIRE(provisional.end == PIPELINE_FAULT || provisional.len == survey.len);

    recording_init(&other_recording, &o.contact);
    run(input, PIPELINE_PROVISIONAL, &o, &other_recording, FUZZ_CUT, seed, &other);
    require_same(&provisional, &other);

    /* Without sound nothing is delivered (app/convert.c). */
    if (survey.end == PIPELINE_END && survey.len > 0) {
        run(input, PIPELINE_DELIVER, &o, &survey_recording, FUZZ_CUT, (uint8_t)~seed, &other);
        require_same(&provisional, &other);
    }

    /* A stream may refuse what the others need to look ahead for; what it gives is the same. */
    recording_init(&other_recording, &o.contact);
    run(input, PIPELINE_STREAM, &o, &other_recording, FUZZ_CUT, seed, &other);
    if (other.end == PIPELINE_END && !o.salvage) require_same(&provisional, &other);

    static struct reference theirs;
    const enum reference_channels channels =
        o.layout == MIXER_ONE ? (enum reference_channels)(1 << o.channel) : REFERENCE_BOTH;
    reference_read(input.at, input.len, channels, &theirs);
    compare(&theirs, input, &o, &provisional);
    return 0;
}
