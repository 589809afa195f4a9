"""A stand-in for the command line: writes down how it was called, and answers as it was told."""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
DEFAULTS = {
    "validate": {"candidates": ["baseline", "embeddings"]},
    "gate": {"outcome": "promote"},
    "plan": {"shards": ["0000", "0001"]},
}


def say(answer):
    """Say it on stdout, and in the lake where a pod is told to."""
    text = json.dumps(answer)
    if key := os.environ.get("NIGHTLABEL_RESULT"):
        lake = os.environ["NIGHTLABEL_LAKE"].removeprefix("s3://")
        address = f"{os.environ['NIGHTLABEL_S3_ENDPOINT']}/{lake}/{key}"
        plain = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(address, text.encode(), plain, method="PUT"))
    sys.stdout.write(text)


def next_code(told, answer):
    """Take the next exit code off what a step was told, which another pod of the step may be reading."""
    codes = answer.get("exit", [])
    if not codes:
        return 0
    code = codes.pop(0)
    part = told.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(answer))
    part.replace(told)
    return code


step, *arguments = sys.argv[1:]
with (HERE / "calls").open("a") as calls:
    calls.write(json.dumps([step, *arguments]) + "\n")
told = HERE / f"{step}.json"
answer = json.loads(told.read_text()) if told.exists() else {}
code = next_code(told, answer)
sys.stderr.write(json.dumps({"event": f"{step} at work", "rows": 3}) + "\n")
time.sleep(answer.get("seconds", 0))
while (gate := answer.get("until")) and not (HERE / gate).exists():
    time.sleep(0.1)
if code:
    error = {
        "code": answer.get("code", "NL-A004"),
        "sentence": f"{step} was told to end with {code}",
        "kept": "all",
        "next": "look",
    }
    say({"error": error})
    sys.exit(code)
say({"step": step, **DEFAULTS.get(step, {}), **answer.get("result", {})})
