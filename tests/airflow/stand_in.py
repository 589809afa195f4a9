"""A stand-in for the command line: writes down how it was called, and answers as it was told."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
DEFAULTS = {
    "validate": {"candidates": ["baseline", "embeddings"]},
    "gate": {"outcome": "promote"},
    "plan": {"shards": ["0000", "0001"]},
}

step, *arguments = sys.argv[1:]
with (HERE / "calls").open("a") as calls:
    calls.write(json.dumps([step, *arguments]) + "\n")
told = HERE / f"{step}.json"
answer = json.loads(told.read_text()) if told.exists() else {}
codes = answer.get("exit", [])
code = codes.pop(0) if codes else 0
told.write_text(json.dumps(answer))
sys.stderr.write(json.dumps({"event": f"{step} at work", "rows": 3}) + "\n")
if code:
    error = {
        "code": answer.get("code", "NL-A004"),
        "sentence": f"{step} was told to end with {code}",
        "kept": "all",
        "next": "look",
    }
    sys.stdout.write(json.dumps({"error": error}))
    sys.exit(code)
sys.stdout.write(json.dumps({"step": step, **DEFAULTS.get(step, {}), **answer.get("result", {})}))
