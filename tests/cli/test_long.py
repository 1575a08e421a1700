"""Hours of sound: memory that does not grow, exact sound, RF64 above 4 GiB, no heap, few instructions.

Big files lie in /dev/shm where there is room, else in the build folder, and go away at once.
"""
import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import matroska as mk
from support import (CONNECT_STREAM, DONE, INSTRUMENTED, RUSUDEN, Case, Wav, big_folder, environment, interleave, main,
                     need, stream)

OPTIMIZED = os.environ.get("RUSUDEN_OPTIMIZED", "yes") == "yes"
MEBI = 1 << 20


class Big(Case):
    def setUp(self):
        if INSTRUMENTED:
            self.skipTest("sizes and times of an instrumented build mean nothing")
        self.folder = tempfile.mkdtemp(prefix="rusuden-long-", dir=big_folder())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


def memory(pid):
    """VmHWM in KiB: rusage would hold what the process was before exec."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1))


def fixed_addresses():
    """How many pages of libc the kernel maps around each one touched depends on where they lie: by up to 100 KiB. With
    addresses fixed the figure is the same each time. [] where that is not allowed."""
    command = ["setarch", "-R"]
    try:
        return command if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode == 0 else []
    except OSError:
        return []


class Memory(Big):
    def convert(self, duration, *flags):
        """Peak memory of converting so much through a pipe; the pipe is held open until all is read."""
        r, w = os.pipe()
        command = [*fixed_addresses(), RUSUDEN, "convert", "-f", "-o", self.path("out.wav"), *flags]
        p = subprocess.Popen(command, stdin=r, stderr=subprocess.PIPE, env=environment())
        subprocess.run([CONNECT_STREAM, "--duration", duration], stdout=w, check=True)
        while struct.unpack("i", fcntl.ioctl(r, termios.FIONREAD, b"\0" * 4))[0] > 0 or self.running(p.pid):
            time.sleep(0.01)
        peak = memory(p.pid)
        os.close(w)
        os.close(r)
        err = p.communicate(timeout=60)[1].decode()
        self.assertEqual(p.returncode, DONE, err)
        return peak

    @staticmethod
    def running(pid):
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "S"

    def test_24_hours_through_a_pipe(self):
        short = self.convert("10s")
        began = time.monotonic()
        long = self.convert("24h")
        took = time.monotonic() - began
        print("peak RSS: 10 s %d KiB, 24 h %d KiB (2.9 GB in %.1f s)" % (short, long, took))
        size = os.path.getsize(self.path("out.wav"))
        self.assertEqual(size, 44 + 24 * 3600 * 16000)
        pcm = subprocess.Popen([CONNECT_STREAM, "--pcm", "customer", "--duration", "24h"], stdout=subprocess.PIPE)
        same = subprocess.run(["cmp", "--ignore-initial=44:0", self.path("out.wav"), "-"], stdin=pcm.stdout)
        pcm.stdout.close()
        pcm.wait()
        self.assertEqual(same.returncode, 0, "the sound differs")
        with open(self.path("out.wav"), "rb") as f:
            w = Wav(f.read(44))
        self.assertEqual((w.riff_size, w.data_size), (size - 8, size - 44))
        self.assertLessEqual(abs(long - short), 64 if fixed_addresses() else 256)
        self.assertLess(long, 2 * 1024)

    def test_stereo_stays_small(self):
        # A minute until each page of the rings has been used once.
        sizes = [self.convert(d, "--channels", "stereo", "--gaps", "silence") for d in ("60s", "1h")]
        self.assertLessEqual(abs(sizes[0] - sizes[1]), 64 if fixed_addresses() else 256)
        self.assertLess(max(sizes), 2 * 1024)


ISLAND = [struct.pack("<2h", 1000 + i, -1000 - i) * 1000 for i in range(3)]  # 2000 samples, 250 ms
FAR_MS = 19 * 3600 * 1000


class Above4GiB(Big):
    """Three islands of sound, 19 hours from each other, in stereo: 4.4 GB."""

    frames = 2 * FAR_MS * 8 + 2000

    def input(self):
        return b"".join(mk.document([(1, 0, sound), (2, 0, sound[2:] + sound[:2])], at_ms=mk.START_MS + i * FAR_MS)
                        for i, sound in enumerate(ISLAND))

    def check(self, path, name=b"RF64"):
        data_bytes = self.frames * 4
        size = os.path.getsize(path)
        with open(path, "rb") as f:
            w = Wav(f.read(100))
            self.assertEqual((w.name, w.riff_size, w.data_size), (name, 0xFFFFFFFF, 0xFFFFFFFF))
            if name == b"RF64":
                self.assertEqual(w.long_sizes, (size - 8, data_bytes, self.frames, 0))
            self.assertEqual(size, w.data_at + data_bytes)
            self.assertEqual((w.format, w.channels, w.rate, w.bits), (1, 2, 8000, 16))
            for i, sound in enumerate(ISLAND):
                f.seek(w.data_at + i * FAR_MS * 32)
                self.assertEqual(f.read(8000), interleave(sound, sound[2:] + sound[:2]), "island %d" % i)
                silent = FAR_MS * 32 - 8000 if i < 2 else 0
                while silent > 0:
                    piece = f.read(min(silent, MEBI))
                    self.assertEqual(piece.count(0), len(piece))
                    silent -= len(piece)
            self.assertEqual(f.read(), b"")

    def others(self, path):
        if shutil.which("ffprobe"):
            told = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", path],
                                  stdout=subprocess.PIPE, check=True).stdout
            told = json.loads(told)["streams"][0]
            self.assertEqual((told["codec_name"], told["channels"], float(told["duration"])),
                             ("pcm_s16le", 2, self.frames / 8000))

    def convert(self, *args, **more):
        done = subprocess.run([RUSUDEN, "convert", "--channels", "stereo", "--gaps", "silence", *args],
                              stderr=subprocess.PIPE, env=environment(), **more)
        self.assertEqual(done.returncode, DONE, done.stderr)

    def test_from_a_file(self):
        self.convert(self.put("in.mkv", self.input()))
        self.check(self.path("in.wav"))
        self.others(self.path("in.wav"))

    def test_from_a_pipe(self):
        """The head grows when all is written."""
        self.convert("-o", self.path("out.wav"), input=self.input())
        self.check(self.path("out.wav"))

    def test_redirected(self):
        """`> out.wav`: the shell opened it for writing only, so nothing can be moved: the sizes stay open."""
        with open(self.path("out.wav"), "wb") as out:
            self.convert(input=self.input(), stdout=out)
        self.check(self.path("out.wav"), b"RIFF")


class NoHeap(Big):
    def test_valgrind(self):
        need("valgrind")
        data = stream("--duration", "20s", "--gap", "3,2")
        self.put("in.mkv", data)
        two = stream("--duration", "3s", "--contacts", "2")
        bad = stream("--duration", "20s")[:-1]
        for args, given, code in ((("convert", self.path("in.mkv"), "-f"), None, 0),
                                  (("convert", "-f", "-o", self.path("o.wav"), "--channels", "stereo"), data, 0),
                                  (("convert", "-f", "-o", self.path("o.wav")), two, 1),
                                  (("convert", "-f", "-o", self.path("o.wav"), "--salvage"), bad, 0),
                                  (("convert", self.path("none.mkv")), None, 1), (("convert", "--wrong"), None, 2),
                                  (("inspect",), data, 0), (("inspect", "--json"), bad, 1), (("budget",), None, 0)):
            with self.subTest(args):
                done = subprocess.run(["valgrind", "--error-exitcode=99", RUSUDEN, *args], input=given or b"",
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
                self.assertEqual(done.returncode, code, done.stderr.decode())
                self.assertIn(b"total heap usage: 0 allocs", done.stderr)

    def test_symbols(self):
        """The linked program does not even refer to the heap, nor to what allocates behind one's back."""
        need("nm")
        names = subprocess.run(["nm", "-u", RUSUDEN], stdout=subprocess.PIPE, check=True).stdout.decode()
        names += subprocess.run(["nm", "-D", "-u", RUSUDEN], stdout=subprocess.PIPE).stdout.decode()
        used = {line.split()[-1].split("@")[0] for line in names.split("\n") if line.strip()}
        forbidden = {"malloc", "calloc", "realloc", "free", "reallocarray", "aligned_alloc", "posix_memalign", "strdup",
                     "strndup", "asprintf", "getline", "fopen", "fdopen", "printf", "fprintf", "sbrk", "mmap",
                     "setlocale", "qsort", "opendir", "getaddrinfo"}
        self.assertEqual(used & forbidden, set())


class Instructions(Big):
    def count(self, *args, given=None):
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", RUSUDEN, *args],
                              input=given or b"", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, DONE, done.stderr)
        return int(re.search(rb"Collected : (\d+)", done.stderr).group(1))

    def test_per_byte_of_input(self):
        need("valgrind")
        if not OPTIMIZED:
            raise unittest.SkipTest("counts are for an optimized build")
        for block, most in (("1024", 1.0), ("320", 3.0)):  # the second one only guards against an accident
            data = stream("--bytes", "20M", "--block-bytes", block)
            self.put("in.mkv", data)
            per_byte = self.count("convert", self.path("in.mkv"), "-f") / len(data)
            print("%s-byte blocks, file to file: %.3f instructions per byte" % (block, per_byte))
            with self.subTest(block):
                self.assertLess(per_byte, most)

    def test_start(self):
        need("valgrind")
        count = self.count("--version")
        print("start-up: %d instructions" % count)
        self.assertLess(count, 300000)


if __name__ == "__main__":
    main()
