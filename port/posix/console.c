#include "console.h"

#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* What was ignored stays ignored: nohup, and a shell's background jobs. No SA_RESTART: a read that
 * waits for ever must end. */
static void end_on(int number)
{
    struct sigaction old;
    struct sigaction stop = {.sa_handler = on_signal};
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(number, &stop, NULL);
}

void console_init(void)
{
    /* A closed descriptor is taken by one that refuses what it is for: reading, or writing. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);

    end_on(SIGINT);
    end_on(SIGTERM);
    end_on(SIGHUP);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file size limit: EFBIG is our answer */
}

bool console_write(int to, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(to, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR && !interrupted) continue;
        if (n <= 0) return false;
        span_cut(&bytes, (size_t)n);
    }
    return true;
}

unsigned console_columns(int to)
{
    struct winsize size;
    if (!isatty(to)) return 0;
    return ioctl(to, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool console_speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = port_environment(names[i]);
        if (value == NULL) continue;
        const char *dot = strchr(value, '.');
        return dot != NULL &&
               (strncasecmp(dot, ".utf-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
    }
    return false;
}

bool console_interrupted(void)
{
    return interrupted != 0;
}
