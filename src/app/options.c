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

static const struct choice signing_choices[] = {{"auto", S3_SIGNING_AUTO},
                                                {"chunks", S3_SIGNING_CHUNKS},
                                                {"chunks-trailer", S3_SIGNING_CHUNKS_TRAILER},
                                                {"unsigned-trailer", S3_SIGNING_UNSIGNED},
                                                {NULL, 0}};
static const struct choice checksum_choices[] = {
    {"crc64nvme", CHECKSUM_CRC64NVME}, {"crc32c", CHECKSUM_CRC32C}, {"crc32", CHECKSUM_CRC32},
    {"sha256", CHECKSUM_SHA256},       {"none", CHECKSUM_NONE},     {NULL, 0}};
static const struct choice switch_choices[] = {
    {"on", 1}, {"true", 1}, {"off", 0}, {"false", 0}, {NULL, 0}};

static bool set_signing(struct convert_options *o, const char *option, const char *word,
                        struct writer *why)
{
    int signing;
    if (!choose(signing_choices, option, word, &signing, why)) return false;
    o->s3.signing = (enum s3_signing)signing;
    return true;
}

static bool set_checksum(struct convert_options *o, const char *option, const char *word,
                         struct writer *why)
{
    int kind;
    if (!choose(checksum_choices, option, word, &kind, why)) return false;
    o->s3.checksum = (enum checksum_kind)kind;
    o->s3.checksum_is_given = true;
    return true;
}

static bool set_conditional(struct convert_options *o, const char *option, const char *word,
                            struct writer *why)
{
    int on;
    if (!choose(switch_choices, option, word, &on, why)) return false;
    o->s3.unconditional = on == 0;
    return true;
}

static bool set_path_style(struct convert_options *o, const char *option, const char *word,
                           struct writer *why)
{
    int on;
    if (!choose(switch_choices, option, word, &on, why)) return false;
    o->s3.addressing = on == 1 ? ADDRESSING_PATH : ADDRESSING_VIRTUAL;
    o->s3.addressing_is_given = true;
    return true;
}

static bool set_tag(struct convert_options *o, const char *option, const char *word,
                    struct writer *why)
{
    (void)option;
    return s3_options_add_tag(&o->s3, word, why);
}

static bool set_metadata(struct convert_options *o, const char *option, const char *word,
                         struct writer *why)
{
    (void)option;
    return s3_options_add_metadata(&o->s3, word, why);
}

static bool set_owner(struct convert_options *o, const char *option, const char *word,
                      struct writer *why)
{
    (void)option;
    return s3_options_set_owner(&o->s3, word, why);
}

/* Options with a value, and the environment variables that stand in where they are not given. */
struct valued {
    const char *option;
    const char *environment; /* NULL: none of ours; AWS's own are read by job/settings */
    bool (*set)(struct convert_options *o, const char *option, const char *word,
                struct writer *why); /* NULL: a word that only S3 can judge goes to `word_at` */
    size_t word_at;
    int letter;
    bool for_s3;
};

#define S3_WORD(member) NULL, offsetof(struct convert_options, s3.member)

static const struct valued valued[] = {
    {"--contact-id", "RUSUDEN_CONTACT_ID", set_contact, 0, 'c', false},
    {"--channels", "RUSUDEN_CHANNELS", set_channels, 0, 'C', false},
    {"--gaps", "RUSUDEN_GAPS", set_gaps, 0, 'g', false},
    {"--encoding", "RUSUDEN_ENCODING", set_encoding, 0, 'e', false},
    {"--tag", NULL, set_tag, 0, 't', true},
    {"--metadata", NULL, set_metadata, 0, 'm', true},
    {"--region", NULL, S3_WORD(region), 'r', true},
    {"--profile", NULL, S3_WORD(profile), 'p', true},
    {"--endpoint-url", NULL, S3_WORD(endpoint_url), 'u', true},
    {"--signing", "RUSUDEN_S3_SIGNING", set_signing, 0, 'S', true},
    {"--checksum", "RUSUDEN_S3_CHECKSUM", set_checksum, 0, 'k', true},
    {"--conditional", "RUSUDEN_S3_CONDITIONAL", set_conditional, 0, 'n', true},
    {"--path-style", "RUSUDEN_S3_PATH_STYLE", set_path_style, 0, 'P', true},
    {"--storage-class", "RUSUDEN_S3_STORAGE_CLASS", S3_WORD(storage_class), 'l', true},
    {"--sse", "RUSUDEN_S3_SSE", S3_WORD(sse), 'E', true},
    {"--sse-kms-key-id", "RUSUDEN_S3_KMS_KEY_ID", S3_WORD(kms_key), 'K', true},
    {"--bucket-owner", "RUSUDEN_S3_BUCKET_OWNER", set_owner, 0, 'O', true},
};

enum { VALUED = sizeof valued / sizeof *valued };

static bool set_row(struct convert_options *o, const struct valued *row, const char *option,
                    const char *word, struct writer *why)
{
    if (row->set != NULL) return row->set(o, option, word, why);
    *(const char **)(void *)((char *)o + row->word_at) = word;
    if (word[0] != '\0') return true;
    writer_text(why, option);
    writer_text(why, " takes a value that is not empty");
    return false;
}

static bool set_value(struct convert_options *o, int letter, const char *word, bool given[],
                      struct writer *why)
{
    for (size_t i = 0; i < VALUED; i++) {
        if (valued[i].letter == letter) {
            given[i] = true;
            return set_row(o, &valued[i], valued[i].option, word, why);
        }
    }
    return false;
}

static bool set_from_environment(struct convert_options *o, const bool given[], struct writer *why)
{
    for (size_t i = 0; i < VALUED; i++) {
        const struct valued *row = &valued[i];
        if (given[i] || row->environment == NULL || (row->for_s3 && !o->to_s3)) continue;
        const char *word = port_environment(row->environment);
        if (word != NULL && !set_row(o, row, row->environment, word, why)) return false;
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
    static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                          {"contact-id", required_argument, NULL, 'c'},
                                          {"channels", required_argument, NULL, 'C'},
                                          {"gaps", required_argument, NULL, 'g'},
                                          {"encoding", required_argument, NULL, 'e'},
                                          {"salvage", no_argument, NULL, 's'},
                                          {"force", no_argument, NULL, 'f'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"tag", required_argument, NULL, 't'},
                                          {"metadata", required_argument, NULL, 'm'},
                                          {"region", required_argument, NULL, 'r'},
                                          {"profile", required_argument, NULL, 'p'},
                                          {"endpoint-url", required_argument, NULL, 'u'},
                                          {"signing", required_argument, NULL, 'S'},
                                          {"checksum", required_argument, NULL, 'k'},
                                          {"conditional", required_argument, NULL, 'n'},
                                          {"path-style", required_argument, NULL, 'P'},
                                          {"storage-class", required_argument, NULL, 'l'},
                                          {"sse", required_argument, NULL, 'E'},
                                          {"sse-kms-key-id", required_argument, NULL, 'K'},
                                          {"bucket-owner", required_argument, NULL, 'O'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    bool given[VALUED] = {false};
    memset(o, 0, sizeof *o);
    o->in = "-";
    o->s3.checksum = CHECKSUM_CRC64NVME;
    opterr = 0;
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, ":o:c:fqvh", known, NULL)) != -1;) {
        switch (letter) {
        case 'o': o->out = optarg; break;
        case 's': o->pipeline.salvage = true; break;
        case 'f': o->replace = true; break;
        case 'q': o->quiet = true; break;
        case 'v': o->verbose = true; break;
        case 'h': o->help = true; return true;
        case '?':
        case ':': return refuse_option(why, letter, argv, known);
        default:
            if (!set_value(o, letter, optarg, given, why)) return false;
        }
    }
    if (!take_input(&o->in, argc, argv, why)) return false;
    if (o->out != NULL && o->out[0] == '\0')
        return refuse(why, "-o takes a file name, or - for standard output", NULL);
    if (o->out == NULL && strcmp(o->in, "-") == 0) o->out = "-";
    o->to_s3 = s3_options_is_url(o->out != NULL ? o->out : "");
    if (o->to_s3 && !s3_options_set_url(&o->s3, o->out, why)) return false;
    for (size_t i = 0; i < VALUED; i++)
        if (given[i] && valued[i].for_s3 && !o->to_s3)
            return refuse(why, "an output in S3 (-o s3://BUCKET/KEY) is needed for",
                          valued[i].option);
    return set_from_environment(o, given, why);
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
