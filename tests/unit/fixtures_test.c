/* Streams from elsewhere against numbers from elsewhere: kvs/EXPECTED.tsv, for every cutting. The
 * folder lies beside the checkout; where it does not, the test is skipped and says so. */
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/sha256.h>

#include "cut.h"
#include "media/connect_audio.h"

enum {
    FILE_BYTES_MAX = 1 << 17,
    SMALL_FILE_BYTES = 8192,
    RANDOM_CUTTINGS = 200,
    CONTACTS = 4,
    SKIPPED = 77
};

struct heard {
    char contact[CONTACT_ID_BYTES_MAX + 1];
    size_t len[CHANNEL_COUNT];
    uint8_t pcm[CHANNEL_COUNT][FILE_BYTES_MAX];
};

struct listening {
    struct connect_audio audio;
    unsigned documents, blocks;
    bool cut_off;
    size_t whole[CHANNEL_COUNT]; /* of the open document, in whole blocks */
    size_t len[CHANNEL_COUNT];
    uint8_t pcm[CHANNEL_COUNT][FILE_BYTES_MAX];
    size_t contacts;
    struct heard heard[CONTACTS];
};

static struct listening now, first;
static uint8_t file[FILE_BYTES_MAX];
static size_t file_len;
static const char *folder;

/* The open document is this contact's. */
static void keep(const struct audio_contact *contact)
{
    now.blocks += (unsigned)now.audio.fragment.blocks;
    size_t at = 0;
    while (at < now.contacts && (strlen(now.heard[at].contact) != contact->len ||
                                 memcmp(now.heard[at].contact, contact->id, contact->len) != 0))
        at++;
    if (contact->len > 0) {
        struct heard *h = &now.heard[at];
        if (at == now.contacts) {
            assert_true(++now.contacts <= CONTACTS);
            memset(h->len, 0, sizeof h->len);
            snprintf(h->contact, sizeof h->contact, "%.*s", contact->len, contact->id);
        }
        for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
            memcpy(h->pcm[c] + h->len[c], now.pcm[c], now.whole[c]);
            h->len[c] += now.whole[c];
        }
    }
    memset(now.len, 0, sizeof now.len);
    memset(now.whole, 0, sizeof now.whole);
}

static bool take(enum audio_event event, struct span pcm)
{
    enum channel c = now.audio.channel;
    struct audio_contact so_far;
    switch (event) {
    case AUDIO_NEED: return false;
    case AUDIO_DOCUMENT: now.documents++; return true;
    case AUDIO_PCM:
        memcpy(now.pcm[c] + now.len[c], pcm.at, pcm.len);
        now.len[c] += pcm.len;
        if (now.audio.block_whole) now.whole[c] = now.len[c];
        return true;
    case AUDIO_BLOCK:
    case AUDIO_TROUBLE: return true;
    case AUDIO_FRAGMENT: keep(&now.audio.fragment.contact); return true;
    case AUDIO_END: return false;
    case AUDIO_FAULT: break;
    }
    assert_int_equal(connect_audio_fault(&now.audio)->kind, FAULT_TRUNCATED);
    now.cut_off = true;
    so_far = connect_audio_contact_so_far(&now.audio);
    keep(&so_far);
    return false;
}

static void listen_begin(void)
{
    connect_audio_init(&now.audio, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT);
    now.documents = now.blocks = 0;
    now.cut_off = false;
    now.contacts = 0;
    memset(now.len, 0, sizeof now.len);
    memset(now.whole, 0, sizeof now.whole);
}

static void listen_to(struct span bytes)
{
    uint8_t *block = cut_copy(bytes);
    struct span in = span_of(block, bytes.len);
    struct span pcm;
    enum audio_event event;
    do
        event = connect_audio_next(&now.audio, &in, &pcm);
    while (take(event, pcm));
    free(block);
}

static void listen_end(void)
{
    while (take(connect_audio_end(&now.audio), span_of(NULL, 0))) {
    }
}

static void check_same_as_first(void)
{
    assert_int_equal(now.documents, first.documents);
    assert_int_equal(now.blocks, first.blocks);
    assert_int_equal(now.contacts, first.contacts);
    for (size_t i = 0; i < now.contacts; i++) {
        assert_string_equal(now.heard[i].contact, first.heard[i].contact);
        for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
            assert_int_equal(now.heard[i].len[c], first.heard[i].len[c]);
            assert_memory_equal(now.heard[i].pcm[c], first.heard[i].pcm[c], first.heard[i].len[c]);
        }
    }
}

static void cut_every_way(void)
{
    struct span whole = span_of(file, file_len);
    uint32_t seed = 4711;
    listen_begin();
    for (size_t i = 0; i < file_len; i++)
        listen_to(span_of(file + i, 1));
    listen_end();
    check_same_as_first();
    for (size_t at = 1; file_len < SMALL_FILE_BYTES && at < file_len; at++) {
        listen_begin();
        listen_to(span_of(file, at));
        listen_to(span_of(file + at, file_len - at));
        listen_end();
        check_same_as_first();
    }
    for (int i = 0; file_len >= SMALL_FILE_BYTES && i < RANDOM_CUTTINGS; i++) {
        struct span rest = whole;
        size_t longest = 1 + cut_random(&seed) % 4000;
        listen_begin();
        while (rest.len > 0)
            listen_to(span_cut(&rest, span_min(rest, 1 + cut_random(&seed) % longest)));
        listen_end();
        check_same_as_first();
    }
}

static void check_row(const char *contact, const char *track, size_t pcm_bytes, const char *sha)
{
    static const struct heard nobody;
    const struct heard *h = &nobody;
    enum channel c = strcmp(track, "AUDIO_FROM_CUSTOMER") == 0 ? CHANNEL_CUSTOMER : CHANNEL_AGENT;
    for (size_t i = 0; i < first.contacts; i++)
        if (strcmp(first.heard[i].contact, contact) == 0) h = &first.heard[i];
    assert_true(h != &nobody || strcmp(contact, "None") == 0);
    assert_int_equal(h->len[c], pcm_bytes);
    uint8_t sum[32];
    char text[17];
    assert_int_equal(mbedtls_sha256(h->pcm[c], h->len[c], sum, 0), 0);
    for (size_t i = 0; i < 8; i++)
        sprintf(text + 2 * i, "%02x", sum[i]);
    assert_string_equal(text, sha);
}

static FILE *open_in_folder(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "rb");
}

static void every_fixture(void **state)
{
    (void)state;
    char line[400], name[200], last[200] = "", contact[80], track[40], sha[40], tracks[200];
    unsigned size, documents, blocks, pcm_bytes, files = 0, rows = 0;
    FILE *table = open_in_folder("kvs/EXPECTED.tsv");
    assert_non_null(table);
    assert_non_null(fgets(line, sizeof line, table));
    while (fgets(line, sizeof line, table)) {
        assert_true(sscanf(line, "%199[^\t]\t%u\t%u\t%u\t%199[^A-Z\n]", name, &size, &documents,
                           &blocks, tracks) >= 4);
        const char *rest = line;
        for (int tabs = 0; tabs < 5; rest++)
            tabs += *rest == '\t';
        assert_int_equal(sscanf(rest, "%79s %39s %u %39s", contact, track, &pcm_bytes, sha), 4);
        if (strcmp(name, last) != 0) {
            FILE *f = open_in_folder(name);
            assert_non_null(f);
            file_len = fread(file, 1, sizeof file, f);
            fclose(f);
            assert_int_equal(file_len, size);
            listen_begin();
            listen_to(span_of(file, file_len));
            listen_end();
            first = now;
            assert_int_equal(first.documents, documents);
            assert_int_equal(first.blocks, blocks + first.cut_off);
            cut_every_way();
            strcpy(last, name);
            files++;
        }
        check_row(contact, track, pcm_bytes, sha);
        rows++;
    }
    fclose(table);
    printf("%u files, %u rows\n", files, rows);
    assert_true(files >= 35 && rows >= 72);
}

int main(void)
{
    folder = getenv("RUSUDEN_SHARED");
    if (folder == NULL) folder = FIXTURES;
    FILE *table = open_in_folder("kvs/EXPECTED.tsv");
    if (table == NULL && getenv("RUSUDEN_SHARED") != NULL) {
        printf("RUSUDEN_SHARED is %s, where there is no kvs/EXPECTED.tsv\n", folder);
        return 1;
    }
    if (table == NULL) {
        printf("skipped: there are no fixtures in %s (set RUSUDEN_SHARED)\n", folder);
        return SKIPPED;
    }
    fclose(table);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_fixture)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
