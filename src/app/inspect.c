#include "app/inspect.h"

#include "app/report.h"
#include "console.h"

static bool same_track(const struct matroska_track *a, const struct matroska_track *b)
{
    return a->number == b->number && a->type == b->type &&
           span_equal(span_of(a->name.text, a->name.len), span_of(b->name.text, b->name.len)) &&
           span_equal(span_of(a->codec.text, a->codec.len), span_of(b->codec.text, b->codec.len));
}

static void note_tracks(struct inspect *i)
{
    for (size_t t = 0; t < i->audio.track_count; t++) {
        size_t known = 0;
        while (known < i->track_count && !same_track(&i->tracks[known], &i->audio.tracks[t]))
            known++;
        if (known == i->track_count && known < TRACKS_MAX)
            i->tracks[i->track_count++] = i->audio.tracks[t];
    }
}

/* Silence between two contacts' calls is no gap of either. */
static void note_gap(struct inspect *i, const struct audio_fragment *f)
{
    uint64_t count = i->timeline.gap_count - i->document_gaps;
    uint64_t ms = (i->timeline.gap_samples - i->document_gap_samples) / (SAMPLES_PER_SECOND / 1000);
    if (count == 0 || (i->documents > 0 && !audio_contact_equal(&i->before, &f->contact))) return;
    i->gaps_found += count;
    i->gap_ms += ms;
    if (i->gap_count < INSPECT_LISTED_MAX)
        i->gaps[i->gap_count++] = (struct inspect_gap){ms, f->at};
}

static void note_fragment(struct inspect *i)
{
    const struct audio_fragment *f = &i->audio.fragment;
    note_tracks(i);
    note_gap(i, f);
    if (i->documents++ == 0) i->first = *f;
    i->last = *f;
    i->before = f->contact;
    i->blocks += f->blocks;
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        i->pcm_bytes[c] += f->pcm_bytes[c];
    if (f->contact.len > 0) contacts_add(&i->contacts, f);
    i->inherited += f->contact.len > 0 && f->inherited;
    i->nobodys += f->contact.len == 0 && audio_fragment_has_sound(f);
    report_fragment(i, f);
}

static void note_error(struct inspect *i)
{
    note_tracks(i);
    i->documents++;
    i->errors_found++;
    if (i->error_count < INSPECT_LISTED_MAX)
        i->errors[i->error_count++] =
            (struct inspect_error){i->audio.fragment.at, i->audio.trouble};
}

static void begin_document(struct inspect *i)
{
    i->document_gaps = i->timeline.gap_count;
    i->document_gap_samples = i->timeline.gap_samples;
}

static void place_block(struct inspect *i)
{
    int64_t position;
    if (timeline_place(&i->timeline, i->audio.channel, i->audio.time_ns, &position))
        waveform_move(&i->waveform, i->audio.channel, position > 0 ? (uint64_t)position : 0);
}

static void end_block(struct inspect *i)
{
    timeline_advance(&i->timeline, i->audio.channel, i->block_bytes / BYTES_PER_SAMPLE);
    i->block_bytes = 0;
}

static bool refill(struct inspect *i, struct span *in, bool *over)
{
    long n = input_read(&i->input, i->buffer, sizeof i->buffer, &i->fault);
    if (n < 0) return false;
    i->read += (uint64_t)n;
    *in = span_of(i->buffer, (size_t)n);
    *over = n == 0;
    return true;
}

/* False: the fault says why the input was not read to its end. */
static bool read_all(struct inspect *i)
{
    struct span in = span_of(NULL, 0);
    bool over = false;
    for (;;) {
        struct span pcm = span_of(NULL, 0);
        switch (over ? connect_audio_end(&i->audio) : connect_audio_next(&i->audio, &in, &pcm)) {
        case AUDIO_NEED:
            if (!refill(i, &in, &over)) return false;
            break;
        case AUDIO_DOCUMENT: begin_document(i); break;
        case AUDIO_BLOCK: place_block(i); break;
        case AUDIO_PCM:
            waveform_add(&i->waveform, i->audio.channel, pcm);
            i->block_bytes += pcm.len;
            if (i->audio.block_whole) end_block(i);
            break;
        case AUDIO_FRAGMENT: note_fragment(i); break;
        case AUDIO_TROUBLE: note_error(i); break;
        case AUDIO_END: return true;
        case AUDIO_FAULT:
            i->fault = *connect_audio_fault(&i->audio);
            note_tracks(i);
            return false;
        }
    }
}

enum exit_code inspect_run(struct inspect *i, const struct inspect_options *options)
{
    memset(i, 0, sizeof *i);
    i->options = *options;
    i->out = writer_on(i->text, sizeof i->text);
    connect_audio_init(&i->audio, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT);
    timeline_init(&i->timeline, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT, GAPS_JOIN);
    waveform_init(&i->waveform);

    bool opened = input_open(&i->input, options->in, &i->fault);
    if (opened) {
        report_begin(i);
        read_all(i);
        report_end(i);
        input_close(&i->input);
    }
    if (i->deaf)
        fault_set(&i->fault, FAULT_IO, FAULT_NOWHERE, "cannot write the report to standard output");
    if (i->fault.kind != FAULT_NONE) {
        struct writer line = writer_on(i->text, sizeof i->text);
        writer_text(&line, "rusuden inspect: ");
        if (i->fault.kind != FAULT_IO) {
            file_write_name(&line, i->input.name);
            writer_text(&line, ": ");
        }
        fault_tell(&i->fault, &line);
        writer_byte(&line, '\n');
        console_write(CONSOLE_ERR, writer_span(&line));
    }
    return i->fault.kind == FAULT_NONE ? EXIT_DONE : EXIT_FAILED;
}
