#include "app/help.h"

#include <stddef.h>
#include <string.h>

static const char program[] =
    "rusuden turns Amazon Connect calls from Kinesis Video Streams into WAV files.\n"
    "\n"
    "usage: rusuden COMMAND [OPTIONS]\n"
    "\n"
    "  convert [IN.mkv|-] [-o OUT]  a stream in a file or pipe to a WAV file: on a disk, or in S3\n"
    "  inspect [IN.mkv|-]           what is in a stream: fragments, contacts, gaps, a picture\n"
    "  budget                       the memory map, byte by byte\n"
    "  help [COMMAND]               this text, or a command's\n"
    "  --version                    which rusuden this is\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to convert. `man rusuden` says more.\n";

static const char convert[] =
    "usage: rusuden convert [IN.mkv|-] [-o OUT.wav|-|s3://BUCKET/KEY] [OPTIONS]\n"
    "\n"
    "Reads what Amazon Connect wrote to a Kinesis Video Stream (Matroska documents, one after\n"
    "another) and writes the sound of one contact. Without IN: standard input. Without -o: IN "
    "with\n"
    ".wav for its ending; standard output where the input is standard input. The output appears\n"
    "under its name when it is whole.\n"
    "\n"
    "Where to:\n"
    "  -o, --output OUT           a file, - for standard output, or s3://BUCKET/KEY; a KEY that "
    "is\n"
    "                             empty or ends in / gets the input's name with .wav behind it\n"
    "  -f, --force                replace OUT where it exists\n"
    "  -q, --quiet                no progress, no summary; errors are told, and that a salvaged\n"
    "                             call is not whole\n"
    "  -v, --verbose              to S3: a line for each request\n"
    "  -h, --help                 this text\n"
    "\n"
    "Which sound:\n"
    "  -c, --contact-id ID        whose; needed where the input holds more than one contact\n"
    "      --channels WHICH       customer (default), agent, stereo (customer left, agent right), "
    "mix\n"
    "      --gaps HOW             join (default), or silence: keep the length of the call\n"
    "      --encoding HOW         pcm (default: 16 bits), or ulaw: as Connect's prompts want it\n"
    "      --salvage              keep what is whole of an input that is cut off or broken, and "
    "say\n"
    "                             what is missing\n"
    "\n"
    "To S3 (the input must be a file: it is read twice):\n"
    "      --region REGION        the bucket's, where neither environment nor profile says it\n"
    "      --profile NAME         of ~/.aws/credentials and ~/.aws/config\n"
    "      --endpoint-url URL     a server other than AWS: https://HOST:PORT or http://HOST:PORT\n"
    "      --bucket-owner ID      refuse a bucket that is not this account's: 12 digits\n"
    "      --tag NAME=VALUE       a tag; up to 10 times\n"
    "      --metadata NAME=VALUE  x-amz-meta-NAME; up to 10 times\n"
    "      --storage-class NAME   for example STANDARD_IA\n"
    "      --sse HOW              encryption: AES256, aws:kms or aws:kms:dsse\n"
    "      --sse-kms-key-id ID    the key for aws:kms\n"
    "      --checksum KIND        crc64nvme (default), crc32c, crc32, sha256, none\n"
    "      --conditional HOW      on (default), or off: look first, send no If-None-Match\n"
    "      --path-style HOW       off (default), or on: the bucket in the path, not in the host "
    "name\n"
    "      --signing HOW          auto (default), chunks, chunks-trailer, unsigned-trailer\n"
    "\n"
    "Where an option is not given, the environment stands in: RUSUDEN_CONTACT_ID, "
    "RUSUDEN_CHANNELS,\n"
    "RUSUDEN_GAPS, RUSUDEN_ENCODING, RUSUDEN_S3_BUCKET_OWNER, RUSUDEN_S3_STORAGE_CLASS,\n"
    "RUSUDEN_S3_SSE, RUSUDEN_S3_KMS_KEY_ID, RUSUDEN_S3_CHECKSUM, RUSUDEN_S3_CONDITIONAL,\n"
    "RUSUDEN_S3_PATH_STYLE, RUSUDEN_S3_SIGNING. Credentials, and region and endpoint that are not\n"
    "given: from AWS's variables and files, as for AWS's own programs.\n"
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
