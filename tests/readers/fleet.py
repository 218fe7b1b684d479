"""Asks DuckDB about the lines of a fleet's archives, as docs/scale.md shows it.

usage: fleet.py FILE.ndjson
"""

import sys

import duckdb

lines = duckdb.read_json(sys.argv[1])
for query in (
    "SELECT status, count(*), count(DISTINCT archive) FROM lines WHERE status IS NOT NULL GROUP BY ALL ORDER BY ALL",
    """SELECT severity, count(*), count(DISTINCT archive)
       FROM (SELECT archive, unnest(value.findings, recursive := true) FROM lines WHERE entry = 'findings.json')
       GROUP BY ALL ORDER BY ALL""",
):
    for row in duckdb.sql(query).fetchall():
        print(*row)
