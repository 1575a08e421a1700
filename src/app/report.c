#include "app/report.h"

#include "console.h"
#include "text/utc.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_MAX = 200, LABEL = 10, STEPS = 8, LEVEL_MAX = 32768 };

/* ---- to standard output, through the small buffer ---- */

static void flush(struct inspect *i)
{
    i->deaf = i->deaf || !console_write(CONSOLE_OUT, writer_span(&i->out));
    i->out.len = 0;
    i->out.full = false;
}

/* Call between two facts: a fact is never longer than half the buffer. */
static struct writer *line(struct inspect *i)
{
    if (i->out.len > sizeof i->text / 2) flush(i);
    return &i->out;
}

static void seconds(struct writer *w, uint64_t pcm_bytes)
{
    writer_decimal(w, pcm_bytes * 1000 / (SAMPLES_PER_SECOND * BYTES_PER_SAMPLE), 3);
    writer_text(w, " s");
}

static struct span number_of(const struct audio_fragment *f)
{
    return span_of(f->number, f->number_len);
}

static void time_of(struct writer *w, const struct audio_fragment *f)
{
    utc_write(w, f->first_ns / 1000000);
}

/* ---- JSON ---- */

static void member(struct writer *w, const char *name)
{
    writer_byte(w, '"');
    writer_text(w, name);
    writer_text(w, "\":");
}

static void text_member(struct writer *w, const char *name, struct span text)
{
    member(w, name);
    writer_quoted(w, text);
    writer_byte(w, ',');
}

static void number_member(struct writer *w, const char *name, uint64_t value)
{
    member(w, name);
    writer_number(w, value);
    writer_byte(w, ',');
}

/* An object is written without a flush between: the last member's comma is still there. */
static void close_object(struct writer *w)
{
    assert(w->len > 0 && w->to[w->len - 1] == ',');
    w->to[w->len - 1] = '}';
}

static void open_element(struct writer *w, uint64_t at)
{
    writer_text(w, at > 0 ? ",\n{" : "\n{");
}

static void fragment_json(struct writer *w, const struct audio_fragment *f, uint64_t at)
{
    open_element(w, at);
    number_member(w, "at", f->at);
    text_member(w, "number", number_of(f));
    member(w, "contact");
    if (f->contact.len > 0)
        writer_quoted(w, audio_contact_span(&f->contact));
    else
        writer_text(w, "null");
    writer_text(w, f->contact.len > 0 && f->inherited ? ",\"inherited\":true,"
                                                      : ",\"inherited\":false,");
    text_member(w, "serverTimestamp", span_of(f->server_time, f->server_time_len));
    text_member(w, "producerTimestamp", span_of(f->producer_time, f->producer_time_len));
    number_member(w, "blocks", f->blocks);
    number_member(w, "customerBytes", f->pcm_bytes[CHANNEL_CUSTOMER]);
    number_member(w, "agentBytes", f->pcm_bytes[CHANNEL_AGENT]);
    close_object(w);
}

static void tracks_json(struct inspect *i)
{
    writer_text(line(i), "\"tracks\":[");
    for (size_t t = 0; t < i->track_count; t++) {
        const struct matroska_track *track = &i->tracks[t];
        struct writer *w = line(i);
        open_element(w, t);
        number_member(w, "number", track->number);
        number_member(w, "type", track->type);
        text_member(w, "name", span_of(track->name.text, track->name.len));
        text_member(w, "codec", span_of(track->codec.text, track->codec.len));
        close_object(w);
    }
    writer_text(line(i), "],\n");
}

static void contacts_json(struct inspect *i)
{
    writer_text(line(i), "\"contacts\":[");
    for (size_t c = 0; c < i->contacts.count; c++) {
        const struct contact_row *row = &i->contacts.row[c];
        struct writer *w = line(i);
        open_element(w, c);
        text_member(w, "id", audio_contact_span(&row->contact));
        number_member(w, "fragments", row->fragments);
        number_member(w, "customerBytes", row->pcm_bytes[CHANNEL_CUSTOMER]);
        number_member(w, "agentBytes", row->pcm_bytes[CHANNEL_AGENT]);
        number_member(w, "at", row->first_at);
        close_object(w);
    }
    writer_text(line(i), "],\n");
}

static void gaps_json(struct inspect *i)
{
    writer_text(line(i), "\"gaps\":[");
    for (size_t g = 0; g < i->gap_count; g++) {
        struct writer *w = line(i);
        open_element(w, g);
        number_member(w, "ms", i->gaps[g].ms);
        number_member(w, "beforeFragmentAt", i->gaps[g].before_at);
        close_object(w);
    }
    writer_text(line(i), "],\n");
}

static void errors_json(struct inspect *i)
{
    writer_text(line(i), "\"errors\":[");
    for (size_t e = 0; e < i->error_count; e++) {
        const struct inspect_error *error = &i->errors[e];
        struct writer *w = line(i);
        open_element(w, e);
        number_member(w, "at", error->at);
        text_member(w, "code", span_of(error->trouble.code, error->trouble.code_len));
        text_member(w, "message", span_of(error->trouble.message, error->trouble.message_len));
        close_object(w);
    }
    writer_text(line(i), "],\n");
}

static void totals_json(struct inspect *i)
{
    struct writer *w = line(i);
    writer_text(w, "\"totals\":{");
    number_member(w, "bytes", i->read);
    number_member(w, "documents", i->documents);
    number_member(w, "blocks", i->blocks);
    number_member(w, "customerBytes", i->pcm_bytes[CHANNEL_CUSTOMER]);
    number_member(w, "agentBytes", i->pcm_bytes[CHANNEL_AGENT]);
    number_member(w, "inherited", i->inherited);
    number_member(w, "nobodys", i->nobodys);
    number_member(w, "unlistedFragments", i->contacts.unlisted_fragments);
    number_member(w, "gaps", i->gaps_found);
    number_member(w, "gapMs", i->gap_ms);
    number_member(w, "errors", i->errors_found);
    close_object(w);
    writer_text(w, ",\n");
}

static void fault_json(struct inspect *i)
{
    struct writer *w = line(i);
    member(w, "fault");
    if (i->fault.kind == FAULT_NONE) {
        writer_text(w, "null}\n");
        return;
    }
    writer_byte(w, '{');
    text_member(w, "kind", span_text(fault_name(i->fault.kind)));
    if (i->fault.at != FAULT_NOWHERE) number_member(w, "at", i->fault.at);
    text_member(w, "text", span_of(i->fault.text, i->fault.len));
    close_object(w);
    writer_text(w, "}\n");
}

static void end_json(struct inspect *i)
{
    writer_text(line(i), "],\n");
    tracks_json(i);
    contacts_json(i);
    gaps_json(i);
    errors_json(i);
    totals_json(i);
    fault_json(i);
    flush(i);
}

/* ---- for a person ---- */

static void fragment_line(struct writer *w, const struct audio_fragment *f)
{
    writer_text(w, "  byte ");
    writer_number(w, f->at);
    writer_text(w, "  ");
    writer_quoted(w, number_of(f));
    writer_text(w, "  contact ");
    if (f->contact.len > 0)
        writer_quoted(w, audio_contact_span(&f->contact));
    else
        writer_text(w, "none");
    writer_text(w, f->contact.len > 0 && f->inherited ? " (inherited)  customer " : "  customer ");
    seconds(w, f->pcm_bytes[CHANNEL_CUSTOMER]);
    writer_text(w, "  agent ");
    seconds(w, f->pcm_bytes[CHANNEL_AGENT]);
    writer_byte(w, '\n');
}

static void heading(struct inspect *i, const char *text, bool none)
{
    struct writer *w = line(i);
    writer_text(w, text);
    writer_text(w, none ? ": none\n" : ":\n");
}

static void tell_tracks(struct inspect *i)
{
    heading(i, "tracks", i->track_count == 0);
    for (size_t t = 0; t < i->track_count; t++) {
        const struct matroska_track *track = &i->tracks[t];
        struct writer *w = line(i);
        writer_text(w, "  ");
        writer_number(w, track->number);
        writer_text(w, "  ");
        writer_quoted(w, span_of(track->name.text, track->name.len));
        writer_text(w, track->type == MATROSKA_AUDIO_TRACK ? "  audio  codec "
                                                           : "  not audio  codec ");
        writer_quoted(w, span_of(track->codec.text, track->codec.len));
        writer_byte(w, '\n');
    }
}

static void tell_contacts(struct inspect *i)
{
    heading(i, "contacts", i->contacts.count == 0);
    for (size_t c = 0; c < i->contacts.count; c++) {
        const struct contact_row *row = &i->contacts.row[c];
        struct writer *w = line(i);
        writer_text(w, "  ");
        writer_quoted(w, audio_contact_span(&row->contact));
        writer_text(w, "  fragments ");
        writer_number(w, row->fragments);
        writer_text(w, "  customer ");
        seconds(w, row->pcm_bytes[CHANNEL_CUSTOMER]);
        writer_text(w, "  agent ");
        seconds(w, row->pcm_bytes[CHANNEL_AGENT]);
        writer_text(w, "  from byte ");
        writer_number(w, row->first_at);
        writer_byte(w, '\n');
    }
    struct writer *w = line(i);
    if (i->contacts.unlisted_fragments > 0) {
        writer_text(w, "  and more, with fragments ");
        writer_number(w, i->contacts.unlisted_fragments);
        writer_byte(w, '\n');
    }
    if (i->nobodys > 0) {
        writer_text(w, "  nobody's: no ContactId, and none to inherit by SegmentUID  fragments ");
        writer_number(w, i->nobodys);
        writer_byte(w, '\n');
    }
    if (i->inherited > 0) {
        writer_text(w, "  inherited by SegmentUID  fragments ");
        writer_number(w, i->inherited);
        writer_byte(w, '\n');
    }
}

static void tell_timeline(struct inspect *i)
{
    heading(i, "timeline", i->blocks == 0);
    if (i->blocks > 0) {
        struct writer *w = line(i);
        writer_text(w, "  from ");
        time_of(w, &i->first);
        writer_text(w, "  fragment ");
        writer_quoted(w, number_of(&i->first));
        writer_text(w, "\n  to   ");
        time_of(w, &i->last);
        writer_text(w, "  fragment ");
        writer_quoted(w, number_of(&i->last));
        writer_byte(w, '\n');
    }
    struct writer *w = line(i);
    writer_text(w, "  gaps ");
    writer_number(w, i->gaps_found);
    if (i->gaps_found > 0) {
        writer_text(w, ", ");
        writer_decimal(w, i->gap_ms, 3);
        writer_text(w, " s in all");
    }
    writer_byte(w, '\n');
    for (size_t g = 0; g < i->gap_count; g++) {
        w = line(i);
        writer_text(w, "    ");
        writer_decimal(w, i->gaps[g].ms, 3);
        writer_text(w, " s in or before the fragment at byte ");
        writer_number(w, i->gaps[g].before_at);
        writer_byte(w, '\n');
    }
}

static void tell_errors(struct inspect *i)
{
    heading(i, "errors reported by Kinesis Video Streams", i->errors_found == 0);
    for (size_t e = 0; e < i->error_count; e++) {
        const struct inspect_error *error = &i->errors[e];
        struct writer *w = line(i);
        writer_text(w, "  at byte ");
        writer_number(w, error->at);
        writer_text(w, "  code ");
        writer_quoted(w, span_of(error->trouble.code, error->trouble.code_len));
        writer_text(w, "  message ");
        writer_quoted(w, span_of(error->trouble.message, error->trouble.message_len));
        writer_byte(w, '\n');
    }
}

/* Loudness is heard by ratios: each of eight steps is 6 dB, the highest reaches to full scale. */
static unsigned step_of(unsigned peak)
{
    unsigned step = 0;
    for (unsigned level = LEVEL_MAX >> STEPS; level < peak && step < STEPS; level *= 2)
        step++;
    return step;
}

static void draw(struct inspect *i, enum channel channel, size_t columns, bool utf8)
{
    static const char *const blocks[STEPS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const letters[STEPS + 1] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
    struct writer *w = line(i);
    size_t from = w->len;
    writer_text(w, channel_name(channel));
    writer_pad(w, from, LABEL);
    for (size_t c = 0; c < columns; c++) {
        unsigned step = step_of(waveform_peak(&i->waveform, channel, c, columns));
        writer_text(line(i), utf8 ? blocks[step] : letters[step]);
    }
    writer_byte(line(i), '\n');
}

static void draw_all(struct inspect *i)
{
    if (i->waveform.samples == 0) return;
    unsigned width = console_columns(CONSOLE_OUT);
    width = width == 0 ? COLUMNS_DEFAULT : width > COLUMNS_MAX ? COLUMNS_MAX : width;
    size_t columns = width > LABEL + 20 ? width - LABEL - 1 : 20;
    bool utf8 = !i->options.ascii && console_speaks_utf8();
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        if (i->waveform.at[c] > 0) draw(i, c, columns, utf8);
    struct writer *w = line(i);
    size_t from = w->len;
    writer_pad(w, from, LABEL);
    writer_text(w, "0 s");
    writer_pad(w, from, LABEL + columns - 10);
    seconds(w, i->waveform.samples * BYTES_PER_SAMPLE);
    writer_byte(w, '\n');
}

static void end_for_person(struct inspect *i)
{
    struct writer *w = line(i);
    if (i->options.fragments && i->documents == 0) writer_text(w, "  none\n");
    writer_text(w, "bytes ");
    writer_number(w, i->read);
    writer_text(w, ", documents ");
    writer_number(w, i->documents);
    writer_text(w, ", blocks ");
    writer_number(w, i->blocks);
    writer_text(w, ", sound ");
    seconds(w, i->waveform.samples * BYTES_PER_SAMPLE);
    writer_byte(w, '\n');
    tell_tracks(i);
    tell_contacts(i);
    tell_timeline(i);
    tell_errors(i);
    draw_all(i);
    if (i->fault.kind != FAULT_NONE) writer_text(line(i), "not read to its end; see the error\n");
    flush(i);
}

void report_begin(struct inspect *i)
{
    struct writer *w = line(i);
    if (i->options.json) {
        writer_byte(w, '{');
        text_member(w, "input", writer_end_of(span_text(i->input.name), sizeof i->text / 4));
        writer_text(w, "\"fragments\":[");
    } else {
        file_write_name(w, i->input.name);
        writer_byte(w, '\n');
        if (i->options.fragments) heading(i, "fragments", false);
    }
}

void report_fragment(struct inspect *i, const struct audio_fragment *f)
{
    if (i->options.json)
        fragment_json(line(i), f, i->fragments++);
    else if (i->options.fragments)
        fragment_line(line(i), f);
}

void report_end(struct inspect *i)
{
    if (i->options.json)
        end_json(i);
    else
        end_for_person(i);
}
