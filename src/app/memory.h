/* memory.h - `rusuden budget`: the memory map, byte by byte.
 *   eats    nothing
 *   gives   a table on standard output; README.md holds the same one, and a test compares them
 *   keeps   nothing
 *   knows   the size of every struct that holds more than a few bytes */
#ifndef RUSUDEN_APP_MEMORY_H
#define RUSUDEN_APP_MEMORY_H

#include "app/exit.h"

enum exit_code memory_run(void);

#endif
