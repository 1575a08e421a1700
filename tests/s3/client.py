"""An S3 client of Python's standard library: enough to ask a server what it has, and nothing of ours in it.

Signature version 4 as AWS describes it ("Authenticating Requests: Using the Authorization Header").
"""
import datetime
import hashlib
import hmac
import html
import http.client
import re
import ssl
import urllib.parse


def crc(data, width, polynomial):
    """A reflected CRC, all ones before and after. The bytes are one long number, its first bit the highest power;
    P(x) to the power 2^j is P(x^2^j), so lanes of 2^j bits are divided at once, long ones first. Python has no other
    quick way."""
    terms = [i + 1 for i in range(width) if polynomial >> (width - 1 - i) & 1]  # x^width is the sum of x^(width-term)
    ones = (1 << width) - 1
    bits = 8 * len(data) + width
    number = int.from_bytes(data, "little") ^ ones
    lane = 1 << max(0, bits.bit_length() - 10)
    while bits > width:
        number <<= -bits % lane  # zeros before the highest power
        bits += -bits % lane
        if lane >= 8:
            row = number.to_bytes(bits // 8, "little")
            lanes = [int.from_bytes(row[i:i + lane // 8], "little") for i in range(0, len(row), lane // 8)]
        else:
            lanes = [number >> i & (1 << lane) - 1 for i in range(0, bits, lane)]
        for i in range(len(lanes) - width):
            if lanes[i]:
                for term in terms:
                    lanes[i + term] ^= lanes[i]
        lanes = lanes[-width:]
        bits = lane * len(lanes)
        number = sum(value << lane * i for i, value in enumerate(lanes))
        lane = max(1, lane >> 4)
    return (number ^ ones).to_bytes(width // 8, "little")[::-1]


def crc64nvme(data):
    return crc(data, 64, 0xAD93D23594C93659)


def crc32c(data):
    return crc(data, 32, 0x1EDC6F41)


class Answer:
    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def all(self, tag):
        return [html.unescape(text) for text in re.findall("<%s>([^<]*)</%s>" % (tag, tag), self.body.decode())]


class Client:
    """`where`: what tests/s3/start says. Buckets are in the path."""

    def __init__(self, where):
        self.where = where
        self.trust = ssl.create_default_context(cafile=where["CA_FILE"])

    def ask(self, method, path, query="", body=b"", headers=None, service="s3"):
        """`path` as it is, not escaped yet; `query` ready, its parameters in order, each with "="."""
        host = "127.0.0.1:" + self.where["HTTPS_PORT"]
        path = urllib.parse.quote(path, safe="/-_.~")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = "%s/us-east-1/%s/aws4_request" % (now[:8], service)
        hashed = hashlib.sha256(body).hexdigest()
        headers = {k.lower(): v for k, v in (headers or {}).items()}
        headers.update({"host": host, "x-amz-date": now, "x-amz-content-sha256": hashed})
        names = ";".join(sorted(headers))
        lines = [method, path, query, *("%s:%s" % (k, headers[k]) for k in sorted(headers)), "", names, hashed]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = ("AWS4" + self.where["SECRET_KEY"]).encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        signed = hmac.new(key, "\n".join(["AWS4-HMAC-SHA256", now, scope, digest]).encode(), hashlib.sha256)
        headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
            self.where["ACCESS_KEY"], scope, names, signed.hexdigest())
        connection = http.client.HTTPSConnection(host, context=self.trust, timeout=60)
        try:
            connection.request(method, path + ("?" + query if query else ""), body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def form(self, service, **parameters):
        """IAM and STS: a form, answered in XML."""
        answer = self.ask("POST", "/", "", urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote).encode(),
                          {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, service)
        assert answer.status == 200, (parameters["Action"], answer.status, answer.body)
        return answer

    def make_bucket(self, bucket):
        assert self.ask("PUT", "/" + bucket).status == 200

    def get(self, bucket, key):
        return self.ask("GET", "/%s/%s" % (bucket, key))

    def head(self, bucket, key):
        return self.ask("HEAD", "/%s/%s" % (bucket, key), headers={"x-amz-checksum-mode": "ENABLED"})

    def put(self, bucket, key, body):
        assert self.ask("PUT", "/%s/%s" % (bucket, key), "", body).status == 200

    def delete(self, bucket, key):
        assert self.ask("DELETE", "/%s/%s" % (bucket, key)).status == 204

    def tags(self, bucket, key):
        return dict(zip(*(self.ask("GET", "/%s/%s" % (bucket, key), "tagging=").all(tag) for tag in ("Key", "Value"))))

    def keys(self, bucket):
        answer = self.ask("GET", "/" + bucket, "encoding-type=url&list-type=2")
        return [urllib.parse.unquote_plus(key) for key in answer.all("Key")]

    def uploads(self, bucket):
        """What was begun, neither completed nor aborted: it costs its owner money, and nobody sees it. (key, id)"""
        answer = self.ask("GET", "/" + bucket, "uploads=")
        return list(zip(answer.all("Key"), answer.all("UploadId")))

    def abort(self, bucket, key, upload):
        query = "uploadId=" + urllib.parse.quote(upload, safe="-_.~")
        assert self.ask("DELETE", "/%s/%s" % (bucket, key), query).status == 204

    def allow_everything(self):
        """To the user itself, by a policy, which sessions need."""
        self.form("iam", Action="PutUserPolicy", Version="2010-05-08", UserName="tester", PolicyName="all",
                  PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],'
                                 '"Resource":["*"]}]}')

    def session(self):
        """Temporary credentials of the same user, from the server's STS: `where` for another client."""
        answer = self.form("sts", Action="GetSessionToken", Version="2011-06-15", DurationSeconds="900")
        return dict(self.where, ACCESS_KEY=answer.all("AccessKeyId")[0], SECRET_KEY=answer.all("SecretAccessKey")[0],
                    SESSION_TOKEN=answer.all("SessionToken")[0])
