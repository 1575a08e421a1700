/* Runs a fuzz target on files, and on every file of directories: the corpus as a test, with any
 * compiler; and a finding again, under a debugger. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

enum { FILE_BYTES_MAX = 1 << 20 };

static unsigned files;

static void run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_BYTES_MAX);
    if (file == NULL || bytes == NULL) {
        perror(path);
        exit(2);
    }
    const size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    /* Of just its size, as libFuzzer does. */
    uint8_t *exact = malloc(len);
    if (len > 0) memcpy(exact, bytes, len);
    free(bytes);
    if (getenv("FUZZ_TRACE") != NULL) (void)fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    files++;
}

static void run_all(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        if (errno != ENOTDIR) {
            perror(path);
            exit(2);
        }
        run(path);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[PATH_MAX];
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        run_all(name);
    }
    (void)closedir(directory);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_all(argv[i]);
    printf("%u files\n", files);
    return files > 0 ? 0 : 2;
}
