#include "aws/endpoints.h"

extern int endpoints_is_not_written_yet;
