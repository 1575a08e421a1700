/* machine.h - a machine for tests: an environment and files in memory, behind port.h's functions.
 * One test each. */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "cut.h"
#include "port.h"

#include <stdio.h>

enum { MACHINE_THINGS = 40 };

static struct {
    size_t variables, files;
    struct {
        const char *name, *value;
    } variable[MACHINE_THINGS];
    struct {
        const char *path;
        struct span bytes;
        uint64_t fails_at; /* reading from there on fails; UINT64_MAX: never */
        uint64_t reads;
    } file[MACHINE_THINGS];
    size_t piece; /* the most that one read gives; 0: all that is asked for */
} machine;

static inline void machine_clear(void)
{
    memset(&machine, 0, sizeof machine);
}

static inline void machine_set(const char *name, const char *value)
{
    assert_true(machine.variables < MACHINE_THINGS);
    machine.variable[machine.variables].name = name;
    machine.variable[machine.variables++].value = value;
}

static inline void machine_bytes(const char *path, struct span bytes)
{
    size_t i = 0;
    while (i < machine.files && strcmp(machine.file[i].path, path) != 0)
        i++;
    if (i == machine.files) machine.files++;
    assert_true(i < MACHINE_THINGS);
    machine.file[i].path = path;
    machine.file[i].bytes = bytes;
    machine.file[i].fails_at = UINT64_MAX;
}

static inline void machine_file(const char *path, const char *text)
{
    machine_bytes(path, span_text(text));
}

/* The last one that was set. */
const char *port_environment(const char *name)
{
    for (size_t i = machine.variables; i > 0; i--)
        if (strcmp(machine.variable[i - 1].name, name) == 0)
            return machine.variable[i - 1].value[0] != '\0' ? machine.variable[i - 1].value : NULL;
    return NULL;
}

long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    for (size_t i = 0; i < machine.files; i++) {
        if (strcmp(machine.file[i].path, path) != 0) continue;
        struct span rest = machine.file[i].bytes;
        machine.file[i].reads++;
        if (offset >= machine.file[i].fails_at) return PORT_LOST;
        if (offset >= rest.len) return 0;
        span_cut(&rest, (size_t)offset);
        size_t n = span_min(rest, room);
        if (machine.piece > 0 && n > machine.piece) n = machine.piece;
        memcpy(to, rest.at, n);
        return (long)n;
    }
    return PORT_LOST;
}

#endif
