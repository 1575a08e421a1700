#include "aws/sigv4.h"

extern int sigv4_is_not_written_yet;
