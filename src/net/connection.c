#include "net/connection.h"

extern int connection_is_not_written_yet;
