/* budget.h - every number that bounds memory, nesting or tries, with its reason.
 *   Reaching one is an answer that names it, not an accident. `rusuden budget` prints the sum. */
#ifndef RUSUDEN_BASE_BUDGET_H
#define RUSUDEN_BASE_BUDGET_H

/* One line for a person: a place, a list of tracks or contacts, and what to do. */
#define FAULT_TEXT_BYTES 400

/* Segment, Tags, Tag, SimpleTag is 4; SimpleTag may nest in itself, and 12 is more than anybody was
 * seen to write. */
#define EBML_DEPTH_MAX 12

/* KVS allows 3 tracks a fragment (limits page); other writers a few more. */
#define TRACKS_MAX 8

/* KVS: names and codec ids up to 32 characters; DocType is "matroska" or "webm". */
#define TRACK_TEXT_BYTES_MAX 64

/* KVS limits page: tag name 128 bytes, value 256. */
#define TAG_NAME_BYTES_MAX 128
#define TAG_VALUE_BYTES_MAX 512

/* Connect's contact ids are UUIDs, 36 characters. */
#define CONTACT_ID_BYTES_MAX 64

/* KVS API model: FragmentNumber 1..128 digits (47 were seen). Timestamps are "1726677687.758". */
#define FRAGMENT_NUMBER_BYTES_MAX 128
#define TIMESTAMP_BYTES_MAX 32

/* Whose SegmentUID was whose: a document without ContactId follows its own run closely, so the runs
 * used last are enough. The oldest is forgotten; a document of a forgotten run belongs to
 * nobody. */
#define SEGMENTS_REMEMBERED 64

/* What a list of contacts shows; more are counted, not shown. */
#define CONTACTS_LISTED_MAX 64

/* One bit a fragment says whose it is: 36 hours of fragments of one second, the shortest KVS
 * stores. */
#define FRAGMENTS_MAX 131072

/* Two tracks wait for each other: 16384 samples of one are 2.048 s, and one fragment
 * of Connect is about 1.1 s. */
#define MIXER_FRAMES 16384

/* Blocks begin on a grid of whole milliseconds and producers' clocks wander a little; a missing
 * block of Connect's is 64 ms. Half of that is a gap, less is not. */
#define GAP_MS_MIN 32

/* Filling a gap with silence costs output. The longest contact Connect knows is 24 hours. */
#define GAP_MS_MAX (24 * 3600 * 1000)

/* All of them in one recording: such a call with clocks that jumped, and not many of them. */
#define SILENCE_MS_MAX (2 * GAP_MS_MAX)

/* One read and one write buffer: 64 KiB is where larger ones stop to be faster (measured), and the
 * L2 cache of a small box still holds both. */
#define READ_BUFFER_BYTES 65536
#define WRITE_BUFFER_BYTES 65536

/* Samples converted at once to mu-law, or mixed to one track. */
#define SCRATCH_BYTES 2048

/* Peaks a channel: at least two for each column of a wide terminal, whatever the length. */
#define WAVEFORM_BUCKETS 1024

/* What `inspect` lists of each kind; more are counted, not listed. */
#define INSPECT_LISTED_MAX 32

/* One upload with its two TLS connections, arenas and all: a quarter of a MiB, so that a small box has room for
 * several. */
#define UPLOAD_BYTES_MAX (256 * 1024)

/* The program's only large object: two 64 KiB buffers, three rings of 34 KiB, and what is small. */
#define WORKSPACE_BYTES_MAX (288 * 1024)

/* Of a file's name in a message; names may have 4096 bytes, which escaped are six times as many. */
#define NAME_SHOWN_BYTES 160

/* Text on its way to a terminal or file: a JSON fragment with every text at its longest and escaped
 * to six bytes a byte fits (about 1.6 KiB). */
#define TEXT_BUFFER_BYTES 4096

/* ---- talking ---- */

/* RFC 1035: 253 characters of name; S3's virtual hosts put a bucket of 63 before the region. */
#define HOST_BYTES_MAX 253

/* CNAMEs from a name to its addresses; S3's, CloudFront's and VPC endpoints' names need up to four. */
#define CNAMES_MAX 8

/* Addresses of one name that are tried; S3 answers with up to eight of each family. */
#define ADDRESSES_MAX 8

/* S3 takes 8 KiB of request headers; most of them may be a session token. */
#define REQUEST_HEAD_BYTES_MAX 9216
#define REQUEST_HEADERS_MAX 32
#define REQUEST_PARAMETERS_MAX 12

/* AWS answers with one to two KiB of headers; a line of ours to look at is an upload id or a Location. */
#define RESPONSE_HEAD_BYTES_MAX 32768
#define RESPONSE_HEADERS_MAX 100
#define RESPONSE_LINE_BYTES_MAX 2048
/* A chunk's size has up to 16 digits; extensions are legal, ignored, and nobody was seen to send them. */
#define RESPONSE_CHUNK_LINE_BYTES_MAX 256

/* One read from a connection for an answer that is text. */
#define ANSWER_BUFFER_BYTES 2048

/* Answers of S3, STS, SNS: the deepest is ListBucketResult/Contents/Owner/ID; the longest leaf a session token
 * or a continuation token. */
#define XML_DEPTH_MAX 8
#define XML_NAME_BYTES_MAX 48
#define JSON_DEPTH_MAX 16
/* The longest message of SNS and SQS, and the longest event that Lambda takes over them. */
#define JSON_BYTES_MAX (256 * 1024)

/* AWS names: "no assumption about the token's size"; seen up to 1.5 KiB, and all headers may be 8 KiB. */
#define ACCESS_KEY_BYTES_MAX 128
#define SECRET_KEY_BYTES_MAX 128
#define SESSION_TOKEN_BYTES_MAX 4096

/* 8 of date, region and service up to 63 each, "aws4_request" and slashes. */
#define SCOPE_BYTES_MAX 160

/* One read of a job's input: a page, because two connections leave no room for more. */
#define SOURCE_BUFFER_BYTES 4096

/* Of two channels, how far one may be ahead where a part of an upload begins, for the part to be given again from
 * there: Connect's blocks are 64 ms, 512 samples. */
#define MARK_SAMPLES 2048

/* S3 wants at least 8 KiB in each aws-chunk but the last; each is held while its signature is made. */
#define AWSCHUNK_BYTES 8192
/* The line before it: five digits of its length, ";chunk-signature=" and 64 more, a line's end. */
#define AWSCHUNK_LINE_BYTES 96

/* S3: parts of 5 MiB to 5 GiB, 10,000 of them. A part costs no memory, its ETag does: so there are fewer of them,
 * and larger ones for long recordings. */
#define PART_BYTES_MIN (5 * 1024 * 1024)
#define PARTS_MAX 100
#define ETAG_BYTES_MAX 48 /* AWS's are 34: an MD5 in quotes */
#define UPLOAD_ID_BYTES_MAX 1024

/* A part in the list that completes an upload: its number, its ETag, SHA-256 in base64, and the tags around them. */
#define S3_PIECE_BYTES_MAX 256

/* S3 takes 10 tags, and 2 KiB of metadata in as many headers as one likes. */
#define S3_TAGS_MAX 10
#define S3_METADATA_MAX 10

/* A line of its story: the step and a fault's words. */
#define UPLOAD_LINE_BYTES (FAULT_TEXT_BYTES + 64)

/* How often an upload looks whether its object is there after all. */
#define UPLOAD_CHECKS_MAX 6
#define OBJECT_KEY_BYTES_MAX 1024
#define BUCKET_BYTES_MAX 63
/* S3: a tag's key has 1..128 UTF-16 units, its value 0..256, and an object ten of them. */
#define TAG_KEY_UNITS_MAX 128
#define TAG_VALUE_UNITS_MAX 256
#define OBJECT_TAGS_MAX 10
/* Metadata of ours have short names; S3 gives names and values 2 KiB together. */
#define METADATA_NAME_BYTES_MAX 64
/* Of a service's message in one line: advice and request ids must fit a fault beside it. */
#define SERVICE_MESSAGE_SHOWN_BYTES 120
#define REGION_BYTES_MAX 63

/* One connection's TLS: see the measurements in docs/TLS.md. */
#define TLS_ARENA_BYTES (48 * 1024)
/* What belongs to no connection: nothing, as measured, with the key store not dynamic. */
#define TLS_SHARED_ARENA_BYTES 256
/* A session to resume: without the server's certificate it is the ticket and some 150 bytes.
 * Tickets have 200 to 300 bytes, and some 1.5 KiB where they hold a certificate of ours. */
#define TLS_SESSION_BYTES 4096
/* Tickets that a server sends on one connection; OpenSSL sends two. */
#define TLS_TICKETS_MAX 32
/* The longest certificate that is looked at in a file, and the longest key: the roots of the world
 * have up to 2007 bytes (Debian's bundle), an RSA key of 4096 bits 2.4 KB. */
#define CERTIFICATE_BYTES_MAX 3072
/* One read of a bundle: with the certificate and the reader's state it makes the room of a session. */
#define PEM_PIECE_BYTES 384
/* Names of a certificate that a fault shows, and the bytes of each; more are counted. */
#define NAMES_SHOWN_MAX 3
#define NAME_OF_CERTIFICATE_BYTES 64
/* "CERTIFICATE", "ENCRYPTED PRIVATE KEY"; the longest that RFC 7468 lists has 21 bytes. */
#define PEM_LABEL_BYTES_MAX 64

/* Patience. SDKs: 3.1 s to connect, 3.1 s for TLS; S3 drops a body of which nothing came for 20 s. */
#define CONNECT_PATIENCE_MS 3100
/* For an address while others are left to try (RFC 8305 would begin with the next after 250 ms, beside it). */
#define ADDRESS_PATIENCE_MS 1000
#define LOOKUP_PATIENCE_MS 5000
#define TLS_PATIENCE_MS 6200
#define SEND_PATIENCE_MS 20000
#define ANSWER_PATIENCE_MS 60000
#define EXCHANGE_PATIENCE_MS (15 * 60 * 1000)
/* Nobody waits longer for an upload to be aborted: the bucket's lifecycle rule does it then. */
#define ABORT_PATIENCE_MS 10000
/* A body may take longer: the slowest uplink worth serving has 8 kbit/s. */
#define SLOWEST_BYTES_PER_MS 1
#define CONTINUE_PATIENCE_MS 1000

/* The SDKs' standard mode of 2026 (AWS SDKs reference guide, "Retry behavior"): so many tries of one step, waits from
 * 50 ms, or 1 s where a service says that it is too much, doubled up to 20 s; x-amz-retry-after may add 5 s. */
#define RETRY_TRIES_DEFAULT 3
#define RETRY_BASE_MS 50
#define RETRY_BASE_THROTTLED_MS 1000
#define RETRY_DELAY_MS_MAX 20000
#define RETRY_AFTER_MS_MAX 5000
/* The same: a process may ask 35 times more than it succeeds, so that a service that is down is not asked by everybody
 * three times as often. */
#define RETRY_TOKENS 500
#define RETRY_COST 14
#define RETRY_COST_THROTTLED 5
/* The same: a signature may be 15 min (some services: 5) from the server's clock; less than 4 is not the cause. */
#define CLOCK_SKEW_MS_MIN (4 * 60 * 1000)

/* AWS's shared files: the longest line that is looked at holds a session token; a file of 1 MiB is none of AWS's. */
#define PROFILE_LINE_BYTES_MAX (SESSION_TOKEN_BYTES_MAX + 128)
#define PROFILE_NAME_BYTES_MAX 128
#define SETTINGS_FILE_BYTES_MAX (1024 * 1024)
/* One read from such a file, or from a token's. */
#define SETTINGS_PIECE_BYTES 512
/* What is kept of them: paths and URLs of one profile; some 500 bytes were seen, six URLs may be 250 each. */
#define SETTINGS_KEPT_BYTES 1792

/* IAM: "arn:aws-us-gov:iam::123456789012:role", a path up to 512, a name up to 64. STS takes session names of 2..64. */
#define ROLE_ARN_BYTES_MAX 640
#define ROLE_NAME_BYTES_MAX 64
/* STS API: WebIdentityToken. Kubernetes's are 1 to 2 KiB. */
#define WEB_IDENTITY_TOKEN_BYTES_MAX 20000
/* Of EKS's Pod Identity: a token as Kubernetes's. It stands in a header. */
#define CONTAINER_TOKEN_BYTES_MAX 2048
/* EC2's metadata token is 56 bytes. */
#define METADATA_TOKEN_BYTES_MAX 128
/* A question for credentials: such a token, a path, a host. */
#define SIGN_IN_HEAD_BYTES_MAX 3072
/* Answers with credentials are 1 to 2.5 KiB; the longest session token that we keep and a KiB beside it. */
#define SIGN_IN_ANSWER_BYTES_MAX 5120
/* Such an answer has up to ten members, each a name and a value. */
#define SIGN_IN_TOKENS_MAX 48
/* All of signing in's: question, answer, what came out. */
#define SIGN_IN_ROOM_BYTES (12 * 1024)

/* SDKs: the container's endpoint is asked three times, a second apart, for 2 s each; EC2's for 1 s. */
#define SIGN_IN_TRIES_MAX 3
#define SIGN_IN_PAUSE_MS 1000
#define CONTAINER_PATIENCE_MS 2000
#define METADATA_PATIENCE_MS 1000
#define STS_PATIENCE_MS 15000

/* SDKs: credentials are renewed 15 minutes before they end, and must be 10 minutes before. */
#define CREDENTIALS_ADVISORY_MS (15 * 60 * 1000)
#define CREDENTIALS_MANDATORY_MS (10 * 60 * 1000)
/* After a failed renewal that could wait. */
#define CREDENTIALS_AGAIN_MS (60 * 1000)
/* Name servers: one address family has come, the other may still (RFC 8305 section 3). */
#define LOOKUP_OTHER_FAMILY_MS 50
/* Each server shall have its turn within LOOKUP_PATIENCE_MS, but no less than this: farther than
 * any name server is, and longer than most take to ask others. */
#define LOOKUP_TRY_MS_MIN 1000
/* resolv.conf(5): what is not said, and what is more than makes sense. */
#define LOOKUP_TRY_MS 5000
#define LOOKUP_ROUNDS 2
#define LOOKUP_ROUNDS_MAX 5
/* Of forged or late answers, in one call; the rest comes with the next. */
#define LOOKUP_DATAGRAMS_MAX 16
/* A hosts file that blocks half the world has 2 MB; what comes behind is not read. */
#define LOOKUP_FILE_BYTES_MAX (8 * 1024 * 1024)
#define LOOKUP_PIECE_BYTES 1024

/* What one port_wait looks at: a connection, its successor, and what a command adds. */
#define WANTS_MAX 8

#endif
