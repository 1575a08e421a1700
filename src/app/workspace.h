/* workspace.h - all memory a command may need, placed once.
 *   eats    nothing
 *   gives   one union: a process runs one command
 *   keeps   the program's only large static object
 *   knows   every command's struct */
#ifndef RUSUDEN_APP_WORKSPACE_H
#define RUSUDEN_APP_WORKSPACE_H

#include "app/convert.h"
#include "app/inspect.h"
#include "app/send.h"

union workspace {
    struct convert convert;
    struct inspect inspect;
    struct send send;
};

_Static_assert(sizeof(union workspace) <= WORKSPACE_BYTES_MAX, "the budget of budget.h");

#endif
