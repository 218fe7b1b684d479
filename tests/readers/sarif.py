"""Holds a file against the published schema of SARIF 2.1.0, and prints how many runs and results it has.

usage: sarif.py SCHEMA FILE
"""

import json
import sys

import jsonschema

schema, log = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
jsonschema.Draft4Validator.check_schema(schema)
mistakes = sorted(jsonschema.Draft4Validator(schema).iter_errors(log), key=lambda mistake: list(mistake.path))
for mistake in mistakes:
    print(f"{mistake.json_path}: {mistake.message}", file=sys.stderr)
if mistakes:
    sys.exit(1)
print(len(log["runs"]), "runs,", sum(len(run["results"]) for run in log["runs"]), "results")
