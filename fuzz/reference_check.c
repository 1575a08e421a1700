/* What the reference reader says about one file: the second opinion on an input that the fuzzers
 * found. reference_check FILE                      verdict, documents, bytes and FNV-1a-64 of every
 * contact reference_check FILE CONTACT CHANNEL      the PCM itself (CONTACT - is nobody's; CHANNEL
 * 1 or 2), also what stands in the document that never ended */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 64 << 20 };

static struct reference reference;

static const char *const verdict_names[] = {
    "whole",     "truncated", "malformed",    "unsupported", "limit",
    "ambiguous", "trouble",   "not matroska", "empty",
};

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);
    if (file == NULL || bytes == NULL) {
        perror(path);
        exit(2);
    }
    *len = fread(bytes, 1, INPUT_BYTES_MAX, file);
    (void)fclose(file);
    return bytes;
}

/* "-" is nobody; a document that never ended has no entry, and is nobody's too. */
static const char *owner(size_t document)
{
    if (document >= reference.documents || document >= REFERENCE_DOCUMENTS_MAX) return "-";
    const struct reference_document *d = &reference.document[document];
    return d->has_contact ? d->contact : "-";
}

static size_t pieces_kept(void)
{
    return reference.pieces < REFERENCE_PIECES_MAX ? reference.pieces : REFERENCE_PIECES_MAX;
}

static size_t documents_kept(void)
{
    return reference.documents < REFERENCE_DOCUMENTS_MAX ? reference.documents
                                                         : REFERENCE_DOCUMENTS_MAX;
}

static void print_sum(const uint8_t *input, const char *contact, int channel)
{
    uint64_t bytes = 0;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < pieces_kept(); i++) {
        const struct reference_piece *p = &reference.piece[i];
        if (p->channel != channel || strcmp(owner(p->document), contact) != 0) continue;
        bytes += p->len;
        for (size_t k = 0; k < p->len; k++)
            hash = (hash ^ input[p->at + k]) * UINT64_C(0x100000001B3);
    }
    printf("contact %s channel %d: %llu bytes, %016llx\n", contact, channel,
           (unsigned long long)bytes, (unsigned long long)hash);
}

static void print_summary(const uint8_t *input)
{
    printf("%s at %zu (%s), %zu documents, %zu pieces\n", verdict_names[reference.verdict],
           reference.fault_at, reference.why, reference.documents, reference.pieces);
    for (size_t i = 0; i < documents_kept(); i++) {
        const struct reference_document *d = &reference.document[i];
        printf("document %zu: contact %s, fragment %s, %zu blocks, %llu + %llu bytes\n", i,
               owner(i), d->fragment_number, d->blocks, (unsigned long long)d->pcm_bytes[0],
               (unsigned long long)d->pcm_bytes[1]);
    }
    for (size_t i = 0; i <= documents_kept(); i++) {
        size_t earlier = 0;
        while (earlier < i && strcmp(owner(earlier), owner(i)) != 0)
            earlier++;
        for (int channel = 1; earlier == i && channel <= 2; channel++)
            print_sum(input, owner(i), channel);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        (void)fprintf(stderr, "usage: reference_check FILE [CONTACT CHANNEL]\n");
        return 2;
    }
    size_t len = 0;
    uint8_t *input = read_file(argv[1], &len);
    reference_read(input, len, REFERENCE_BOTH, &reference);
    if (argc == 2) {
        print_summary(input);
    } else {
        for (size_t i = 0; i < pieces_kept(); i++) {
            const struct reference_piece *p = &reference.piece[i];
            if (p->channel == atoi(argv[3]) && strcmp(owner(p->document), argv[2]) == 0)
                (void)fwrite(input + p->at, 1, p->len, stdout);
        }
    }
    free(input);
    return reference.verdict == REFERENCE_WHOLE ? 0 : 1;
}
