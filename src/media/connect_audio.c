#include "media/connect_audio.h"

static const char *const track_names[CHANNEL_COUNT] = {
    [CHANNEL_CUSTOMER] = "AUDIO_FROM_CUSTOMER",
    [CHANNEL_AGENT] = "AUDIO_TO_CUSTOMER",
};

const char *channel_name(enum channel channel)
{
    return channel == CHANNEL_CUSTOMER ? "customer" : "agent";
}

void connect_audio_init(struct connect_audio *a, unsigned asked)
{
    assert(asked != 0 && asked <= (CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT));
    memset(a, 0, sizeof *a);
    matroska_init(&a->matroska);
    a->asked = asked;
}

static bool is_asked(const struct connect_audio *a, enum channel channel)
{
    return (a->asked >> channel & 1) != 0;
}

static struct writer fault_words(struct connect_audio *a, enum fault_kind kind)
{
    return matroska_fault_begin(&a->matroska, kind);
}

static enum audio_event fail(struct connect_audio *a, const struct writer *words)
{
    matroska_fault_put(&a->matroska, words);
    return AUDIO_FAULT;
}

static enum audio_event fail_with(struct connect_audio *a, enum fault_kind kind, const char *text)
{
    struct writer words = fault_words(a, kind);
    writer_text(&words, text);
    return fail(a, &words);
}

/* ---- tracks ---- */

static struct span name_of(const struct matroska_track *t)
{
    return span_of(t->name.text, t->name.len);
}

void connect_audio_list_tracks(const struct connect_audio *a, struct writer *to)
{
    for (size_t i = 0; i < a->track_count; i++) {
        writer_text(to, i > 0 ? ", " : "");
        writer_number(to, a->tracks[i].number);
        writer_byte(to, ' ');
        writer_quoted(to, name_of(&a->tracks[i]));
        if (a->tracks[i].type != MATROSKA_AUDIO_TRACK) writer_text(to, " (not audio)");
    }
}

static const struct matroska_track *find_track(const struct connect_audio *a, uint64_t number)
{
    for (size_t i = 0; i < a->track_count; i++)
        if (a->tracks[i].number == number) return &a->tracks[i];
    return NULL;
}

static enum audio_event add_track(struct connect_audio *a)
{
    if (find_track(a, a->matroska.track.number) != NULL)
        return fail_with(a, FAULT_MALFORMED, "two tracks of one document have the same number");
    if (a->track_count == TRACKS_MAX)
        return fail_with(a, FAULT_LIMIT, "more than 8 tracks in one document (TRACKS_MAX)");
    a->tracks[a->track_count++] = a->matroska.track;
    a->audio_tracks += a->matroska.track.type == MATROSKA_AUDIO_TRACK;
    return AUDIO_NEED;
}

static const char *why_not_ours(const struct matroska_track *t)
{
    /* 8000.0 as IEEE 754 single and double. */
    bool rate = t->rate_len == 0 || (t->rate_len == 4 && t->rate_bits == 0x45FA0000) ||
                (t->rate_len == 8 && t->rate_bits == 0x40BF400000000000);
    struct span codec = span_of(t->codec.text, t->codec.len);
    if (codec.len > 0 && !span_is(codec, "A_PCM/INT/LIT") && !span_is(codec, "A_AAC"))
        return "its CodecID is neither A_PCM/INT/LIT nor Connect's A_AAC";
    if (!rate) return "its SamplingFrequency is not 8000 Hz";
    if (t->channels != MATROSKA_NOT_GIVEN && t->channels != 1) return "it does not have 1 channel";
    if (t->bit_depth != MATROSKA_NOT_GIVEN && t->bit_depth != 16) return "its BitDepth is not 16";
    if (t->encoded) return "it has ContentEncodings (compressed or encrypted)";
    return NULL;
}

static enum audio_event refuse_format(struct connect_audio *a, const struct matroska_track *t,
                                      const char *why)
{
    struct writer words = fault_words(a, FAULT_UNSUPPORTED);
    writer_text(&words, "track ");
    writer_number(&words, t->number);
    writer_byte(&words, ' ');
    writer_quoted(&words, name_of(t));
    writer_text(&words, " cannot be read: ");
    writer_text(&words, why);
    writer_text(&words, " (codec ");
    writer_quoted(&words, span_of(t->codec.text, t->codec.len));
    writer_text(&words, "); 16-bit PCM, 8000 Hz, mono is");
    return fail(a, &words);
}

static enum audio_event refuse_ambiguous(struct connect_audio *a, enum channel channel)
{
    struct writer words = fault_words(a, FAULT_AMBIGUOUS);
    writer_text(&words, "which track is the ");
    writer_text(&words, channel_name(channel));
    writer_text(&words, "'s? Exactly one must be named ");
    writer_text(&words, track_names[channel]);
    writer_text(&words, "; there are ");
    connect_audio_list_tracks(a, &words);
    return fail(a, &words);
}

/* The track of one channel, by name. Without the name: a lone audio track is the customer's (as
 * before names came into use), unless it says that it is the agent's. */
static enum audio_event choose_track(struct connect_audio *a, enum channel channel)
{
    const struct matroska_track *named = NULL;
    const struct matroska_track *audio = NULL;
    size_t named_count = 0;
    size_t audio_count = 0;
    for (size_t i = 0; i < a->track_count; i++) {
        const struct matroska_track *t = &a->tracks[i];
        if (t->type != MATROSKA_AUDIO_TRACK) continue;
        audio = t;
        audio_count++;
        if (span_is(name_of(t), track_names[channel])) {
            named = t;
            named_count++;
        }
    }
    if (named_count > 1 || (named_count == 0 && audio_count > 1))
        return refuse_ambiguous(a, channel);
    if (named == NULL && channel == CHANNEL_CUSTOMER && audio != NULL &&
        !span_is(name_of(audio), track_names[CHANNEL_AGENT]))
        named = audio;
    if (named == NULL) return AUDIO_NEED;
    const char *why = why_not_ours(named);
    if (why != NULL) return refuse_format(a, named, why);
    a->chosen_track[channel] = named->number;
    return AUDIO_NEED;
}

static enum audio_event choose_tracks(struct connect_audio *a)
{
    a->chosen = true;
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        if (is_asked(a, c) && choose_track(a, c) == AUDIO_FAULT) return AUDIO_FAULT;
    return AUDIO_NEED;
}

static enum audio_event refuse_undeclared(struct connect_audio *a)
{
    struct writer words = fault_words(a, FAULT_MALFORMED);
    writer_text(&words, "a block is for track ");
    writer_number(&words, a->matroska.block.track);
    writer_text(&words, ", which its document does not declare before it");
    return fail(a, &words);
}

static enum audio_event begin_block(struct connect_audio *a)
{
    uint64_t track = a->matroska.block.track;
    if (!a->chosen) {
        if (find_track(a, track) == NULL) return refuse_undeclared(a);
        if (choose_tracks(a) == AUDIO_FAULT) return AUDIO_FAULT;
    }
    if (track == a->chosen_track[CHANNEL_CUSTOMER] && track != 0)
        a->channel = CHANNEL_CUSTOMER;
    else if (track == a->chosen_track[CHANNEL_AGENT] && track != 0)
        a->channel = CHANNEL_AGENT;
    else if (find_track(a, track) != NULL)
        a->channel = CHANNEL_COUNT;
    else
        return refuse_undeclared(a);

    if (a->fragment.blocks++ == 0) a->fragment.first_ns = a->matroska.time_ns;
    if (a->channel == CHANNEL_COUNT) {
        matroska_skip_block(&a->matroska);
        return AUDIO_NEED;
    }
    a->time_ns = a->matroska.time_ns;
    a->block_whole = a->matroska.block_whole;
    return AUDIO_BLOCK;
}

/* ---- tags ---- */

/* Copies a text that is only told, never compared; what is longer than its place is cut. */
static uint8_t copy_text(char *to, size_t room, struct span from)
{
    assert(room <= UINT8_MAX);
    size_t len = span_min(from, room);
    if (len > 0) memcpy(to, from.at, len);
    return (uint8_t)len;
}

static bool same_letters(struct span a, const char *lower)
{
    if (a.len != strlen(lower)) return false;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t c = a.at[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i]) return false;
    }
    return true;
}

static struct span cut_until(struct span *from, uint8_t stop)
{
    size_t len = 0;
    while (len < from->len && from->at[len] != stop)
        len++;
    struct span front = span_cut(from, len);
    if (from->len > 0) span_cut(from, 1);
    while (front.len > 0 && front.at[0] == ' ')
        span_cut(&front, 1);
    while (front.len > 0 && front.at[front.len - 1] == ' ')
        front.len--;
    return front;
}

/* "audio/L16;rate=8000;channels=1;": L16 is what Connect says; the bytes are little-endian. */
static bool mime_is_ours(struct span mime)
{
    if (!same_letters(cut_until(&mime, ';'), "audio/l16")) return false;
    while (mime.len > 0) {
        struct span value = cut_until(&mime, ';');
        struct span name = cut_until(&value, '=');
        if (same_letters(name, "rate") && !span_is(value, "8000")) return false;
        if (same_letters(name, "channels") && !span_is(value, "1")) return false;
    }
    return true;
}

static enum audio_event take_contact(struct connect_audio *a, struct span id)
{
    struct audio_contact *contact = &a->fragment.contact;
    if (id.len > CONTACT_ID_BYTES_MAX)
        return fail_with(a, FAULT_LIMIT,
                         "a ContactId is longer than 64 bytes (CONTACT_ID_BYTES_MAX)");
    if (contact->len > 0 && id.len > 0 && !span_equal(audio_contact_span(contact), id)) {
        a->contradicted = true;
        struct writer words = fault_words(a, FAULT_MALFORMED);
        writer_text(&words, "one document names two contacts, ");
        writer_quoted(&words, audio_contact_span(contact));
        writer_text(&words, " and ");
        writer_quoted(&words, id);
        return fail(a, &words);
    }
    if (id.len > 0) contact->len = copy_text(contact->id, sizeof contact->id, id);
    return AUDIO_NEED;
}

static void take_trouble(struct connect_audio *a, struct span name, struct span value)
{
    struct audio_trouble *t = &a->trouble;
    t->reported = true;
    if (span_is(name, "EXCEPTION_MESSAGE"))
        t->message_len = copy_text(t->message, sizeof t->message, value);
    else if (!span_is(name, "ERROR_ID") || t->code_len == 0)
        t->code_len = copy_text(t->code, sizeof t->code, value);
}

/* The tags that KVS itself writes; `name` without its prefix. */
static void take_kvs_tag(struct connect_audio *a, struct span name, struct span value)
{
    struct audio_fragment *f = &a->fragment;
    if (span_is(name, "FRAGMENT_NUMBER"))
        f->number_len = copy_text(f->number, sizeof f->number, value);
    else if (span_is(name, "SERVER_TIMESTAMP") || span_is(name, "SERVER_SIDE_TIMESTAMP"))
        f->server_time_len = copy_text(f->server_time, sizeof f->server_time, value);
    else if (span_is(name, "PRODUCER_TIMESTAMP") || span_is(name, "PRODUCER_SIDE_TIMESTAMP"))
        f->producer_time_len = copy_text(f->producer_time, sizeof f->producer_time, value);
    else if (span_is(name, "EXCEPTION_ERROR_CODE") || span_is(name, "EXCEPTION_MESSAGE") ||
             span_is(name, "ERROR_CODE") || span_is(name, "ERROR_ID"))
        take_trouble(a, name, value);
}

static enum audio_event take_tag(struct connect_audio *a)
{
    static const char kvs[] = "AWS_KINESISVIDEO_";
    struct span name = span_of(a->matroska.tag_name, a->matroska.tag_name_len);
    struct span value = span_of(a->matroska.tag_value, a->matroska.tag_value_len);
    if (span_is(name, "ContactId")) return take_contact(a, value);
    if (span_is(name, "MimeType")) {
        a->foreign_format = !mime_is_ours(value);
        a->mime_len = copy_text(a->mime, sizeof a->mime, value);
    } else if (name.len >= sizeof kvs - 1 && memcmp(name.at, kvs, sizeof kvs - 1) == 0) {
        span_cut(&name, sizeof kvs - 1);
        take_kvs_tag(a, name, value);
    }
    return AUDIO_NEED;
}

/* ---- documents ---- */

static enum audio_event begin_document(struct connect_audio *a)
{
    a->track_count = 0;
    a->chosen = false;
    a->chosen_track[CHANNEL_CUSTOMER] = a->chosen_track[CHANNEL_AGENT] = 0;
    memset(&a->fragment, 0, sizeof a->fragment);
    a->fragment.at = a->matroska.document_at;
    memset(&a->trouble, 0, sizeof a->trouble);
    a->foreign_format = a->contradicted = false;
    return AUDIO_DOCUMENT;
}

static const struct audio_run *find_run(const struct connect_audio *a)
{
    if (!a->matroska.has_segment_uid) return NULL;
    for (size_t i = 0; i < SEGMENTS_REMEMBERED; i++) {
        const struct audio_run *run = &a->runs[i];
        if (run->contact.len > 0 &&
            memcmp(run->segment_uid, a->matroska.segment_uid, sizeof run->segment_uid) == 0)
            return run;
    }
    return NULL;
}

static size_t run_used_least(const struct connect_audio *a)
{
    size_t least = 0;
    for (size_t i = 1; i < SEGMENTS_REMEMBERED; i++)
        if (a->runs[i].used < a->runs[least].used) least = i;
    return least;
}

/* From now on this SegmentUID is this contact's; nobody's, if it was another's. */
static void remember_run(struct connect_audio *a)
{
    if (!a->matroska.has_segment_uid) return;
    const struct audio_run *known = find_run(a);
    struct audio_run *run = &a->runs[known ? (size_t)(known - a->runs) : run_used_least(a)];
    run->shared =
        known && (run->shared || !audio_contact_equal(&run->contact, &a->fragment.contact));
    memcpy(run->segment_uid, a->matroska.segment_uid, sizeof run->segment_uid);
    run->contact = a->fragment.contact;
    run->used = a->documents;
}

struct audio_contact connect_audio_contact_so_far(const struct connect_audio *a)
{
    if (a->contradicted) return (struct audio_contact){0};
    if (a->fragment.contact.len > 0) return a->fragment.contact;
    const struct audio_run *run = find_run(a);
    return run && !run->shared ? run->contact : (struct audio_contact){0};
}

static enum audio_event end_document(struct connect_audio *a)
{
    struct audio_fragment *f = &a->fragment;
    a->documents++;
    if (a->trouble.reported) return AUDIO_TROUBLE;
    if (a->foreign_format && audio_fragment_has_sound(f)) {
        struct writer words = fault_words(a, FAULT_UNSUPPORTED);
        writer_text(&words, "the MimeType tag says ");
        writer_quoted(&words, span_of(a->mime, a->mime_len));
        writer_text(&words, "; audio/L16;rate=8000;channels=1 can be read");
        return fail(a, &words);
    }
    f->inherited = f->contact.len == 0;
    f->contact = connect_audio_contact_so_far(a);
    if (f->contact.len > 0) remember_run(a);
    return AUDIO_FRAGMENT;
}

static enum audio_event take_pcm(struct connect_audio *a, struct span pcm)
{
    a->fragment.pcm_bytes[a->channel] += pcm.len;
    a->block_whole = a->matroska.block_whole;
    return AUDIO_PCM;
}

enum audio_event connect_audio_next(struct connect_audio *a, struct span *in, struct span *pcm)
{
    enum audio_event event = AUDIO_NEED; /* nothing to tell, go on */
    *pcm = span_of(NULL, 0);
    while (event == AUDIO_NEED) {
        switch (matroska_next(&a->matroska, in, pcm)) {
        case MATROSKA_NEED: return AUDIO_NEED;
        case MATROSKA_DOCUMENT: event = begin_document(a); break;
        case MATROSKA_TRACK: event = add_track(a); break;
        case MATROSKA_TAG: event = take_tag(a); break;
        case MATROSKA_BLOCK: event = begin_block(a); break;
        case MATROSKA_AUDIO: event = take_pcm(a, *pcm); break;
        case MATROSKA_DOCUMENT_END: event = end_document(a); break;
        case MATROSKA_END: event = AUDIO_END; break;
        case MATROSKA_FAULT: event = AUDIO_FAULT; break;
        case MATROSKA_QUIET: break;
        }
    }
    return event;
}
