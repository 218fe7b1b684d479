"""Reads a file of JUnit's XML as tools for CI systems do. Prints what each suite says of itself, after counting it again.

There is no standard. The rules are those that the schemas of Ant's and Jenkins' readers have in common: which elements there are, in which
order, with which attributes.

usage: junit.py FILE
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

from junitparser import Error, Failure, JUnitXml, Skipped

NUMBER, TIME, TEXT = r"[0-9]+", r"[0-9]+(\.[0-9]+)?", r"(?s)\S.*"
# A time without a zone.
STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
# The attributes that an element must have, and those that it may have.
ATTRIBUTES = {
    "testsuites": ({}, {}),
    "testsuite": (
        {"name": TEXT, "package": TEXT, "id": NUMBER, "hostname": TEXT, "timestamp": STAMP, "time": TIME}
        | dict.fromkeys(("tests", "failures", "errors"), NUMBER),
        {"skipped": NUMBER},
    ),
    "properties": ({}, {}),
    "property": ({"name": TEXT, "value": "(?s).*"}, {}),
    "testcase": ({"name": TEXT, "classname": TEXT, "time": TIME}, {}),
    "failure": ({"type": TEXT}, {"message": "(?s).*"}),
    "error": ({"type": TEXT}, {"message": "(?s).*"}),
    "skipped": ({}, {"message": "(?s).*"}),
    "system-out": ({}, {}),
    "system-err": ({}, {}),
}
# The children of an element, in their order.
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((failure|error|skipped) )?",
}


def check(element):
    """Fails if an element is not what readers expect."""
    must, may = ATTRIBUTES[element.tag]
    assert set(must) <= set(element.keys()) <= set(must | may), f"{element.tag} has {element.keys()}"
    for name, value in element.items():
        assert re.fullmatch((must | may)[name], value), f"{element.tag} has {name}={value!r}"
    children = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(CHILDREN.get(element.tag, ""), children), f"{element.tag} has {children}"
    for child in element:
        check(child)


root = ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites", root.tag
check(root)
ids = [int(suite.get("id")) for suite in root]
assert ids == list(range(len(ids))), ids

for suite in JUnitXml.fromfile(sys.argv[1]):
    said = (suite.tests, suite.failures, suite.errors, suite.skipped)
    results = [result for case in suite for result in case.result]
    kinds = [sum(isinstance(result, kind) for result in results) for kind in (Failure, Error, Skipped)]
    assert said == (len(list(suite)), *kinds), f"{suite.name} says {said}, and has {kinds}"
    assert all(result.message for result in results), suite.name
    print(suite.name, *said)
