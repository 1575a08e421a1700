"""What S3, or something in front of it, may answer: HTTP's faults, at each question of an upload."""
import unittest

import proxy as px
import table
from table import Row

INTERNAL = px.answer("500 Internal Server Error", "InternalError")
SLOW = px.answer("503 Slow Down", "SlowDown")
LATER = px.answer("503 Slow Down", "SlowDown", headers="Retry-After: 1\r\n")
DENIED = px.answer("403 Forbidden", "AccessDenied")
EXPIRED = px.answer("400 Bad Request", "ExpiredToken")
SKEWED = px.answer("403 Forbidden", "RequestTimeTooSkewed")
CUT_XML = px.answer("200 OK", body="<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult><Bu", headers="ETag: \"ab\"\r\n")
ERROR_200 = px.answer("200 OK", "InternalError")
EMPTY = px.answer("200 OK")
GARBAGE = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"
HUGE = b"HTTP/1.1 200 OK\r\n" + b"x-filler: " + b"y" * 40000 + b"\r\nContent-Length: 0\r\n\r\n"
BAD_CHUNK = (b"HTTP/1.1 200 OK\r\nETag: \"ab\"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<a/>\r\n0\r\n\r\n")
OLD = r"AWS_ACCESS_KEY_ID.*expired, or that the session token is not theirs.*renew them there"
NET = r"network error: .*localhost"
WHERE = {"one": ["put"], "small": ["check", "open", "part 1", "part 2", "part 3", "close"]}
BODIES = ("put", "part 1", "part 2", "part 3")
MAKES = ("put", "close")
XML = ("open", "close")


def recording_of(step):
    return "one" if step == "put" else "small"


def lost(name, act, heard, done, steps=None):
    """The connection ends, once or every time. heard: the whole head; done: the cloud acted."""
    for step in steps or WHERE["one"] + WHERE["small"]:
        recording = recording_of(step)
        left = heard and step == "open"
        yield Row(name, step + ", once", recording, acts={(step, 1): act}, left=left)
        if done and step in MAKES:  # a look finds it
            yield Row(name, step + ", always", recording, acts={(step, 0): act})
        else:
            yield Row(name, step + ", always", recording, acts={(step, 0): act}, good=False, left=left, says=NET)


def answered(name, data, once=True, always=False, says="S3 answered", steps=None, left=(), act=None, env=None,
             violations=None, names_step=True):
    """Another answer, once or every time. once, always: is there an object in the end? None: no such row."""
    for step in steps or WHERE["one"] + WHERE["small"]:
        recording = recording_of(step)
        what = act or px.instead(data)
        words = says if isinstance(says, tuple) else (says,)
        if names_step:
            words += (step + ("/3: " if step in BODIES[1:] else ": "),)
        for when, nth, good in (("once", 1, once), ("always", 0, always)):
            if good is None:
                continue
            yield Row(name, "%s, %s" % (step, when), recording, acts={(step, nth): what}, good=good,
                      says=() if good else words, left=(step in left), env=env, violations=violations)


def losses():
    for how in ("reset", "fin", "notify"):
        yield from lost("lost before it is heard (%s)" % how, px.lose_question(how), True, False)
        yield from lost("lost after it is done (%s)" % how, px.lose_answer(how), True, True)
    for share in (2, 0.3, 0.999):
        yield from lost("lost in the body at %s" % share, px.lose_body("reset", share), True, False, BODIES + ("close",))
    for share in (1, 9, 0.2, 0.5, 0.8, -1):
        steps = [s for s in WHERE["one"] + WHERE["small"] if s != "check" or share != 0.5]
        yield from lost("answer cut at %s" % share, px.cut_answer("fin", share), True, True, steps)
    yield from lost("answer cut by a reset", px.cut_answer("reset", 0.6), True, True)


def refusals():
    yield from answered("500 InternalError", INTERNAL, left=("open",))
    yield from answered("500, and yet it was done", None, act=px.done_but(INTERNAL), left=("open",),
                        steps=["open", "part 2", "check"])
    yield from answered("500, and yet it was done", None, act=px.done_but(INTERNAL), always=True, steps=MAKES)
    yield from answered("503 SlowDown", SLOW, says=("SlowDown", "too many requests"), always=None)
    yield from answered("503 SlowDown", SLOW, says=("SlowDown", "too many requests"), once=None, steps=("put", "part 2"))
    yield from answered("503 with Retry-After: 1", LATER, always=None)
    steps = [s for s in WHERE["one"] + WHERE["small"] if s != "check"]
    yield from answered("403 AccessDenied", DENIED, once=False, says=("AccessDenied", "allow s3:PutObject"), steps=steps)
    yield Row("403 without s3:ListBucket", "check", "small", acts={("check", 0): px.instead(DENIED)})
    yield from answered("404 NoSuchBucket", px.answer("404 Not Found", "NoSuchBucket"), once=False, always=None,
                        says=("NoSuchBucket", "create the bucket"), steps=("put", "open"))
    yield from answered("404 NoSuchUpload", px.answer("404 Not Found", "NoSuchUpload"), once=False, always=None,
                        says=("NoSuchUpload", "begin again"), steps=("part 2", "close"))
    yield from answered("200 with an error in it", ERROR_200, steps=XML + ("put", "part 2"), left=("open",))
    yield from answered("200 without a body", EMPTY, steps=("open", "close", "put", "part 1"), left=("open",))
    yield from answered("200, cut off XML", CUT_XML, steps=XML, left=("open",))
    yield from answered("200 without an ETag, done", None, act=px.changed(px.header("ETag", None)),
                        steps=("part 1", "part 3"), says="without an ETag")
    yield from answered("200 without an ETag, done", None, act=px.changed(px.header("ETag", None)), always=True,
                        steps=("put",))
    yield from answered("409 ConditionalRequestConflict", px.answer("409 Conflict", "ConditionalRequestConflict"),
                        steps=("put",), says="somebody else writes")
    yield from answered("412, nothing there", px.answer("412 Precondition Failed", "PreconditionFailed"), once=False,
                        always=None, says="--force replaces it", steps=MAKES, names_step=False)
    yield from answered("501 NotImplemented", px.answer("501 Not Implemented", "NotImplemented"), once=False,
                        always=None, says="this server lacks something", steps=("put", "open", "part 2", "close"))
    yield from answered("404 at once, without 100", None, act=px.at_once(px.answer(
        "404 Not Found", "NoSuchBucket", close=True)), once=False, always=None, says="NoSuchBucket", steps=("put", "part 2"))


def nonsense():
    for name, data in (("not HTTP", GARBAGE), ("40 KB of headers", HUGE), ("a chunk of size zz", BAD_CHUNK)):
        yield from lost(name, px.instead(data), True, False, [s for s in ("put", "open", "part 2", "close")])
    yield from lost("101 Switching Protocols", px.at_once(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), True, False,
                    ["put", "part 2"])
    yield Row("100 Continue without end", "put", "one", acts={("put", 1): px.at_once(
        b"HTTP/1.1 100 Continue\r\n\r\n" * 400, "fin")})
    for step in ("put", "part 2", "close", "open"):
        recording = recording_of(step)
        yield Row("length not told, a good end", step, recording, acts={(step, 0): px.to_the_end("notify")})
        yield Row("length not told, a bad end", step, recording, acts={(step, 1): px.to_the_end("fin")},
                  left=step == "open")
    for how in ("notify", "reset", "fin"):
        for after in (1, 3000, 9000):
            yield Row("503 after %d bytes of the body (%s)" % (after, how), "part 1", "small",
                      acts={("part 1", 1): px.early(SLOW, after, how)})
        yield Row("403 after 1 MB of the body (%s)" % how, "part 1 of 5 MiB", "two",
                  acts={("part 1", 0): px.early(DENIED, 1000000, how)}, good=False,
                  says="AccessDenied" if how != "reset" else ())
    for how in ("notify", "fin"):
        # Good before it has heard everything: it cannot mean our body.
        yield Row("200 after 1 MB of the body (%s)" % how, "part 1 of 5 MiB", "two",
                  acts={("part 1", 1): px.early(px.answer("200 OK", headers="ETag: \"%s\"\r\n" % ("0" * 32)), 1000000, how)})
    yield Row("a wrong ETag", "part 2", "small", acts={("part 2", 0): px.changed(px.header("ETag", "\"" + "0" * 32 + "\""))},
              good=False, says="close: S3 answered 400 InvalidPart", violations="InvalidPart")
    yield Row("a wrong ETag", "put", "one", acts={("put", 0): px.changed(px.header("ETag", "\"" + "0" * 32 + "\""))})
    yield Row("an ETag with markup", "part 2", "small", good=False, says="an ETag that is none",
              acts={("part 2", 0): px.changed(px.header("ETag", "<b>"))})
    for step in ("put", "part 2", "close"):
        yield Row("a wrong checksum in the answer", step, recording_of(step),
                  acts={(step, 0): px.changed(px.header("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="))})
    yield Row("control bytes in a message", "put", "one", good=False, says="S3 answered 400",
              acts={("put", 0): px.instead(px.answer("400 Bad Request", "Bad\x1b[31m&#27;\x07", close=True))})


def bytes_turned():
    for step, at in (("put", 3000), ("part 1", 9000), ("part 2", 100), ("part 3", 3000), ("put", -12)):
        # At the end stands the trailer with the checksum.
        yield Row("a bit of the body turned at %d" % at, step + ", once", recording_of(step), acts={(step, 1): px.flip(at)},
                  violations="BadDigest")
        yield Row("a bit of the body turned at %d" % at, step + ", always", recording_of(step), good=False,
                  acts={(step, 0): px.flip(at)}, violations="BadDigest", says="BadDigest.*what arrived is not what was sent")


def patience():
    for step in WHERE["one"] + WHERE["small"]:
        yield Row("an answer byte by byte", step, recording_of(step), acts={(step, 0): px.drip(0.5)})
        yield Row("an answer after 0.7 s", step, recording_of(step), acts={(step, 0): px.delayed(0.7)})
        for how in ("notify", "fin", "reset"):
            # Nobody can know whether an upload was opened by what was said into a closed connection.
            yield Row("closed after the answer (%s)" % how, step, recording_of(step), left=None,
                      acts={(step, 1): px.then_end(how)})
    for step in BODIES:
        yield Row("never a word to go on", step, recording_of(step), acts={(step, 0): px.no_continue})


def aborting():
    """The way back: part 2 is refused, and then the abort meets the fault."""
    refused = {("part 2", 0): px.instead(DENIED)}
    for name, act in (("lost before it is heard", px.lose_question("reset")), ("lost after it is done", px.lose_answer("fin")),
                      ("500 InternalError", px.instead(INTERNAL)), ("answer cut", px.cut_answer("fin", 0.5)),
                      ("not HTTP", px.instead(GARBAGE)), ("503 SlowDown", px.instead(SLOW))):
        yield Row(name, "abort, once", "small", good=False, acts={("abort", 1): act, **refused}, says="part 2/3: S3 answered 403")
        if name != "503 SlowDown":
            yield Row(name, "abort, always", "small", good=False, acts={("abort", 0): act, **refused}, left=None if "after" in name else True,
                      says="part 2/3: S3 answered 403")
    yield Row("403 AccessDenied", "abort", "small", good=False, left=True, acts={("abort", 0): px.instead(DENIED), **refused},
              says="part 2/3: S3 answered 403")
    for step in ("open", "part 1", "part 3", "close"):
        for place in ("question", "body", "answer"):
            # What was just being completed is looked for, and found.
            yield Row("a signal (%s)" % place, step, "small", good=step == "close", acts={(step, 1): px.signal_at(place)},
                      left=None if step == "open" else False, says="interrupted by a signal")


def doubts():
    """The object is made, and nobody may hear of it."""
    for step in MAKES:
        yield Row("lost after it is done, and so is each look", step, recording_of(step), good=False, made=True, left=None,
                  acts={(step, 0): px.lose_answer("reset"), ("check", 0): px.lose_question("reset")}
                  if step == "put" else {("close", 0): px.lose_answer("reset"), ("check", 2): px.lose_question("reset"),
                                         ("check", 3): px.lose_question("reset"), ("check", 4): px.lose_question("reset"),
                                         ("check", 5): px.lose_question("reset"), ("check", 6): px.lose_question("reset"),
                                         ("check", 7): px.lose_question("reset")}, says=NET)
        yield Row("lost before it is heard, and we may not look", step, recording_of(step), good=False, made=True,
                  acts={(step, 0): px.lose_body("reset", 1 if step == "close" else 0.99), ("check", 0): px.instead(DENIED)},
                  says=NET) if step == "close" else Row(
                      "lost before it is heard, and we may not look", step, "one", good=False,
                      acts={("put", 0): px.lose_question("reset"), ("check", 0): px.instead(DENIED)}, says=NET)


def identity():
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:CLOUD/container/keys"}
    for step in WHERE["one"] + WHERE["small"]:
        if step == "check":
            continue  # HEAD's answers have no codes
        recording = recording_of(step)
        yield Row("ExpiredToken, and new keys are there", step, recording, acts={(step, 1): px.instead(EXPIRED)}, env=keys,
                  cloud=("--lifetime", "3600000"))
        # Whom nobody would let in does not try to abort.
        yield Row("ExpiredToken, and new keys are not", step, recording, acts={(step, 0): px.instead(EXPIRED)}, good=False,
                  says=OLD, left=step not in ("put", "open"))
        yield Row("ExpiredToken whatever the keys", step, recording, acts={(step, 0): px.instead(EXPIRED)}, env=keys,
                  good=False, says="ExpiredToken.*the credentials have expired", cloud=("--lifetime", "3600000"))
    yield Row("ExpiredToken for everything", "part 2", "small", good=False, left=True, says=OLD,
              acts={("part 2", 0): px.instead(EXPIRED), ("abort", 0): px.instead(EXPIRED)})
    for recording in ("one", "small"):
        for minutes in (20, -20, 600):
            yield Row("the server's clock is %+d min off" % minutes, "-", recording,
                      cloud=("--utc-offset", str(minutes * 60000)))
        yield Row("a wrong secret", "-", recording, env={"AWS_SECRET_ACCESS_KEY": "SEKRIT-wrong"}, good=False,
                  says="403.*" + ("SignatureDoesNotMatch.*secret key does not belong"), violations="SignatureDoesNotMatch")
        yield Row("a wrong session token", "-", recording, env={"AWS_SESSION_TOKEN": "SEKRIT-wrong"}, good=False,
                  says=OLD)
        yield Row("an unknown access key", "-", recording, env={"AWS_ACCESS_KEY_ID": "AKIDUNKNOWN"}, good=False,
                  says="InvalidAccessKeyId.*access key does not exist")
        yield Row("the bucket is in another region", "-", recording, region="eu-west-1")
        yield Row("no such bucket", "-", recording, cloud=(), options=("-o", "s3://nobodys/c.wav"), good=False,
                  says="NoSuchBucket")
    yield Row("clock told wrong for ever", "put", "one", acts={("put", 0): px.instead(SKEWED)}, good=False,
              says="RequestTimeTooSkewed.*clock is wrong")
    date = px.header("Date", "Mon, 05 Jan 2015 08:00:00 GMT")
    yield Row("a good answer with a wrong Date", "open", "small", acts={("open", 1): px.changed(date)})
    elsewhere = px.answer("301 Moved Permanently", "PermanentRedirect", headers="x-amz-bucket-region: eu-west-1\r\n")
    for step in ("put", "open"):
        yield Row("301 to another region", step, recording_of(step), acts={(step, 1): px.instead(elsewhere)}, region="eu-west-1")
        yield Row("301 for ever", step, recording_of(step), acts={(step, 0): px.instead(elsewhere)}, good=False,
                  says=("PermanentRedirect", "the bucket is in eu-west-1"))
        yield Row("301, and nobody says where", step, recording_of(step), good=False, says="set the bucket's region",
                  acts={(step, 0): px.instead(px.answer("301 Moved Permanently", "PermanentRedirect"))})


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = table.World()

    def each(self, rows, threads=6):
        self.assertTrue(table.run(list(rows), self.world, threads, self.id().rpartition(".")[2]))


for function in (losses, refusals, nonsense, bytes_turned, patience, aborting, doubts, identity):
    setattr(Answers, "test_" + function.__name__, lambda self, f=function: self.each(f()))

if __name__ == "__main__":
    unittest.main()
