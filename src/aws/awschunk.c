#include "aws/awschunk.h"

extern int awschunk_is_not_written_yet;
