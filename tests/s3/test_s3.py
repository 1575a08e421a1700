"""The command against a real S3 server (Ceph's object gateway, tests/s3/start), over TLS with an authority of our own.

What the server holds is asked for with a client of Python's standard library (client.py) and once with AWS's own;
what it should hold is said by the generator, which knows nothing of our code. One server for all; tests share a
bucket, and each has its own keys. More by the environment than support.py says:
  RUSUDEN_CEPH    where Ceph is unpacked or shall be; else the folder "ceph" where the tests run
"""
import atexit
import base64
import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import zlib

import client
from support import (CONNECT_STREAM, DONE, FAILED, INSTRUMENTED, NOTHING, Case, Result, Wav, big_folder, environment,
                     heed_signals, interleave, main, need, pcm, RUSUDEN)

HERE = os.path.dirname(os.path.abspath(__file__))
BUCKET, INBOX, DOTTED = "recordings", "inbox", "a.dotted.bucket"
PART = 5 << 20
SHORT, MIDDLE, LONGER, LONG = "20s", "6m", "30m", "2h"
LATER = 120

folder = None  # streams that several tests read
server = None
s3 = None


class Server:
    """tests/s3/start, which ends when our end of its input does: also when we are killed."""

    def __init__(self):
        self.root = os.environ.get("RUSUDEN_CEPH") or "ceph"
        self.run("get", "--kept", self.root)
        self.state = os.path.join(folder, "server")
        self.process = subprocess.Popen([os.path.join(HERE, "start"), os.path.join(self.root, "root"), self.state],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        told = []
        for line in self.process.stdout:
            told.append(line.decode().strip())
            if told[-1].startswith("PID="):
                break
        else:
            self.give_up(self.process.wait(), told)
        self.where = dict(line.split("=", 1) for line in told)

    def run(self, script, *args):
        done = subprocess.run([os.path.join(HERE, script), *args], stdout=subprocess.PIPE)
        if done.returncode != 0:
            self.give_up(done.returncode, done.stdout.decode().splitlines())

    @staticmethod
    def give_up(code, told):
        """77: this machine cannot have a server, and the last line says why."""
        print("\n".join(told))
        sys.stdout.flush()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(77 if code == 77 else 1)

    def tell(self, order):
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()

    def down(self):
        self.tell("down")
        self.wait(lambda: not os.path.exists(os.path.join(self.state, "ready")))

    def up(self, *how):
        self.tell(" ".join(("up",) + how))
        self.wait(lambda: os.path.exists(os.path.join(self.state, "ready")))

    @staticmethod
    def wait(is_so):
        end = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < end, "the server does not obey"
            time.sleep(0.02)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def setUpModule():
    global folder, server, s3
    # Also when somebody stops us: unittest's own cleanups do not run then.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    folder = tempfile.mkdtemp(prefix="rusuden-s3-", dir=big_folder())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = Server()
    atexit.register(server.stop)
    s3 = client.Client(server.where)
    # All of them now: after a gateway was killed, Ceph takes half a minute to write such things.
    for bucket in (BUCKET, INBOX, DOTTED):
        s3.make_bucket(bucket)
    s3.allow_everything()


@functools.lru_cache(maxsize=None)
def source(duration, *options):
    """A stream as a file."""
    path = os.path.join(folder, "-".join((duration,) + options).replace("/", "") + ".mkv")
    with open(path, "wb") as f:
        subprocess.run([CONNECT_STREAM, "--duration", duration, *options], stdout=f, check=True)
    return path


@functools.lru_cache(maxsize=None)
def expected(duration, *options):
    """The WAV of the customer, by the generator."""
    return subprocess.run([CONNECT_STREAM, "--wav", "customer", "--duration", duration, *options],
                          stdout=subprocess.PIPE, check=True).stdout


def endpoint(scheme="https", host="127.0.0.1"):
    return "%s://%s:%s" % (scheme, host, server.where["HTTP_PORT" if scheme == "http" else "HTTPS_PORT"])


def settings(where=None, **more):
    """An environment in which nothing of this machine's user is left."""
    where = where or server.where
    env = {k: v for k, v in environment().items() if not k.startswith("AWS_")}
    env.update(AWS_ENDPOINT_URL=endpoint(), AWS_CA_BUNDLE=where["CA_FILE"], AWS_REGION="us-east-1",
               AWS_ACCESS_KEY_ID=where["ACCESS_KEY"], AWS_SECRET_ACCESS_KEY=where["SECRET_KEY"],
               AWS_CONFIG_FILE=os.path.join(folder, "none"), AWS_SHARED_CREDENTIALS_FILE=os.path.join(folder, "none"),
               AWS_EC2_METADATA_DISABLED="true")
    if "SESSION_TOKEN" in where:
        env["AWS_SESSION_TOKEN"] = where["SESSION_TOKEN"]
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def b64(raw):
    return base64.b64encode(raw).decode()


CHECKSUMS = {
    "crc64nvme": client.crc64nvme,
    "crc32c": client.crc32c,
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}


def stored(kind, data):
    """(checksum, its type) as S3 should tell it. SHA-256's of an upload is the hash of its parts'."""
    if kind == "sha256" and len(data) > PART:
        hashes = [hashlib.sha256(data[at:at + PART]).digest() for at in range(0, len(data), PART)]
        return "%s-%d" % (b64(hashlib.sha256(b"".join(hashes)).digest()), len(hashes)), "COMPOSITE"
    return b64(CHECKSUMS[kind](data)), "FULL_OBJECT"


class S3Case(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=folder)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.sweep)

    @staticmethod
    def sweep():
        """One test's mess is not the next one's failure."""
        for upload in s3.uploads(BUCKET):
            s3.abort(BUCKET, *upload)

    def convert(self, path, key, *args, env=None, bucket=BUCKET):
        env = env or settings()
        url = "s3://" + bucket + ("/" + key if key is not None else "")
        done = subprocess.run([RUSUDEN, "convert", path, "-o", url, *args], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LATER)
        result = Result(done.returncode, done.stdout, done.stderr)
        self.assertEqual(result.out, b"")
        self.assertSecret(result.err, env)
        return result

    def assertSecret(self, text, env):
        """No key reaches a log, whatever happens."""
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            if env.get(name):
                self.assertNotIn(env[name], text)

    def assertObject(self, key, data, kind="crc64nvme", bucket=BUCKET):
        """It is there, whole, with its type and checksum."""
        answer = s3.head(bucket, key)
        self.assertEqual(answer.status, 200, key)
        self.assertEqual(answer.headers["content-type"], "audio/wav")
        self.assertEqual(int(answer.headers["content-length"]), len(data))
        self.assertTrue(s3.get(bucket, key).body == data, "the object's bytes differ")
        if kind:
            self.assertEqual((answer.headers.get("x-amz-checksum-" + kind), answer.headers.get("x-amz-checksum-type")),
                             stored(kind, data))
        return answer

    def assertNothing(self, key, bucket=BUCKET):
        """Neither an object nor what was begun."""
        self.assertEqual(s3.head(bucket, key).status, 404, key)
        self.assertEqual(s3.uploads(bucket), [])


def fixed_addresses():
    """As in tests/cli/test_long.py: else the peak trembles by up to 100 KiB. [] where that is not allowed."""
    command = ["setarch", "-R"]
    try:
        return command if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode == 0 else []
    except OSError:
        return []


class Running:
    """An upload with its story (-v), to do something in the middle of it."""

    def __init__(self, path, key, *args, command=(), env=None):
        self.env = env or settings()
        self.process = subprocess.Popen([*command, RUSUDEN, "convert", path, "-v", "-o", "s3://%s/%s" % (BUCKET, key),
                                         *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.env,
                                        preexec_fn=heed_signals)
        self.said = []

    def until(self, words):
        for line in self.process.stderr:
            self.said.append(line.decode())
            if words in self.said[-1]:
                return
        raise AssertionError("never said: %s; but: %s" % (words, "".join(self.said)))

    def peak(self):
        """KiB that were its own at most, looked at until its end; and the result."""
        story = []
        reader = threading.Thread(target=lambda: story.append(self.process.stderr.read()))
        reader.start()
        peak = 0
        while self.process.poll() is None:
            with contextlib.suppress(OSError), open("/proc/%d/status" % self.process.pid) as f:
                found = re.search(r"Name:\s+rusuden(?s:.*)VmHWM:\s+(\d+) kB", f.read())
                peak = int(found.group(1)) if found else peak
            time.sleep(0.0005)
        reader.join()
        self.process.stderr.close()
        return peak, Result(self.process.returncode, b"", story[0])

    def end(self):
        rest = self.process.communicate(timeout=LATER)[1].decode()
        return Result(self.process.returncode, b"", ("".join(self.said) + rest).encode())


class Whole(S3Case):
    def test_short_and_long(self):
        """The same bytes as the generator's and as in a file; and memory does not depend on how many there are."""
        fixed = fixed_addresses()
        peaks = {}
        for duration in (SHORT, MIDDLE) if INSTRUMENTED else (SHORT, MIDDLE, LONG):
            with self.subTest(duration):
                key = "whole/%s.wav" % duration
                path = source(duration)
                began = os.times()
                upload = Running(path, key, command=fixed)
                peaks[duration], result = upload.peak()
                ended = os.times()
                self.assertDone(result)
                self.assertIn("converted: s3://%s/%s, " % (BUCKET, key), result.err)
                subprocess.run([RUSUDEN, "convert", "-q", source(duration), "-o", self.path(duration)], check=True,
                               env=environment())
                self.assertTrue(self.get(duration) == expected(duration), "the local file differs")
                self.assertObject(key, expected(duration))
                self.assertEqual(s3.uploads(BUCKET), [])
        self.assertRegex(result.err, r"check .* 404 .*\n.* open .*\n.* part 1/(.*\n)*.* part 2/(.*\n)*.* close .* ok")
        if INSTRUMENTED:
            return
        print("2 h (115 MB) over TLS: %.1f s, %.2f s of CPU" % (
            ended.elapsed - began.elapsed,
            ended.children_user + ended.children_system - began.children_user - began.children_system))
        print("peak RSS of an upload over TLS: " + ", ".join("%s %d KiB" % p for p in peaks.items()))
        self.assertLessEqual(max(peaks.values()) - min(peaks.values()), 64 if fixed else 256, peaks)
        self.assertLess(max(peaks.values()), 3 * 1024)

    def test_layouts(self):
        """What else makes a WAV: the same bytes as in a file, and a length that was right before the first byte."""
        gap = ("--gap", "5,3")
        for name, path, args in (("stereo", source(SHORT), ["--channels", "stereo"]),
                                 ("mix", source(SHORT), ["--channels", "mix"]),
                                 ("agent", source(SHORT), ["--channels", "agent"]),
                                 ("ulaw", source(SHORT), ["--encoding", "ulaw"]),
                                 ("stereo in parts", source(MIDDLE), ["--channels", "stereo"]),
                                 ("silence", source(SHORT, *gap), ["--gaps", "silence"]),
                                 ("joined", source(SHORT, *gap), ["--gaps", "join"])):
            with self.subTest(name):
                key = "layout/%s.wav" % name
                self.assertDone(self.convert(path, key, *args))
                subprocess.run([RUSUDEN, "convert", "-qf", path, "-o", self.path("local.wav"), *args], check=True,
                               env=environment())
                self.assertObject(key, self.get("local.wav"))
        body = s3.get(BUCKET, "layout/stereo.wav").body
        sound = interleave(pcm("customer", "--duration", SHORT), pcm("agent", "--duration", SHORT))
        self.assertSound(body, sound, channels=2)
        silent = expected(SHORT, *gap, "--gaps", "silence")
        self.assertTrue(s3.get(BUCKET, "layout/silence.wav").body == silent)

    def test_no_sound_makes_no_object(self):
        result = self.convert(source(SHORT, "--tracks", "agent"), "silent.wav")
        self.assertEqual(result.code, NOTHING, result.err)
        self.assertNothing("silent.wav")


class Amazon(S3Case):
    """AWS's own client as the judge."""

    def aws(self, *args):
        config = self.put("config", b"[default]\ns3 =\n  addressing_style = path\n")
        done = subprocess.run(["aws", "--endpoint-url", endpoint(), "s3api", *args], stdout=subprocess.PIPE,
                              env=settings(AWS_CONFIG_FILE=config, AWS_DEFAULT_REGION="us-east-1", AWS_PAGER=""),
                              check=True, timeout=LATER)
        return json.loads(done.stdout)

    def test_object_type_tags_and_checksum(self):
        need("aws")
        key = "a day/Anruf +49 30.wav"
        tags = {"caller": "+49 30 1234", "a+b": "c=d", "path": "x/y:z@_.-", "empty": "", "Straße": "Zürich"}
        self.assertDone(self.convert(source(MIDDLE), key, "--checksum", "crc32", "--metadata", "who=Sato",
                                     *(word for pair in tags.items() for word in ("--tag", "%s=%s" % pair))))
        where = ("--bucket", BUCKET, "--key", key)
        self.aws("get-object", *where, self.path("got.wav"))
        self.assertTrue(self.get("got.wav") == expected(MIDDLE))
        told = self.aws("get-object-tagging", *where)
        self.assertEqual({tag["Key"]: tag["Value"] for tag in told["TagSet"]}, tags)
        told = self.aws("head-object", *where, "--checksum-mode", "ENABLED")
        self.assertEqual((told["ContentType"], told["ContentLength"], told["Metadata"], told["ChecksumCRC32"]),
                         ("audio/wav", len(expected(MIDDLE)), {"who": "Sato"}, stored("crc32", expected(MIDDLE))[0]))


class Signing(S3Case):
    """Every way to sign a body with every checksum; in one part and in two."""

    def one(self, duration, scheme, signing, kind):
        key = "signing/%s-%s-%s-%s.wav" % (duration, scheme, signing, kind)
        result = self.convert(source(duration), key, "--signing", signing, "--checksum", kind,
                              env=settings(AWS_ENDPOINT_URL=endpoint(scheme)))
        if (kind, signing.endswith("trailer")) in (("none", True), ("sha256", False)) and signing != "auto":
            self.assertRefused(result, "--checksum %s " % kind, "--signing chunks")
            self.assertNothing(key)
            return
        self.assertDone(result)
        # A checksum stands in the trailer of a body, which `chunks` has not, or in what completes an upload.
        is_kept = kind != "none" and (signing != "chunks" or duration != SHORT)
        answer = self.assertObject(key, expected(duration), kind if is_kept else None)
        if not is_kept:
            self.assertNotIn("x-amz-checksum-" + kind, answer.headers)

    def test_one_part(self):
        for signing in ("auto", "chunks", "chunks-trailer", "unsigned-trailer"):
            for scheme in ("https", "http") if signing == "auto" else ("https",):
                for kind in (*CHECKSUMS, "none"):
                    with self.subTest(scheme=scheme, signing=signing, kind=kind):
                        self.one(SHORT, scheme, signing, kind)

    def test_two_parts(self):
        for signing in ("auto",) if INSTRUMENTED else ("chunks", "chunks-trailer", "unsigned-trailer"):
            for kind in (*CHECKSUMS, "none"):
                with self.subTest(signing=signing, kind=kind):
                    self.one(MIDDLE, "https", signing, kind)

    def test_plain_http_is_signed_by_itself(self):
        result = self.convert(source(MIDDLE), "plain.wav", "-v", env=settings(AWS_ENDPOINT_URL=endpoint("http")))
        self.assertDone(result)
        self.assertObject("plain.wav", expected(MIDDLE))


class Exists(S3Case):
    OLD = b"an older recording"

    def test_it_is_not_touched(self):
        for duration in (SHORT, MIDDLE):
            with self.subTest(duration):
                key = "exists/%s.wav" % duration
                s3.put(BUCKET, key, self.OLD)
                self.assertRefused(self.convert(source(duration), key), "is there already", "--force")
                self.assertEqual(s3.get(BUCKET, key).body, self.OLD)
                self.assertEqual(s3.uploads(BUCKET), [])
                self.assertDone(self.convert(source(duration), key, "--force"))
                self.assertObject(key, expected(duration))

    def test_servers_without_conditions(self):
        """A look must do: an object that is there already stays there too."""
        for duration in (SHORT, MIDDLE):
            with self.subTest(duration):
                key = "unconditional/%s.wav" % duration
                self.assertDone(self.convert(source(duration), key, "--conditional", "off"))
                self.assertObject(key, expected(duration))
                s3.put(BUCKET, key, self.OLD)
                self.assertRefused(self.convert(source(duration), key, "--conditional", "off"), "is there already")
                self.assertEqual(s3.get(BUCKET, key).body, self.OLD)
                self.assertDone(self.convert(source(duration), key, "--conditional", "off", "--force"))
                self.assertObject(key, expected(duration))


class Names(S3Case):
    def test_keys_are_taken_as_they_are(self):
        for key in ("a b.wav", "a+b.wav", "a%20b.wav", "Größe/留守電.wav", "/begin.wav", "a//b.wav", "a/./b/../c.wav",
                    "q?x=y&z#f.wav", "(a)!*'~.wav", "\U0001F4DE.wav", "k" * 900 + ".wav", "no-suffix", "s3://x"):
            with self.subTest(key):
                self.assertDone(self.convert(source(SHORT), key))
                self.assertEqual(s3.keys(BUCKET).count(key), 1)
                self.assertObject(key, expected(SHORT))

    def test_multipart_with_a_difficult_key(self):
        key = "a +b//ü&=.wav"
        self.assertDone(self.convert(source(MIDDLE), key, "--tag", "who=+49 /=", "--metadata", "note=x"))
        self.assertEqual(self.assertObject(key, expected(MIDDLE)).headers["x-amz-meta-note"], "x")
        self.assertEqual(s3.tags(BUCKET, key), {"who": "+49 /="})

    def test_a_folder_takes_the_input_s_name(self):
        path = self.path("call of Sato.v2.mkv")
        shutil.copy(source(SHORT), path)
        for key, name in (("", "call of Sato.v2.wav"), ("2026/", "2026/call of Sato.v2.wav")):
            self.assertDone(self.convert(path, key, bucket=INBOX))
            self.assertObject(name, expected(SHORT), bucket=INBOX)
        self.assertDone(self.convert(source(SHORT), None, bucket=INBOX))  # s3://inbox
        self.assertEqual(sorted(s3.keys(INBOX)), ["2026/call of Sato.v2.wav", SHORT + ".wav", "call of Sato.v2.wav"])

    VIRTUAL = b"[default]\ns3 =\n  addressing_style = virtual\n"

    def test_bucket_in_the_host_name(self):
        env = settings(AWS_ENDPOINT_URL=endpoint(host="s3.localhost"), AWS_CONFIG_FILE=self.put("config", self.VIRTUAL))
        for duration in (SHORT, MIDDLE):
            key = "virtual/%s +.wav" % duration
            self.assertDone(self.convert(source(duration), key, env=env))
            self.assertObject(key, expected(duration))

    def test_what_is_asked_for(self):
        """What Ceph does not tell apart: where the bucket stands, and a tag whose "+" AWS would read as a blank."""
        in_host = "/a%20b.wav", BUCKET + ".s3.localhost"
        in_path = "/%s/a%%20b.wav" % BUCKET, "s3.localhost"
        for config, args, (target, host) in ((b"", [], in_path), (self.VIRTUAL, [], in_host),
                                             (b"", ["--path-style", "off"], in_host),
                                             (self.VIRTUAL, ["--path-style", "on"], in_path)):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
                heads = []
                teller = threading.Thread(target=self.refuse_one, args=(listener, heads))
                teller.start()
                result = self.convert(source(SHORT), "a b.wav", "--tag", "from=+49 30", *args,
                                      env=settings(AWS_ENDPOINT_URL="http://s3.localhost:%d" % port,
                                                   AWS_CONFIG_FILE=self.put("config", config)))
                teller.join()
            self.assertRefused(result, "403")
            line, *rest = heads[0].decode().split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value for name, value in (header.split(": ", 1) for header in rest)}
            self.assertEqual((line, headers["host"]), ("PUT %s HTTP/1.1" % target, "%s:%d" % (host, port)))
            self.assertEqual(urllib.parse.parse_qsl(headers["x-amz-tagging"]), [("from", "+49 30")])

    @staticmethod
    def refuse_one(listener, heads):
        listener.settimeout(30)
        connection = listener.accept()[0]
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            heads.append(head)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def test_a_bucket_with_dots_does_not_fit_the_certificate(self):
        env = settings(AWS_ENDPOINT_URL=endpoint(host="s3.localhost"), AWS_CONFIG_FILE=self.put("config", self.VIRTUAL))
        for duration in (SHORT, MIDDLE):
            self.assertDone(self.convert(source(duration), duration, bucket=DOTTED, env=env))
            self.assertObject(duration, expected(duration), bucket=DOTTED)

    def test_metadata(self):
        self.assertDone(self.convert(source(SHORT), "metadata.wav", "--metadata", "Who=Sato Taro", "--metadata",
                                     "plus=+49 30=x", "--metadata", "empty="))
        told = {k[11:]: v for k, v in s3.head(BUCKET, "metadata.wav").headers.items() if k.startswith("x-amz-meta-")}
        told.setdefault("empty", "")  # Ceph keeps no empty ones
        self.assertEqual(told, {"who": "Sato Taro", "plus": "+49 30=x", "empty": ""})


class Refused(S3Case):
    """What the server does not allow: one helpful line, no object, nothing left open."""

    def refused(self, *words, key="refused.wav", bucket=BUCKET, env=None, args=()):
        for duration in (SHORT, MIDDLE):
            with self.subTest(duration):
                result = self.convert(source(duration), key, *args, bucket=bucket, env=env)
                self.assertRefused(result, *words)
                self.assertEqual(result.err.count("\n"), 1, result.err)
                self.assertNothing(key)

    def test_missing_bucket(self):
        self.refused("404 NoSuchBucket", "create the bucket", bucket="nowhere")

    def test_wrong_secret(self):
        self.refused("403", "SignatureDoesNotMatch", "secret key",
                     env=settings(AWS_SECRET_ACCESS_KEY="wrongSecret/0123456789"))
        result = self.convert(source(SHORT), "refused.wav", "-v", env=settings(AWS_SECRET_ACCESS_KEY="wrongSecret/01"))
        self.assertRefused(result, "SignatureDoesNotMatch")

    def test_unknown_key(self):
        self.refused("403 InvalidAccessKeyId", "access key", env=settings(AWS_ACCESS_KEY_ID="NOBODYSKEY0000000001"))

    def test_somebody_s_certificate(self):
        self.refused("certificate", "rusuden test authority", "AWS_CA_BUNDLE", env=settings(AWS_CA_BUNDLE=None))

    def test_a_name_that_is_not_the_certificate_s(self):
        self.refused("certificate", "other.localhost", env=settings(AWS_ENDPOINT_URL=endpoint(host="other.localhost")),
                     args=("--path-style", "on"))

    def test_tls_where_there_is_none(self):
        self.refused("TLS error", env=settings(AWS_ENDPOINT_URL=endpoint("http").replace("http:", "https:")))

    def test_nobody_listens(self):
        self.refused("127.0.0.1", env=settings(AWS_ENDPOINT_URL="https://127.0.0.1:9"))

    def test_a_broken_input_makes_no_object(self):
        """Found broken before the first byte is sent."""
        with open(source(MIDDLE), "rb") as f:
            data = f.read()
        path = self.put("broken.mkv", data[:-100000])
        self.assertRefused(self.convert(path, "broken.wav"), "truncated input", "--salvage")
        self.assertNothing("broken.wav")
        self.assertDone(self.convert(path, "salvaged.wav", "--salvage"))
        sound = Wav(s3.get(BUCKET, "salvaged.wav").body).sound
        self.assertTrue(expected(MIDDLE)[44:].startswith(sound) and len(sound) > 5_500_000)

    def test_a_pipe_is_refused(self):
        done = subprocess.run([RUSUDEN, "convert", "-", "-o", "s3://%s/pipe.wav" % BUCKET], input=b"", env=settings(),
                              stderr=subprocess.PIPE, timeout=LATER)
        self.assertRefused(Result(done.returncode, b"", done.stderr), "a pipe cannot be read twice")


@unittest.skipIf(INSTRUMENTED, "hours are for the plain build")
class Interrupted(S3Case):
    def begun(self, key, *args, duration=LONG, env=None):
        upload = Running(source(duration), key, *args, env=env)
        self.addCleanup(upload.process.stderr.close)
        self.addCleanup(upload.process.kill)
        upload.until("part 1/")
        time.sleep(0.03)  # into the next part
        return upload

    def test_terminated(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            upload = self.begun("terminated.wav")
            upload.process.send_signal(number)
            result = upload.end()
            self.assertEqual(result.code, FAILED, result.err)
            self.assertRegex(result.err, "abort.*204")
            self.assertRefused(result, "interrupted by a signal")
            self.assertNothing("terminated.wav")

    def test_killed(self):
        upload = self.begun("killed.wav")
        upload.process.kill()
        self.assertEqual(upload.end().code, -signal.SIGKILL)
        self.assertEqual(s3.head(BUCKET, "killed.wav").status, 404)
        self.assertEqual(len(s3.uploads(BUCKET)), 1)  # nobody was left to abort it

    def test_somebody_else_was_faster(self):
        """The object comes into being while ours is on its way: it stays."""
        upload = self.begun("race.wav", duration=LONGER)
        s3.put(BUCKET, "race.wav", b"faster")
        self.assertRefused(upload.end(), "is there already")
        self.assertEqual(s3.get(BUCKET, "race.wav").body, b"faster")
        self.assertEqual(s3.uploads(BUCKET), [])

    def test_server_dies(self):
        upload = self.begun("died.wav")
        server.down()
        try:
            result = upload.end()
        finally:
            server.up()
        self.assertRefused(result, "127.0.0.1", "may be left in the bucket", "AbortIncompleteMultipartUpload")
        self.assertEqual(s3.head(BUCKET, "died.wav").status, 404)

    def test_server_comes_back(self):
        """It is away for a moment: a part is sent again, from where it began."""
        # Ceph compares this checksum of all parts with its own, so what was sent twice must count once.
        upload = self.begun("back.wav", "--checksum", "crc32c", duration=LONGER,
                            env=settings(AWS_MAX_ATTEMPTS="12"))
        server.down()
        server.up()
        result = self.assertDone(upload.end())
        self.assertRegex(result.err, r"part .* try 2 ")
        self.assertObject("back.wav", expected(LONGER), "crc32c")
        self.assertEqual(s3.uploads(BUCKET), [])

    def test_input_changes(self):
        """What was measured is no longer what is read."""
        path = os.path.join(folder, "changing.mkv")
        shutil.copy(source(LONG), path)
        self.addCleanup(os.unlink, path)
        upload = Running(path, "changed.wav")
        self.addCleanup(upload.process.stderr.close)
        upload.until("part 3/")
        os.truncate(path, 200 << 20 >> 1)
        self.assertRefused(upload.end(), "changed")
        self.assertNothing("changed.wav")


class Session(S3Case):
    """Temporary credentials: a token in each request, and the gateway started so that it knows them."""

    def test_token(self):
        server.down()
        server.up("sts")
        try:
            where = s3.session()
            for duration in (SHORT, MIDDLE):
                key = "session/%s.wav" % duration
                self.assertDone(self.convert(source(duration), key, "-v", env=settings(where)))
                self.assertObject(key, expected(duration))
            for token in ("bm9ib2R5", None):
                result = self.convert(source(MIDDLE), "nobody.wav", "-v",
                                      env=settings(where, AWS_SESSION_TOKEN=token))
                self.assertRefused(result, "403")
                self.assertNothing("nobody.wav")
        finally:
            server.down()
            server.up()


if __name__ == "__main__":
    main()
