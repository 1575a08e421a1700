"""The made-up S3 against clients that others wrote: the aws command, and boto3 where it is."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

CLOUD = os.environ["CLOUD"]
AWS = shutil.which("aws", path="/usr/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
ID, SECRET = "AKIDEXAMPLE", "SEKRIT/wJalrXUtnFEMI"

if AWS is None:
    print("SKIP: no aws command here (Debian: awscli)")
    sys.exit(77)


class Cloud:
    """The program, for one test."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp()
        port_file = self.folder + "/port"
        self.process = subprocess.Popen(
            [CLOUD, "--port-file", port_file, "--access-key", ID, "--secret-key", SECRET,
             "--bucket", "voice-mail:eu-west-1", "--part-min", "5120", "--dump", self.folder + "/dump",
             *options])
        for _ in range(500):
            if os.path.exists(port_file):
                break
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as file:
            self.url = "http://127.0.0.1:" + file.read().strip()

    def look(self):
        with urllib.request.urlopen(self.url + "/_cloud/objects") as answer:
            return json.load(answer)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder)


class WithCloud(unittest.TestCase):
    options = ()

    def setUp(self):
        self.cloud = Cloud(*self.options)
        self.addCleanup(self.cloud.stop)

    def file(self, name, data):
        path = self.cloud.folder + "/" + name
        with open(path, "wb") as file:
            file.write(data)
        return path


class Aws(WithCloud):
    def aws(self, *words, secret=SECRET, good=True, region="eu-west-1"):
        env = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": secret,
               "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
               "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
               "HOME": self.cloud.folder, "LC_ALL": "C.UTF-8"}
        done = subprocess.run([AWS, "--endpoint-url", self.cloud.url, "--output", "json", *words],
                              env=env, capture_output=True, text=True, check=False)
        if good:
            self.assertEqual(done.returncode, 0, done.stderr + str(self.cloud.look()["violations"]))
            return json.loads(done.stdout) if done.stdout.strip() else {}
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def s3api(self, operation, *words, **more):
        return self.aws("s3api", operation, "--bucket", "voice-mail", *words, **more)

    def test_one_object(self):
        data = os.urandom(30000)
        path = self.file("a", data)
        key = "wav/2025/abc+d e=&.wav"
        self.s3api("put-object", "--key", key, "--body", path, "--content-type", "audio/wav", "--tagging",
                   "customerEndpoint=%2B81312345678&name=a%20b", "--metadata", "Who=me",
                   "--checksum-algorithm", "CRC32C", "--storage-class", "STANDARD_IA")
        head = self.s3api("head-object", "--key", key, "--checksum-mode", "ENABLED")
        self.assertEqual(head["ContentLength"], 30000)
        self.assertEqual(head["ContentType"], "audio/wav")
        self.assertEqual(head["Metadata"], {"who": "me"})
        self.s3api("get-object", "--key", key, "--checksum-mode", "ENABLED", path + ".back")
        with open(path + ".back", "rb") as file:
            self.assertEqual(file.read(), data)
        tags = self.s3api("get-object-tagging", "--key", key)["TagSet"]
        self.assertEqual(tags, [{"Key": "customerEndpoint", "Value": "+81312345678"},
                                {"Key": "name", "Value": "a b"}])
        seen = self.cloud.look()
        self.assertEqual(seen["violations"], [])
        self.assertEqual(seen["objects"][0]["sha256"], hashlib.sha256(data).hexdigest())
        self.assertEqual(seen["objects"][0]["storage_class"], "STANDARD_IA")
        self.s3api("delete-object", "--key", key)
        self.assertIn("404", self.s3api("head-object", "--key", key, good=False))

    def test_an_upload(self):
        upload = self.s3api("create-multipart-upload", "--key", "k", "--tagging", "a=b",
                            "--content-type", "audio/wav")["UploadId"]
        parts, whole = [], b""
        for number, size in ((1, 6000), (2, 5120), (3, 7)):
            data = os.urandom(size)
            whole += data
            path = self.file("part", data)
            answer = self.s3api("upload-part", "--key", "k", "--upload-id", upload, "--part-number",
                                str(number), "--body", path)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        listed = self.s3api("list-parts", "--key", "k", "--upload-id", upload)["Parts"]
        self.assertEqual([part["Size"] for part in listed], [6000, 5120, 7])
        self.assertIn("InvalidPartOrder", self.s3api(
            "complete-multipart-upload", "--key", "k", "--upload-id", upload, "--multipart-upload",
            json.dumps({"Parts": parts[::-1]}), good=False))
        self.assertIn("InvalidPart", self.s3api(
            "complete-multipart-upload", "--key", "k", "--upload-id", upload, "--multipart-upload",
            json.dumps({"Parts": [{"PartNumber": 1, "ETag": parts[1]["ETag"]}]}), good=False))
        self.s3api("complete-multipart-upload", "--key", "k", "--upload-id", upload, "--multipart-upload",
                   json.dumps({"Parts": parts}))
        seen = self.cloud.look()
        self.assertEqual(seen["objects"][0]["sha256"], hashlib.sha256(whole).hexdigest())
        self.assertEqual(seen["objects"][0]["tags"], {"a": "b"})
        self.assertEqual(seen["open_uploads"], [])

    def test_too_small_and_abort(self):
        upload = self.s3api("create-multipart-upload", "--key", "k")["UploadId"]
        path = self.file("part", b"x" * 5119)
        tag = self.s3api("upload-part", "--key", "k", "--upload-id", upload, "--part-number", "1", "--body",
                         path)["ETag"]
        self.s3api("upload-part", "--key", "k", "--upload-id", upload, "--part-number", "2", "--body", path)
        self.assertIn("EntityTooSmall", self.s3api(
            "complete-multipart-upload", "--key", "k", "--upload-id", upload, "--multipart-upload",
            json.dumps({"Parts": [{"PartNumber": 1, "ETag": tag}, {"PartNumber": 2, "ETag": tag}]}),
            good=False))
        self.assertEqual(len(self.cloud.look()["open_uploads"]), 1)
        self.s3api("abort-multipart-upload", "--key", "k", "--upload-id", upload)
        self.assertEqual(self.cloud.look()["open_uploads"], [])
        self.assertIn("NoSuchUpload", self.s3api("abort-multipart-upload", "--key", "k", "--upload-id",
                                                 upload, good=False))

    def test_listing(self):
        path = self.file("a", b"1")
        keys = ["p/a b", "p/a+b", "p/ä", "p/z<&>", "q"]
        for key in keys:
            self.s3api("put-object", "--key", key, "--body", path)
        listed = self.s3api("list-objects-v2", "--prefix", "p/", "--page-size", "2")["Contents"]
        self.assertEqual([one["Key"] for one in listed],
                         sorted(keys[:4], key=lambda key: key.encode()))
        listed = self.s3api("list-objects-v2", "--start-after", "p/z")["Contents"]
        self.assertEqual([one["Key"] for one in listed], ["p/z<&>", "p/ä", "q"])

    def test_refusals(self):
        path = self.file("a", b"1")
        self.assertIn("SignatureDoesNotMatch", self.s3api("put-object", "--key", "k", "--body", path,
                                                          secret="other", good=False))
        self.s3api("list-objects-v2", region="us-east-1")  # it follows the answer's <Region>
        self.assertGreater(self.cloud.look()["asked"]["list"], 1)
        self.assertIn("InvalidTag", self.s3api("put-object", "--key", "k", "--body", path, "--tagging",
                                               "a=%2A", good=False))
        self.assertIn("AccessDenied", self.s3api("put-object", "--key", "k", "--body", path,
                                                 "--expected-bucket-owner", "000000000000", good=False))
        self.assertIn("NoSuchBucket", self.aws("s3api", "list-objects-v2", "--bucket", "nobodys", good=False))
        self.assertEqual(self.cloud.look()["objects"], [])


class Skewed(Aws):
    options = ("--utc-offset", "1000000")
    test_one_object = test_an_upload = test_too_small_and_abort = test_listing = None

    def test_refusals(self):
        self.assertIn("RequestTimeTooSkewed", self.s3api("list-objects-v2", good=False))


class Faulty(Aws):
    options = ("--fault", "put:1:503", "--fault", "get:1:cut-after=600", "--fault", "head:1:lost-answer")
    test_one_object = test_an_upload = test_too_small_and_abort = test_listing = None

    def test_refusals(self):
        path = self.file("a", b"1" * 3000)
        self.assertIn("SlowDown", self.s3api("put-object", "--key", "k", "--body", path, good=False))
        self.s3api("put-object", "--key", "k", "--body", path)
        self.s3api("get-object", "--key", "k", path, good=False)
        self.s3api("head-object", "--key", "k", good=False)
        self.s3api("head-object", "--key", "k")


def has_boto():
    try:
        import boto3  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        return False
    return True


@unittest.skipUnless(has_boto(), "no boto3 here (Debian: python3-boto3)")
class Boto(WithCloud):
    def client(self, service="s3", **more):
        import boto3  # pylint: disable=import-outside-toplevel
        import botocore.config  # pylint: disable=import-outside-toplevel
        return boto3.client(service, endpoint_url=self.cloud.url, region_name="eu-west-1",
                            aws_access_key_id=ID, aws_secret_access_key=SECRET,
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, **more))

    def code(self, call, **words):
        import botocore.exceptions  # pylint: disable=import-outside-toplevel
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**words)
        return caught.exception.response["Error"]["Code"]

    def if_absent(self, client):
        """Older versions do not know the parameter."""
        client.meta.events.register("before-call.s3", lambda params, **_:
                                    params["headers"].update({"If-None-Match": "*"}))
        return client

    def test_trailers(self):
        """A stream without a known hash: aws-chunked with a trailer, where this boto knows it."""
        client = self.client()
        for algorithm in ("CRC32", "CRC32C", "SHA256"):
            try:
                client.put_object(Bucket="voice-mail", Key=algorithm, Body=b"x" * 200000,
                                  ChecksumAlgorithm=algorithm)
            except Exception as missing:  # CRC32C needs awscrt
                if "crt" not in str(missing).lower():
                    raise
        client.put_object(Bucket="voice-mail", Key="none", Body=b"y" * 10)
        seen = self.cloud.look()
        self.assertEqual(seen["violations"], [])
        for one in seen["objects"]:
            self.assertIn(one["bytes"], (200000, 10))

    def test_if_none_match(self):
        client = self.if_absent(self.client())
        client.put_object(Bucket="voice-mail", Key="k", Body=b"1")
        self.assertEqual(self.code(client.put_object, Bucket="voice-mail", Key="k", Body=b"2"),
                         "PreconditionFailed")
        other = self.client()
        upload = other.create_multipart_upload(Bucket="voice-mail", Key="k")["UploadId"]
        tag = other.upload_part(Bucket="voice-mail", Key="k", UploadId=upload, PartNumber=1,
                                Body=b"3")["ETag"]
        self.assertEqual(self.code(client.complete_multipart_upload, Bucket="voice-mail", Key="k",
                                   UploadId=upload, MultipartUpload={"Parts": [
                                       {"PartNumber": 1, "ETag": tag}]}), "PreconditionFailed")
        self.assertEqual(self.cloud.look()["objects"][0]["bytes"], 1)

    def test_checksums_of_an_upload(self):
        client = self.client()
        upload = client.create_multipart_upload(Bucket="voice-mail", Key="k",
                                                ChecksumAlgorithm="SHA256")["UploadId"]
        parts = []
        for number in (1, 2):
            answer = client.upload_part(Bucket="voice-mail", Key="k", UploadId=upload, PartNumber=number,
                                        Body=bytes([number]) * 6000, ChecksumAlgorithm="SHA256")
            parts.append({"PartNumber": number, "ETag": answer["ETag"],
                          "ChecksumSHA256": answer["ChecksumSHA256"]})
        done = client.complete_multipart_upload(Bucket="voice-mail", Key="k", UploadId=upload,
                                                MultipartUpload={"Parts": parts})
        import base64  # pylint: disable=import-outside-toplevel
        digests = b"".join(hashlib.sha256(bytes([n]) * 6000).digest() for n in (1, 2))
        self.assertEqual(done["ChecksumSHA256"],
                         base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2")
        self.assertEqual(self.cloud.look()["violations"], [])

    def test_web_identity(self):
        client = self.client("sts")
        role = "arn:aws:iam::123456789012:role/made-up"
        keys = client.assume_role_with_web_identity(RoleArn=role, RoleSessionName="a-test",
                                                    WebIdentityToken="SEKRIT.web.token")["Credentials"]
        import boto3  # pylint: disable=import-outside-toplevel
        s3 = boto3.client("s3", endpoint_url=self.cloud.url, region_name="eu-west-1",
                          aws_access_key_id=keys["AccessKeyId"],
                          aws_secret_access_key=keys["SecretAccessKey"],
                          aws_session_token=keys["SessionToken"])
        s3.put_object(Bucket="voice-mail", Key="k", Body=b"1")
        self.assertEqual(self.code(client.assume_role_with_web_identity, RoleArn=role,
                                   RoleSessionName="a-test", WebIdentityToken="another"),
                         "InvalidIdentityToken")

    def fetched(self, **env):
        """Keys as botocore's own providers find them."""
        words = {"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": "/dev/null", "HOME": self.cloud.folder,
                 "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_DEFAULT_REGION": "eu-west-1", **env}
        code = ("import boto3; c = boto3.Session().client('s3', endpoint_url=%r);"
                "c.put_object(Bucket='voice-mail', Key='k', Body=b'1')" % self.cloud.url)
        done = subprocess.run([sys.executable, "-c", code], env=words, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.cloud.look()["violations"], [])

    def test_instance(self):
        self.fetched(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.cloud.url)

    def test_container(self):
        self.fetched(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.cloud.url + "/container/keys")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
