/* convert.h - `rusuden convert`: a KVS stream in a file or pipe to a WAV file.
 *   eats    options
 *   gives   an exit code; the WAV, whole or not at all
 *   keeps   everything it needs, in one struct that the caller places
 *   knows   which input can be read twice, which output cut back */
#ifndef RUSUDEN_APP_CONVERT_H
#define RUSUDEN_APP_CONVERT_H

#include "app/exit.h"
#include "app/options.h"
#include "app/tell.h"
#include "file.h"

struct convert {
    struct convert_options options;
    struct input input;
    struct output output;
    char out_path[4096]; /* PATH_MAX: the input's name with .wav */
    struct recording recording;
    struct pipeline pipeline;
    struct mixer_ring rings[PIPELINE_RINGS];
    uint64_t read;   /* bytes of input in this pass */
    uint64_t header; /* bytes of header at the front of the output */
    struct fault fault;
    struct tell tell;
    uint8_t buffer[READ_BUFFER_BYTES];
};

enum exit_code convert_run(struct convert *c, const struct convert_options *options);

#endif
