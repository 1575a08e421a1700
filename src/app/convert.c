#include "app/convert.h"

#include "console.h"
#include "port.h"

/* ---- reading through the pipeline ---- */

static struct wav_format format_of(const struct convert *c)
{
    const struct pipeline_options *o = &c->options.pipeline;
    return (struct wav_format){o->encoding, o->layout == MIXER_STEREO ? 2 : 1};
}

static bool write_header(struct convert *c, uint64_t data_bytes)
{
    uint8_t bytes[WAV_HEADER_BYTES_MAX];
    struct writer w = writer_on(bytes, sizeof bytes);
    wav_header(&w, format_of(c), data_bytes);
    c->header = w.len;
    return output_write(&c->output, writer_span(&w), &c->fault);
}

static bool write_sound(struct convert *c, struct span bytes)
{
    /* A stream of unknown length gets its header with its first sound: without sound, nothing is
     * said. */
    if (c->pipeline.pass == PIPELINE_STREAM && c->header == 0 && !write_header(c, WAV_UNKNOWN))
        return false;
    return output_write(&c->output, bytes, &c->fault);
}

static bool refill(struct convert *c, struct span *in)
{
    long n = input_read(&c->input, c->buffer, sizeof c->buffer, &c->fault);
    if (n < 0) return false;
    c->read += (uint64_t)n;
    *in = span_of(c->buffer, (size_t)n);
    if (n == 0) pipeline_finish(&c->pipeline);
    tell_progress(&c->tell, c->pipeline.pass == PIPELINE_SURVEY ? "reading" : "writing", c->read);
    return true;
}

/* One pass over the input. A survey's bytes go nowhere. */
static bool run_pass(struct convert *c, enum pipeline_pass pass)
{
    struct span in = span_of(NULL, 0);
    struct span out;
    c->read = 0;
    pipeline_init(&c->pipeline, pass, &c->options.pipeline, &c->recording, c->rings);
    for (;;) {
        switch (pipeline_next(&c->pipeline, &in, &out)) {
        case PIPELINE_NEED:
            if (!refill(c, &in)) return false;
            break;
        case PIPELINE_BYTES:
            if (pass != PIPELINE_SURVEY && !write_sound(c, out)) return false;
            break;
        case PIPELINE_CUT:
            if (pass == PIPELINE_PROVISIONAL &&
                !output_cut(&c->output, c->header + c->pipeline.bytes, &c->fault))
                return false;
            break;
        case PIPELINE_END: return true;
        case PIPELINE_FAULT: c->fault = c->pipeline.fault; return false;
        }
    }
}

static bool pad(struct convert *c)
{
    return !wav_pads(c->recording.bytes) || output_write(&c->output, span_of("", 1), &c->fault);
}

/* The three ways; each is true when the output holds the recording or the recording has no
 * sound. */

static bool survey_and_deliver(struct convert *c)
{
    if (!run_pass(c, PIPELINE_SURVEY)) return false;
    if (c->recording.bytes == 0) return true;
    return input_again(&c->input, &c->fault) && write_header(c, c->recording.bytes) &&
           run_pass(c, PIPELINE_DELIVER) && pad(c);
}

static bool write_provisionally(struct convert *c)
{
    if (!write_header(c, 0) || !run_pass(c, PIPELINE_PROVISIONAL)) return false;
    uint8_t bytes[WAV_HEADER_BYTES_MAX];
    struct writer w = writer_on(bytes, sizeof bytes);
    wav_header(&w, format_of(c), c->recording.bytes);
    if (w.len > c->header && !output_head_may_grow(&c->output)) {
        /* Above 4 GiB, in a file that cannot be read back: open sizes are better than no file. */
        w.len = 0;
        wav_header(&w, format_of(c), WAV_UNKNOWN);
    }
    return pad(c) && output_replace_head(&c->output, c->header, writer_span(&w), &c->fault);
}

static bool write_stream(struct convert *c)
{
    return run_pass(c, PIPELINE_STREAM);
}

/* Whose sound it is stands behind the sound. What can be cut back needs one reading; what cannot
 * needs an input that can be read twice; without either, the contact must be known before. */
static bool convert(struct convert *c)
{
    /* Hours of silence may stand before others' sound: not written only to be cut back. */
    bool silence = c->options.pipeline.gaps == GAPS_SILENCE;
    if (output_can_be_cut(&c->output) && !(silence && c->input.again))
        return write_provisionally(c);
    return c->input.again ? survey_and_deliver(c) : write_stream(c);
}

/* IN.mkv becomes IN.wav beside it. */
static bool name_output(struct convert *c)
{
    const char *in = c->options.in;
    const char *slash = strrchr(in, '/');
    const char *dot = strrchr(slash ? slash : in, '.');
    size_t stem = dot != NULL && dot != in && dot[-1] != '/' ? (size_t)(dot - in) : strlen(in);
    struct writer w = writer_on(c->out_path, sizeof c->out_path);
    writer_bytes(&w, span_of(in, stem));
    writer_text(&w, ".wav");
    writer_byte(&w, '\0');
    if (w.full)
        fault_set(&c->fault, FAULT_IO, FAULT_NOWHERE,
                  "the input's name is too long to make an output's of it; give -o");
    return !w.full;
}

static bool open_both(struct convert *c)
{
    if (!input_open(&c->input, c->options.in, &c->fault)) return false;
    if (c->options.out == NULL && !name_output(c)) return false;
    const char *out = c->options.out ? c->options.out : c->out_path;
    return output_open(&c->output, out, c->options.replace, &c->input, &c->fault);
}

static const char *advice(const struct convert *c)
{
    bool is_given = c->output.kind == OUTPUT_STREAM && c->output.flushed > 0;
    return is_given ? "What was written until here is not a whole recording" : NULL;
}

enum exit_code convert_run(struct convert *c, const struct convert_options *options)
{
    c->options = *options;
    c->output.fd = -1;
    tell_begin(&c->tell, &c->options);
    c->tell.input = &c->input;
    c->tell.recording = &c->recording;
    c->tell.pipeline = &c->pipeline;
    recording_init(&c->recording, &options->pipeline.contact);

    bool done = open_both(c) && convert(c);
    bool empty = done && c->recording.bytes == 0;
    done = done && !empty && output_commit(&c->output, &c->fault);
    if (!done) output_discard(&c->output);
    input_close(&c->input);

    c->tell.output = c->output.name;
    if (empty)
        tell_nothing(&c->tell);
    else if (!done)
        tell_fault(&c->tell, &c->fault, advice(c));
    else if (!options->quiet || tell_is_incomplete(&c->recording))
        tell_summary(&c->tell);
    return done ? EXIT_DONE : empty ? EXIT_NOTHING : EXIT_FAILED;
}
