/* connect_audio on any bytes: the same events however the input is cut, every byte of sound true to
 * the input, and the whole reading equal to the reference's (reference.h).
 *
 * Byte 0: bit 0 tree or raw; bits 1 and 2 the channels asked for; all of it the cutting's seed. */
#include "fuzz.h"

#include "reference.h"

#include "media/connect_audio.h"

enum {
    PIECES_MAX = FUZZ_INPUT_BYTES_MAX / 6, /* the smallest block element has 6 bytes */
    DOCUMENTS_MAX = FUZZ_INPUT_BYTES_MAX / 5
};

struct piece {
    size_t document;
    enum channel channel;
    int64_t time_ns;
    uint64_t at, len; /* its sound in the input; at is the first byte's place where len > 0 */
};

/* What we read of a whole input. */
struct reading {
    struct fault fault; /* kind FAULT_NONE: whole */
    uint64_t fault_seen_at;
    bool trouble;
    size_t pieces, documents;
    struct piece piece[PIECES_MAX];
    struct audio_fragment document[DOCUMENTS_MAX];
};

/* ---- our reading ---- */

static void note(struct journal *j, const struct connect_audio *a, enum audio_event event,
                 uint64_t sound)
{
    const struct audio_fragment *f = &a->fragment;
    switch (event) {
    case AUDIO_NEED: break;
    case AUDIO_PCM:
        if (a->block_whole) journal_add(j, "Block end", sound, 0, 0);
        break;
    case AUDIO_DOCUMENT: journal_add(j, "document", f->at, 0, 0); break;
    case AUDIO_BLOCK:
        journal_add(j, "block", a->channel, (uint64_t)a->time_ns, connect_audio_offset(a));
        if (a->block_whole) journal_add(j, "Block end", sound, 0, 0);
        break;
    case AUDIO_FRAGMENT: {
        uint64_t texts = journal_hash(0, audio_contact_span(&f->contact));
        texts = journal_hash(texts, span_of(f->number, f->number_len));
        texts = journal_hash(texts, span_of(f->server_time, f->server_time_len));
        texts = journal_hash(texts, span_of(f->producer_time, f->producer_time_len));
        journal_add(j, "Fragment", texts, f->blocks, (uint64_t)f->first_ns);
        journal_add(j, "Fragment", f->inherited, f->pcm_bytes[0], f->pcm_bytes[1]);
        break;
    }
    case AUDIO_TROUBLE: {
        const struct audio_trouble *t = &a->trouble;
        uint64_t texts = journal_hash(0, span_of(t->code, t->code_len));
        texts = journal_hash(texts, span_of(t->message, t->message_len));
        journal_add(j, "trouble", f->at, texts, 0);
        break;
    }
    case AUDIO_END: journal_add(j, ".end", sound, connect_audio_offset(a), 0); break;
    case AUDIO_FAULT: {
        const struct fault *fault = connect_audio_fault(a);
        journal_add(j, "xfault", sound, fault->kind, fault->at);
        journal_add(j, "xfault", journal_hash(0, span_of(fault->text, fault->len)), 0, 0);
        break;
    }
    }
}

static void keep(struct reading *r, const struct connect_audio *a, enum audio_event event,
                 struct span pcm)
{
    if (r->trouble) return;
    switch (event) {
    case AUDIO_BLOCK:
        FUZZ_REQUIRE(r->pieces < PIECES_MAX);
        r->piece[r->pieces] =
            (struct piece){r->documents, a->channel, a->time_ns, connect_audio_offset(a), 0};
        r->pieces += a->block_whole;
        break;
    case AUDIO_PCM:
        r->piece[r->pieces].len += pcm.len;
        r->pieces += a->block_whole;
        break;
    case AUDIO_FRAGMENT:
        FUZZ_REQUIRE(r->documents < DOCUMENTS_MAX);
        r->document[r->documents++] = a->fragment;
        break;
    case AUDIO_TROUBLE: r->trouble = true; break;
    case AUDIO_FAULT:
        r->fault = *connect_audio_fault(a);
        r->fault_seen_at = connect_audio_offset(a);
        break;
    case AUDIO_NEED:
    case AUDIO_DOCUMENT:
    case AUDIO_END: break;
    }
}

static struct journal read_in(struct span input, unsigned asked, enum fuzz_cutting cutting,
                              uint8_t seed, struct reading *reading)
{
    static struct connect_audio a;
    connect_audio_init(&a, asked);
    struct journal journal = {0};
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    uint64_t sound = 0;
    uint64_t fed = 0;
    enum audio_event event = AUDIO_NEED;
    for (struct span in; fuzz_next(&pieces, &in);) {
        fed += in.len;
        do {
            struct span pcm;
            const bool had_failed = event == AUDIO_FAULT;
            event = connect_audio_next(&a, &in, &pcm);
            if (had_failed) {
                FUZZ_REQUIRE(event == AUDIO_FAULT);
                break;
            }
            const uint64_t offset = connect_audio_offset(&a);
            FUZZ_REQUIRE(offset + in.len == fed);
            if (event == AUDIO_PCM) {
                FUZZ_REQUIRE(pcm.len > 0 && pcm.len <= offset);
                FUZZ_REQUIRE(span_equal(pcm, span_of(input.at + offset - pcm.len, pcm.len)));
                sound = journal_hash(sound, pcm);
            }
            note(&journal, &a, event, sound);
            if (reading != NULL) keep(reading, &a, event, pcm);
        } while (event != AUDIO_NEED && event != AUDIO_FAULT);
        if (event == AUDIO_NEED) FUZZ_REQUIRE(in.len == 0);
    }
    while (event != AUDIO_END && event != AUDIO_FAULT) {
        event = connect_audio_end(&a);
        FUZZ_REQUIRE(event == AUDIO_FRAGMENT || event == AUDIO_TROUBLE || event == AUDIO_END ||
                     event == AUDIO_FAULT);
        note(&journal, &a, event, sound);
        if (reading != NULL) keep(reading, &a, event, span_of(NULL, 0));
    }
    FUZZ_REQUIRE((event == AUDIO_FAULT) == (connect_audio_fault(&a)->kind != FAULT_NONE));
    return journal;
}

/* ---- against the reference ---- */

static enum fault_kind fault_of(enum reference_verdict verdict)
{
    switch (verdict) {
    case REFERENCE_WHOLE: return FAULT_NONE;
    case REFERENCE_TRUNCATED: return FAULT_TRUNCATED;
    case REFERENCE_MALFORMED: return FAULT_MALFORMED;
    case REFERENCE_UNSUPPORTED: return FAULT_UNSUPPORTED;
    case REFERENCE_LIMIT: return FAULT_LIMIT;
    case REFERENCE_AMBIGUOUS: return FAULT_AMBIGUOUS;
    case REFERENCE_TROUBLE: return FAULT_TROUBLE;
    case REFERENCE_NOT_MATROSKA:
    case REFERENCE_EMPTY: return FAULT_NOT_MATROSKA;
    }
    abort();
}

static void compare_verdicts(const struct reading *ours, const struct reference *theirs)
{
    const enum fault_kind kind = ours->trouble ? FAULT_TROUBLE : ours->fault.kind;
    const enum fault_kind expected = fault_of(theirs->verdict);
    if (getenv("FUZZ_TRACE") != NULL)
        (void)fprintf(stderr, "ours: %s at %llu: %.*s\ntheirs: %s at %zu: %s\n", fault_name(kind),
                      (unsigned long long)ours->fault.at, (int)ours->fault.len, ours->fault.text,
                      fault_name(expected), theirs->fault_at, theirs->why);
    FUZZ_REQUIRE((kind == FAULT_NONE) == (expected == FAULT_NONE));
    /* The id that ends the document may be there, and its size not: then only the reference ended it. */
    FUZZ_REQUIRE((kind == FAULT_TROUBLE) == (expected == FAULT_TROUBLE) || kind == FAULT_TRUNCATED);
    /* What they accept to the last byte, ours must not refuse for what the bytes say. */
    FUZZ_REQUIRE(expected != FAULT_TRUNCATED || kind == FAULT_TRUNCATED);
    if (kind == FAULT_NONE || kind == FAULT_TROUBLE || kind == FAULT_TRUNCATED) return;
    /* The reference judges place, depth, tracks and EncryptedBlock at the id, a block's size and
     * track as soon as they are there; ours when the header, or the TrackEntry, is whole. So where
     * two faults stand close together ours may name the other one, but never an earlier one. */
    FUZZ_REQUIRE(theirs->fault_at <= ours->fault_seen_at);
    if (kind != FAULT_NOT_MATROSKA) return;
    FUZZ_REQUIRE(expected == FAULT_NOT_MATROSKA || expected == FAULT_MALFORMED);
}

static void compare_document(const struct audio_fragment *ours,
                             const struct reference_document *theirs)
{
    char contact[REFERENCE_CONTACT_BYTES_MAX + 1] = {0};
    memcpy(contact, ours->contact.id, ours->contact.len);
    FUZZ_REQUIRE((ours->contact.len > 0) == theirs->has_contact);
    FUZZ_REQUIRE(!theirs->has_contact || memcmp(contact, theirs->contact, sizeof contact) == 0);
    FUZZ_REQUIRE(memcmp(ours->number, theirs->fragment_number, ours->number_len) == 0);
    FUZZ_REQUIRE(ours->number_len == FRAGMENT_NUMBER_BYTES_MAX ||
                 theirs->fragment_number[ours->number_len] == 0);
    FUZZ_REQUIRE(ours->blocks == theirs->blocks);
    for (size_t channel = 0; channel < 2; channel++)
        FUZZ_REQUIRE(ours->pcm_bytes[channel] == theirs->pcm_bytes[channel]);
}

static void compare_piece(const struct piece *ours, const struct reference_piece *theirs)
{
    FUZZ_REQUIRE(ours->document == theirs->document);
    FUZZ_REQUIRE(ours->channel ==
                 (theirs->channel == REFERENCE_CUSTOMER ? CHANNEL_CUSTOMER : CHANNEL_AGENT));
    FUZZ_REQUIRE(ours->time_ns == theirs->time_ns);
    FUZZ_REQUIRE(ours->len == theirs->len);
    FUZZ_REQUIRE(ours->at == theirs->at);
}

static void compare(const struct reading *ours, const struct reference *theirs)
{
    compare_verdicts(ours, theirs);
    FUZZ_REQUIRE(theirs->pieces <= REFERENCE_PIECES_MAX &&
                 theirs->documents <= REFERENCE_DOCUMENTS_MAX);
    /* The reference ends a document at the id that shows its end, ours when that element's size is
     * there too: where the input ends between the two, ours never ended. */
    const bool is_short = ours->fault.kind == FAULT_TRUNCATED;
    FUZZ_REQUIRE(ours->documents == theirs->documents ||
                 (is_short && ours->documents + 1 == theirs->documents));
    FUZZ_REQUIRE(ours->pieces == theirs->pieces);
    for (size_t i = 0; i < ours->documents; i++)
        compare_document(&ours->document[i], &theirs->document[i]);
    for (size_t i = 0; i < ours->pieces; i++)
        compare_piece(&ours->piece[i], &theirs->piece[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const unsigned channels = (seed >> 1 & 3) != 0 ? seed >> 1 & 3U : 3U;
    const struct span input = fuzz_input(span_of(data + 1, size - 1), (seed & 1) != 0);

    static struct reading ours;
    static struct reference theirs;
    ours.fault.kind = FAULT_NONE;
    ours.trouble = false;
    ours.pieces = ours.documents = 0;
    _Static_assert((int)CHANNEL_BIT_CUSTOMER == (int)REFERENCE_CUSTOMER, "the same bits");
    _Static_assert((int)CHANNEL_BIT_AGENT == (int)REFERENCE_AGENT, "the same bits");
    const struct journal whole = read_in(input, channels, FUZZ_WHOLE, 0, &ours);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        const struct journal cut = read_in(input, channels, cutting, seed, NULL);
        FUZZ_REQUIRE(whole.digest == cut.digest && whole.entries == cut.entries);
    }
    reference_read(input.at, input.len, (enum reference_channels)channels, &theirs);
    compare(&ours, &theirs);
    return 0;
}
