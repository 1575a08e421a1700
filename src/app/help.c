#include "app/help.h"

#include <stddef.h>
#include <string.h>

static const char program[] =
    "rusuden turns Amazon Connect calls from Kinesis Video Streams into WAV files.\n"
    "\n"
    "usage: rusuden COMMAND [OPTIONS]\n"
    "\n"
    "  convert [IN.mkv|-] [-o OUT.wav|-]   a stream in a file or pipe to a WAV file\n"
    "  inspect [IN.mkv|-]                  what is in a stream: fragments, contacts, gaps, a "
    "picture\n"
    "  budget                              the memory map, byte by byte\n"
    "  help [COMMAND]                      this text, or a command's\n"
    "  --version                           which rusuden this is\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to convert. `man rusuden` says more.\n";

static const char convert[] =
    "usage: rusuden convert [IN.mkv|-] [-o OUT.wav|-] [OPTIONS]\n"
    "\n"
    "Reads what Amazon Connect wrote to a Kinesis Video Stream (Matroska documents, one after "
    "another) and\n"
    "writes the sound of one contact. Without IN: standard input. Without -o: IN with .wav for its "
    "ending;\n"
    "standard output where the input is standard input. The output appears under its name when it "
    "is whole.\n"
    "\n"
    "  -o, --output FILE      where to; - is standard output\n"
    "  -c, --contact-id ID    whose sound; needed where the input holds more than one contact\n"
    "      --channels WHICH   customer (default), agent, stereo (customer left, agent right), mix\n"
    "      --gaps HOW         join (default), or silence: keep the length of the call\n"
    "      --encoding HOW     pcm (default: 16 bits), or ulaw: as Connect's prompts want it\n"
    "      --salvage          keep what is whole of an input that is cut off or broken, and say "
    "what is missing\n"
    "  -f, --force            replace OUT.wav where it exists\n"
    "  -q, --quiet            no progress, no summary; errors are told, and that a salvaged call "
    "is\n"
    "                         not whole\n"
    "  -h, --help             this text\n"
    "\n"
    "RUSUDEN_CONTACT_ID, RUSUDEN_CHANNELS, RUSUDEN_GAPS and RUSUDEN_ENCODING stand in for options "
    "not given.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 there is no sound of that contact and "
    "channel.\n";

static const char inspect[] =
    "usage: rusuden inspect [IN.mkv|-] [OPTIONS]\n"
    "\n"
    "Says what is in a stream: documents, tracks, contacts, timeline, gaps, errors that Kinesis "
    "Video Streams\n"
    "reported inside it, and how loud it is over time. Without IN: standard input.\n"
    "\n"
    "      --json             for programs\n"
    "      --fragments        a line for each fragment too\n"
    "      --ascii            draw without UTF-8 (the default where the locale is not UTF-8)\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit codes: 0 done, 1 failed (what was found until then is told), 2 wrong usage.\n";

static const char budget[] = "usage: rusuden budget\n"
                             "\n"
                             "Prints the program's static memory, struct by struct. Nothing is "
                             "allocated while it runs, and the\n"
                             "stack stays below 16 KiB.\n";

const char *help_text(const char *command)
{
    static const struct {
        const char *command;
        const char *text;
    } texts[] = {{"", program},
                 {"convert", convert},
                 {"inspect", inspect},
                 {"budget", budget},
                 {"help", program}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].command, command) == 0) return texts[i].text;
    return NULL;
}
