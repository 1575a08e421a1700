#include "text/json.h"

extern int json_is_not_written_yet;
