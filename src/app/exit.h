/* exit.h - what the commands' exit codes mean; documented in the manual page. */
#ifndef RUSUDEN_APP_EXIT_H
#define RUSUDEN_APP_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* the input is bad, or the machine refused; the message says what */
    EXIT_USAGE = 2,  /* the command line is wrong */
    EXIT_NOTHING = 3 /* sound was looked for and there is none of that contact and channel */
};

#endif
