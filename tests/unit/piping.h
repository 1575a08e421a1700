/* piping.h - a document through the pipeline, in each of its passes.
 *   eats    text of doc.h, options, a pass, how to cut
 *   gives   the output after all cuts, the recording, the fault
 *   keeps   one pipeline, one recording, one output
 *   knows   what an output that can be cut back does */
#ifndef TESTS_UNIT_PIPING_H
#define TESTS_UNIT_PIPING_H

#include <stdlib.h>

#include "cut.h"
#include "doc.h"
#include "job/pipeline.h"

enum { PIPED_BYTES = 1 << 20 };

struct piped {
    bool whole; /* PIPELINE_END was reached */
    size_t len;
    unsigned cuts;
    uint8_t bytes[PIPED_BYTES];
};

static struct pipeline pipeline;
static struct mixer_ring rings[PIPELINE_RINGS];
static struct recording recording;

static inline struct pipeline_options options_of(const char *contact)
{
    struct pipeline_options o = {.layout = MIXER_ONE, .channel = CHANNEL_CUSTOMER};
    o.contact.len = (uint8_t)strlen(contact);
    memcpy(o.contact.id, contact, o.contact.len);
    return o;
}

/* Reads the input in pieces of `piece` bytes (0: at random) through one pass. */
static inline void pipe_pass(enum pipeline_pass pass, const struct pipeline_options *o,
                             struct span input, size_t piece, struct piped *to)
{
    uint32_t seed = 77;
    uint8_t *block = NULL;
    struct span in = span_of(NULL, 0);
    struct span out;
    bool finished = false;
    to->whole = false;
    to->len = to->cuts = 0;
    pipeline_init(&pipeline, pass, o, &recording, rings);
    for (;;) {
        switch (pipeline_next(&pipeline, &in, &out)) {
        case PIPELINE_NEED: {
            assert_int_equal(in.len, 0);
            assert_false(finished);
            free(block);
            size_t n = piece > 0 ? piece : 1 + cut_random(&seed) % 40;
            struct span front = span_cut(&input, span_min(input, n));
            block = cut_copy(front);
            in = span_of(block, front.len);
            finished = front.len == 0;
            if (finished) pipeline_finish(&pipeline);
            break;
        }
        case PIPELINE_BYTES:
            assert_true(out.len > 0 && to->len + out.len <= sizeof to->bytes);
            memcpy(to->bytes + to->len, out.at, out.len);
            to->len += out.len;
            assert_int_equal(to->len, pipeline.bytes);
            break;
        case PIPELINE_CUT:
            to->cuts++;
            assert_true(pipeline.bytes <= to->len);
            to->len = (size_t)pipeline.bytes;
            break;
        case PIPELINE_END:
            to->whole = true;
            free(block);
            assert_int_equal(pipeline_next(&pipeline, &in, &out), PIPELINE_END);
            return;
        case PIPELINE_FAULT:
            in = span_of(NULL, 0);
            free(block);
            assert_int_equal(pipeline_next(&pipeline, &in, &out), PIPELINE_FAULT);
            assert_int_not_equal(pipeline.fault.kind, FAULT_NONE);
            return;
        }
    }
}

static const size_t pipe_pieces[] = {PIPED_BYTES, 1, 0, 5};

/* Survey and deliver, and provisional: the same bytes for every cutting. *to is the result. */
static inline void pipe_both(const struct pipeline_options *o, struct span input, struct piped *to)
{
    static struct piped other, measured;
    for (size_t i = 0; i < 4; i++) {
        recording_init(&recording, &o->contact);
        pipe_pass(PIPELINE_SURVEY, o, input, pipe_pieces[i], &measured);
        assert_true(measured.whole);
        assert_int_equal(measured.len, recording.bytes);
        static struct recording surveyed;
        surveyed = recording;
        struct piped *delivered = i == 0 ? to : &other;
        if (recording.contact.len > 0) { /* convert asks for no more where nobody was heard */
            pipe_pass(PIPELINE_DELIVER, o, input, pipe_pieces[3 - i], delivered);
            assert_true(delivered->whole);
            assert_int_equal(delivered->cuts, 0);
            assert_memory_equal(&recording, &surveyed, sizeof surveyed);
        } else {
            delivered->len = 0;
        }
        assert_int_equal(delivered->len, recording.bytes);
        assert_int_equal(delivered->len, to->len);
        assert_memory_equal(delivered->bytes, to->bytes, to->len);

        recording_init(&recording, &o->contact);
        pipe_pass(PIPELINE_PROVISIONAL, o, input, pipe_pieces[i], &other);
        assert_true(other.whole);
        assert_int_equal(other.len, to->len);
        assert_memory_equal(other.bytes, to->bytes, to->len);
        /* Both ways say the same of it; only the bits are the survey's own. */
        memcpy(recording.ours, surveyed.ours, sizeof recording.ours);
        assert_int_equal(recording.bytes, surveyed.bytes);
        assert_int_equal(recording.fragments, surveyed.fragments);
        assert_int_equal(recording.documents, surveyed.documents);
        assert_int_equal(recording.nobodys, surveyed.nobodys);
        assert_int_equal(recording.gaps, surveyed.gaps);
        assert_int_equal(recording.gap_ms, surveyed.gap_ms);
        assert_int_equal(recording.halves, surveyed.halves);
        assert_int_equal(recording.late_blocks, surveyed.late_blocks);
        assert_memory_equal(recording.pcm_bytes, surveyed.pcm_bytes, sizeof surveyed.pcm_bytes);
    }
}

static inline void check_piped(const struct piped *p, const char *expected)
{
    static uint8_t should[PIPED_BYTES];
    size_t len = doc_write(should, sizeof should, expected);
    assert_int_equal(p->len, len);
    assert_memory_equal(p->bytes, should, len);
}

#endif
