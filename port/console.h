/* console.h - the person in front of the program.
 *   eats    bytes to show
 *   gives   how wide the terminal is, whether somebody wants us to stop
 *   keeps   whether a signal came
 *   knows   the machine: this floor is written once for each (posix/) */
#ifndef RUSUDEN_PORT_CONSOLE_H
#define RUSUDEN_PORT_CONSOLE_H

#include "base/span.h"

enum { CONSOLE_OUT = 1, CONSOLE_ERR = 2 };

/* Once, at the start: signals end a run cleanly, a closed pipe is an error and not a death, and the
 * three standard descriptors are taken, so that no file of ours becomes one of them. */
void console_init(void);

/* Everything, or false: nobody can be told any more. */
bool console_write(int to, struct span bytes);

/* Columns of a terminal; 0 where it is none. */
unsigned console_columns(int to);

/* The terminal shows UTF-8, as its locale says (LC_ALL, LC_CTYPE, LANG). */
bool console_speaks_utf8(void);

/* SIGINT, SIGTERM or SIGHUP came. */
bool console_interrupted(void);

#endif
