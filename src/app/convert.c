#include "app/convert.h"

#include "console.h"
#include "port.h"

/* ---- what the person sees ---- */

enum { SHOW_EVERY_MS = 200 };

static void say(const struct writer *line)
{
    console_write(CONSOLE_ERR, writer_span(line));
}

static void write_seconds(struct writer *to, uint64_t ms)
{
    writer_decimal(to, ms, 3);
    writer_text(to, " s");
}

static uint64_t frames_in(const struct convert *c, uint64_t bytes)
{
    const struct pipeline_options *o = &c->options.pipeline;
    return bytes / (o->layout == MIXER_STEREO ? 2U : 1U) / (o->encoding == WAV_PCM ? 2U : 1U);
}

static uint64_t ms_of(const struct convert *c, uint64_t bytes)
{
    return frames_in(c, bytes) * 1000 / SAMPLES_PER_SECOND;
}

static void wipe_progress(const struct convert *c)
{
    if (c->shown_ms == 0) return;
    console_write(CONSOLE_ERR, span_text("\r\033[K"));
}

static void show_progress(struct convert *c)
{
    uint64_t now = c->columns > 0 ? port_now_ms() : 0;
    if (c->columns == 0 || now - (c->shown_ms ? c->shown_ms : c->began_ms) < SHOW_EVERY_MS) return;
    c->shown_ms = now;
    char text[160];
    struct writer w = writer_on(text, sizeof text);
    writer_text(&w, c->pipeline.pass == PIPELINE_SURVEY ? "reading " : "writing ");
    if (c->input.size > 0) {
        writer_number(&w, c->read * 100 / c->input.size);
        writer_text(&w, " %, ");
    }
    writer_number(&w, c->pipeline.documents);
    writer_text(&w, " fragments, ");
    write_seconds(&w, ms_of(c, c->pipeline.bytes));
    writer_text(&w, " of sound, ");
    writer_number(&w, c->read / 1000 / (now - c->began_ms + 1));
    writer_text(&w, " MB/s");
    console_write(CONSOLE_ERR, span_text("\r\033[K"));
    console_write(CONSOLE_ERR, span_of(text, span_min(writer_span(&w), c->columns - 1)));
}

/* On a line of its own, last: it may be long, and is cut where it does not fit. */
static void list_contacts(const struct convert *c, struct writer *to)
{
    writer_text(to, "\ncontacts: ");
    contacts_list(&c->recording.contacts, to);
}

static void say_fault(struct convert *c)
{
    struct writer w = writer_on(c->text, sizeof c->text);
    wipe_progress(c);
    writer_text(&w, "rusuden convert: ");
    if (c->fault.kind != FAULT_IO && c->fault.kind != FAULT_REFUSED) {
        file_write_name(&w, c->input.name);
        writer_text(&w, ": ");
    }
    fault_tell(&c->fault, &w);
    if (c->fault.kind == FAULT_TRUNCATED || c->fault.kind == FAULT_MALFORMED)
        writer_text(&w, ". --salvage keeps what is whole before it");
    if (c->output.kind == OUTPUT_STREAM && c->output.flushed > 0)
        writer_text(&w, ". What was written until here is not a whole recording");
    if (c->fault.kind == FAULT_AMBIGUOUS && recording_has_rivals(&c->recording))
        list_contacts(c, &w);
    writer_byte(&w, '\n');
    say(&w);
}

static const char *what_is_heard(const struct convert *c)
{
    switch (c->options.pipeline.layout) {
    case MIXER_ONE: return channel_name(c->options.pipeline.channel);
    case MIXER_STEREO: return "customer and the agent";
    case MIXER_MIX: return "customer and the agent, mixed";
    }
    return "";
}

static void note(struct writer *w, uint64_t count, const char *one, const char *many)
{
    writer_text(w, "\nnote: ");
    writer_number(w, count);
    writer_text(w, count == 1 ? one : many);
}

static void note_salvage(const struct convert *c, struct writer *w)
{
    const struct recording *r = &c->recording;
    if (r->troubled > 0)
        note(
            w, r->troubled,
            " error report of Kinesis Video Streams was passed over: the recording is not complete",
            " error reports of Kinesis Video Streams were passed over: the recording is not "
            "complete");
    if (r->salvaged.kind == FAULT_NONE) return;
    writer_text(w, "\nnote: salvaged, not complete: ");
    fault_tell(&r->salvaged, w);
    if (c->input.size > r->salvaged_at) {
        writer_text(w, "; ");
        writer_number(w, c->input.size - r->salvaged_at);
        writer_text(w, " bytes behind it were not read");
    }
}

static void note_missing_channels(const struct convert *c, struct writer *w)
{
    if (c->options.pipeline.layout == MIXER_ONE) return;
    for (enum channel channel = 0; channel < CHANNEL_COUNT; channel++) {
        if (c->recording.pcm_bytes[channel] == 0) {
            writer_text(w, "\nnote: there is no sound of the ");
            writer_text(w, channel_name(channel));
        }
    }
}

/* Somebody who asked for quiet is told this all the same. */
static bool is_incomplete(const struct recording *r)
{
    return r->salvaged.kind != FAULT_NONE || r->troubled > 0;
}

static void say_summary(struct convert *c)
{
    const struct recording *r = &c->recording;
    struct writer w = writer_on(c->text, sizeof c->text);
    wipe_progress(c);
    writer_text(&w, "converted: ");
    file_write_name(&w, c->output.name);
    writer_text(&w, ", ");
    write_seconds(&w, ms_of(c, r->bytes));
    writer_text(&w, " of the ");
    writer_text(&w, what_is_heard(c));
    writer_text(&w, ", ");
    writer_number(&w, r->bytes);
    writer_text(&w, " bytes, fragments ");
    writer_number(&w, r->fragments);
    writer_text(&w, ", gaps ");
    writer_number(&w, r->gaps);
    writer_text(&w, ", contact ");
    writer_quoted(&w, audio_contact_span(&r->contact));
    if (r->gaps > 0) {
        note(&w, r->gaps, " gap, ", " gaps, ");
        write_seconds(&w, r->gap_ms);
        writer_text(&w, c->options.pipeline.gaps == GAPS_JOIN
                            ? ", left out (--gaps silence keeps the call's length)"
                            : ", filled with silence");
    }
    if (r->nobodys > 0)
        note(&w, r->nobodys, " fragment with sound names no contact and was left out",
             " fragments with sound name no contact and were left out");
    if (r->disordered > 0)
        note(&w, r->disordered, " fragment came twice or not in the order of their numbers",
             " fragments came twice or not in the order of their numbers");
    if (r->halves > 0)
        note(&w, r->halves, " half sample at the end was dropped",
             " half samples at the end were dropped");
    if (r->late_blocks > 0)
        note(&w, r->late_blocks,
             " block came more than 2.048 s behind the other channel and was moved later",
             " blocks came more than 2.048 s behind the other channel and were moved later");
    note_missing_channels(c, &w);
    note_salvage(c, &w);
    writer_byte(&w, '\n');
    say(&w);
}

/* A recording without sound: why? */
static void say_nothing(struct convert *c)
{
    const struct recording *r = &c->recording;
    struct writer w = writer_on(c->text, sizeof c->text);
    wipe_progress(c);
    writer_text(&w, "rusuden convert: ");
    file_write_name(&w, c->input.name);
    writer_text(&w, ": no audio: ");
    if (is_incomplete(r)) {
        writer_text(&w, "no whole block is known to be of the contact before the input broke off");
    } else if (c->pipeline.audio.audio_tracks == 0) {
        writer_text(&w, "there is no audio track");
    } else if (r->fragments > 0) {
        writer_text(&w, "contact ");
        writer_quoted(&w, audio_contact_span(&r->contact));
        writer_text(&w, " has no sound of the ");
        writer_text(&w, what_is_heard(c));
    } else if (r->contacts.count > 0) {
        writer_text(&w, "no fragment is of contact ");
        writer_quoted(&w, audio_contact_span(&r->contact));
    } else if (r->nobodys > 0) {
        writer_text(&w, "no fragment says whose it is (tag ContactId), so none may be heard");
    } else {
        writer_text(&w, "there is no audio track with sound in it");
    }
    writer_text(&w, ". Nothing was written; `rusuden inspect` shows what is there");
    note_salvage(c, &w);
    if (r->fragments == 0 && r->contacts.count > 0) list_contacts(c, &w);
    writer_byte(&w, '\n');
    say(&w);
}

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
    show_progress(c);
    return true;
}

/* One pass over the input. A survey's bytes go nowhere. */
static bool run_pass(struct convert *c, enum pipeline_pass pass)
{
    struct span in = span_of(NULL, 0);
    struct span out;
    c->read = 0;
    pipeline_init(&c->pipeline, pass, &c->options.pipeline, &c->recording, &c->rings);
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

enum exit_code convert_run(struct convert *c, const struct convert_options *options)
{
    c->options = *options;
    c->output.fd = -1;
    c->began_ms = port_now_ms();
    c->columns = options->quiet ? 0 : console_columns(CONSOLE_ERR);
    recording_init(&c->recording, &options->pipeline.contact);

    bool done = open_both(c) && convert(c);
    bool empty = done && c->recording.bytes == 0;
    done = done && !empty && output_commit(&c->output, &c->fault);
    if (!done) output_discard(&c->output);
    input_close(&c->input);

    if (empty)
        say_nothing(c);
    else if (!done)
        say_fault(c);
    else if (!options->quiet || is_incomplete(&c->recording))
        say_summary(c);
    return done ? EXIT_DONE : empty ? EXIT_NOTHING : EXIT_FAILED;
}
