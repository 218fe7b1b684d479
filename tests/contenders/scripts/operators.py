"""`python3 operators.py pipe|decode HOST:PORT PATH OUTPUT`: the list as it is into a file, or the operators that are in trouble."""

import http.client
import json
import sys


def findings(operator):
    status = operator.get("status", {})
    version = next((v["version"] for v in status.get("versions", []) if v["name"] == "operator"), "")
    for condition in status.get("conditions", []):
        problem = {("Degraded", "True"): "degraded", ("Available", "False"): "unavailable"}.get(
            (condition["type"], condition["status"])
        )
        if problem:
            yield {
                "operator": operator["metadata"]["name"],
                "version": version,
                "problem": problem,
                "since": condition.get("lastTransitionTime", ""),
                "reason": condition.get("reason", ""),
                "message": condition.get("message", ""),
            }


task, server, path, output = sys.argv[1:]
connection = http.client.HTTPConnection(server)
connection.request("GET", path, headers={"Accept": "application/json"})
answer = connection.getresponse()
if answer.status != 200:
    sys.exit(f"the server answers {answer.status}")
body = answer.read()
if task == "decode":
    found = [finding for operator in json.loads(body)["items"] for finding in findings(operator)]
    body = json.dumps(found).encode()
with open(output, "wb") as file:
    file.write(body)
