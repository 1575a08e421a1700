#include "app/help.h"
#include "app/memory.h"
#include "app/workspace.h"
#include "console.h"
#include "version.h"

static union workspace workspace;

static enum exit_code tell(const char *text)
{
    return console_write(CONSOLE_OUT, span_text(text)) ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code refuse(const char *command, const char *why, const char *word)
{
    char text[FAULT_TEXT_BYTES];
    struct writer w = writer_on(text, sizeof text);
    writer_text(&w, "rusuden");
    writer_text(&w, command[0] != '\0' ? " " : "");
    writer_text(&w, command);
    writer_text(&w, ": ");
    writer_text(&w, why);
    if (word != NULL) writer_quoted(&w, writer_end_of(span_text(word), NAME_SHOWN_BYTES));
    writer_text(&w, "; see `rusuden help");
    writer_text(&w, command[0] != '\0' ? " " : "");
    writer_text(&w, command);
    writer_text(&w, "`\n");
    console_write(CONSOLE_ERR, writer_span(&w));
    return EXIT_USAGE;
}

static enum exit_code run_help(int argc, char **argv)
{
    const char *text = help_text(argc > 1 ? argv[1] : "");
    return text != NULL ? tell(text) : refuse("", "no such command: ", argv[1]);
}

static enum exit_code run_convert(int argc, char **argv)
{
    static struct convert_options options;
    char text[FAULT_TEXT_BYTES / 2];
    struct writer why = writer_on(text, sizeof text - 1);
    if (options_convert(&options, argc, argv, &why)) {
        if (options.help) return tell(help_text("convert"));
        return options.to_s3 ? send_run(&workspace.send, &options)
                             : convert_run(&workspace.convert, &options);
    }
    text[why.len] = '\0';
    return refuse("convert", text, NULL);
}

static enum exit_code run_inspect(int argc, char **argv)
{
    static struct inspect_options options;
    char text[FAULT_TEXT_BYTES / 2];
    struct writer why = writer_on(text, sizeof text - 1);
    if (options_inspect(&options, argc, argv, &why))
        return options.help ? tell(help_text("inspect"))
                            : inspect_run(&workspace.inspect, &options);
    text[why.len] = '\0';
    return refuse("inspect", text, NULL);
}

static enum exit_code run_budget(int argc, char **argv)
{
    if (argc == 1) return memory_run();
    return strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
               ? tell(help_text("budget"))
               : refuse("budget", "it takes no options: ", argv[1]);
}

static enum exit_code run_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return tell("rusuden " RUSUDEN_VERSION "\n");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum exit_code (*run)(int argc, char **argv);
    } commands[] = {
        {"convert", run_convert},   {"inspect", run_inspect}, {"budget", run_budget},
        {"help", run_help},         {"--help", run_help},     {"-h", run_help},
        {"--version", run_version},
    };
    console_init();
    if (argc < 2) return (int)refuse("", "a command is missing", NULL);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0) return (int)commands[i].run(argc - 1, argv + 1);
    return (int)refuse("", "no such command: ", argv[1]);
}
