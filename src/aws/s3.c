#include "aws/s3.h"

extern int s3_is_not_written_yet;
