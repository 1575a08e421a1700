#include "text/http_response.h"

extern int http_response_is_not_written_yet;
