/* endpoints.h - where a service of a region lives.
 *   eats    region, service, what the user asked for
 *   gives   host, port, scheme, and the path before an object's key
 *   keeps   nothing
 *   knows   AWS's partitions and endpoint rules; nothing of sockets */
#ifndef RUSUDEN_AWS_ENDPOINTS_H
#define RUSUDEN_AWS_ENDPOINTS_H

#include "base/budget.h"
#include "base/fault.h"
#include "base/writer.h"

enum service { SERVICE_S3, SERVICE_STS, SERVICE_SNS, SERVICE_SQS, SERVICE_EVENTS, SERVICE_KINESISVIDEO };
enum { SERVICE_COUNT = SERVICE_KINESISVIDEO + 1 };

struct endpoint_options {
    const char *region; /* validated here: it becomes part of a host name */
    bool fips, dualstack;
    bool path_style;  /* S3: the bucket in the path, not in the host name */
    const char *url;  /* the user's own endpoint (AWS_ENDPOINT_URL...); NULL: AWS's */
};

struct service_endpoint {
    bool tls;
    uint16_t port;
    bool default_port;   /* then the Host header is without it */
    size_t host_len;
    char host[HOST_BYTES_MAX + 1];
    size_t prefix_len;
    char prefix[BUCKET_BYTES_MAX + 130]; /* raw path before the key: "", "/bucket", "/path-of-url/bucket" */
};

/* [a-z0-9] and inner "-": also for what a server says of a bucket. */
bool endpoints_region_is_valid(struct span region);
/* 3..63 of [a-z0-9.-] as S3's naming rules say. */
bool endpoints_bucket_is_valid(struct span bucket);

/* The bucket is for S3 alone (empty for others, or for none). False: the fault says which part is wrong. */
bool endpoints_find(enum service service, const struct endpoint_options *o, struct span bucket,
                    struct service_endpoint *to, struct fault *f);

/* The Host header: with the port where it is not the scheme's own; IPv6 in brackets. */
void endpoints_write_host(const struct service_endpoint *e, struct writer *to);

/* "s3", "kinesisvideo", ...: the signing name. */
const char *endpoints_signing_name(enum service service);

#endif
