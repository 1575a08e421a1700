"""What a terminal sees: progress there and nowhere else, no control bytes from the input, a picture."""
import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time

import matroska as mk
from support import DONE, FAILED, RUSUDEN, Case, environment, main, pcm, rusuden, stream


def on_terminal(args, env=None, columns=80, slow=None, out=True, cwd=None):
    """What arrives on a terminal where standard error (and output, if `out`) go. `slow`: input that comes in
    pieces with pauses between them."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen([RUSUDEN, *args], stdin=subprocess.PIPE if slow else subprocess.DEVNULL,
                         stdout=slave if out else subprocess.PIPE, stderr=slave, env=env or environment(), cwd=cwd)
    os.close(slave)
    for piece in slow or ():
        p.stdin.write(piece)
        p.stdin.flush()
        time.sleep(0.25)
    if slow:
        p.stdin.close()
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            piece = b""
        if not piece:
            break
        seen += piece
    rest = p.stdout.read() if not out else b""
    if not out:
        p.stdout.close()
    os.close(master)
    return p.wait(30), seen.replace(b"\r\n", b"\n").decode("utf-8", "backslashreplace"), rest


def pieces(data, count):
    step = len(data) // count + 1
    return [data[i:i + step] for i in range(0, len(data), step)]


class Progress(Case):
    options = ("--duration", "60s")

    def test_on_a_terminal(self):
        code, seen, _ = on_terminal(["convert", "-o", self.path("out.wav")], slow=pieces(stream(*self.options), 5))
        self.assertEqual(code, DONE, seen)
        self.assertRegex(seen, r"\r\x1b\[Kwriting \d+ fragments, \d+\.\d\d\d s of sound, \d+ MB/s")
        last = seen.rsplit("\r\x1b[K", 1)[1]
        self.assertTrue(last.startswith("converted: "), "the progress line is wiped: %r" % seen)
        self.assertSound(self.get("out.wav"), pcm("customer", *self.options))

    def test_never_wider_than_the_terminal(self):
        for columns in (1, 2, 20):
            _, seen, _ = on_terminal(["convert", "-f", "-o", self.path("out.wav")], columns=columns,
                                     slow=pieces(stream(*self.options), 3))
            shown = re.findall(r"\r\x1b\[K(writing[^\r\n]*|w[^\r\n]*)", seen)
            for line in shown:
                self.assertLess(len(line), columns)

    def test_wiped_before_an_error(self):
        code, seen, _ = on_terminal(["convert", "-o", self.path("out.wav")],
                                    slow=pieces(stream(*self.options)[:-1], 5))
        self.assertEqual(code, FAILED)
        self.assertTrue(seen.rsplit("\r\x1b[K", 1)[1].startswith("rusuden convert: "), seen)

    def test_none_when_quiet(self):
        code, seen, _ = on_terminal(["convert", "-q", "-o", self.path("out.wav")],
                                    slow=pieces(stream(*self.options), 5))
        self.assertEqual((code, seen), (DONE, ""))

    def test_none_elsewhere(self):
        p = subprocess.Popen([RUSUDEN, "convert", "-o", self.path("out.wav")], stdin=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment())
        for piece in pieces(stream(*self.options), 5):
            p.stdin.write(piece)
            p.stdin.flush()
            time.sleep(0.25)
        err = p.communicate()[1]
        self.assertTrue(err.startswith(b"converted: ") and b"\r" not in err and b"\x1b" not in err, err)

    def test_a_quick_one_shows_none(self):
        self.put("in.mkv", stream("--duration", "1s"))
        code, seen, _ = on_terminal(["convert", self.path("in.mkv")])
        self.assertEqual(code, DONE)
        self.assertNotIn("\x1b", seen)

    def test_terminal_as_input_has_a_percentage_only_for_files(self):
        code, seen, _ = on_terminal(["convert", "-o", self.path("out.wav")], slow=pieces(stream(*self.options), 5))
        self.assertEqual(code, DONE)
        self.assertNotIn("%", seen)

    def test_a_wav_is_not_for_a_terminal(self):
        self.put("in.mkv", stream("--duration", "1s"))
        code, seen, _ = on_terminal(["convert", self.path("in.mkv"), "-o", "-"])
        self.assertEqual(code, FAILED)
        self.assertIn("terminal", seen)
        self.assertNotIn("RIFF", seen)


EVIL = "\x1b[2J\x07\x9b31m\x7f"


class ControlBytes(Case):
    """Nothing that comes from the input may command the terminal."""

    def test_names_in_the_stream(self):
        evil = EVIL.encode()
        documents = {
            "track": mk.document([(1, 0, b"ab" * 99)], tracks=mk.track(1, evil) + mk.track(2, evil)),
            "codec": mk.document([(1, 0, b"ab" * 99)], codec=evil),
            "contact": mk.document([(1, 0, b"ab" * 99)], contact=evil) + mk.document([(1, 0, b"ab")], contact="c2"),
            "mime": mk.document([(1, 0, b"ab" * 99)], more_tags=[("MimeType", evil)]),
            "error": mk.document([(1, 0, b"ab" * 99)], more_tags=[
                ("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", evil), ("AWS_KINESISVIDEO_EXCEPTION_MESSAGE", evil)]),
            "number": mk.document([(1, 0, b"ab" * 99)], more_tags=[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", evil)]),
            "type": mk.head(evil),
        }
        for name, data in documents.items():
            for args in (["convert", "-f", "-o", self.path("out.wav")], ["inspect"], ["inspect", "--fragments"],
                         ["inspect", "--json"]):
                with self.subTest((name, args[:2])):
                    result = rusuden(*args, given=data)
                    self.assertPrintable(result.err)
                    self.assertPrintable(result.out.decode())

    def test_names_of_files(self):
        data = stream("--duration", "1s")
        self.put("evil\x1b[2J.mkv", data)
        self.put("bad\x1b[2J.mkv", data[:-1])
        for args in (["convert", "evil\x1b[2J.mkv"], ["convert", "bad\x1b[2J.mkv"], ["convert", "none\x1b[2J.mkv"],
                     ["convert", "evil\x1b[2J.mkv"], ["inspect", "evil\x1b[2J.mkv"], ["inspect", "bad\x1b[2J.mkv"],
                     ["convert", "--\x1b[2J"], ["convert", "--channels", "\x1b[2J"], ["\x1b[2J"]):
            with self.subTest(args):
                result = rusuden(*args, cwd=self.folder)
                self.assertPrintable(result.err)
                self.assertPrintable(result.out.decode())


class Picture(Case):
    def draw(self, *args, env=None, columns=80, data=None):
        self.put("in.mkv", data or stream("--duration", "10s"))
        code, seen, _ = on_terminal(["inspect", self.path("in.mkv"), *args], env=env, columns=columns)
        self.assertEqual(code, DONE, seen)
        return seen.split("\n")

    def line(self, lines, side):
        return [x for x in lines if x.startswith(side + " ")][-1]

    def test_utf8(self):
        for env in (environment(LANG="C.UTF-8"), environment(LANG="C", LC_ALL="ja_JP.utf8")):
            picture = self.line(self.draw(env=env), "customer")
            self.assertRegex(picture, "^customer  [ ▁▂▃▄▅▆▇█]+$")
            self.assertIn("█", picture, "noise of full scale")

    def test_ascii(self):
        for args, env in (((), environment(LANG="C")), ((), environment(LANG="")), (("--ascii",), None),
                          ((), environment(LC_ALL="POSIX")), ((), environment(LANG="C.UTF-8", LC_ALL="C"))):
            lines = self.draw(*args, env=env)
            self.assertTrue("\n".join(lines[1:]).isascii(), lines)
            self.assertRegex(self.line(lines, "customer"), r"^customer  [ .:\-=+*%#]+$")

    def test_as_wide_as_the_terminal(self):
        for columns in (40, 80, 132, 200, 300):
            width = len(self.line(self.draw(columns=columns), "customer"))
            self.assertTrue(min(columns, 200) - 5 <= width <= columns, (columns, width))
        self.draw(columns=1)

    def test_loud_and_quiet_have_their_place(self):
        """Silence, then full scale, then silence, then an eighth of it: 4 s each."""
        def sound(level):
            return struct.pack("<2h", level, -level) * 160  # 40 ms
        blocks = []
        for part, level in enumerate((0, 32000, 0, 4000)):
            for i in range(100):
                blocks.append((1, part * 4000 + i * 40, sound(level)))
        data = mk.document(blocks)
        picture = self.line(self.draw("--ascii", data=data), "customer")[10:]
        quarter = len(picture) // 4
        shape = [picture[i * quarter + 3:(i + 1) * quarter - 3] for i in range(4)]
        self.assertEqual([set(s) for s in shape], [{" "}, {"#"}, {" "}, {"+"}], picture)

    def test_on_a_pipe_too(self):
        result = rusuden("inspect", given=stream("--duration", "10s"))
        self.assertEqual(result.code, DONE)
        self.assertIn("█", self.line(result.out.decode().split("\n"), "agent"))


if __name__ == "__main__":
    main()
