"""Reads a file of JUnit's XML as tools for CI systems do. Prints what each suite says of itself, after counting it again.

usage: junit.py FILE
"""

import sys

from junitparser import Error, Failure, JUnitXml, Skipped

for suite in JUnitXml.fromfile(sys.argv[1]):
    said = (suite.tests, suite.failures, suite.errors, suite.skipped)
    results = [result for case in suite for result in case.result]
    kinds = [sum(isinstance(result, kind) for result in results) for kind in (Failure, Error, Skipped)]
    assert said == (len(list(suite)), *kinds), f"{suite.name} says {said}, and has {kinds}"
    assert all(result.message for result in results), suite.name
    print(suite.name, *said)
