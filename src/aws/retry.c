#include "aws/retry.h"

extern int retry_is_not_written_yet;
