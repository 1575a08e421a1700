/* options.h - command lines, their environment twins, and what is wrong with them.
 *   eats    argc, argv
 *   gives   a filled struct, or one line that says what to do
 *   keeps   nothing
 *   knows   which words each command understands */
#ifndef RUSUDEN_APP_OPTIONS_H
#define RUSUDEN_APP_OPTIONS_H

#include "app/s3_options.h"
#include "job/pipeline.h"

struct convert_options {
    const char *in;  /* a path; "-": standard input */
    const char *out; /* a path; "-": standard output; NULL: the input's name with .wav */
    struct pipeline_options pipeline;
    struct s3_options s3; /* where `out` is s3://... */
    bool to_s3;
    bool replace;
    bool quiet;
    bool verbose; /* tells each step of an upload */
    bool help;
};

struct inspect_options {
    const char *in;
    bool json;
    bool ascii;
    bool fragments; /* one line for each */
    bool help;
};

/* argv[0] is the command's own name. False: `why` says what is wrong; exit with EXIT_USAGE. */
bool options_convert(struct convert_options *o, int argc, char **argv, struct writer *why);
bool options_inspect(struct inspect_options *o, int argc, char **argv, struct writer *why);

#endif
