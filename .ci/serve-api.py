"""Tries the HTTP API of host-min serve as others would use it: by requests that schemathesis generates from the OpenAPI
document, and by the OpenMetrics parser of prometheus_client. `.ci/serve-api` installs both and calls this.

    serve-api.py SERVE MODULES RECORDING FOLDER
"""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

SERVE, MODULES, RECORDING, FOLDER = (Path(word).absolute() for word in sys.argv[1:])

# What the recording has answers for.
GATHERERS = ["cluster-operators", "crash-logs", "degraded-operators", "events", "image-inventory", "nodes", "pods"]

TOKEN = "a-token-of-a-test-0123456789"

# What a request that follows the document may also get: the gatherer does not take these parameters, or the archive has no such bytes.
SCHEMATHESIS = """
[[operations]]
include-name = "POST /v1/runs"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422", "429", "503"]

[[operations]]
include-operation-id = ["getArchive", "getLatestArchive"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "404", "416"]
"""

# Counters of each gatherer that a complete run leaves above zero.
GROW = ["wagather_runs", "wagather_requests", "wagather_items", "wagather_received_bytes", "wagather_archived_files"]


def check(condition, message):
    if not condition:
        sys.exit(f"serve-api: {message}")


def ask(url, body=None):
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Content-Type": "application/json"} if body else {})
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=120) as response:
        return response.status, response.headers, response.read()


def metrics(base):
    """All samples, by name and labels. The parser refuses what is no OpenMetrics."""
    _, headers, text = ask(f"{base}/metrics")
    check(headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), headers["Content-Type"])
    families = list(text_string_to_metric_families(text.decode()))
    check(len(families) > 20, f"only {len(families)} families of metrics")
    for family in families:
        check(family.type != "unknown" and family.documentation, f"{family.name} has no type or no help")
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def run_all(base):
    """Runs each gatherer to its end."""
    gatherers = json.loads(ask(f"{base}/v1/gatherers")[2])["gatherers"]
    check([gatherer["name"] for gatherer in gatherers] == GATHERERS, f"other gatherers: {gatherers}")
    complete = []
    for name in (gatherer["name"] for gatherer in gatherers):
        status, headers, body = ask(f"{base}/v1/runs", {"gatherer": name, "waitSeconds": 60})
        run = json.loads(body)
        check(status == 200 and headers["Location"] == f"/v1/runs/{run['id']}", f"{name}: {status} {run}")
        if run["state"] == "complete":
            complete.append(name)
            archive = ask(base + run["archive"])[2]
            check(archive.startswith(b"\x1f\x8b"), f"{name}: the archive is no gzip")
            check(ask(f"{base}/v1/gatherers/{name}/archive")[2] == archive, f"{name}: another archive is the latest")
    check(len(complete) > 3, f"only these are complete: {complete}")
    return complete


def counted(samples, complete):
    for name in complete:
        for family in GROW:
            labels = {"gatherer": name} | ({"outcome": "complete"} if family == "wagather_runs" else {})
            value = samples[(f"{family}_total", tuple(sorted(labels.items())))]
            check(value > 0, f"{family}_total of {name} is {value}")
        of = (("gatherer", name),)
        for histogram in ["wagather_run_duration_seconds", "wagather_run_wait_seconds"]:
            check(samples[(f"{histogram}_count", of)] == samples[(f"{histogram}_bucket", (*of, ("le", "+Inf")))], histogram)
        check(samples[("wagather_last_success_timestamp_seconds", of)] > 1.7e9, f"{name} has no time of its success")


def main():
    (FOLDER / "token").write_text(TOKEN)
    config = {
        "apiVersion": "wagather/v1",
        "kind": "Service",
        "recording": str(RECORDING),
        "gatherers": [{"module": str(MODULES / f"{name}.wasm")} for name in GATHERERS],
        "output": {"folder": "archives"},
        "api": {"listen": ["127.0.0.1:0"], "tokenFile": "token"},
    }
    # JSON is YAML.
    (FOLDER / "serve.yaml").write_text(json.dumps(config))
    words = [SERVE, FOLDER / "serve.yaml", "--log-format", "json"]
    log = FOLDER / "serve.log"
    with open(log, "wb") as stderr:
        served = subprocess.Popen(words, stderr=stderr)
    try:
        base = None
        while base is None:
            check(served.poll() is None, f"the service ended:\n{log.read_text()}")
            for line in log.read_text().splitlines():
                entry = json.loads(line) if line.endswith("}") else {}
                if entry.get("event") == "started":
                    base = f"http://{entry['addresses'][0]}"
        complete = run_all(base)
        counted(metrics(base), complete)
        (FOLDER / "schemathesis.toml").write_text(SCHEMATHESIS)
        tool = Path(sys.executable).with_name("schemathesis")
        options = ["--checks", "all", "--max-examples", "40", "--seed", "1", "--request-timeout", "90", "--no-color"]
        options += ["--header", f"Authorization: Bearer {TOKEN}"]
        done = subprocess.run([tool, "run", f"{base}/openapi.json", *options], cwd=FOLDER)
        check(done.returncode == 0, "schemathesis found something")
        check(served.poll() is None, "the service ended")
        counted(metrics(base), complete)
        served.send_signal(signal.SIGTERM)
        check(served.wait(60) == 0, f"the service ended with {served.returncode}")
        check("panicked" not in log.read_text(), f"the service panicked, see {log}")
        print("serve-api: the API does what its document says, and its metrics are OpenMetrics")
    finally:
        served.kill()
        served.wait()


main()
