"""rusuden convert: pipes, redirections, devices, closed descriptors, limits, signals, inputs that change."""
import os
import resource
import signal
import subprocess
import threading
import time

import matroska as mk
from support import (DONE, FAILED, INSTRUMENTED, RUSUDEN, Case, Wav, environment, main, pcm, rusuden, start, stream)

SHORT = ("--duration", "3s")
LONG = ("--duration", "60s")
FIRST = ("--tags", "before")


def shell(line, given=None, cwd=None):
    done = subprocess.run(["/bin/sh", "-c", line], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=cwd, env=environment(R=os.path.abspath(RUSUDEN)), timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


class Pipes(Case):
    def test_pipe_to_pipe_with_tags_first_streams(self):
        result = rusuden("convert", given=stream(*FIRST, *SHORT))
        self.assertEqual(result.code, DONE, result.err)
        w = Wav(result.out)
        self.assertEqual((w.riff_size, w.data_size), (0xFFFFFFFF, 0xFFFFFFFF))
        self.assertSound(w, pcm("customer", *SHORT))

    def test_sound_leaves_before_the_input_has_ended(self):
        data = stream(*FIRST, *LONG)
        p = start("convert", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        p.stdin.write(data[:200000])  # less sound than a pipe holds
        p.stdin.flush()
        early = os.read(p.stdout.fileno(), 65536)
        self.assertTrue(early.startswith(b"RIFF"))
        rest, _ = p.communicate(data[200000:])
        self.assertSound(early + rest, pcm("customer", *LONG))

    def test_pipe_to_pipe_with_tags_behind_is_refused(self):
        result = rusuden("convert", given=stream(*SHORT))
        self.assertRefused(result, "cannot decide in one pass", "at byte 0", "-o FILE")
        self.assertEqual(result.out, b"")

    def test_a_stream_that_breaks_off_says_so(self):
        data = stream(*FIRST, *LONG)
        result = rusuden("convert", given=data[:-1])
        self.assertRefused(result, "truncated", "not a whole recording")
        self.assertTrue(result.out.startswith(b"RIFF"))

    def test_nothing_written_is_not_called_half_a_recording(self):
        self.put("in.mkv", stream(*LONG)[:-1])
        result = rusuden("convert", self.path("in.mkv"), "-o", "-")
        self.assertRefused(result, "truncated")
        self.assertEqual(result.out, b"")
        self.assertNotIn("What was written", result.err)

    def test_closed_pipe(self):
        self.put("in.mkv", stream(*LONG))
        for args, given in (((self.path("in.mkv"), "-o", "-"), None), (("-",), stream(*FIRST, *LONG))):
            for kept in (0, 1000):
                with self.subTest((args, kept)):
                    p = start("convert", *args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                    feeder = threading.Thread(target=self.feed, args=(p, given))
                    feeder.start()
                    if kept:
                        p.stdout.read(kept)
                    p.stdout.close()
                    err = p.stderr.read().decode()
                    p.stderr.close()
                    feeder.join()
                    self.assertEqual(p.wait(30), FAILED, "an error, not a death by SIGPIPE")
                    self.assertIn("closed the pipe", err)

    @staticmethod
    def feed(p, given):
        try:
            p.stdin.write(given or b"")
            p.stdin.close()
        except BrokenPipeError:
            pass

    def test_closed_standard_error(self):
        self.put("in.mkv", stream(*SHORT))
        with open("/dev/full", "wb") as full:
            p = subprocess.run([RUSUDEN, "convert", self.path("in.mkv")], stderr=full, env=environment(), timeout=60)
        self.assertEqual(p.returncode, DONE, "the recording is whole, only nobody was told")
        self.assertSound(self.get("in.wav"), pcm("customer", *SHORT))

    def test_named_pipes(self):
        os.mkfifo(self.path("in.fifo"))
        os.mkfifo(self.path("out.fifo"))
        data = stream(*FIRST, *SHORT)
        p = start("convert", self.path("in.fifo"), "-o", self.path("out.fifo"))
        with open(self.path("in.fifo"), "wb") as f, open(self.path("out.fifo"), "rb") as g:
            feeder = threading.Thread(target=lambda: (f.write(data), f.close()))
            feeder.start()
            got = g.read()
            feeder.join()
        p.communicate()
        self.assertEqual(p.returncode, DONE)
        self.assertSound(got, pcm("customer", *SHORT))
        self.assertFolder("in.fifo", "out.fifo")


class Redirections(Case):
    def test_to_a_file_is_cut_back(self):
        options = ("--duration", "5s", "--contacts", "2", "--order", "alternating")
        data = stream(*options)
        code, _, err = shell("cat | $R convert -c 00000000-0000-4000-8000-000000000001 > out.wav", data, self.folder)
        self.assertEqual(code, DONE, err)
        self.assertSound(self.get("out.wav"), pcm("customer", *options))
        self.assertFolder("out.wav")

    def test_to_a_file_behind_something(self):
        data = stream(*SHORT)
        line = "cat | { printf before; $R convert; printf behind; } > out"
        code, _, err = shell(line, data, self.folder)
        self.assertEqual(code, DONE, err)
        out = self.get("out")
        self.assertTrue(out.startswith(b"before") and out.endswith(b"behind"))
        self.assertSound(out[6:-6], pcm("customer", *SHORT))

    def test_failed_redirection_leaves_what_was_before(self):
        line = "cat | { printf before; $R convert; printf behind; } > out"
        shell(line, stream(*SHORT)[:-1], self.folder)
        self.assertEqual(self.get("out"), b"beforebehind")

    def test_append_streams(self):
        self.put("out.wav", b"old")
        first = stream(*FIRST, *SHORT)
        code, _, err = shell("cat | $R convert >> out.wav", first, self.folder)
        self.assertEqual(code, DONE, err)
        self.assertTrue(self.get("out.wav").startswith(b"oldRIFF\xff\xff\xff\xff"))
        self.assertSound(self.get("out.wav")[3:], pcm("customer", *SHORT))
        self.put("out.wav", b"old")
        code, _, err = shell("cat | $R convert >> out.wav", stream(*SHORT), self.folder)
        self.assertEqual(code, FAILED)
        self.assertIn("cannot decide", err)
        self.assertEqual(self.get("out.wav"), b"old")

    def test_append_from_a_file_has_right_sizes(self):
        self.put("in.mkv", stream(*SHORT))
        code, _, err = shell("$R convert in.mkv -o - >> out.wav", cwd=self.folder)
        self.assertEqual(code, DONE, err)
        self.assertFalse(Wav(self.get("out.wav")).open)
        self.assertSound(self.get("out.wav"), pcm("customer", *SHORT))

    def test_a_longer_file_opened_for_writing_is_not_mixed(self):
        """`1<> out` would keep old bytes behind a shorter recording, and a failure would have nothing to go back to."""
        self.put("out.wav", b"x" * 200000)
        for given in (stream(*SHORT), b"not Matroska"):
            code, _, err = shell("cat | $R convert 1<> out.wav", given, self.folder)
            self.assertEqual(code, FAILED)
            self.assertIn("redirect it with >", err)
            self.assertEqual(self.get("out.wav"), b"x" * 200000)

    def test_dev_stdout_is_standard_output(self):
        """With --force too: /dev/stdout is a link that must not be replaced."""
        for options in ("", "-f"):
            code, _, err = shell("cat | $R convert %s -o /dev/stdout > out.wav" % options, stream(*SHORT), self.folder)
            self.assertEqual(code, DONE, err)
            self.assertEqual(Wav(self.get("out.wav")).sound, pcm("customer", *SHORT))
            self.assertTrue(os.path.islink("/dev/stdout") or not os.path.exists("/dev/stdout"))


class Devices(Case):
    def test_full_disk(self):
        self.put("in.mkv", stream(*LONG))
        for args, given in (((self.path("in.mkv"),), None), (("-",), stream(*FIRST, *LONG))):
            self.assertRefused(rusuden("convert", *args, "-o", "/dev/full", given=given), "/dev/full", "full")
            with open("/dev/full", "wb") as full:
                self.assertRefused(rusuden("convert", *args, "-o", "-", given=given, stdout=full), "full")

    def test_full_disk_at_the_very_end(self):
        """Less than one buffer: only the last flush fails."""
        self.put("in.mkv", stream("--duration", "100ms"))
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-o", "/dev/full"), "full")

    def test_null(self):
        self.put("in.mkv", stream(*SHORT))
        self.assertDone(rusuden("convert", self.path("in.mkv"), "-o", "/dev/null"))
        self.assertTrue(os.path.exists("/dev/null"))

    def test_full_file_system(self):
        """A limit on a file's size, as `ulimit -f`: no death by SIGXFSZ, nothing left."""
        self.put("in.mkv", stream(*LONG))
        for args, given in (((self.path("in.mkv"),), None), (("-",), stream(*LONG))):
            for limit in (100, 65536, 500000, len(pcm("customer", *LONG)) + 43):
                with self.subTest((args, limit)):
                    result = rusuden("convert", *args, "-o", self.path("out.wav"), given=given, preexec_fn=lambda:
                                     resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                    self.assertRefused(result, "out.wav", "large")
                    self.assertFolder("in.mkv")
        self.assertDone(rusuden("convert", self.path("in.mkv"), preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (len(pcm("customer", *LONG)) + 44,) * 2)))

    def test_no_descriptors_left(self):
        self.put("in.mkv", stream(*SHORT))
        if INSTRUMENTED:
            self.skipTest("sanitizers need descriptors of their own")
        result = rusuden("convert", self.path("in.mkv"), preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (4, 4)))  # the input is number 3
        self.assertRefused(result, "in.wav", "too many open files")
        self.assertFolder("in.mkv")


class Places(Case):
    def test_missing_input(self):
        for command in ("convert", "inspect"):
            result = rusuden(command, self.path("none.mkv"))
            self.assertRefused(result, "none.mkv", "no such file")
        self.assertFolder()

    def test_folder_as_input(self):
        for command in ("convert", "inspect"):
            self.assertRefused(rusuden(command, self.folder), "folder")
        fd = os.open(self.folder, os.O_RDONLY)
        self.assertRefused(rusuden("convert", stdin=fd), "folder")
        os.close(fd)

    def test_folder_as_output(self):
        self.put("in.mkv", stream(*SHORT))
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-f", "-o", self.folder), "folder")
        self.assertRefused(rusuden("convert", self.path("in.mkv"), "-f", "-o", self.path("none/")), "none/")
        self.assertFolder("in.mkv")

    def test_missing_folder(self):
        self.put("in.mkv", stream(*SHORT))
        result = rusuden("convert", self.path("in.mkv"), "-o", self.path("none/out.wav"))
        self.assertRefused(result, "none/out.wav", "no such file or folder")
        result = rusuden("convert", self.path("in.mkv"), "-o", self.path("in.mkv/out.wav"))
        self.assertRefused(result, "in.mkv/out.wav", "not a folder")

    def test_unreadable_input(self):
        for args in (("convert", "-o", self.path("out.wav")), ("convert", "-o", "-"), ("inspect",)):
            self.assertRefused(rusuden(*args, "/proc/self/mem"), "/proc/self/mem", "device failed")
        self.assertFolder()

    def as_nobody(self, *args):
        """Root may do everything: then somebody else tries."""
        who = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        os.chmod(self.folder, 0o755)
        try:
            return rusuden(*args, **who)
        except PermissionError:
            self.skipTest("nobody may not run " + RUSUDEN)

    def test_forbidden_input(self):
        os.chmod(self.put("in.mkv", stream(*SHORT)), 0)
        for command in ("convert", "inspect"):
            self.assertRefused(self.as_nobody(command, self.path("in.mkv")), "in.mkv", "permission denied")

    def test_forbidden_folder(self):
        self.put("in.mkv", stream(*SHORT))
        os.mkdir(self.path("closed"), 0o555)
        result = self.as_nobody("convert", self.path("in.mkv"), "-o", self.path("closed/out.wav"))
        self.assertRefused(result, "closed/out.wav", "permission denied")


class Descriptors(Case):
    def test_closed(self):
        """With 0, 1 or 2 closed no file of ours may become one of them and be written over."""
        self.put("in.mkv", stream(*SHORT))
        for closing in ("0<&-", "1>&-", "2>&-", "0<&- 1>&-", "0<&- 2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            with self.subTest(closing):
                code, _, err = shell("$R convert in.mkv -f -o out.wav " + closing, cwd=self.folder)
                self.assertEqual(code, DONE, err)
                self.assertSound(self.get("out.wav"), pcm("customer", *SHORT))
        code, _, err = shell("$R convert - -f -o none.wav 0<&-", cwd=self.folder)
        self.assertEqual(code, FAILED, err)
        self.assertFolder("in.mkv", "out.wav")

    def test_closed_output_is_an_error(self):
        self.put("in.mkv", stream(*SHORT))
        code, _, err = shell("$R convert in.mkv -o - 1>&-", cwd=self.folder)
        self.assertEqual(code, FAILED, "nobody heard it: " + err)

    def test_nothing_is_left_open_for_others(self):
        self.assertEqual(shell("$R --help >&-; true")[0], DONE)


class Signals(Case):
    def test_in_the_middle(self):
        data = stream(*LONG)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                p = start("convert", "-o", self.path("out.wav"), stdin=subprocess.PIPE)
                p.stdin.write(data[:300000])
                p.stdin.flush()
                self.wait_for(lambda: os.listdir(self.folder))
                p.send_signal(number)
                err = p.communicate(timeout=30)[1].decode()
                self.assertEqual(p.returncode, FAILED, err)
                self.assertIn("interrupted", err)
                self.assertFolder()

    def test_while_the_output_is_blocked(self):
        self.put("in.mkv", stream(*LONG))
        p = start("convert", self.path("in.mkv"), "-o", "-", stdout=subprocess.PIPE)
        self.assertEqual(p.stdout.read(1), b"R")  # it runs, and heeds signals
        time.sleep(0.2)
        p.send_signal(signal.SIGTERM)
        err = p.stderr.read().decode()
        self.assertEqual(p.wait(30), FAILED)
        self.assertIn("interrupted", err)
        p.stdout.close()
        p.stderr.close()

    def test_force_keeps_the_old_file(self):
        self.put("out.wav", b"old")
        p = start("convert", "-f", "-o", self.path("out.wav"), stdin=subprocess.PIPE)
        p.stdin.write(stream(*LONG)[:300000])
        p.stdin.flush()
        self.wait_for(lambda: len(os.listdir(self.folder)) > 1)
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=30)
        self.assertFolder("out.wav")
        self.assertEqual(self.get("out.wav"), b"old")

    def test_redirected(self):
        with open(self.path("out.wav"), "wb") as out:
            p = start("convert", stdin=subprocess.PIPE, stdout=out)
            p.stdin.write(stream(*LONG)[:900000])
            p.stdin.flush()
            self.wait_for(lambda: os.path.getsize(self.path("out.wav")) > 0)
            p.send_signal(signal.SIGINT)
            p.communicate(timeout=30)
        self.assertEqual(self.get("out.wav"), b"")

    def test_a_signal_that_was_ignored_stays_ignored(self):
        """nohup, and commands that a shell starts with &."""
        data = stream(*LONG)
        for number in (signal.SIGHUP, signal.SIGINT):
            with self.subTest(number):
                p = start("convert", "-f", "-o", self.path("out.wav"), stdin=subprocess.PIPE,
                          preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
                p.stdin.write(data[:300000])
                p.stdin.flush()
                self.wait_for(lambda: os.listdir(self.folder))
                p.send_signal(number)
                _, err = p.communicate(data[300000:], timeout=30)
                self.assertEqual(p.returncode, DONE, err)

    def test_killed_leaves_only_the_temporary(self):
        p = start("convert", "-o", self.path("out.wav"), stdin=subprocess.PIPE)
        p.stdin.write(stream(*LONG)[:300000])
        p.stdin.flush()
        self.wait_for(lambda: os.listdir(self.folder))
        p.kill()
        p.communicate()
        self.assertNotIn("out.wav", os.listdir(self.folder))
        self.assertDone(rusuden("convert", "-o", self.path("out.wav"), given=stream(*SHORT)))

    def test_inspect(self):
        p = start("inspect", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        p.stdin.write(stream(*LONG)[:300000])
        p.stdin.flush()
        time.sleep(0.2)
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=30)
        self.assertEqual(p.returncode, FAILED)
        self.assertIn(b"interrupted", err)

    def wait_for(self, condition):
        until = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.002)
        time.sleep(0.05)


class Changing(Case):
    """The input changes while it is read. A full pipe as output stops the second pass half-way."""

    def begin(self, *args):
        self.data = stream("--duration", "60s")
        self.put("in.mkv", self.data)
        p = start("convert", self.path("in.mkv"), "-o", "-", *args, stdout=subprocess.PIPE)
        out = p.stdout.read(1000)  # the second pass has begun, and soon waits for us
        time.sleep(0.1)
        return p, out

    def end(self, p, out):
        rest, err = p.communicate(timeout=30)
        return out + rest, err.decode()

    def test_grows(self):
        p, out = self.begin()
        with open(self.path("in.mkv"), "ab") as f:
            f.write(stream(*SHORT))
        out, err = self.end(p, out)
        if p.returncode == DONE:
            self.assertSound(out, pcm("customer", *LONG))
        else:
            self.assertEqual(p.returncode, FAILED)
            self.assertIn("changed", err)

    def test_another_contact_appears(self):
        p, out = self.begin()
        name = b"00000000-0000-4000-8000-000000000001"
        at = self.data.rindex(name)
        with open(self.path("in.mkv"), "r+b") as f:
            f.seek(at)
            f.write(name.replace(b"1", b"2"))
        out, err = self.end(p, out)
        self.assertEqual(p.returncode, FAILED, "the fragment is somebody else's now")
        self.assertIn("changed", err)

    def test_shrinks(self):
        p, out = self.begin()
        os.truncate(self.path("in.mkv"), len(self.data) - 100000)
        out, err = self.end(p, out)
        self.assertEqual(p.returncode, FAILED)
        self.assertIn("not a whole recording", err)

    def test_shrinks_to_whole_documents(self):
        p, out = self.begin()
        os.truncate(self.path("in.mkv"), mk.read(self.data)[-3].at)
        out, err = self.end(p, out)
        self.assertEqual(p.returncode, FAILED)
        self.assertIn("changed", err)

    def test_grows_all_the_time(self):
        """File to file: a whole recording of some moment, or a clear refusal; never anything else."""
        data = stream("--duration", "100s")
        more = stream("--duration", "1s", "--start-ms", str(1741219200123 + 100 * 1000))
        for _ in range(5):
            self.put("in.mkv", data)
            p = start("convert", self.path("in.mkv"), "-f", "-o", self.path("out.wav"))
            with open(self.path("in.mkv"), "ab") as f:
                for _ in range(300):
                    if p.poll() is None:
                        f.write(more)
                        f.flush()
            err = p.communicate()[1].decode()
            if p.returncode == DONE:
                sound = Wav(self.get("out.wav")).sound
                whole = pcm("customer", "--duration", "100s") + pcm("customer", "--duration", "1s") * 300
                self.assertGreaterEqual(len(sound), 1600000)
                self.assertTrue(whole.startswith(sound))
                os.remove(self.path("out.wav"))
            else:
                self.assertTrue("changed" in err or "truncated" in err, err)
                self.assertFolder("in.mkv")


if __name__ == "__main__":
    main()
