#include "text/http_request.h"

extern int http_request_is_not_written_yet;
