"""What the tests of the command share: running it, made-up streams, WAV files read by hand.

The programs come in by the environment (meson.build sets it):
  RUSUDEN, CONNECT_STREAM   paths of the two programs
  RUSUDEN_BUILD             "plain", or "instrumented": sanitizers or coverage, so sizes and counts mean nothing
"""
import functools
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

RUSUDEN = os.path.abspath(os.environ.get("RUSUDEN", "build/src/rusuden"))
CONNECT_STREAM = os.path.abspath(os.environ.get("CONNECT_STREAM", "build/tests/connect-stream"))
INSTRUMENTED = os.environ.get("RUSUDEN_BUILD", "plain") != "plain"

DONE, FAILED, USAGE, NOTHING = 0, 1, 2, 3
CONTACT = "00000000-0000-4000-8000-%012x"
LATER = 60  # seconds after which a program hangs


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("RUSUDEN") and k not in ("LC_ALL", "LC_CTYPE")}
    env["LANG"] = "C.UTF-8"
    env.update(more)
    return env


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode("utf-8", "backslashreplace")


def rusuden(*args, given=None, env=None, cwd=None, stdout=subprocess.PIPE, stdin=None, **more):
    """Runs it to its end. `given` goes through a pipe; without it (and stdin) there is no input."""
    if given is None and stdin is None:
        stdin = subprocess.DEVNULL
    done = subprocess.run([RUSUDEN, *args], input=given, stdin=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, env=env or environment(), cwd=cwd, timeout=LATER,
                          close_fds="pass_fds" in more, **more)
    return Result(done.returncode, done.stdout, done.stderr)


def heed_signals():
    """The tests may themselves run under nohup or behind a shell's &, which ignore some, and that is inherited."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*args, **more):
    more.setdefault("preexec_fn", heed_signals)
    more.setdefault("env", environment())
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([RUSUDEN, *args], **more)


@functools.lru_cache(maxsize=64)
def stream(*options):
    return subprocess.run([CONNECT_STREAM, *options], stdout=subprocess.PIPE, check=True, timeout=LATER).stdout


@functools.lru_cache(maxsize=64)
def pcm(side, *options):
    """What a reader should hear, said by the generator."""
    return subprocess.run([CONNECT_STREAM, "--pcm", side, *options], stdout=subprocess.PIPE, check=True,
                          timeout=LATER).stdout


class Wav:
    """A WAV file taken apart by hand (RIFF MCI 1991; EBU Tech 3306 for RF64)."""

    def __init__(self, data):
        self.name, self.riff_size, wave = struct.unpack_from("<4sI4s", data)
        assert self.name in (b"RIFF", b"RF64") and wave == b"WAVE", data[:12]
        self.long_sizes = None
        self.fact = None
        at = 12
        while True:
            name, size = struct.unpack_from("<4sI", data, at)
            at += 8
            if name == b"ds64":
                self.long_sizes = struct.unpack_from("<QQQI", data, at)
            elif name == b"fmt ":
                (self.format, self.channels, self.rate, self.bytes_per_second, self.frame_bytes,
                 self.bits) = struct.unpack_from("<HHIIHH", data, at)
                self.fmt_size = size
            elif name == b"fact":
                (self.fact,) = struct.unpack_from("<I", data, at)
            elif name == b"data":
                self.data_size = size
                self.data_at = at
                break
            else:
                raise AssertionError("unexpected chunk %r" % name)
            at += size + size % 2
        size = self.long_sizes[1] if self.long_sizes else self.data_size
        self.open = not self.long_sizes and size == 0xFFFFFFFF
        self.sound = data[at:] if self.open else data[at:at + size]
        self.behind = b"" if self.open else data[at + size:]
        self.file_size = len(data)


def interleave(left, right):
    """Two rows of 16-bit samples as frames; the shorter one is silent at its end."""
    frames = max(len(left), len(right)) // 2
    out = bytearray(4 * frames)
    for at, side in ((0, left), (2, right)):
        side = side.ljust(2 * frames, b"\0")
        out[at::4] = side[0::2]
        out[at + 1::4] = side[1::2]
    return bytes(out)


def mixed(left, right):
    frames = max(len(left), len(right)) // 2
    a = struct.unpack("<%dh" % frames, left.ljust(2 * frames, b"\0"))
    b = struct.unpack("<%dh" % frames, right.ljust(2 * frames, b"\0"))
    return struct.pack("<%dh" % frames, *(max(-32768, min(32767, x + y)) for x, y in zip(a, b)))


def need(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest(program + " is not installed")


def big_folder():
    """Where big files go: memory if there is room, else the folder the build runs in."""
    shm = "/dev/shm"
    try:
        s = os.statvfs(shm)
        if s.f_bavail * s.f_frsize > 8 << 30 and os.access(shm, os.W_OK):
            return shm
    except OSError:
        pass
    return os.getcwd()


class Case(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        small = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="rusuden-test-", dir=small)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def get(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def assertFolder(self, *names):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))

    def assertDone(self, result):
        self.assertEqual((result.code, result.err if result.code else ""), (DONE, ""))
        return result

    def assertRefused(self, result, *words, code=FAILED):
        """One clear message: what, where, what to do; and no control bytes in it."""
        self.assertEqual(result.code, code, result.err)
        self.assertTrue(result.err.endswith("\n"), result.err)
        for word in words:
            self.assertIn(word, result.err)
        self.assertPrintable(result.err)

    def assertPrintable(self, text):
        bad = [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]
        self.assertEqual(bad, [], "control bytes reach the terminal: %r" % text)

    def assertSound(self, wav, sound, channels=1, encoding="pcm"):
        """A whole WAV file with this sound and right sizes."""
        w = wav if isinstance(wav, Wav) else Wav(wav)
        self.assertEqual(len(w.sound), len(sound))
        self.assertTrue(w.sound == sound, "the sound differs")
        width = 2 if encoding == "pcm" else 1
        self.assertEqual((w.format, w.channels, w.rate, w.bits, w.frame_bytes, w.bytes_per_second),
                         (1 if encoding == "pcm" else 7, channels, 8000, 8 * width, width * channels,
                          8000 * width * channels))
        if not w.open:
            self.assertEqual(w.behind, b"\0" * (len(sound) % 2))
            self.assertEqual(w.riff_size, w.file_size - 8)
            if encoding != "pcm":
                self.assertEqual(w.fact, len(sound) // channels)


def main():
    unittest.main(verbosity=1, buffer=False)
