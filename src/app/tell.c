#include "app/tell.h"

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

static uint64_t frames_in(const struct tell *t, uint64_t bytes)
{
    const struct pipeline_options *o = &t->options->pipeline;
    return bytes / (o->layout == MIXER_STEREO ? 2U : 1U) / (o->encoding == WAV_PCM ? 2U : 1U);
}

static uint64_t ms_of(const struct tell *t, uint64_t bytes)
{
    return frames_in(t, bytes) * 1000 / SAMPLES_PER_SECOND;
}

static void wipe_progress(const struct tell *t)
{
    if (t->shown_ms == 0) return;
    console_write(CONSOLE_ERR, span_text("\r\033[K"));
}

void tell_progress(struct tell *t, const char *doing, uint64_t read)
{
    uint64_t now = t->columns > 0 ? port_now_ms() : 0;
    if (t->columns == 0 || now - (t->shown_ms ? t->shown_ms : t->began_ms) < SHOW_EVERY_MS) return;
    t->shown_ms = now;
    char text[160];
    struct writer w = writer_on(text, sizeof text);
    writer_text(&w, doing);
    writer_byte(&w, ' ');
    if (t->input->size > 0) {
        writer_number(&w, read * 100 / t->input->size);
        writer_text(&w, " %, ");
    }
    writer_number(&w, t->pipeline->documents);
    writer_text(&w, " fragments, ");
    write_seconds(&w, ms_of(t, t->pipeline->bytes));
    writer_text(&w, " of sound, ");
    writer_number(&w, read / 1000 / (now - t->began_ms + 1));
    writer_text(&w, " MB/s");
    console_write(CONSOLE_ERR, span_text("\r\033[K"));
    console_write(CONSOLE_ERR, span_of(text, span_min(writer_span(&w), t->columns - 1)));
}

/* On a line of its own, last: it may be long, and is cut where it does not fit. */
static void list_contacts(const struct tell *t, struct writer *to)
{
    writer_text(to, "\ncontacts: ");
    contacts_list(&t->recording->contacts, to);
}

/* It lies in the input: what the machine, the network or a service refused does not. */
static bool is_of_input(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE:
    case FAULT_NOT_MATROSKA:
    case FAULT_TRUNCATED:
    case FAULT_MALFORMED:
    case FAULT_UNSUPPORTED:
    case FAULT_LIMIT:
    case FAULT_AMBIGUOUS:
    case FAULT_TROUBLE:
    case FAULT_UNDECIDED:
    case FAULT_CHANGED: return true;
    case FAULT_REFUSED:
    case FAULT_CONFIG:
    case FAULT_NETWORK:
    case FAULT_TLS:
    case FAULT_TRUST:
    case FAULT_SERVICE:
    case FAULT_IO: break;
    }
    return false;
}

void tell_fault(struct tell *t, const struct fault *f, const char *advice)
{
    struct writer w = writer_on(t->text, sizeof t->text);
    wipe_progress(t);
    writer_text(&w, "rusuden convert: ");
    if (is_of_input(f->kind)) {
        file_write_name(&w, t->input->name);
        writer_text(&w, ": ");
    }
    fault_tell(f, &w);
    if (f->kind == FAULT_TRUNCATED || f->kind == FAULT_MALFORMED)
        writer_text(&w, ". --salvage keeps what is whole before it");
    if (advice != NULL) {
        writer_text(&w, ". ");
        writer_text(&w, advice);
    }
    if (f->kind == FAULT_AMBIGUOUS && recording_has_rivals(t->recording)) list_contacts(t, &w);
    writer_byte(&w, '\n');
    say(&w);
}

void tell_line(struct tell *t, struct span line)
{
    struct writer w = writer_on(t->text, sizeof t->text);
    wipe_progress(t);
    writer_bytes(&w, line);
    writer_byte(&w, '\n');
    say(&w);
}

static const char *what_is_heard(const struct tell *t)
{
    switch (t->options->pipeline.layout) {
    case MIXER_ONE: return channel_name(t->options->pipeline.channel);
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

static void note_salvage(const struct tell *t, struct writer *w)
{
    const struct recording *r = t->recording;
    if (r->troubled > 0)
        note(
            w, r->troubled,
            " error report of Kinesis Video Streams was passed over: the recording is not complete",
            " error reports of Kinesis Video Streams were passed over: the recording is not "
            "complete");
    if (r->salvaged.kind == FAULT_NONE) return;
    writer_text(w, "\nnote: salvaged, not complete: ");
    fault_tell(&r->salvaged, w);
    if (t->input->size > r->salvaged_at) {
        writer_text(w, "; ");
        writer_number(w, t->input->size - r->salvaged_at);
        writer_text(w, " bytes behind it were not read");
    }
}

static void note_missing_channels(const struct tell *t, struct writer *w)
{
    if (t->options->pipeline.layout == MIXER_ONE) return;
    for (enum channel channel = 0; channel < CHANNEL_COUNT; channel++) {
        if (t->recording->pcm_bytes[channel] == 0) {
            writer_text(w, "\nnote: there is no sound of the ");
            writer_text(w, channel_name(channel));
        }
    }
}

bool tell_is_incomplete(const struct recording *r)
{
    return r->salvaged.kind != FAULT_NONE || r->troubled > 0;
}

void tell_summary(struct tell *t)
{
    const struct recording *r = t->recording;
    struct writer w = writer_on(t->text, sizeof t->text);
    wipe_progress(t);
    writer_text(&w, "converted: ");
    file_write_name(&w, t->output);
    writer_text(&w, ", ");
    write_seconds(&w, ms_of(t, r->bytes));
    writer_text(&w, " of the ");
    writer_text(&w, what_is_heard(t));
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
        writer_text(&w, t->options->pipeline.gaps == GAPS_JOIN
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
    note_missing_channels(t, &w);
    note_salvage(t, &w);
    if (t->more != NULL) {
        writer_text(&w, "\nnote: ");
        writer_text(&w, t->more);
    }
    writer_byte(&w, '\n');
    say(&w);
}

void tell_nothing(struct tell *t)
{
    const struct recording *r = t->recording;
    struct writer w = writer_on(t->text, sizeof t->text);
    wipe_progress(t);
    writer_text(&w, "rusuden convert: ");
    file_write_name(&w, t->input->name);
    writer_text(&w, ": no audio: ");
    if (tell_is_incomplete(r)) {
        writer_text(&w, "no whole block is known to be of the contact before the input broke off");
    } else if (t->pipeline->audio.audio_tracks == 0) {
        writer_text(&w, "there is no audio track");
    } else if (r->fragments > 0) {
        writer_text(&w, "contact ");
        writer_quoted(&w, audio_contact_span(&r->contact));
        writer_text(&w, " has no sound of the ");
        writer_text(&w, what_is_heard(t));
    } else if (r->contacts.count > 0) {
        writer_text(&w, "no fragment is of contact ");
        writer_quoted(&w, audio_contact_span(&r->contact));
    } else if (r->nobodys > 0) {
        writer_text(&w, "no fragment says whose it is (tag ContactId), so none may be heard");
    } else {
        writer_text(&w, "there is no audio track with sound in it");
    }
    writer_text(&w, ". Nothing was written; `rusuden inspect` shows what is there");
    note_salvage(t, &w);
    if (r->fragments == 0 && r->contacts.count > 0) list_contacts(t, &w);
    writer_byte(&w, '\n');
    say(&w);
}

void tell_begin(struct tell *t, const struct convert_options *options)
{
    *t = (struct tell){.options = options, .began_ms = port_now_ms()};
    t->columns = options->quiet ? 0 : console_columns(CONSOLE_ERR);
}
