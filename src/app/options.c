#include "app/options.h"

#include "port.h"

#include <getopt.h>

/* A word and what it stands for; a row without a word ends the table. */
struct choice {
    const char *word;
    int value;
};

enum channels { CHANNELS_CUSTOMER, CHANNELS_AGENT, CHANNELS_STEREO, CHANNELS_MIX };

static const struct choice channel_choices[] = {{"customer", CHANNELS_CUSTOMER},
                                                {"agent", CHANNELS_AGENT},
                                                {"stereo", CHANNELS_STEREO},
                                                {"mix", CHANNELS_MIX},
                                                {NULL, 0}};
static const struct choice gap_choices[] = {
    {"join", GAPS_JOIN}, {"silence", GAPS_SILENCE}, {NULL, 0}};
static const struct choice encoding_choices[] = {{"pcm", WAV_PCM}, {"ulaw", WAV_ULAW}, {NULL, 0}};

static bool choose(const struct choice *choices, const char *option, const char *word, int *value,
                   struct writer *why)
{
    for (const struct choice *c = choices; c->word != NULL; c++) {
        if (strcmp(c->word, word) == 0) {
            *value = c->value;
            return true;
        }
    }
    writer_text(why, option);
    writer_text(why, " cannot be ");
    writer_quoted(why, writer_end_of(span_text(word), NAME_SHOWN_BYTES / 2));
    writer_text(why, "; it is one of");
    for (const struct choice *c = choices; c->word != NULL; c++) {
        writer_text(why, c == choices ? " " : ", ");
        writer_text(why, c->word);
    }
    return false;
}

static bool set_channels(struct convert_options *o, const char *option, const char *word,
                         struct writer *why)
{
    int channels;
    if (!choose(channel_choices, option, word, &channels, why)) return false;
    o->pipeline.layout = channels == CHANNELS_STEREO ? MIXER_STEREO
                         : channels == CHANNELS_MIX  ? MIXER_MIX
                                                     : MIXER_ONE;
    o->pipeline.channel = channels == CHANNELS_AGENT ? CHANNEL_AGENT : CHANNEL_CUSTOMER;
    return true;
}

static bool set_gaps(struct convert_options *o, const char *option, const char *word,
                     struct writer *why)
{
    int gaps;
    if (!choose(gap_choices, option, word, &gaps, why)) return false;
    o->pipeline.gaps = (enum gaps)gaps;
    return true;
}

static bool set_encoding(struct convert_options *o, const char *option, const char *word,
                         struct writer *why)
{
    int encoding;
    if (!choose(encoding_choices, option, word, &encoding, why)) return false;
    o->pipeline.encoding = (enum wav_encoding)encoding;
    return true;
}

static bool set_contact(struct convert_options *o, const char *option, const char *word,
                        struct writer *why)
{
    size_t len = strlen(word);
    if (len == 0 || len > CONTACT_ID_BYTES_MAX) {
        writer_text(why, option);
        writer_text(why, " takes a contact id of 1 to 64 bytes");
        return false;
    }
    o->pipeline.contact.len = (uint8_t)len;
    memcpy(o->pipeline.contact.id, word, len);
    return true;
}

/* Options with a value, and the environment variables that stand in where they are not given. */
struct setting {
    int letter;
    const char *option;
    const char *environment;
    bool (*set)(struct convert_options *o, const char *option, const char *word,
                struct writer *why);
};

static const struct setting settings[] = {
    {'c', "--contact-id", "RUSUDEN_CONTACT_ID", set_contact},
    {'C', "--channels", "RUSUDEN_CHANNELS", set_channels},
    {'g', "--gaps", "RUSUDEN_GAPS", set_gaps},
    {'e', "--encoding", "RUSUDEN_ENCODING", set_encoding},
};

enum { SETTINGS = sizeof settings / sizeof *settings };

static bool set_value(struct convert_options *o, int letter, const char *word, bool given[],
                      struct writer *why)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].letter == letter) {
            given[i] = true;
            return settings[i].set(o, settings[i].option, word, why);
        }
    }
    return false;
}

static bool set_from_environment(struct convert_options *o, const bool given[], struct writer *why)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *word = given[i] ? NULL : port_environment(settings[i].environment);
        if (word != NULL && !settings[i].set(o, settings[i].environment, word, why)) return false;
    }
    return true;
}

static bool refuse(struct writer *why, const char *what, const char *word)
{
    writer_text(why, what);
    if (word != NULL) {
        writer_byte(why, ' ');
        writer_quoted(why, writer_end_of(span_text(word), NAME_SHOWN_BYTES / 2));
    }
    return false;
}

/* getopt has just answered '?' or ':'. optopt is an unknown letter, the letter of a known option that was
 * used wrongly, or 0 for an unknown long one. */
static bool refuse_option(struct writer *why, int answer, char **argv, const struct option *known)
{
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_known = optopt == 0;
    for (const struct option *o = known; o->name != NULL; o++)
        is_known = is_known || o->val == optopt;
    if (answer == ':') return refuse(why, "a value is missing after", argv[optind - 1]);
    return refuse(why, "unknown option", is_known ? argv[optind - 1] : letter);
}

static bool take_input(const char **in, int argc, char **argv, struct writer *why)
{
    if (argc - optind > 1) return refuse(why, "one input at a time; unexpected:", argv[optind + 1]);
    if (optind < argc) *in = argv[optind];
    return true;
}

bool options_convert(struct convert_options *o, int argc, char **argv, struct writer *why)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'},   {"contact-id", required_argument, NULL, 'c'},
        {"channels", required_argument, NULL, 'C'}, {"gaps", required_argument, NULL, 'g'},
        {"encoding", required_argument, NULL, 'e'}, {"salvage", no_argument, NULL, 's'},
        {"force", no_argument, NULL, 'f'},          {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    bool given[SETTINGS] = {false};
    memset(o, 0, sizeof *o);
    o->in = "-";
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":o:c:fqh", known, NULL)) != -1;) {
        switch (letter) {
        case 'o': o->out = optarg; break;
        case 's': o->pipeline.salvage = true; break;
        case 'f': o->replace = true; break;
        case 'q': o->quiet = true; break;
        case 'h': o->help = true; return true;
        case '?':
        case ':': return refuse_option(why, letter, argv, known);
        default:
            if (!set_value(o, letter, optarg, given, why)) return false;
        }
    }
    if (!set_from_environment(o, given, why) || !take_input(&o->in, argc, argv, why)) return false;
    if (o->out != NULL && o->out[0] == '\0')
        return refuse(why, "-o takes a file name, or - for standard output", NULL);
    if (o->out == NULL && strcmp(o->in, "-") == 0) o->out = "-";
    return true;
}

bool options_inspect(struct inspect_options *o, int argc, char **argv, struct writer *why)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'},
                                          {"ascii", no_argument, NULL, 'a'},
                                          {"fragments", no_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    memset(o, 0, sizeof *o);
    o->in = "-";
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
        switch (letter) {
        case 'j': o->json = true; break;
        case 'a': o->ascii = true; break;
        case 'f': o->fragments = true; break;
        case 'h': o->help = true; return true;
        default: return refuse_option(why, letter, argv, known);
        }
    }
    return take_input(&o->in, argc, argv, why);
}
