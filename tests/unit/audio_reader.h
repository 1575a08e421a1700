/* audio_reader.h - connect_audio as a cut_reader.
 *   eats    what cut.h feeds; audio_asked, the channels it is to give
 *   gives   "DOC@at", "customer@ns" a block, "=hex", "/" its end, "FRAG:contact" ("*": inherited,
 *           "-": nobody), "TROUBLE code|message", "END", "FAULT kind@at"
 *   keeps   a struct connect_audio
 *   knows   READING.md, nothing of how it is done */
#ifndef TESTS_UNIT_AUDIO_READER_H
#define TESTS_UNIT_AUDIO_READER_H

#include "cut.h"
#include "doc.h"
#include "media/connect_audio.h"

static unsigned audio_asked = CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT;
static struct fault audio_fault; /* of the last reading that had one */

static inline void audio_reader_init(void *state)
{
    connect_audio_init(state, audio_asked);
}

static inline enum cut_answer audio_tell(struct connect_audio *a, enum audio_event event,
                                         struct span pcm, struct cut_log *log)
{
    const struct audio_fragment *f = &a->fragment;
    switch (event) {
    case AUDIO_NEED: return CUT_NEED;
    case AUDIO_DOCUMENT: cut_say(log, "DOC@%llu", (unsigned long long)f->at); return CUT_MORE;
    case AUDIO_BLOCK:
        cut_say(log, "%s@%lld", channel_name(a->channel), (long long)a->time_ns);
        if (a->block_whole) cut_say(log, "/");
        return CUT_MORE;
    case AUDIO_PCM:
        cut_payload(log, pcm);
        if (a->block_whole) cut_say(log, "/");
        return CUT_MORE;
    case AUDIO_FRAGMENT:
        cut_say(log, "FRAG:%.*s%s", f->contact.len ? f->contact.len : 1,
                f->contact.len ? f->contact.id : "-", f->contact.len && f->inherited ? "*" : "");
        return CUT_MORE;
    case AUDIO_TROUBLE:
        cut_say(log, "TROUBLE %.*s|%.*s", a->trouble.code_len, a->trouble.code,
                a->trouble.message_len, a->trouble.message);
        return CUT_MORE;
    case AUDIO_END: cut_say(log, "END"); return CUT_OVER;
    case AUDIO_FAULT: break;
    }
    audio_fault = *connect_audio_fault(a);
    cut_say(log, "FAULT %s@%llu", fault_name(audio_fault.kind), (unsigned long long)audio_fault.at);
    return CUT_OVER;
}

static inline enum cut_answer audio_reader_next(void *state, struct span *in, struct cut_log *log)
{
    struct span pcm;
    enum audio_event event = connect_audio_next(state, in, &pcm);
    return audio_tell(state, event, pcm, log);
}

static inline enum cut_answer audio_reader_end(void *state, struct cut_log *log)
{
    return audio_tell(state, connect_audio_end(state), span_of(NULL, 0), log);
}

static const struct cut_reader audio_reads = {sizeof(struct connect_audio), audio_reader_init,
                                              audio_reader_next, audio_reader_end};

static inline void check_audio(const char *text, const char *expected)
{
    cut_check(&audio_reads, doc(text), expected);
}

static inline void check_audio_of(unsigned asked, const char *text, const char *expected)
{
    audio_asked = asked;
    check_audio(text, expected);
    audio_asked = CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT;
}

/* The kind of fault at the reading's end, and (where words are given) words of its text. */
static inline void check_refused(const char *text, enum fault_kind kind, const char *words)
{
    struct span input = doc(text);
    memset(&audio_fault, 0, sizeof audio_fault);
    cut_same(&audio_reads, input);
    assert_int_equal(audio_fault.kind, kind);
    char told[FAULT_TEXT_BYTES + 1];
    memcpy(told, audio_fault.text, audio_fault.len);
    told[audio_fault.len] = '\0';
    if (words != NULL) assert_non_null(strstr(told, words));
}

static inline void check_accepted(const char *text)
{
    const char *log = cut_read(&audio_reads, doc(text), 1, 1).text;
    assert_true(strlen(log) >= 3);
    assert_string_equal(log + strlen(log) - 3, "END");
}

#endif
