"""rusuden convert: the sound is the generator's, for every liberty the format allows and however it is cut."""
import json
import os
import struct
import subprocess
import unittest

import matroska as mk
from support import (CONTACT, DONE, RUSUDEN, Case, Wav, environment, interleave, main, mixed, need, pcm, rusuden,
                     stream)

FORMS = [
    ("--fragment", "100ms"), ("--fragment", "20s", "--duration", "45s"), ("--fragment", "1ms", "--duration", "300ms"),
    ("--block-bytes", "320"), ("--block-bytes", "1"), ("--block-bytes", "7"), ("--block-bytes", "1023"),
    ("--block-bytes", "65536", "--fragment", "10s"), ("--cluster", "200ms"), ("--cluster", "64ms"),
    ("--tracks", "swapped"), ("--tracks", "customer"), ("--tracks", "agent"),
    ("--lacing", "xiph"), ("--lacing", "fixed"), ("--lacing", "ebml"), ("--lacing", "ebml", "--block-bytes", "999"),
    ("--lacing", "xiph", "--block-bytes", "4099"), ("--block-group",), ("--block-group", "--lacing", "ebml"),
    ("--track-numbers", "128,16384"), ("--track-numbers", "2,1"), ("--track-numbers", "268435455,72057594037927934"),
    ("--segment-size", "known"), ("--cluster-size", "known"), ("--segment-size", "known", "--cluster-size", "known"),
    ("--no-first-header",), ("--nul-padded",), ("--sprinkle",), ("--get-media",), ("--tags", "both"),
    ("--timecode-scale", "100000"), ("--timecode-scale", "10000000", "--block-bytes", "1280", "--fragment", "1s"),
    ("--timecode-scale", "125000"), ("--block-size-width", "4"), ("--block-size-width", "2"),
    ("--segment-uids", "none"), ("--segment-uids", "same"), ("--tagless-tail",), ("--gap", "1,1"), ("--gap", "2,1"),
    ("--sprinkle", "--nul-padded", "--lacing", "ebml", "--block-group", "--track-numbers", "200,3", "--tracks",
     "swapped", "--segment-size", "known", "--no-first-header", "--cluster", "300ms", "--tags", "both"),
]
CUTS = (1, 2, 3, 7, 1460, 65535)


def full(form):
    return form if "--duration" in form else ("--duration", "3s") + form


class Forms(Case):
    def test_file_and_pipe_and_stream(self):
        for form in FORMS:
            options = full(form)
            data = stream(*options)
            self.put("in.mkv", data)
            first = stream("--tags", "before", *options) if "--tags" not in options else None
            for side in ("customer", "agent"):
                with self.subTest((form, side)):
                    expected = pcm(side, *options)
                    if form == ("--tracks", "agent" if side == "customer" else "customer"):
                        self.assertEqual(expected, b"")
                        self.assertEqual(rusuden("convert", self.path("in.mkv"), "--channels", side).code, 3)
                        continue
                    flags = ("--channels", side, "-f", "-o")
                    self.assertDone(rusuden("convert", self.path("in.mkv"), *flags, self.path("a.wav")))
                    self.assertSound(self.get("a.wav"), expected)
                    self.assertDone(rusuden("convert", *flags, self.path("b.wav"), given=data))
                    self.assertTrue(self.get("a.wav") == self.get("b.wav"), "a pipe gives the same")
                    if first is not None and "--tagless-tail" not in form:
                        out = self.assertDone(rusuden("convert", "--channels", side, given=first)).out
                        self.assertSound(out, expected)

    def test_stereo_and_mix(self):
        for form in FORMS:
            if form[:2] in (("--tracks", "customer"), ("--tracks", "agent")) or "65536" in form:
                continue  # one side only; blocks longer than what is held of one side
            options = full(form)
            left, right = pcm("customer", *options), pcm("agent", *options)
            for channels, expected, count in (("stereo", interleave(left, right), 2), ("mix", mixed(left, right), 1)):
                with self.subTest((form, channels)):
                    self.assertDone(rusuden("convert", "--channels", channels, "-f", "-o", self.path("a.wav"),
                                            given=stream(*options)))
                    self.assertSound(self.get("a.wav"), expected, count)

    def test_pipes_cut_by_dd(self):
        """However the pipe is cut, the bytes are the same."""
        options = ("--duration", "2s", "--lacing", "ebml", "--block-bytes", "1001", "--sprinkle")
        data = stream(*options)
        whole = {}
        for flags in (("--channels", "customer"), ("--channels", "stereo"), ("--encoding", "ulaw")):
            self.assertDone(rusuden("convert", *flags, "-f", "-o", self.path("w.wav"), given=data))
            whole[flags] = self.get("w.wav")
            for cut in CUTS:
                with self.subTest((flags, cut)):
                    dd = subprocess.Popen(["dd", "bs=%d" % cut], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL)
                    p = subprocess.Popen([RUSUDEN, "convert", *flags, "-f", "-o", self.path("c.wav")],
                                         stdin=dd.stdout, stderr=subprocess.PIPE, env=environment())
                    dd.stdout.close()
                    dd.communicate(data)
                    err = p.communicate()[1]
                    self.assertEqual(p.returncode, DONE, err)
                    self.assertTrue(self.get("c.wav") == whole[flags])
        self.assertSound(whole["--channels", "customer"], pcm("customer", *options))


class Contacts(Case):
    def test_nothing_of_another_contact(self):
        for form in (("--order", "alternating"), ("--order", "in-turn"), ("--order", "in-turn", "--apart", "5s"),
                     ("--order", "alternating", "--tagless-tail"), ("--order", "alternating", "--gap", "1,1"),
                     ("--order", "alternating", "--segment-uids", "none")):
            options = ("--duration", "4s", "--contacts", "5") + form
            data = stream(*options)
            self.put("in.mkv", data)
            for contact in range(1, 6):
                for channels in ("customer", "agent", "stereo", "mix"):
                    with self.subTest((form, contact, channels)):
                        left = pcm("customer", "--contact", str(contact), *options)
                        right = pcm("agent", "--contact", str(contact), *options)
                        expected = {"customer": left, "agent": right, "stereo": interleave(left, right),
                                    "mix": mixed(left, right)}[channels]
                        flags = ("--channels", channels, "-c", CONTACT % contact, "-f", "-o", self.path("o.wav"))
                        self.assertDone(rusuden("convert", self.path("in.mkv"), *flags))
                        self.assertSound(self.get("o.wav"), expected, 2 if channels == "stereo" else 1)
                        a = self.get("o.wav")
                        self.assertDone(rusuden("convert", *flags, given=data))
                        self.assertTrue(a == self.get("o.wav"), "a pipe gives the same")

    def test_error_documents(self):
        for error in ("list", "media", "both"):
            options = ("--duration", "3s", "--error", error)
            data = stream(*options)
            self.put("in.mkv", data)
            for args, given in (((self.path("in.mkv"),), None), (("-",), data)):
                flags = ("-f", "-o", self.path("o.wav"))
                result = rusuden("convert", *args, *flags, given=given)
                self.assertRefused(result, "Kinesis Video Streams reported an error", "code", "--salvage")
                self.assertFolder("in.mkv")
                result = self.assertDone(rusuden("convert", *args, *flags, "--salvage", given=given))
                self.assertIn("note: 1 error report", result.err)
                self.assertSound(self.get("o.wav"), pcm("customer", *options))
                os.remove(self.path("o.wav"))


def ramp(first, count):
    """Samples that say where they belong; never 0."""
    return struct.pack("<%dh" % count, *(1 + (first + i) % 30000 for i in range(count)))


def laid_out(blocks, origin_ms, side):
    """What stands where, by the blocks' own times: eight samples a millisecond."""
    out = bytearray()
    for which, ms, sound in blocks:
        if which == side:
            at = (ms - origin_ms) * 16
            out.extend(bytes(max(0, at + len(sound) - len(out))))
            out[at:at + len(sound)] = sound
    return bytes(out)


class Aligned(Case):
    """Stereo against a lay-out by timecode that knows nothing of rings and skew."""

    def check(self, blocks, gaps="silence", origin=0):
        for channels in ("stereo", "mix"):
            left, right = laid_out(blocks, origin, 1), laid_out(blocks, origin, 2)
            expected = interleave(left, right) if channels == "stereo" else mixed(left, right)
            data = mk.document(blocks)
            self.put("in.mkv", data)
            for args, given in (((self.path("in.mkv"),), None), (("-",), data)):
                self.assertDone(rusuden("convert", *args, "--channels", channels, "--gaps", gaps, "-f", "-o",
                                        self.path("o.wav"), given=given))
                self.assertSound(self.get("o.wav"), expected, 2 if channels == "stereo" else 1)

    def test_one_begins_later(self):
        for gaps in ("join", "silence"):
            blocks = [(1, 64 * i, ramp(512 * i, 512)) for i in range(30)]
            blocks += [(2, 640 + 64 * i, ramp(9999 + 512 * i, 512)) for i in range(20)]
            self.check(sorted(blocks, key=lambda b: b[1]), gaps)

    def test_one_is_silent_for_a_long_time(self):
        for side in (1, 2):
            for gaps in ("join", "silence"):
                blocks = [(3 - side, 64 * i, ramp(512 * i, 512)) for i in range(200)]
                blocks += [(side, 64 * i, ramp(7 + 512 * i, 512)) for i in [0, 1, 2, 3, 100, 101, 102, 199]]
                self.check(sorted(blocks, key=lambda b: b[1]), gaps)

    def test_one_runs_ahead_within_the_ring(self):
        """A second of one side, then a second of the other one."""
        blocks = []
        for second in range(5):
            for side in (2, 1):
                blocks += [(side, second * 960 + 64 * i, ramp(side * 777 + second * 7680 + 512 * i, 512))
                           for i in range(15)]
        self.check(blocks)

    def test_both_pause(self):
        blocks = [(s, 64 * i, ramp(s * 99 + 512 * i, 512)) for i in [0, 1, 2, 50, 51, 52] for s in (1, 2)]
        self.check(blocks, "silence")

    def test_beyond_the_ring_nothing_is_dropped(self):
        """Five seconds of one side before the other: more than is held. Every sample is there, in order."""
        left = [(1, 64 * i, ramp(512 * i, 512)) for i in range(80)]
        right = [(2, 64 * i, ramp(3 + 512 * i, 512)) for i in range(80)]
        data = mk.document(left + right)
        result = self.assertDone(rusuden("convert", "--channels", "stereo", "-o", self.path("o.wav"), given=data))
        sound = Wav(self.get("o.wav")).sound
        for offset, blocks in ((0, left), (2, right)):
            heard = bytes(b for i in range(offset, len(sound), 4) for b in sound[i:i + 2] if sound[i:i + 2] != b"\0\0")
            self.assertTrue(heard == b"".join(b[2] for b in blocks))
        self.assertIn("late", result.err)

    def test_join_takes_out_common_gaps_only(self):
        blocks = [(s, ms, ramp(s * 99 + ms, 512)) for ms in (0, 64, 5000, 5064) for s in (1, 2)]
        joined = [(s, ms if ms < 1000 else ms - 5000 + 128, sound) for s, ms, sound in blocks]
        left, right = laid_out(joined, 0, 1), laid_out(joined, 0, 2)
        self.assertDone(rusuden("convert", "--channels", "stereo", "-o", self.path("o.wav"), given=mk.document(blocks)))
        self.assertSound(self.get("o.wav"), interleave(left, right), 2)

    def test_mix_is_clipped(self):
        loud = struct.pack("<6h", 32767, -32768, 20000, -20000, 1, -32768)
        other = struct.pack("<6h", 1, -1, 20000, -20000, -1, 32767)
        self.assertDone(rusuden("convert", "--channels", "mix", "-o", self.path("o.wav"),
                                given=mk.document([(1, 0, loud), (2, 0, other)])))
        self.assertEqual(struct.unpack("<6h", Wav(self.get("o.wav")).sound), (32767, -32768, 32767, -32768, 0, -1))


def mulaw_by_decision_values(sample):
    """G.711 tables 2a and 2b: the decision values of 14-bit samples, counted, nothing computed from bits."""
    magnitude = min(abs(sample) / 4, 8158)
    values = [0, 1]
    for segment in range(8):
        values += [values[-1] + (2 << segment) * (i + 1) for i in range(16 if segment else 15)]
    number = max(i for i, v in enumerate(values) if magnitude >= v)
    number = min(number, 127)
    return ~((0x80 if sample < 0 else 0) | number) & 0xFF


class MuLaw(Case):
    def every_sample(self):
        sound = struct.pack("<65536h", *range(-32768, 32768))
        data = mk.document([(1, i * 64, sound[i * 1024:(i + 1) * 1024]) for i in range(128)])
        self.assertDone(rusuden("convert", "--encoding", "ulaw", "-o", self.path("o.wav"), given=data))
        return sound, Wav(self.get("o.wav")).sound

    def test_every_sample_by_the_tables_of_the_standard(self):
        sound, coded = self.every_sample()
        wrong = [(s, c) for s, c in zip(range(-32768, 32768), coded) if c != mulaw_by_decision_values(s)]
        self.assertEqual(wrong[:5], [], "%d samples" % len(wrong))

    def test_every_sample_by_sox(self):
        need("sox")
        sound, coded = self.every_sample()
        theirs = subprocess.run("sox -D -t raw -r 8000 -c 1 -b 16 -e signed - -t raw -e u-law -".split(), input=sound,
                                stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(len(coded), len(theirs))
        other = 0
        for sample, a, b in zip(range(-32768, 32768), coded, theirs):
            # sox rounds to 14 bits first: just at a decision value its choice may be the neighbour
            self.assertLessEqual(abs((a & 0x7F) - (b & 0x7F)), 1, sample)
            self.assertTrue(a & 0x80 == b & 0x80 or abs(sample) < 4, sample)
            other += a != b
        self.assertLess(other, 2 * 127 * 4)

    def test_stereo_and_odd_lengths(self):
        for samples in (1, 2, 3, 1001):
            left, right = ramp(5, samples), ramp(1005, samples)
            for channels, sound, count in (("customer", left, 1), ("stereo", interleave(left, right), 2)):
                data = mk.document([(1, 0, left), (2, 0, right)])
                self.assertDone(rusuden("convert", "--channels", channels, "--encoding", "ulaw", "-f", "-o",
                                        self.path("o.wav"), given=data))
                wanted = bytes(mulaw_by_decision_values(s) for (s,) in struct.iter_unpack("<h", sound))
                self.assertSound(self.get("o.wav"), wanted, count, "ulaw")


class OtherPrograms(Case):
    def each(self):
        options = ("--duration", "61s", "--gap", "5,3")
        self.put("in.mkv", stream(*options))
        for channels, count in (("customer", 1), ("stereo", 2), ("mix", 1)):
            for encoding in ("pcm", "ulaw"):
                with self.subTest((channels, encoding)):
                    self.assertDone(rusuden("convert", self.path("in.mkv"), "--channels", channels, "--encoding",
                                            encoding, "--gaps", "silence", "-f", "-o", self.path("o.wav")))
                    yield count, encoding, 61 * 8000

    def test_sox(self):
        need("soxi")
        for count, encoding, samples in self.each():
            def ask(what):
                done = subprocess.run(["soxi", what, self.path("o.wav")], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, check=True)
                self.assertEqual(done.stderr, b"")
                return done.stdout.decode().strip()
            self.assertEqual((ask("-r"), ask("-c"), ask("-s"), ask("-e")),
                             ("8000", str(count), str(samples), "u-law" if encoding == "ulaw" else "Signed Integer PCM"))
            if encoding == "pcm":
                raw = subprocess.run(["sox", self.path("o.wav"), "-t", "raw", "-"], stdout=subprocess.PIPE,
                                     check=True).stdout
                self.assertTrue(raw == Wav(self.get("o.wav")).sound)

    def test_ffprobe(self):
        need("ffprobe")
        for count, encoding, samples in self.each():
            done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format",
                                   self.path("o.wav")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
            self.assertEqual(done.stderr, b"")
            told = json.loads(done.stdout)["streams"][0]
            self.assertEqual((told["codec_name"], told["sample_rate"], told["channels"], float(told["duration"])),
                             ("pcm_mulaw" if encoding == "ulaw" else "pcm_s16le", "8000", count, samples / 8000))

    def test_an_open_stream_is_played_to_its_end(self):
        need("sox")
        options = ("--tags", "before", "--duration", "3s")
        out = rusuden("convert", given=stream(*options)).out
        raw = subprocess.run(["sox", "-t", "wav", "-", "-t", "raw", "-"], input=out, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=True).stdout
        self.assertTrue(raw == pcm("customer", *options))

    def test_python(self):
        import wave
        for count, encoding, samples in self.each():
            if encoding == "pcm":
                with wave.open(self.path("o.wav")) as w:
                    self.assertEqual((w.getnchannels(), w.getsampwidth(), w.getframerate(), w.getnframes()),
                                     (count, 2, 8000, samples))


if __name__ == "__main__":
    main()
