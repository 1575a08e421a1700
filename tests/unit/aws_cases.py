"""botocore's test cases as lines for the C tests.

    aws_cases.py endpoints SERVICE FILE   service region fips dualstack path_style url bucket expected
    aws_cases.py profiles FILE            profile, an environment, and the endpoint that S3 then has

Fields are separated by tabs; "-" stands for nothing. What this project does not have is left out, and
counted by reason on the error output.
"""

import collections
import json
import re
import sys

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def reason_to_skip(service, expect, params, case):
    """Why a case is none of ours; None: it is."""
    bucket = params.get("Bucket", "")
    region = params.get("Region", "")
    if not params and expect.get("error", "").find("Region") < 0:
        return "cases without parameters of their own"
    if "arn:" in bucket or bucket.endswith("s3alias") or "--op-s3" in bucket or "accesspoint" in str(expect):
        return "access points, Outposts, ARNs"
    if bucket.endswith(("--x-s3", "--xa-s3")) or "UseS3ExpressControlEndpoint" in params:
        return "S3 Express"
    if params.get("Accelerate"):
        return "Transfer Acceleration"
    if params.get("UseObjectLambdaEndpoint"):
        return "Object Lambda"
    if region == "aws-global" or (params.get("UseGlobalEndpoint") and "https://s3.amazonaws.com" in str(expect)) \
            or "bucket-name.s3.amazonaws.com" in str(expect) or "https://bucket.s3.amazonaws.com" in str(expect) \
            or (service == "sts" and params.get("UseGlobalEndpoint") and "https://sts.amazonaws.com" in str(expect)):
        return "the global endpoint"
    if bucket and not BUCKET.fullmatch(bucket) and "error" not in expect:
        return "buckets whose names S3 does not allow"
    return None


def endpoints(service, path):
    skipped = collections.Counter()
    with open(path, encoding="utf-8") as f:
        cases = json.load(f)["testCases"]
    for case in cases:
        params, expect = case.get("params", {}), case["expect"]
        reason = reason_to_skip(service, expect, params, case)
        if reason:
            skipped[reason] += 1
            continue
        row = [service, params.get("Region", "-"), *(str(int(params.get(k, False))) for k in
               ("UseFIPS", "UseDualStack", "ForcePathStyle")), params.get("Endpoint", "-"), params.get("Bucket", "-"),
               "error" if "error" in expect else expect["endpoint"]["url"]]
        print("\t".join(row))
    for reason, count in sorted(skipped.items()):
        print(f"# {service}: {count} left out: {reason}")


def profiles(path):
    with open(path, encoding="utf-8") as f:
        suite = json.load(f)["testSuites"][0]
    config = ""
    for name, values in suite["profiles"].items():
        config += f"[profile {name}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items())
    for name, services in suite["services"].items():
        config += f"[services {name}]\n"
        for service, values in services.items():
            config += f"{service} =\n" + "".join(f"  {k} = {v}\n" for k, v in values.items())
    print("config\t" + config.replace("\n", "\\n"))
    for case in suite["endpointUrlTests"]:
        if case["service"] != "s3":
            print("# left out: another service")
            continue
        if suite["client_configs"][case["client_config"]]:
            print("# left out: an endpoint given by a program, not by its settings")
            continue
        environment = suite["environments"][case["environment"]]
        print("\t".join(["case", case["profile"], case["output"]["endpointUrl"],
                         *(f"{k}={v}" for k, v in environment.items())]))


if __name__ == "__main__":
    if sys.argv[1] == "endpoints":
        endpoints(sys.argv[2], sys.argv[3])
    else:
        profiles(sys.argv[2])
