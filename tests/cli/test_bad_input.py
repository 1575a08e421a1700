"""Bad input: each kind with a clear message (what, where, what to do), an exit code, and no file."""
import subprocess

import matroska as mk
from support import FAILED, NOTHING, RUSUDEN, Case, environment, main, rusuden

SOUND = [(1, 0, b"ab" * 500)]


def one(**more):
    return mk.document(SOUND, **more)


def with_track(*tracks):
    return mk.document(SOUND, tracks=b"".join(tracks))


def nested(depth):
    inside = mk.text(mk.TAG_NAME, "x")
    for _ in range(depth):
        inside = mk.element(mk.SIMPLE_TAG, inside)
    return mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN + mk.element(mk.TAGS, mk.element(mk.TAG, inside))


GOOD = one()
AT_TRACKS = GOOD.index(mk.identity(mk.TRACKS))
HUGE = b"\x01" + b"\xff" * 6 + b"\xfe"  # 2^56 - 2, the largest that is not "unknown"

# name, input, exit code, words of the message
TABLE = [
    ("empty", b"", FAILED, ["not Matroska", "empty"]),
    ("text", b"Hello, this is no recording at all.\n" * 10, FAILED, ["not Matroska at byte 0"]),
    ("wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", FAILED, ["not Matroska at byte 0"]),
    ("zeros", b"\0" * 100000, FAILED, ["not Matroska at byte 0"]),
    ("ones", b"\xff" * 100000, FAILED, ["not Matroska at byte 0"]),
    ("avi doctype", mk.head("avi") + one(), FAILED, ["unsupported", '"avi"', "matroska"]),
    ("unknown size in a leaf", one() + mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN + mk.identity(mk.TRACKS) +
     mk.UNKNOWN, FAILED, ["malformed input at byte %d" % (len(GOOD) + len(mk.head()) + 12), "0x1654ae6b",
                          "unknown size"]),
    ("size 2^56-2 of Void", one() + mk.identity(mk.VOID) + HUGE, FAILED, ["truncated", "0xec"]),
    ("size 2^56-2 of SimpleBlock", mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN +
     mk.element(mk.TRACKS, mk.track(1)) + mk.identity(mk.CLUSTER) + mk.UNKNOWN + mk.identity(mk.SIMPLE_BLOCK) + HUGE +
     b"\x81\0\0\x80" + b"ab" * 500, FAILED, ["truncated", "0xa3", "--salvage"]),
    ("size past its parent", mk.head() + mk.element(mk.SEGMENT, mk.identity(mk.TRACKS) + mk.size(1000)), FAILED,
     ["malformed", "0x1654ae6b", "past the end of its parent"]),
    ("every size 2^56-1", mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN + mk.identity(mk.INFO) + mk.UNKNOWN, FAILED,
     ["malformed", "unknown size", "0x1549a966"]),
    ("nested 10,000 deep", nested(10000), FAILED, ["beyond a limit", "nested deeper than 12", "EBML_DEPTH_MAX"]),
    ("no audio track", with_track(mk.track(1, "video", "V_MPEG4/ISO/AVC", kind=1)), NOTHING,
     ["no audio: there is no audio track", "rusuden inspect"]),
    ("no tracks", mk.document([], tracks=b""), NOTHING, ["no audio"]),
    ("block without its track", mk.document([(7, 0, b"ab")]), FAILED, ["malformed", "track 7", "declare"]),
    ("two unnamed tracks", with_track(mk.track(1, None), mk.track(2, None)), FAILED,
     ["ambiguous", "AUDIO_FROM_CUSTOMER", '1 ""', '2 ""']),
    ("two foreign names", with_track(mk.track(1, "left"), mk.track(2, "right")), FAILED,
     ["ambiguous", '1 "left"', '2 "right"']),
    ("the name twice", with_track(mk.track(1), mk.track(2)), FAILED, ["ambiguous"]),
    ("one number twice", with_track(mk.track(1), mk.track(1, mk.AGENT)), FAILED, ["malformed", "same number"]),
    ("nine tracks", with_track(*(mk.track(n) for n in range(1, 10))), FAILED, ["limit", "TRACKS_MAX"]),
    ("AAC in earnest", with_track(mk.track(1, codec="A_AAC/MPEG4/LC")), FAILED, ["unsupported", "A_AAC/MPEG4/LC"]),
    ("opus", with_track(mk.track(1, codec="A_OPUS")), FAILED, ["unsupported", '"A_OPUS"', "16-bit PCM, 8000 Hz"]),
    ("big-endian", with_track(mk.track(1, codec="A_PCM/INT/BIG")), FAILED, ["unsupported", "A_PCM/INT/BIG"]),
    ("16 kHz", with_track(mk.track(1, rate=16000.0)), FAILED, ["unsupported", "SamplingFrequency", "8000"]),
    ("stereo", with_track(mk.track(1, channels=2)), FAILED, ["unsupported", "channel"]),
    ("24 bits", with_track(mk.track(1, depth=24)), FAILED, ["unsupported", "BitDepth"]),
    ("compressed", with_track(mk.track(1, more=mk.element(0x6D80, b""))), FAILED, ["unsupported", "ContentEncodings"]),
    ("mime", one(more_tags=[("MimeType", "audio/aac")]), FAILED, ["unsupported", "MimeType", '"audio/aac"']),
    ("mime rate", one(more_tags=[("MimeType", "audio/L16;rate=16000;channels=1;")]), FAILED, ["unsupported", "16000"]),
    ("long contact", one(contact="x" * 65), FAILED, ["limit", "ContactId", "CONTACT_ID_BYTES_MAX"]),
    ("two contacts in one document", one(more_tags=[("ContactId", "c2")]), FAILED, ["malformed", '"c1"', '"c2"']),
    ("a value that is too long", one(more_tags=[("x", "y" * 513)]), FAILED, ["limit", "512"]),
    ("no sound", mk.document([]), NOTHING, ["no audio"]),
    ("empty blocks", mk.document([(1, 0, b""), (1, 0, b"")]), NOTHING, ["no audio"]),
    ("half a sample is all", mk.document([(1, 0, b"a")]), NOTHING, ["no audio"]),
    ("trailing garbage", one() + b"\n", FAILED, ["at byte %d" % len(GOOD)]),
    ("trailing zero", one() + b"\0", FAILED, ["at byte %d" % len(GOOD)]),
]


class Table(Case):
    def test_convert(self):
        for name, data, code, words in TABLE:
            self.put("in.mkv", data)
            for args, given in (((self.path("in.mkv"), "-o", self.path("out.wav")), None),
                                (("-o", self.path("out.wav")), data), ((self.path("in.mkv"), "-o", "-"), None)):
                with self.subTest((name, args)):
                    result = rusuden("convert", *args, given=given)
                    where = "standard input" if given is not None else self.path("in.mkv")
                    self.assertRefused(result, where, *words, code=code)
                    self.assertEqual(result.err.count("\n"), 1, "one line")
                    self.assertEqual(result.out, b"")
                    self.assertFolder("in.mkv")

    def test_inspect(self):
        for name, data, code, words in TABLE:
            if code != FAILED or "ambiguous" in words:
                continue
            with self.subTest(name):
                self.assertRefused(rusuden("inspect", given=data), "standard input", *[
                    w for w in words if w not in ("--salvage", "rusuden inspect")])

    def test_what_stays_legal(self):
        """The neighbours of the table that must be read."""
        for name, data in (("unknown Segment and Cluster", one()), ("known", one(known=True)),
                           ("a lone unnamed track", with_track(mk.track(1, None))),
                           ("a lone foreign name", with_track(mk.track(1, "phone"))),
                           ("no codec", with_track(mk.track(1, codec=None))),
                           ("all said", with_track(mk.track(1, mk.CUSTOMER, "A_PCM/INT/LIT", 2, 8000.0, 1, 16))),
                           ("mime", one(more_tags=[("MimeType", "Audio/l16; Rate=8000 ;channels=1;x=y")])),
                           ("64 bytes", one(contact="x" * 64)),
                           ("webm", mk.head("webm\0\0") + one()[len(mk.head()):]),
                           ("nested 8 deep", one() + nested(8)),
                           ("empty tail", one() + mk.identity(mk.VOID) + mk.size(0))):
            with self.subTest(name):
                self.assertDone(rusuden("convert", "-f", "-o", self.path("o.wav"), given=data))
                self.assertSound(self.get("o.wav"), SOUND[0][2])


class Big(Case):
    def test_a_tag_of_4_gib(self):
        """Said, and (sparse) really there: refused by its size at once, nothing is read or held."""
        head = one() + mk.head() + mk.identity(mk.SEGMENT) + mk.UNKNOWN
        string = mk.identity(mk.TAG_STRING) + mk.size(1 << 32)
        for number in (mk.SIMPLE_TAG, mk.TAG, mk.TAGS):
            length = (1 << 32) + len(string)
            string = mk.identity(number) + mk.size(length + 12 * (number != mk.SIMPLE_TAG)) + string
        self.put("in.mkv", head + string)
        for args, given in (((self.path("in.mkv"),), None), (("-o", self.path("out.wav")), head + string)):
            self.assertRefused(rusuden("convert", *args, given=given), "512", "limit")
            self.assertFolder("in.mkv")
        with open(self.path("in.mkv"), "r+b") as f:
            f.truncate(len(head) + (1 << 32) + 1000)
        self.assertRefused(rusuden("convert", self.path("in.mkv")), "512")

    def test_an_unknown_element_may_be_large(self):
        void = mk.identity(mk.VOID) + mk.size(5 << 30)
        self.put("in.mkv", one() + void)
        with open(self.path("in.mkv"), "r+b") as f:
            f.seek(len(GOOD) + len(void) + (5 << 30))
            f.write(one(at_ms=mk.START_MS + 63))
        result = rusuden("inspect", self.path("in.mkv"))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("documents 2", result.out.decode())

    def test_endless_input(self):
        for device in ("/dev/zero", "/dev/urandom"):
            p = subprocess.run([RUSUDEN, "convert", device, "-o", self.path("o.wav")], stderr=subprocess.PIPE,
                               env=environment(), timeout=10)
            self.assertEqual(p.returncode, FAILED, p.stderr)
        self.assertFolder()


if __name__ == "__main__":
    main()
