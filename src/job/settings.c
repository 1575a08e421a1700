#include "job/settings.h"

#include "port.h"

/* ---- a file ---- */

void settings_file_begin(struct settings_file *file, struct settings_room *room, const char *path,
                         enum profile_section section, const char *name)
{
    *file = (struct settings_file){.room = room, .path = path, .over = path == NULL};
    profile_init(&room->profile, section, name);
}

static enum profile_event fail(const struct settings_file *file, enum fault_kind kind,
                               struct span what, struct fault *f)
{
    struct writer words = fault_begin(f, kind, FAULT_NOWHERE);
    writer_visible(&words, writer_end_of(span_text(file->path), NAME_SHOWN_BYTES));
    writer_text(&words, ": ");
    writer_bytes(&words, what);
    fault_put(f, &words);
    return PROFILE_FAULT;
}

/* False: the file is over, or cannot be read: the first time that means that it is not there. */
static bool read_piece(struct settings_file *file, struct fault *f)
{
    struct settings_room *room = file->room;
    const long n = port_read_file(file->path, file->offset, room->piece, sizeof room->piece);
    if (n < 0 && file->offset > 0) fail(file, FAULT_IO, span_text("reading it failed half-way"), f);
    if (n <= 0) return false;
    file->unread = span_of(room->piece, (size_t)n);
    file->offset += (uint64_t)n;
    if (file->offset > SETTINGS_FILE_BYTES_MAX)
        fail(file, FAULT_LIMIT, span_text("it is longer than 1 MiB"), f);
    return f->kind == FAULT_NONE;
}

enum profile_event settings_file_next(struct settings_file *file, struct fault *f)
{
    struct profile *p = &file->room->profile;
    enum profile_event event = PROFILE_NEED;
    while (event == PROFILE_NEED && !file->over) {
        event = profile_next(p, &file->unread);
        if (event == PROFILE_NEED && !read_piece(file, f)) file->over = true;
    }
    if (f->kind != FAULT_NONE) return PROFILE_FAULT;
    if (event == PROFILE_NEED && file->path != NULL) event = profile_end(p);
    if (event != PROFILE_FAULT) return event;
    return fail(file, p->fault.kind == FAULT_LIMIT ? FAULT_LIMIT : FAULT_CONFIG,
                span_of(p->fault.text, p->fault.len), f);
}

/* ---- all of it ---- */

static bool no_services(const struct aws_settings *s, struct fault *f)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, "there is no section [services ");
    writer_visible(&words, writer_end_of(span_text(s->value[SETTING_SERVICES]), 64));
    writer_text(&words, "], which the profile names");
    settings_write_origin(s, SETTING_SERVICES, &words);
    fault_put(f, &words);
    return false;
}

static bool take_section(struct aws_settings *s, struct settings_room *room,
                         enum settings_origin origin, struct fault *f)
{
    const bool is_services = origin == SETTINGS_FROM_SERVICES;
    const bool is_credentials = origin == SETTINGS_FROM_CREDENTIALS;
    struct settings_file file;
    settings_file_begin(&file, room, is_credentials ? s->credentials_path : s->config_path,
                        is_services      ? PROFILE_SERVICES
                        : is_credentials ? PROFILE_OF_CREDENTIALS
                                         : PROFILE_OF_CONFIG,
                        is_services ? s->value[SETTING_SERVICES] : s->profile);
    enum profile_event event;
    while ((event = settings_file_next(&file, f)) == PROFILE_SETTING)
        if (!settings_take(s, &room->profile, origin, f)) return false;
    if (event == PROFILE_FAULT) return false;
    if (!is_services) s->profile_found |= room->profile.found;
    return !is_services || room->profile.found || no_services(s, f);
}

/* The variable's, or below HOME. NULL: neither; false: it does not fit. */
static bool find_path(struct aws_settings *s, const char *variable, const char *below_home,
                      const char **to, struct fault *f)
{
    const char *home = port_environment("HOME");
    *to = port_environment(variable);
    const struct span path = span_text(*to != NULL ? *to : "");
    const bool is_below_home =
        *to == NULL || (path.len > 1 && path.at[0] == '~' && path.at[1] == '/');
    if (!is_below_home) return true;
    if (home == NULL) {
        *to = NULL;
        return true;
    }
    /* One text of two parts: the NUL between them is written over. */
    const size_t at = s->kept_len;
    if (settings_keep(s, span_text(home), f) == NULL) return false;
    s->kept_len--;
    if (settings_keep(s, span_text(*to != NULL ? *to + 1 : below_home), f) == NULL) return false;
    *to = s->kept + at;
    return true;
}

static bool find_files(struct aws_settings *s, const char *profile, struct fault *f)
{
    if (profile == NULL) profile = port_environment("AWS_PROFILE");
    if (profile == NULL) profile = port_environment("AWS_DEFAULT_PROFILE");
    s->profile_is_named = profile != NULL;
    if (profile != NULL) s->profile = profile;
    return find_path(s, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", &s->credentials_path,
                     f) &&
           find_path(s, "AWS_CONFIG_FILE", "/.aws/config", &s->config_path, f);
}

static bool no_profile(const struct aws_settings *s, struct fault *f)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, "there is no profile ");
    writer_quoted(&words, writer_end_of(span_text(s->profile), 64));
    writer_text(&words, ": it would be [NAME] in ");
    writer_visible(&words,
                   writer_end_of(span_text(s->credentials_path != NULL ? s->credentials_path
                                                                       : "~/.aws/credentials"),
                                 80));
    writer_text(&words, ", or [profile NAME] in ");
    writer_visible(
        &words,
        writer_end_of(span_text(s->config_path != NULL ? s->config_path : "~/.aws/config"), 80));
    fault_put(f, &words);
    return false;
}

static void take_environment(struct aws_settings *s)
{
    for (enum setting i = 0; i < SETTING_COUNT; i++) {
        const char *variable = settings_variable(i), *second = settings_second_variable(i);
        const char *value = variable != NULL ? port_environment(variable) : NULL;
        if (value == NULL && second != NULL) value = port_environment(second);
        if (value != NULL) settings_take_variable(s, i, value);
    }
}

/* The credentials file wins: SDKs lay its profile over the config file's. */
bool settings_read(struct aws_settings *s, const char *profile, struct settings_room *room,
                   struct fault *f)
{
    settings_init(s);
    if (!find_files(s, profile, f) || !take_section(s, room, SETTINGS_FROM_CONFIG, f) ||
        !take_section(s, room, SETTINGS_FROM_CREDENTIALS, f))
        return false;
    if (s->profile_is_named && !s->profile_found) return no_profile(s, f);
    if (s->value[SETTING_SERVICES] != NULL && !take_section(s, room, SETTINGS_FROM_SERVICES, f))
        return false;
    take_environment(s);
    return settings_settle(s, f);
}
