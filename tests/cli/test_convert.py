"""rusuden convert: files, names, options, contacts, what is written and what is left behind."""
import json
import os
import stat
import subprocess

import matroska as mk
from support import (CONNECT_STREAM, CONTACT, DONE, FAILED, NOTHING, RUSUDEN, USAGE, Case, Wav, environment, interleave, main, mixed, pcm,
                     rusuden, stream)

SHORT = ("--duration", "3s")
TWO = ("--duration", "3s", "--contacts", "2")


class Files(Case):
    def test_file_to_file(self):
        self.put("call.mkv", stream(*SHORT))
        self.assertDone(rusuden("convert", self.path("call.mkv"), "-o", self.path("out.wav")))
        self.assertSound(self.get("out.wav"), pcm("customer", *SHORT))
        self.assertFolder("call.mkv", "out.wav")

    def test_whole_file_is_the_one_another_program_writes(self):
        self.put("call.mkv", stream(*SHORT))
        self.assertDone(rusuden("convert", self.path("call.mkv")))
        made = subprocess.run([CONNECT_STREAM, "--wav", "customer", *SHORT],
                              stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.get("call.wav"), made)

    def test_default_names(self):
        for given, made in (("call.mkv", "call.wav"), ("call", "call.wav"), ("a.b.mkv", "a.b.wav"),
                            (".mkv", ".mkv.wav"), ("x.y/call", "x.y/call.wav"), ("-x.mkv", "-x.wav")):
            with self.subTest(given):
                os.makedirs(self.path("x.y"), exist_ok=True)
                self.put(given, stream(*SHORT))
                self.assertDone(rusuden("convert", "--", given, cwd=self.folder))
                self.assertSound(self.get(made), pcm("customer", *SHORT))
                os.remove(self.path(made))

    def test_standard_input_to_standard_output_is_the_default(self):
        data = stream("--tags", "before", *SHORT)
        for args in ((), ("-",), ("-", "-o", "-"), ("-o", "-")):
            result = self.assertDone(rusuden("convert", *args, given=data))
            self.assertSound(result.out, pcm("customer", *SHORT))

    def test_file_to_pipe_has_right_sizes(self):
        self.put("call.mkv", stream(*SHORT))
        result = self.assertDone(rusuden("convert", self.path("call.mkv"), "-o", "-"))
        self.assertFalse(Wav(result.out).open)
        self.assertSound(result.out, pcm("customer", *SHORT))

    def test_standard_input_that_is_a_file_begins_where_it_stands(self):
        self.put("call.mkv", b"something else" + stream(*SHORT))
        with open(self.path("call.mkv"), "rb") as f:
            os.lseek(f.fileno(), len("something else"), os.SEEK_SET)
            result = self.assertDone(rusuden("convert", stdin=f))
        self.assertSound(result.out, pcm("customer", *SHORT))

    def test_empty_output_name_is_wrong_usage(self):
        self.put("call.mkv", stream(*SHORT))
        self.assertRefused(rusuden("convert", self.path("call.mkv"), "-o", ""), "-o", code=USAGE)

    def test_mode_of_a_new_file_follows_the_umask(self):
        self.put("call.mkv", stream(*SHORT))
        self.assertDone(rusuden("convert", self.path("call.mkv"), umask=0o027))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("call.wav")).st_mode), 0o640)


class Existing(Case):
    def setUp(self):
        super().setUp()
        self.put("call.mkv", stream(*SHORT))
        self.put("call.wav", b"old")

    def test_refused_without_force(self):
        self.assertRefused(rusuden("convert", self.path("call.mkv")), "call.wav", "exists", "--force")
        self.assertEqual(self.get("call.wav"), b"old")
        self.assertFolder("call.mkv", "call.wav")

    def test_refused_before_the_input_is_read(self):
        result = rusuden("convert", "-o", self.path("call.wav"), given=b"")
        self.assertRefused(result, "exists")

    def test_replaced_at_once_with_force(self):
        with open(self.path("call.wav"), "rb") as old:
            for flag in ("--force", "-f"):
                self.assertDone(rusuden("convert", self.path("call.mkv"), flag))
                self.assertSound(self.get("call.wav"), pcm("customer", *SHORT))
            self.assertEqual(old.read(), b"old", "who had it open keeps the old one")
        self.assertFolder("call.mkv", "call.wav")

    def test_kept_when_the_input_is_bad(self):
        self.put("bad.mkv", stream(*SHORT)[:-1])
        for args, given in (((self.path("bad.mkv"),), None), (("-",), stream(*SHORT)[:-1])):
            result = rusuden("convert", *args, "-f", "-o", self.path("call.wav"), given=given)
            self.assertRefused(result, "truncated")
            self.assertEqual(self.get("call.wav"), b"old")
        self.assertFolder("call.mkv", "call.wav", "bad.mkv")

    def test_a_file_that_appears_meanwhile_is_not_replaced(self):
        data = stream(*SHORT)
        out = self.path("late.wav")
        p = subprocess.Popen([RUSUDEN, "convert", "-o", out], stdin=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment())
        p.stdin.write(data[:70000])
        p.stdin.flush()
        self.put("late.wav", b"mine")
        _, err = p.communicate(data[70000:])
        self.assertEqual(p.returncode, FAILED)
        self.assertIn(b"exists", err)
        self.assertEqual(self.get("late.wav"), b"mine")
        self.assertFolder("call.mkv", "call.wav", "late.wav")

    def test_force_through_a_symbolic_link_never_harms_the_input(self):
        os.symlink("call.mkv", self.path("link.wav"))
        before = self.get("call.mkv")
        result = rusuden("convert", self.path("call.mkv"), "-f", "-o", self.path("link.wav"))
        self.assertRefused(result, "same file")
        self.assertEqual(self.get("call.mkv"), before)


class SameFile(Case):
    def test_output_is_input(self):
        data = stream(*SHORT)
        self.put("call.wav", data)
        os.link(self.path("call.wav"), self.path("other.wav"))
        for args in (("call.wav",), ("call.wav", "-f"), ("call.wav", "-f", "-o", "./call.wav"),
                     ("call.wav", "-f", "-o", "other.wav")):
            with self.subTest(args):
                self.assertRefused(rusuden("convert", *args, cwd=self.folder), "same file")
                self.assertEqual(self.get("call.wav"), data)
        self.assertFolder("call.wav", "other.wav")

    def test_redirected_onto_its_own_input(self):
        """`rusuden convert call.mkv -o - 1<> call.mkv`: the input must survive."""
        data = stream(*SHORT)
        self.put("call.mkv", data)
        for how in (os.O_RDWR, os.O_WRONLY | os.O_APPEND):
            fd = os.open(self.path("call.mkv"), how)
            result = rusuden("convert", self.path("call.mkv"), "-o", "-", stdout=fd)
            os.close(fd)
            with self.subTest(how):
                self.assertRefused(result, "same file")
                self.assertEqual(self.get("call.mkv"), data)


class Options(Case):
    def convert(self, *args, options=SHORT):
        self.put("in.mkv", stream(*options))
        self.assertDone(rusuden("convert", self.path("in.mkv"), "-f", "-o", self.path("out.wav"), *args))
        return self.get("out.wav")

    def test_channels(self):
        left, right = pcm("customer", *SHORT), pcm("agent", *SHORT)
        self.assertSound(self.convert(), left)
        self.assertSound(self.convert("--channels", "customer"), left)
        self.assertSound(self.convert("--channels=agent"), right)
        self.assertSound(self.convert("--channels", "stereo"), interleave(left, right), 2)
        self.assertSound(self.convert("--channels", "mix"), mixed(left, right))

    def test_gaps(self):
        options = ("--duration", "8s", "--gap", "2,3")
        for how in ("join", "silence"):
            sound = {side: pcm(side, "--gaps", how, *options) for side in ("customer", "agent")}
            for channels, expected, count in (("customer", sound["customer"], 1), ("agent", sound["agent"], 1),
                                              ("stereo", interleave(sound["customer"], sound["agent"]), 2),
                                              ("mix", mixed(sound["customer"], sound["agent"]), 1)):
                with self.subTest((how, channels)):
                    wav = self.convert("--gaps", how, "--channels", channels, options=options)
                    self.assertSound(wav, expected, count)

    def test_every_source_and_sink_gives_the_same_file(self):
        options = ("--duration", "5s", "--gap", "1,1")
        data = stream(*options)
        first = stream("--tags", "before", *options)
        self.put("in.mkv", data)
        for channels in ("customer", "agent", "stereo", "mix"):
            for gaps in ("join", "silence"):
                for encoding in ("pcm", "ulaw"):
                    flags = ("--channels", channels, "--gaps", gaps, "--encoding", encoding, "-f")
                    with self.subTest(flags):
                        self.assertDone(rusuden("convert", self.path("in.mkv"), "-o", self.path("a.wav"), *flags))
                        self.assertDone(rusuden("convert", "-o", self.path("b.wav"), *flags, given=data))
                        c = self.assertDone(rusuden("convert", self.path("in.mkv"), "-o", "-", *flags)).out
                        with open(self.path("d.wav"), "wb") as f:
                            self.assertDone(rusuden("convert", "-o", "-", *flags, given=data, stdout=f))
                        e = self.assertDone(rusuden("convert", "-o", "-", *flags, given=first)).out
                        a = self.get("a.wav")
                        self.assertTrue(a == self.get("b.wav"), "pipe to file")
                        self.assertTrue(a == c, "file to pipe")
                        self.assertTrue(a == self.get("d.wav"), "pipe to redirected file")
                        self.assertTrue(Wav(a).sound == Wav(e).sound, "pipe to pipe")

    def test_environment_stands_in(self):
        self.put("in.mkv", stream(*TWO))
        env = environment(RUSUDEN_CONTACT_ID=CONTACT % 2, RUSUDEN_CHANNELS="agent", RUSUDEN_GAPS="join",
                          RUSUDEN_ENCODING="ulaw")
        self.assertDone(rusuden("convert", self.path("in.mkv"), env=env))
        w = Wav(self.get("in.wav"))
        self.assertEqual((w.format, len(w.sound)), (7, len(pcm("agent", "--contact", "2", *TWO)) // 2))
        self.assertDone(rusuden("convert", self.path("in.mkv"), "-f", "-c", CONTACT % 1, "--encoding", "pcm", env=env))
        self.assertSound(self.get("in.wav"), pcm("agent", "--contact", "1", *TWO))

    def test_silence_is_not_asked_for_others_gaps(self):
        """The other contact called five days later: its fragments are no gap of ours."""
        data = stream(*TWO)
        self.put("in.mkv", data)
        for args, given in (((self.path("in.mkv"),), None), (("-",), data)):
            for contact in (1, 2):
                result = rusuden("convert", *args, "--gaps", "silence", "-c", CONTACT % contact, "-f", "-o",
                                 self.path("out.wav"), given=given)
                self.assertDone(result)
                self.assertSound(self.get("out.wav"), pcm("customer", "--contact", str(contact), *TWO))

    def test_environment_empty_is_not_set(self):
        self.put("in.mkv", stream(*SHORT))
        env = environment(RUSUDEN_CONTACT_ID="", RUSUDEN_CHANNELS="", RUSUDEN_GAPS="", RUSUDEN_ENCODING="")
        self.assertDone(rusuden("convert", self.path("in.mkv"), env=env))

    def test_environment_wrong(self):
        for name, word in (("CHANNELS", "left"), ("GAPS", "yes"), ("ENCODING", "mp3"), ("CONTACT_ID", "x" * 65)):
            name = "RUSUDEN_" + name
            self.assertRefused(rusuden("convert", env=environment(**{name: word})), name, code=USAGE)

    def test_help_even_where_the_environment_is_wrong(self):
        result = rusuden("convert", "--help", env=environment(RUSUDEN_CHANNELS="left"))
        self.assertEqual(result.code, DONE, result.err)


class Contacts(Case):
    def test_two_contacts_are_listed(self):
        data = stream(*TWO)
        self.put("in.mkv", data)
        before = stream("--tags", "before", *TWO)
        for args, given in ((("in.mkv", "-o", "out.wav"), None), (("-", "-o", "out.wav"), data),
                            (("in.mkv", "-o", "-"), None)):
            with self.subTest(args):
                result = rusuden("convert", *args, given=given, cwd=self.folder)
                self.assertRefused(result, "more than one contact", "--contact-id", CONTACT % 1, CONTACT % 2,
                                   "3 fragments")
                self.assertEqual(result.out, b"")
                self.assertFolder("in.mkv")
        result = rusuden("convert", given=before)
        self.assertRefused(result, "more than one contact", "--contact-id", CONTACT % 1, CONTACT % 2)
        sound = Wav(result.out).sound if result.out else b""
        self.assertEqual(sound, pcm("customer", *TWO)[:len(sound)])

    def test_chosen(self):
        for order in ("in-turn", "alternating"):
            options = TWO + ("--order", order)
            self.put("in.mkv", stream(*options))
            for contact in (1, 2):
                for flag in ("-c", "--contact-id"):
                    self.assertDone(rusuden("convert", self.path("in.mkv"), "-f", flag, CONTACT % contact))
                    self.assertSound(self.get("in.wav"), pcm("customer", "--contact", str(contact), *options))
            first = stream("--tags", "before", *options)
            out = self.assertDone(rusuden("convert", "-c", CONTACT % 2, given=first)).out
            self.assertSound(out, pcm("customer", "--contact", "2", *options))

    def test_absent(self):
        data = stream(*TWO)
        self.put("in.mkv", data)
        for args, given in ((("in.mkv", "-o", "out.wav"), None), (("-", "-o", "out.wav"), data),
                            (("in.mkv", "-o", "-"), None), (("-",), stream("--tags", "before", *TWO))):
            with self.subTest(args):
                result = rusuden("convert", "-c", "nobody", *args, given=given, cwd=self.folder)
                self.assertRefused(result, "no audio", '"nobody"', CONTACT % 1, CONTACT % 2, code=NOTHING)
                self.assertEqual(result.out, b"")
                self.assertFolder("in.mkv")

    def test_case_and_prefix_matter(self):
        self.put("in.mkv", stream("--duration", "1s", "--contact-id", "Abc"))
        for wrong in ("abc", "Ab", "Abcd"):
            self.assertEqual(rusuden("convert", self.path("in.mkv"), "-c", wrong).code, NOTHING)

    def test_nobodys(self):
        self.put("in.mkv", stream("--duration", "1s", "--tags", "none"))
        result = rusuden("convert", self.path("in.mkv"))
        self.assertRefused(result, "no audio", "ContactId", code=NOTHING)
        self.assertFolder("in.mkv")

    def test_left_out_is_said(self):
        mine = mk.document([(1, 0, b"ab" * 100)])
        nobodys = mk.document([(1, 0, b"XY" * 100)], contact=None, uid=b"v" * 16)
        self.put("in.mkv", mine + nobodys)
        result = self.assertDone(rusuden("convert", self.path("in.mkv")))
        self.assertIn("1 fragment with sound names no contact", result.err)
        self.assertSound(self.get("in.wav"), b"ab" * 100)

    def test_no_sound_of_that_channel(self):
        self.put("in.mkv", stream("--duration", "1s", "--tracks", "customer"))
        result = rusuden("convert", self.path("in.mkv"), "--channels", "agent")
        self.assertRefused(result, "no audio", "agent", code=NOTHING)
        self.assertFolder("in.mkv")

    def test_many_contacts(self):
        options = ("--duration", "100ms", "--contacts", "100")
        self.put("in.mkv", stream(*options))
        result = rusuden("convert", self.path("in.mkv"))
        self.assertRefused(result, "more than one contact", CONTACT % 1, "and more")
        self.assertDone(rusuden("convert", self.path("in.mkv"), "-c", CONTACT % 100))
        self.assertSound(self.get("in.wav"), pcm("customer", "--contact", "100", *options))


class Words(Case):
    def test_summary(self):
        options = ("--duration", "8s", "--gap", "2,3")
        self.put("in.mkv", stream(*options))
        result = self.assertDone(rusuden("convert", self.path("in.mkv"), "-o", self.path("out.wav")))
        size = len(pcm("customer", *options))
        fragments = len(mk.read(stream(*options)))
        line = result.err.split("\n")[0]
        self.assertEqual(line.replace("of the", "of"), 'converted: %s, %.3f s of customer, %d bytes, fragments %d, '
                         'gaps 1, contact "%s"' % (self.path("out.wav"), size / 16000, size, fragments, CONTACT % 1))
        self.assertRegex(result.err, "1 gap, 3.264 s, (joined|left out)")
        result = self.assertDone(rusuden("convert", self.path("in.mkv"), "-f", "--gaps", "silence"))
        self.assertRegex(result.err, "8.000 s of (the )?customer")
        self.assertIn("filled with silence", result.err)

    def test_summary_on_standard_error_only(self):
        result = self.assertDone(rusuden("convert", given=stream("--tags", "before", *SHORT)))
        self.assertIn("converted: standard output, 3.000 s", result.err)
        self.assertTrue(result.out.startswith(b"RIFF"))

    def test_quiet(self):
        self.put("in.mkv", stream("--duration", "8s", "--gap", "2,3"))
        for flag in ("--quiet", "-q"):
            result = self.assertDone(rusuden("convert", self.path("in.mkv"), flag, "-f"))
            self.assertEqual((result.out, result.err), (b"", ""))
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-q"), "exists")

    def test_half_a_sample_is_dropped_and_said(self):
        self.put("in.mkv", mk.document([(1, 0, b"ab" * 10 + b"c"), (1, 1, b"d" + b"ef" * 5 + b"g")]))
        result = self.assertDone(rusuden("convert", self.path("in.mkv")))
        self.assertSound(self.get("in.wav"), b"ab" * 10 + b"cd" + b"ef" * 5)
        self.assertIn("half sample at the end was dropped", result.err)

    def test_channels_without_sound_are_said(self):
        self.put("in.mkv", stream("--duration", "1s", "--tracks", "customer"))
        result = self.assertDone(rusuden("convert", self.path("in.mkv"), "--channels", "stereo"))
        self.assertIn("no sound of the agent", result.err)
        sound = pcm("customer", "--duration", "1s")
        self.assertSound(self.get("in.wav"), interleave(sound, b""), 2)


class Usage(Case):
    def test_wrong(self):
        for args, word in ((("convert", "--what"), "--what"), (("convert", "a", "b"), '"b"'), (("convert", "-o"), "-o"),
                           (("convert", "--channels", "left"), "mix"),
                           (("convert", "--gaps", ""), "silence"), (("convert", "--encoding", "PCM"), "ulaw"),
                           (("convert", "-c", ""), "--contact-id"), (("convert", "-c", "x" * 65), "64"),
                           (("convert", "-z"), "-z"), (("convert", "--channels"), "--channels"),
                           (("inspect", "--json=1"), "--json"), (("inspect", "a", "b"), '"b"'),
                           (("inspect", "--nothing"), "--nothing"), (("budget", "x"), "x"),
                           (("nothing",), "nothing"), ((), "command"), (("help", "nothing"), "nothing")):
            with self.subTest(args):
                result = rusuden(*args)
                self.assertRefused(result, word, "rusuden help", code=USAGE)
                self.assertEqual(result.out, b"")
                self.assertEqual(result.err.count("\n"), 1)

    def test_the_wrong_one_of_joined_letters_is_named(self):
        for args, word in ((("convert", "-qz"), "z"), (("convert", "-q", "-zf", "in.mkv"), "z")):
            self.assertRefused(rusuden(*args), word, code=USAGE)

    def test_long_names_may_be_cut_short(self):
        self.put("in.mkv", stream(*SHORT))
        self.assertDone(rusuden("convert", self.path("in.mkv"), "--enc", "pcm", "--qui"))

    def test_helps(self):
        for args in (("--help",), ("-h",), ("help",), ("help", "convert"), ("convert", "--help"), ("convert", "-h"),
                     ("help", "inspect"), ("inspect", "--help"), ("help", "budget"), ("budget", "--help"),
                     ("--version",)):
            with self.subTest(args):
                result = self.assertDone(rusuden(*args))
                self.assertTrue(result.out.strip() and not result.err)

    def test_help_and_version_notice_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            for args in (("--help",), ("--version",), ("budget",)):
                self.assertEqual(rusuden(*args, stdout=full).code, FAILED)


class Long(Case):
    def test_names_at_the_edge(self):
        self.put("in.mkv", stream(*SHORT))
        name = "x" * 251 + ".wav"  # NAME_MAX is 255
        self.assertDone(rusuden("convert", self.path("in.mkv"), "-o", self.path(name)))
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-o", self.path("x" + name)), "too long")
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-o", self.folder + "/" * 5000 + "x"), "long")
        self.assertFolder("in.mkv", name)


class SilenceOfOthers(Case):
    """Six hours lie before the other contact's fragments: their silence is not for our disk."""

    def test_bytes_written(self):
        name = self.put("ab.mkv", stream("--contact-id", "A", "--contact-id", "B", "--apart", "6h", "--duration", "10s"))
        limited = subprocess.run(["/bin/sh", "-c", 'ulimit -f 1000; exec "$0" convert "$1" -c A --gaps silence', RUSUDEN, name],
                                 stderr=subprocess.PIPE, env=environment(), timeout=60)
        self.assertEqual(limited.returncode, DONE, limited.stderr)
        self.assertEqual(len(self.get("ab.wav")), 44 + 160000)

    def test_silence_in_all(self):
        """SILENCE_MS_MAX: a small input must not make a disk full of nothing."""
        data = b"".join(mk.document([(1, 0, b"ab" * 100)], at_ms=mk.START_MS + i * 20 * 3600 * 1000) for i in range(5))
        self.assertRefused(rusuden("convert", self.put("in.mkv", data), "--gaps", "silence"), "SILENCE_MS_MAX")
        self.assertEqual(rusuden("convert", self.put("in.mkv", data)).code, DONE)


class Order(Case):
    """Fragment numbers rise; where they do not, a capture was stuck together wrongly, and the summary says so."""

    def test_twice(self):
        data = stream(*SHORT)
        result = rusuden("convert", self.put("in.mkv", data + data))
        self.assertEqual(result.code, DONE, result.err)
        self.assertIn("1 fragment came twice or not in the order", result.err)
        self.assertEqual(Wav(self.get("in.wav")).sound, 2 * pcm("customer", *SHORT))

    def test_in_order(self):
        self.assertNotIn("order", rusuden("convert", self.put("in.mkv", stream(*SHORT))).err)


class LongNames(Case):
    def test_the_note_and_the_json_survive(self):
        """Names of 700 bytes that are not UTF-8, as Shift-JIS makes them."""
        folder = os.fsencode(self.folder)
        for _ in range(3):
            folder = os.path.join(folder, b"\x83e\x83X" * 58)
            os.mkdir(folder)
        name = os.path.join(folder, b"in.mkv")
        with open(name, "wb") as f:
            f.write(stream(*SHORT)[:-300])
        out = os.path.join(folder, b"out.wav")
        result = rusuden("convert", "-q", "--salvage", name, "-o", out)
        self.assertEqual(result.code, DONE, result.err)
        self.assertIn("salvaged, not complete", result.err)
        self.assertTrue(result.err.endswith("\n"))
        told = json.loads(rusuden("inspect", "--json", name).out)
        self.assertTrue(told["input"].endswith("in.mkv"))
        missing = rusuden("convert", os.path.join(folder, b"none.mkv"))
        self.assertIn("no such file", missing.err)


if __name__ == "__main__":
    main()
