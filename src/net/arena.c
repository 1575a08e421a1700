#include "net/arena.h"

extern int arena_is_not_written_yet;
