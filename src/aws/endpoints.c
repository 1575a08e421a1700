#include "aws/endpoints.h"

#include "text/uri.h"

/* The SDKs' partitions.json; the first one whose prefix fits. A region that none names is taken to
 * be a new one of "aws", as the SDKs do. */
struct partition {
    const char *prefix, *suffix, *dual_suffix;
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "amazonaws.com", "api.aws"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"", "amazonaws.com", "api.aws"},
};

static bool begins_with(struct span s, const char *prefix)
{
    const size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.at, prefix, len) == 0;
}

static bool ends_with(struct span s, const char *suffix)
{
    const size_t len = strlen(suffix);
    return s.len >= len && memcmp(s.at + s.len - len, suffix, len) == 0;
}

static const struct partition *partition_of(struct span region)
{
    const struct partition *p = partitions;
    while (!begins_with(region, p->prefix))
        p++;
    return p;
}

static bool is_alnum(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

bool endpoints_region_is_valid(struct span region)
{
    if (region.len == 0 || region.len > REGION_BYTES_MAX) return false;
    for (size_t i = 0; i < region.len; i++)
        if (!is_alnum(region.at[i]) && region.at[i] != '-') return false;
    return is_alnum(region.at[0]) && is_alnum(region.at[region.len - 1]);
}

/* Digits and dots only, as Amazon S3 forbids for buckets; of a URL's host: 10.0.0.1. */
static bool is_ipv4(struct span s)
{
    unsigned dots = 0, digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        const bool dot = s.at[i] == '.';
        if (!dot && (s.at[i] < '0' || s.at[i] > '9')) return false;
        if (dot && digits == 0) return false;
        dots += dot;
        digits = dot ? 0 : digits + 1;
        if (digits > 3) return false;
    }
    return dots == 3 && digits > 0;
}

static bool is_address(struct span host)
{
    return is_ipv4(host) || (host.len > 0 && memchr(host.at, ':', host.len) != NULL);
}

/* "General purpose bucket naming rules", Amazon S3 User Guide; the suffixes are those of access
 * points, Outposts, directory and table buckets, which live at other endpoints. */
bool endpoints_bucket_is_valid(struct span bucket)
{
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const suffixes[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    if (bucket.len < 3 || bucket.len > BUCKET_BYTES_MAX) return false;
    for (size_t i = 0; i < bucket.len; i++) {
        const uint8_t byte = bucket.at[i];
        if (!is_alnum(byte) && byte != '-' && byte != '.') return false;
        if (i > 0 && byte == '.' && bucket.at[i - 1] == '.') return false;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (begins_with(bucket, prefixes[i])) return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (ends_with(bucket, suffixes[i])) return false;
    return is_alnum(bucket.at[0]) && is_alnum(bucket.at[bucket.len - 1]) && !is_ipv4(bucket);
}

const char *endpoints_signing_name(enum service service)
{
    switch (service) {
    case SERVICE_S3: return "s3";
    case SERVICE_STS: return "sts";
    case SERVICE_SNS: return "sns";
    case SERVICE_SQS: return "sqs";
    case SERVICE_EVENTS: return "events";
    case SERVICE_KINESISVIDEO: return "kinesisvideo";
    }
    return "";
}

static bool refuse(struct fault *f, const char *text)
{
    fault_set(f, FAULT_CONFIG, FAULT_NOWHERE, text);
    return false;
}

static bool refuse_name(struct fault *f, const char *what, struct span name, const char *rule)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, what);
    writer_quoted(&words, writer_end_of(name, NAME_SHOWN_BYTES));
    writer_text(&words, rule);
    fault_put(f, &words);
    return false;
}

/* "s3-fips.dualstack." and the like, up to the region. GovCloud's plain names are its FIPS names
 * already, but for S3's and Kinesis Video Streams's. */
static void write_service(enum service service, const struct endpoint_options *o, bool gov,
                          struct writer *to)
{
    const bool is_fips_already =
        gov && !o->dualstack && service != SERVICE_S3 && service != SERVICE_KINESISVIDEO;
    writer_text(to, endpoints_signing_name(service));
    if (o->fips && !is_fips_already) writer_text(to, "-fips");
    writer_byte(to, '.');
    if (o->dualstack && service == SERVICE_S3) writer_text(to, "dualstack.");
}

static void find_aws(enum service service, const struct endpoint_options *o, struct writer *host)
{
    const struct span region = span_text(o->region);
    const struct partition *p = partition_of(region);
    write_service(service, o, begins_with(region, "us-gov-"), host);
    writer_bytes(host, region);
    writer_byte(host, '.');
    /* S3 has dual-stack names below the plain suffix. */
    writer_text(host, o->dualstack && service != SERVICE_S3 ? p->dual_suffix : p->suffix);
}

/* The path of a URL goes before the object's key: decoded, without the slash at its end. */
static bool take_path(struct span path, struct writer *prefix)
{
    if (path.len > 0 && memchr(path.at, '?', path.len) != NULL) return false;
    while (path.len > 0 && path.at[path.len - 1] == '/')
        path.len--;
    return uri_decode(prefix, path, false);
}

/* What a URL says of its user stays out of messages. */
static bool check_url(const char *url, struct uri *u, struct fault *f)
{
    if (uri_read(span_text(url), u)) return true;
    return refuse(
        f, "the endpoint URL cannot be used: it must be http://HOST or https://HOST, with :PORT "
           "and /PATH where they are needed");
}

static bool check_options(enum service service, const struct endpoint_options *o,
                          struct span bucket, struct fault *f)
{
    /* Nothing of ours but S3's answers and signatures needs the region of one's own endpoint. */
    const bool needed = service == SERVICE_S3 || o->url == NULL;
    if (needed && (o->region == NULL || o->region[0] == '\0'))
        return refuse(f, "the region is not known: set AWS_REGION, for example to us-east-1, or "
                         "\"region\" in the profile");
    if (o->region != NULL && o->region[0] != '\0' &&
        !endpoints_region_is_valid(span_text(o->region)))
        return refuse_name(f, "the region ", span_text(o->region),
                           " is none: regions are written like us-east-1");
    if (bucket.len > 0 && !endpoints_bucket_is_valid(bucket))
        return refuse_name(
            f, "the bucket ", bucket,
            " is none: names have 3 to 63 of a-z, 0-9, \"-\" and \".\", and begin and "
            "end with a letter or digit");
    if (o->url != NULL && (o->fips || o->dualstack))
        return refuse(f, "FIPS and dual-stack endpoints are AWS's: an endpoint URL of one's own "
                         "cannot be combined with them");
    if (service == SERVICE_S3 && o->fips && begins_with(span_text(o->region), "cn-"))
        return refuse(f, "S3 has no FIPS endpoints in China");
    return true;
}

/* A certificate's "*.s3..." stands for one label: a bucket with a dot goes into the path, where TLS
 * is spoken. */
static bool is_virtual(const struct service_endpoint *to, const struct endpoint_options *o,
                       struct span bucket, struct span host)
{
    const bool dotted = memchr(bucket.at, '.', bucket.len) != NULL;
    return !o->path_style && !(to->tls && dotted) && !is_address(host);
}

bool endpoints_find(enum service service, const struct endpoint_options *o, struct span bucket,
                    struct service_endpoint *to, struct fault *f)
{
    assert(service == SERVICE_S3 || bucket.len == 0);
    memset(to, 0, sizeof *to);
    struct uri url = {.tls = true, .port = 443};
    if (!check_options(service, o, bucket, f)) return false;
    if (o->url != NULL && !check_url(o->url, &url, f)) return false;
    to->tls = url.tls;
    to->port = url.port;
    to->default_port = url.port == (url.tls ? 443 : 80);

    struct writer host = writer_on(to->host, sizeof to->host - 1);
    struct writer prefix = writer_on(to->prefix, sizeof to->prefix);
    if (o->url != NULL && !take_path(url.path, &prefix))
        return refuse(f, "the endpoint URL cannot be used: its path must have no \"?\", and two "
                         "hexadecimal digits behind each \"%\"");
    const bool in_host = bucket.len > 0 && is_virtual(to, o, bucket, url.host);
    if (in_host) {
        writer_bytes(&host, bucket);
        writer_byte(&host, '.');
    } else if (bucket.len > 0) {
        writer_byte(&prefix, '/');
        writer_bytes(&prefix, bucket);
    }
    if (o->url != NULL)
        writer_bytes(&host, url.host);
    else
        find_aws(service, o, &host);
    if (host.full || prefix.full) return refuse(f, "the endpoint's host or path is too long");
    to->host_len = host.len;
    to->prefix_len = prefix.len;
    return true;
}

void endpoints_write_host(const struct service_endpoint *e, struct writer *to)
{
    const bool is_ipv6 = memchr(e->host, ':', e->host_len) != NULL;
    if (is_ipv6) writer_byte(to, '[');
    writer_bytes(to, span_of(e->host, e->host_len));
    if (is_ipv6) writer_byte(to, ']');
    if (e->default_port) return;
    writer_byte(to, ':');
    writer_number(to, e->port);
}
