"""meson test --benchmark: how fast convert is beside what else one can do with the same bytes.

Interleaved runs, medians of the ratios of one round: machines differ, and so do minutes on one machine.
Nothing is asserted here; tests/cli/test_long.py holds the numbers that are exact.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import matroska as mk
from support import CONNECT_STREAM, RUSUDEN, big_folder, environment


def run(command, **more):
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(), **more)
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (command, done.stderr.decode()[-300:]))
    return took


def make(path, size):
    """The generator's stream with another Tracks element in each document: Connect labels its PCM as A_AAC, and ffmpeg
    believes that. With the true label and an Audio element ffmpeg can read it. Segments have unknown size, so nothing
    else changes."""
    first = subprocess.run([CONNECT_STREAM, "--duration", "1s"], stdout=subprocess.PIPE, check=True).stdout
    began, end = next((began, end) for which, began, _, end in mk.elements(first) if which == mk.TRACKS)
    theirs = first[began:end]
    true = mk.element(mk.TRACKS, b"".join(mk.track(n, name, "A_PCM/INT/LIT", 2, 8000.0, 1, 16)
                                          for n, name in ((1, mk.CUSTOMER), (2, mk.AGENT))))
    p = subprocess.Popen([CONNECT_STREAM, "--bytes", size], stdout=subprocess.PIPE)
    held = b""
    with open(path, "wb") as f:
        while True:
            piece = p.stdout.read(1 << 22)
            held = (held + piece).replace(theirs, true)
            keep = len(theirs) - 1 if piece else 0
            f.write(held[:len(held) - keep])
            held = held[len(held) - keep:]
            if not piece:
                break
    if p.wait() != 0:
        raise RuntimeError("the generator failed")


def ffmpeg_command(source, out):
    return ["ffmpeg", "-v", "fatal", "-nostdin", "-y", "-f", "matroska", "-i", source, "-map", "0:a:0", "-c", "copy",
            "-f", "wav", out]


def sound_bytes(folder, source):
    run([RUSUDEN, "convert", source, "-f", "-q", "-o", folder + "/r.wav"])
    return os.path.getsize(folder + "/r.wav") - 44


def measure(folder, size, rounds):
    source, out = folder + "/in.mkv", folder + "/out"
    make(source, size)
    total = os.path.getsize(source)
    quoted = "'%s' convert -q -f -o '%s'" % (RUSUDEN, out)
    ways = {
        "dd bs=64k (read + write)": ["dd", "if=" + source, "of=" + out, "bs=64k"],
        "cat": ["sh", "-c", "cat '%s' > '%s'" % (source, out)],
        "rusuden, file to file": [RUSUDEN, "convert", source, "-q", "-f", "-o", out],
        "rusuden, pipe to file": ["sh", "-c", "cat '%s' | %s" % (source, quoted)],
        "rusuden, stereo": [RUSUDEN, "convert", source, "-q", "-f", "--channels", "stereo", "-o", out],
        "rusuden, ulaw": [RUSUDEN, "convert", source, "-q", "-f", "--encoding", "ulaw", "-o", out],
        "rusuden inspect": [RUSUDEN, "inspect", source],
    }
    remark = ""
    if shutil.which("ffmpeg") is None:
        remark = "ffmpeg is not installed"
    else:
        command = ffmpeg_command(source, out)
        try:
            run(command)
            theirs = os.path.getsize(out)
            ours = sound_bytes(folder, source)
            if abs(theirs - ours) < 1000:
                ways["ffmpeg -c copy"] = command
            else:
                remark = "ffmpeg -c copy is not comparable: it wrote %d bytes of %d" % (theirs, ours)
        except RuntimeError as e:
            remark = "ffmpeg -c copy is not comparable: %s" % e
    took = {name: [] for name in ways}
    for _ in range(rounds):
        for name, command in ways.items():
            if os.path.exists(out):
                os.remove(out)
            took[name].append(run(command))
    print("\n%s stream (%.0f MB), %d rounds in %s" % (size, total / 1e6, rounds, folder))
    print("(as Connect writes it, but for Tracks: truly labelled A_PCM/INT/LIT with an Audio element, for ffmpeg)")
    print("%-32s %10s %16s" % ("", "MB/s", "time / dd's"))
    first = took["dd bs=64k (read + write)"]
    for name, times in took.items():
        ratio = statistics.median(a / b for a, b in zip(times, first))
        print("%-32s %10.0f %16.2f" % (name, total / 1e6 / statistics.median(times), ratio))
    if remark:
        print(remark)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))


def instructions(folder):
    if shutil.which("valgrind") is None:
        print("\nvalgrind is not installed: no instruction counts")
        return

    def count(args):
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", RUSUDEN, *args],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        return int(re.search(rb"Collected : (\d+)", done.stderr).group(1))

    print("\n%-32s %10s" % ("instructions per byte of input", ""))
    for block in ("1024", "320"):
        source = folder + "/in.mkv"
        with open(source, "wb") as f:
            subprocess.run([CONNECT_STREAM, "--bytes", "20M", "--block-bytes", block], stdout=f, check=True)
        size = os.path.getsize(source)
        for name, flags in (("", []), (", stereo", ["--channels", "stereo"]), (", ulaw", ["--encoding", "ulaw"])):
            n = count(["convert", source, "-q", "-f", "-o", folder + "/out", *flags])
            print("%-32s %10.3f" % ("  %s-byte blocks%s" % (block, name), n / size))
        print("%-32s %10.3f" % ("  %s-byte blocks, inspect" % block, count(["inspect", source]) / size))
    print("%-32s %10d" % ("instructions to start", count(["--version"])))


def main():
    quick = "--quick" in sys.argv
    folder = tempfile.mkdtemp(prefix="rusuden-bench-", dir=big_folder())
    try:
        measure(folder, "100M", 3 if quick else 7)
        if not quick:
            measure(folder, "1G", 3)
        instructions(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
