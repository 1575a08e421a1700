#include "text/base64.h"

extern int base64_is_not_written_yet;
