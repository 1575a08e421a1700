"""A table of faults: each row is one upload over real sockets, in which something goes wrong, and what must
come of it. After every row the same is asked: is the object right or absent, is nothing left open (or is it
said), is there one clear line, did nothing forbidden reach S3, and no secret the terminal.

The programs come in by the environment: RUSUDEN, CONNECT_STREAM, CLOUD.
"""
import atexit
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings

import proxy as px

CLOUD = os.path.abspath(os.environ.get("CLOUD", "build/tests/cloud/cloud"))
RUSUDEN = os.path.abspath(os.environ.get("RUSUDEN", "build/src/rusuden"))
RUSUDEN_SMALL = os.path.abspath(os.environ.get("RUSUDEN_SMALL", "build/tests/faults/rusuden-small-parts"))
CONNECT_STREAM = os.path.abspath(os.environ.get("CONNECT_STREAM", "build/tests/connect-stream"))
SECRET, TOKEN = "SEKRIT/of+the/key", "SEKRITtoken+of/this=session=="
LEFT = "An unfinished upload may be left"
MAY_BE = "may have been made all the same"
# One PutObject; two parts of 5 MiB and a little; three parts of 16 KiB (small_parts.c).
LENGTHS = {"one": "500ms", "two": "345s", "small": "2500ms"}
LATER = 400


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)


class Authority:
    """Certificates of a day, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        names = "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1"
        ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"
        now = time.time()

        def at(days):
            return time.strftime("%y%m%d%H%M%SZ", time.gmtime(now + days * 86400))
        self.make("ca", "ca", ca, at(-1), at(30), "/CN=the CA of the faults")
        self.make("other-ca", "other-ca", ca, at(-1), at(30), "/CN=another CA")
        self.make("good", "ca", names, at(-1), at(30))
        self.make("wrong-host", "ca", "subjectAltName=DNS:s3.eu-test-1.example", at(-1), at(30))
        self.make("expired", "ca", names, at(-9), at(-2))
        self.make("future", "ca", names, at(2), at(9))
        self.make("unknown-ca", "other-ca", names, at(-1), at(30))
        self.make("selfsigned", "selfsigned", names, at(-1), at(30))
        self.make("cn-only", "ca", "keyUsage=digitalSignature", at(-1), at(30), "/CN=bucket.localhost")
        self.make("for-clients", "ca", names + "\nextendedKeyUsage=clientAuth", at(-1), at(30))

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, issuer, extensions, begin, end, subject="/CN=made up"):
        """openssl ca is the one that takes dates of the past."""
        with open(self.path(name + ".cnf"), "w", encoding="ascii") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\n"
                    "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\n%s\n"
                    % (self.path(name + ".index"), self.path(name + ".serial"), self.folder, extensions))
        for end_of_name, text in (".index", ""), (".serial", "%06X\n" % (len(os.listdir(self.folder)) + 4096)):
            with open(self.path(name + end_of_name), "w", encoding="ascii") as f:
                f.write(text)
        key, csr = self.path(name + ".key"), self.path(name + ".csr")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", csr)
        by = ["-selfsign"] if issuer == name else ["-cert", self.path(issuer + ".pem")]
        openssl("ca", "-batch", "-notext", "-config", self.path(name + ".cnf"), "-extensions", "e",
                "-keyfile", self.path(issuer + ".key"), *by, "-startdate", begin, "-enddate", end,
                "-in", csr, "-out", self.path(name + ".pem"))

    def context(self, name, oldest=ssl.TLSVersion.TLSv1_2, newest=ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if oldest < ssl.TLSVersion.TLSv1_2:
                context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = oldest, newest
        return context


class World:
    """What all rows share: recordings, what must become of them, certificates."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rusuden-faults-")
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.authority = Authority(self.folder)
        self.contexts = {"good": self.authority.context("good")}
        self.right = {}
        for name, length in LENGTHS.items():
            with open(self.recording(name), "wb") as f:
                subprocess.run([CONNECT_STREAM, "--duration", length], stdout=f, check=True)
            wav = subprocess.run([CONNECT_STREAM, "--duration", length, "--wav", "customer"],
                                 stdout=subprocess.PIPE, check=True).stdout
            self.right[name] = hashlib.sha256(wav).hexdigest()

    def recording(self, name):
        return os.path.join(self.folder, name + ".mkv")

    def context(self, name, *versions):
        key = (name, *versions)
        if key not in self.contexts:
            self.contexts[key] = self.authority.context(name, *versions)
        return self.contexts[key]


class Cloud:
    def __init__(self, *options):
        self.child = subprocess.Popen([CLOUD, "--access-key", "AKIDEXAMPLE", "--secret-key", SECRET, "--token", TOKEN,
                                       *options], stdout=subprocess.PIPE)
        self.port = int(self.child.stdout.readline())

    def state(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/_cloud/objects" % self.port, timeout=30) as f:
            return json.load(f)

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


class Row:
    """fault, place: words for the table. acts, arrivals, cut: see proxy.Plan. good: there is an object in the
    end; else `says`: words of the message. left: it must say that an upload may be left open (None: it may).
    held: sockets that must stay open. violations: words of what the cloud may complain of, because the fault makes a good client look bad."""

    def __init__(self, fault, place, recording, good=True, says=(), left=False, acts=None, arrivals=None, cut=None,
                 context="good", cloud=(), env=None, options=(), violations=None, fires=True, port=None, seconds=40,
                 code=1, made=False, url=None, wrap=(), region="us-east-1", held=False):
        self.fault, self.place, self.recording, self.good = fault, place, recording, good
        self.says = (says,) if isinstance(says, str) else says
        self.left, self.acts, self.arrivals, self.cut, self.context = left, acts, arrivals, cut, context
        self.cloud, self.env, self.options, self.violations = cloud, env or {}, options, violations
        self.fires, self.port, self.seconds, self.code, self.made = fires, port, seconds, code, made
        self.url, self.wrap, self.region, self.held = url, wrap, region, held
        self.wrong, self.outcome, self.tries, self.err, self.took = [], "", "", "", 0

    # ---- running ----

    def run(self, world):
        small = ("--part-min", "16384") if self.recording == "small" else ()
        cloud = Cloud("--bucket", "bucket:" + self.region, *small, *self.cloud)
        plan = px.Plan(self.acts, self.arrivals, self.cut)
        context = self.context
        if isinstance(context, str):
            context = world.contexts[context]
        proxy = px.Proxy(cloud.port, context, plan)
        began = time.monotonic()
        try:
            self.send(world, cloud, plan, proxy.port)
            self.took = time.monotonic() - began
            self.judge(world, cloud, plan, proxy)
        except subprocess.TimeoutExpired:
            self.wrong.append("it hangs")
        finally:
            proxy.close()
            cloud.close()
        self.plan = plan
        return self

    def send(self, world, cloud, plan, port):
        url = self.url or "http%s://localhost:%d" % ("s" if self.context else "", self.port or port)
        env = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": world.folder,
               "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN,
               "AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
               "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": world.authority.path("ca.pem")}
        env.update({k: v.replace("CLOUD", str(cloud.port)) for k, v in self.env.items()})
        env = {k: v for k, v in env.items() if v}
        child = subprocess.Popen([*self.wrap, RUSUDEN_SMALL if self.recording == "small" else RUSUDEN, "convert", "-v", world.recording(self.recording),
                                  "--endpoint-url", url, "-o", "s3://bucket/a b/c.wav", *self.options],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                 preexec_fn=heed_signals)
        plan.interrupt = lambda: child.send_signal(signal.SIGINT)
        try:
            self.out, err = child.communicate(timeout=min(LATER, self.seconds))
        except subprocess.TimeoutExpired:
            child.kill()
            self.err = child.communicate()[1].decode("utf-8", "backslashreplace")
            raise
        self.err = err.decode("utf-8", "backslashreplace")
        self.returned = child.returncode

    # ---- judging ----

    def expect(self, right, words):
        if not right:
            self.wrong.append(words)

    def judge(self, world, cloud, plan, proxy):
        state = cloud.state()
        objects = [o for o in state["objects"] if o["current"]]
        steps = re.findall(r"^\d+ ms  (.*?)  try (\d+)", self.err, re.M)
        self.tries = " ".join("%s:%d" % (name.replace(" ", ""), sum(1 for n, _ in steps if n == name))
                              for name in dict.fromkeys(n for n, _ in steps))
        self.expect(all(int(n) <= 3 for _, n in steps), "a fourth try")
        self.expect(len(plan.questions) <= 24, "too many questions: %d" % len(plan.questions))
        self.judge_object(world, objects)
        self.judge_words(steps)
        left = LEFT in self.err
        opened = state["open_uploads"]
        self.expect(not opened or left, "an upload is left open, and nobody says so")
        if self.left is not None:
            self.expect(self.left == left, "it says that something may be left" if left else "it must say what is left")
        for violation in state["violations"]:
            self.expect(self.violations and self.violations in violation, "S3 complains: " + violation)
        everything = self.out + self.err.encode("utf-8", "surrogateescape")
        for secret in {"SEKRIT", SECRET, TOKEN, *plan.secrets}:
            self.expect(secret.encode("latin-1") not in everything, "a secret is shown")
        self.expect(not proxy.errors, "the proxy failed: %s" % proxy.errors)
        self.expect(not self.fires or plan.fired > 0 or not (self.acts or self.arrivals or self.cut),
                    "the fault did not happen")

    def judge_object(self, world, objects):
        sums = [o["sha256"] for o in objects]
        if self.good:
            self.outcome = "object"
            self.expect(self.returned == 0, "exit %d" % self.returned)
            self.expect(sums == [world.right[self.recording]], "the object is %s" % (objects or "absent"))
            return
        self.outcome = "told"
        self.expect(self.returned == self.code, "exit %d" % self.returned)
        if self.made:
            self.expect(MAY_BE in self.err, "it must say that the object may be there")
            self.expect(sums in ([], [world.right[self.recording]]), "the object is a wrong one")
        else:
            self.expect(not objects, "there is an object")
            self.expect(MAY_BE not in self.err, "it says that the object may be there")

    def judge_words(self, steps):
        lines = self.err.splitlines()
        told = [line for line in lines if not re.match(r"\d+ ms  ", line)]
        last = told[0] if told else ""
        self.expect(not re.search(r"[\0-\x09\x0b-\x1f\x7f-\x9f]", self.err), "control bytes")
        self.expect(len(told) - told.count("") == 1 + sum(line.startswith("note: ") for line in told),
                    "not one clear line: %d" % len(told))
        if self.good:
            self.expect(last.startswith("converted: s3://bucket/a b/c.wav, "), "no summary")
            return
        self.expect(last.startswith("rusuden convert: "), "no message")
        for words in self.says:
            self.expect(re.search(words, last), "it does not say %r" % words)
        self.words = last


def heed_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def run(rows, world, threads, title, shown=True):
    """All of them, in parallel; prints the table. True: N of N."""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda row: row.run(world), rows))
    for row in done:
        if shown or row.wrong:
            print("%-44s %-12s %-7s %5.1f s  %s" % (row.fault, row.place, row.outcome if not row.wrong else "WRONG",
                                                    row.took, row.tries))
        for words in row.wrong:
            print("    " + words)
        if row.wrong:
            print("    " + row.err.replace("\n", "\n    "))
        elif shown and not row.good:
            print("    " + row.words)
    good = sum(not row.wrong for row in done)
    print("%s: %d of %d faults ended well (%.1f s)" % (title, good, len(done), time.monotonic() - began))
    sys.stdout.flush()
    return good == len(done)
