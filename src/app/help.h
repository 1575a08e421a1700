/* help.h - what `--help` says.
 *   eats    a command's name
 *   gives   its text
 *   keeps   nothing
 *   knows   every option; the manual page (docs/rusuden.1) says more */
#ifndef RUSUDEN_APP_HELP_H
#define RUSUDEN_APP_HELP_H

/* NULL: no such command. "" is the program itself. */
const char *help_text(const char *command);

#endif
