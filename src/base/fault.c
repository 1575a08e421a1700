#include "base/fault.h"

struct writer fault_begin(struct fault *f, enum fault_kind kind, uint64_t at)
{
    assert(kind != FAULT_NONE);
    if (f->kind != FAULT_NONE) return writer_on(NULL, 0);
    f->kind = kind;
    f->at = at;
    return writer_on(f->text, sizeof f->text);
}

void fault_put(struct fault *f, const struct writer *words)
{
    if (words->to != NULL) f->len = words->len;
}

void fault_set(struct fault *f, enum fault_kind kind, uint64_t at, const char *text)
{
    struct writer words = fault_begin(f, kind, at);
    writer_text(&words, text);
    fault_put(f, &words);
}

const char *fault_name(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE: return "no fault";
    case FAULT_NOT_MATROSKA: return "not Matroska";
    case FAULT_TRUNCATED: return "truncated input";
    case FAULT_MALFORMED: return "malformed input";
    case FAULT_UNSUPPORTED: return "unsupported input";
    case FAULT_LIMIT: return "input beyond a limit";
    case FAULT_AMBIGUOUS: return "ambiguous input";
    case FAULT_TROUBLE: return "Kinesis Video Streams reported an error";
    case FAULT_UNDECIDED: return "cannot decide in one pass";
    case FAULT_CHANGED: return "input changed while it was read";
    case FAULT_REFUSED: return "refused";
    case FAULT_CONFIG: return "configuration error";
    case FAULT_NETWORK: return "network error";
    case FAULT_TLS: return "TLS error";
    case FAULT_TRUST: return "certificate error";
    case FAULT_SERVICE: return "service error";
    case FAULT_IO: return "input/output error";
    }
    return "unknown fault";
}

void fault_tell(const struct fault *f, struct writer *to)
{
    writer_text(to, fault_name(f->kind));
    if (f->at != FAULT_NOWHERE) {
        writer_text(to, " at byte ");
        writer_number(to, f->at);
    }
    writer_text(to, ": ");
    writer_bytes(to, span_of(f->text, f->len));
}
