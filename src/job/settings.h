/* settings.h - AWS's settings, read from this machine.
 *   eats    the environment, ~/.aws/config, ~/.aws/credentials
 *   gives   struct aws_settings
 *   keeps   nothing; the room is needed while it reads
 *   knows   in which order they are asked */
#ifndef RUSUDEN_JOB_SETTINGS_H
#define RUSUDEN_JOB_SETTINGS_H

#include "aws/settings.h"

/* The caller's, perhaps in a union with what comes later: 5 KiB. */
struct settings_room {
    struct profile profile;
    uint8_t piece[SETTINGS_PIECE_BYTES];
};

/* `profile`: whose settings; NULL: AWS_PROFILE's, else "default". False: the fault says what is wrong, where, and what
 * to do. */
bool settings_read(struct aws_settings *s, const char *profile, struct settings_room *room,
                   struct fault *f);

/* One section of one file, setting by setting: begin, then ask until it says NEED (the end) or
 * FAULT. A file that is not there is empty. */
struct settings_file {
    struct settings_room *room;
    const char *path;   /* NULL: there is none */
    uint64_t offset;    /* read so far */
    struct span unread; /* of the room */
    bool over;
};
void settings_file_begin(struct settings_file *file, struct settings_room *room, const char *path,
                         enum profile_section section, const char *name);
/* After PROFILE_FAULT the fault names the file. */
enum profile_event settings_file_next(struct settings_file *file, struct fault *f);

#endif
