"""Reads every .yaml below a folder with PyYAML, in Python and with libyaml: each must be the JSON that it is.

usage: yaml_is_json.py FOLDER
"""

import json
import pathlib
import sys

import yaml

files = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.yaml")):
    text = path.read_bytes()
    expected = json.loads(text)
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        found = yaml.load(text, Loader=loader)
        # YAML 1.1 has timestamps, but no quoted text is one.
        assert found == expected, f"{path}: {loader.__name__} reads {found}, not {expected}"
    files += 1
print(files, "files")
