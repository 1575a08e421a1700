#include "text/uri.h"

extern int uri_is_not_written_yet;
