/* stack_test.c - how deep the stack grows below the commands: they run on a painted one.
 *   eats    the generator's path; makes streams with it
 *   gives   the high-water marks on standard output; fails beyond STACK_BYTES_MAX
 *   keeps   a stack of its own
 *   knows   that libc's share (dynamic linking, the kernel's signal frame) is measured with ours */
#include "app/convert.h"
#include "app/inspect.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024, STACK_BYTES_MAX = 16 * 1024, PAINT = 0xA5 };

static _Alignas(4096) unsigned char stack[STACK_BYTES];
static struct convert convert;
static struct inspect inspect;
static struct convert_options convert_options;
static struct inspect_options inspect_options;

static char **words;
static int word_count;
static int code;
static const unsigned char *top; /* where our frames begin */

static void *run(void *unused)
{
    (void)unused;
    unsigned char here;
    top = &here;
    char text[FAULT_TEXT_BYTES / 2];
    struct writer why = writer_on(text, sizeof text);
    if (strcmp(words[0], "convert") == 0)
        code = options_convert(&convert_options, word_count, words, &why)
                   ? (int)convert_run(&convert, &convert_options)
                   : 99;
    else
        code = options_inspect(&inspect_options, word_count, words, &why)
                   ? (int)inspect_run(&inspect, &inspect_options)
                   : 99;
    return NULL;
}

static size_t depth_of(const char *name, int expected, char **argv)
{
    words = argv;
    word_count = 0;
    while (argv[word_count] != NULL)
        word_count++;
    memset(stack, PAINT, sizeof stack);

    fflush(stdout);
    int out = dup(1), err = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    pthread_attr_t how;
    pthread_t thread;
    bool ran = pthread_attr_init(&how) == 0 && pthread_attr_setstack(&how, stack, sizeof stack) == 0 &&
               pthread_create(&thread, &how, run, NULL) == 0 && pthread_join(thread, NULL) == 0;
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    close(null);
    pthread_attr_destroy(&how);

    size_t untouched = 0;
    while (untouched < sizeof stack && stack[untouched] == PAINT)
        untouched++;
    size_t depth = (size_t)(top - (stack + untouched));
    bool good = ran && code == expected && depth <= STACK_BYTES_MAX;
    printf("%-28s %6zu bytes%s\n", name, depth, good ? "" : "  FAILED");
    if (!ran || code != expected) printf("  exit code %d, not %d\n", code, expected);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 99;
    char folder[] = "/tmp/rusuden-stack-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) return 99;
    static const char *const made[] = {
        "--duration 60s --gap 3,2 --lacing ebml --sprinkle --tagless-tail > good.mkv",
        "--duration 9s --contacts 40 --order alternating > many.mkv",
        "--duration 9s --error both > error.mkv",
        "--duration 9s > cut.mkv && truncate -s 200000 cut.mkv",
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char line[4096];
        snprintf(line, sizeof line, "'%s' %s", argv[1], made[i]);
        if (system(line) != 0) return 99;
    }
#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})
    size_t bad = 0;
    bad += depth_of("convert", 0, WORDS("convert", "good.mkv", "-f"));
    bad += depth_of("convert stereo", 0, WORDS("convert", "good.mkv", "-f", "--channels", "stereo"));
    bad += depth_of("convert mix ulaw silence", 0,
                    WORDS("convert", "good.mkv", "-f", "--channels", "mix", "--encoding", "ulaw", "--gaps",
                          "silence"));
    bad += depth_of("convert --salvage", 0,
                    WORDS("convert", "cut.mkv", "-f", "--salvage", "--channels", "stereo"));
    bad += depth_of("convert, cut off", 1, WORDS("convert", "cut.mkv", "-f"));
    bad += depth_of("convert, many contacts", 1, WORDS("convert", "many.mkv", "-f"));
    bad += depth_of("convert, KVS error", 1, WORDS("convert", "error.mkv", "-f"));
    bad += depth_of("convert, no file", 1, WORDS("convert", "none.mkv", "-f"));
    bad += depth_of("inspect", 0, WORDS("inspect", "good.mkv", "--fragments"));
    bad += depth_of("inspect --json", 0, WORDS("inspect", "many.mkv", "--json"));
    bad += depth_of("inspect, cut off", 1, WORDS("inspect", "cut.mkv"));
    if (system("rm -f good.mkv many.mkv error.mkv cut.mkv good.wav cut.wav") != 0 || chdir("/") != 0 ||
        rmdir(folder) != 0)
        bad++;
    return bad == 0 ? 0 : 1;
}
