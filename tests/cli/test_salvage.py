"""An input that is cut off: refused in one clear line; with --salvage just the whole blocks before the cut."""
import concurrent.futures
import os

import matroska as mk
from support import DONE, FAILED, INSTRUMENTED, NOTHING, Case, Wav, interleave, main, pcm, rusuden, stream

SMALL = ("--duration", "40ms", "--fragment", "20ms", "--block-bytes", "100", "--tracks", "customer")
BOTH = SMALL[:-2]


class EveryByte(Case):
    """Each test cuts one small stream at every byte (or every few), and says what must come by its own reader."""

    def each(self, check, data, step=1):
        if INSTRUMENTED:
            step *= 7
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in pool.map(check, range(0, len(data) + 1, step)):
                pass

    def clean(self, name):
        self.assertFalse(os.path.exists(self.path(name)), "a partial file is left")

    def no_temporary(self):
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith(".")], [])

    def plain(self, data, step, piped=False):
        documents, right = mk.read(data), mk.right_ends(data)

        def check(cut):
            name = "%d.wav" % cut
            if piped:
                result = rusuden("convert", "-o", self.path(name), given=data[:cut])
            else:
                result = rusuden("convert", self.put("%d.mkv" % cut, data[:cut]))
                os.remove(self.path("%d.mkv" % cut))
            sound = mk.heard(documents, cut).get(mk.CUSTOMER, b"")
            if cut == 0:
                self.assertRefused(result, "not Matroska", "empty")
            elif cut not in right:
                self.assertEqual((result.code, cut), (FAILED, cut), result.err)
                self.assertRegex(result.err, r"(truncated input|not Matroska) at byte %d: " % cut)
                self.assertEqual(result.err.count("\n"), 1)
                self.assertIn("cut off by the end of the input", result.err)
                self.assertIn("--salvage", result.err)
            elif sound:
                self.assertEqual((result.code, cut), (DONE, cut), result.err)
                self.assertSound(self.get(name), sound)
                os.remove(self.path(name))
            else:
                self.assertEqual((result.code, cut), (NOTHING, cut), result.err)
            self.clean(name)
        self.each(check, data, step)
        self.no_temporary()

    def salvaged(self, data, step, piped=False, flags=(), two=False):
        documents, right = mk.read(data), mk.right_ends(data)

        def check(cut):
            name = "%d.wav" % cut
            if piped:
                result = rusuden("convert", "--salvage", *flags, "-o", self.path(name), given=data[:cut])
            else:
                result = rusuden("convert", "--salvage", *flags, self.put("%d.mkv" % cut, data[:cut]))
                os.remove(self.path("%d.mkv" % cut))
            sides = mk.heard(documents, cut)
            sound = sides.get(mk.CUSTOMER, b"")
            if two:
                sound = interleave(sound, sides.get(mk.AGENT, b""))
            if cut == 0:
                self.assertRefused(result, "empty")
            elif sound:
                self.assertEqual((result.code, cut), (DONE, cut), result.err)
                self.assertSound(self.get(name), sound, 2 if two else 1)
                self.assertEqual(cut not in right, "salvaged, not complete" in result.err, (cut, result.err))
                os.remove(self.path(name))
            else:
                self.assertIn(result.code, (NOTHING, FAILED), (cut, result.err))
            self.clean(name)
        self.each(check, data, step)
        self.no_temporary()

    def test_refused(self):
        self.plain(stream(*SMALL), 1)

    def test_refused_on_a_pipe(self):
        self.plain(stream("--tags", "before", *SMALL), 3, piped=True)

    def test_refused_with_known_sizes(self):
        self.plain(stream("--segment-size", "known", "--cluster-size", "known", *SMALL), 5)

    def test_salvaged(self):
        self.salvaged(stream(*SMALL), 1)

    def test_salvaged_on_a_pipe(self):
        self.salvaged(stream("--tags", "before", *SMALL), 3, piped=True)

    def test_salvaged_with_known_sizes(self):
        self.salvaged(stream("--segment-size", "known", "--cluster-size", "known", "--tags", "before", *SMALL), 5)

    def test_salvaged_stereo(self):
        for piped in (False, True):
            self.salvaged(stream("--tags", "before", *BOTH), 11, piped, ("--channels", "stereo"), two=True)


class Broken(Case):
    def test_broken_in_the_middle(self):
        data = bytearray(stream("--duration", "5s"))
        documents = mk.read(bytes(data))
        at = documents[2].blocks[5][3]  # a block ends here, the next one begins
        data[at] = 0x00
        expected = mk.heard(documents, at)[mk.CUSTOMER]
        self.put("in.mkv", bytes(data))
        self.assertRefused(rusuden("convert", self.path("in.mkv")), "malformed input at byte %d" % at, "--salvage")
        self.assertFolder("in.mkv")
        for args, given in (((self.path("in.mkv"),), None), (("-",), bytes(data))):
            result = self.assertDone(rusuden("convert", *args, "--salvage", "-f", "-o", self.path("out.wav"),
                                             given=given))
            self.assertSound(self.get("out.wav"), expected)
            self.assertIn("salvaged, not complete", result.err)
            self.assertIn("at byte %d" % at, result.err)
            if given is None:
                self.assertIn("%d bytes behind it were not read" % (len(data) - at - 1), result.err)

    def test_error_document_then_more(self):
        first, error, rest = (stream("--duration", "2s"), stream("--duration", "1s", "--error", "both"),
                              stream("--duration", "1s", "--start-ms", "1741219299000"))
        error = error[len(stream("--duration", "1s")):]
        data = first + error + rest
        self.put("in.mkv", data)
        self.assertRefused(rusuden("convert", self.path("in.mkv")), "at byte %d" % len(first), "reported an error")
        result = self.assertDone(rusuden("convert", self.path("in.mkv"), "--salvage"))
        self.assertIn("note: 1 error report", result.err)
        self.assertSound(self.get("in.wav"), pcm("customer", "--duration", "2s") + pcm("customer", "--duration", "1s"))

    def test_another_contact_at_the_cut_stays_unheard(self):
        data = stream("--duration", "3s", "--contacts", "2", "--order", "alternating", "--tags", "before")
        documents = mk.read(data)
        cut = documents[-1].blocks[10][3] + 100
        for contact in (1, 2):
            name = "00000000-0000-4000-8000-%012x" % contact
            result = self.assertDone(rusuden("convert", "--salvage", "-c", name, "-f", "-o", self.path("out.wav"),
                                             given=data[:cut]))
            self.assertSound(self.get("out.wav"), mk.heard(documents, cut, name)[mk.CUSTOMER])
            self.assertIn("salvaged", result.err)

    def test_nothing_to_salvage(self):
        self.put("in.mkv", b"not at all")
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "--salvage"), "not Matroska")
        self.assertFolder("in.mkv")

    def test_a_whole_input_has_no_note(self):
        result = self.assertDone(rusuden("convert", "--salvage", "-o", self.path("o.wav"),
                                         given=stream("--duration", "1s")))
        self.assertNotIn("note", result.err)
        self.assertSound(Wav(self.get("o.wav")), pcm("customer", "--duration", "1s"))


class NotToBeTrusted(Case):
    """What a document says against its own sound keeps it out, also where the input breaks off behind it."""

    def documents(self):
        sound = [(1, 0, b"ab" * 200)]
        yield "foreign format", mk.document(sound, first=True, more_tags=[("MimeType", "audio/opus")])
        yield "failure of KVS", mk.document(sound, first=True, more_tags=[("AWS_KINESISVIDEO_ERROR_ID", "5000")])

    def test_broken_off(self):
        for why, document in self.documents():
            for broken in (document[:-100], document + b"\0"):
                for given in (None, broken):
                    with self.subTest(why, pipe=given is not None):
                        name = self.put("in.mkv", broken)
                        result = rusuden("convert", "--salvage", "-o", self.path("out.wav"),
                                         *([name] if given is None else []), given=given)
                        self.assertIn(result.code, (NOTHING, FAILED), result.err)
                        self.assertFalse(os.path.exists(self.path("out.wav")))
                        self.assertTrue(result.err.endswith("\n") and "\n\n" not in result.err, result.err)

    def test_what_a_stream_gave_cannot_be_taken_back(self):
        """Pipe to pipe: then it is a failure, and says that it is not a whole recording."""
        sound = [(1, 0, b"ab" * 40000)]
        two = mk.document(sound, contact="c1", first=True) + mk.tags([("ContactId", "c2")])
        for why, document in [*((w, mk.document(sound, first=True) + d) for w, d in self.documents()), ("two", two)]:
            with self.subTest(why):
                code = rusuden("convert", "--salvage", "-o", "-", given=document).code
                self.assertIn(code, (DONE, FAILED))
                if why == "two":
                    self.assertEqual(code, FAILED)


if __name__ == "__main__":
    main()
