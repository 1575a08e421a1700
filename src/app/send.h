/* send.h - `rusuden convert … -o s3://…`: a KVS stream in a file to a WAV in S3.
 *   eats    options
 *   gives   an exit code; the object, whole or not at all
 *   keeps   one job and its input
 *   knows   the loop: turn, then sleep until what was refused may go on */
#ifndef RUSUDEN_APP_SEND_H
#define RUSUDEN_APP_SEND_H

#include "app/exit.h"
#include "app/options.h"
#include "app/tell.h"
#include "file.h"
#include "job/settings.h"
#include "job/upload.h"

struct send {
    struct convert_options options;
    struct input input;
    struct aws_settings settings;
    char key[OBJECT_KEY_BYTES_MAX];
    char name[BUCKET_BYTES_MAX + OBJECT_KEY_BYTES_MAX + 8]; /* s3://bucket/key, for messages */
    struct upload_options upload_options;
    union {
        struct settings_room settings_room; /* before the job begins */
        struct upload upload;
    };
    struct fault fault;
    struct tell tell;
};

enum exit_code send_run(struct send *s, const struct convert_options *options);

#endif
