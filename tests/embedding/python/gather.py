"""Runs a gatherer on a recording, or on a live API server, and says what became of it.

    LD_LIBRARY_PATH=target/dist python3 gather.py HELPER GUEST.wasm RECORDING.har|http(s)://SERVER ARCHIVE
"""

import ctypes
import json
import sys
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_char_p, c_int32, c_size_t, c_void_p

library = ctypes.CDLL("libwagather.so")
LEVELS = ["debug", "info", "warn", "error"]
Log = CFUNCTYPE(None, c_void_p, c_int32, c_char_p, c_char_p)


def declared(name, result, *arguments):
    """A function of wagather.h; handles are c_void_p."""
    function = getattr(library, f"wagather_{name}")
    function.restype, function.argtypes = result, arguments
    return function


plan_new = declared("plan_new", c_void_p)
plan_set = declared("plan_set", c_void_p, c_void_p, c_char_p, c_char_p)
plan_add_file = declared("plan_add_file", c_void_p, c_void_p, c_char_p)
plan_free = declared("plan_free", None, c_void_p)
run = declared("run", c_void_p, c_void_p, Log, c_void_p, POINTER(c_void_p))
outcome_is_complete = declared("outcome_is_complete", c_bool, c_void_p)
outcome_output = declared("outcome_output", c_char_p, c_void_p)
outcome_report = declared("outcome_report", c_char_p, c_void_p)
outcome_failure = declared("outcome_failure", c_void_p, c_void_p, c_size_t)
outcome_free = declared("outcome_free", None, c_void_p)
failure_class = declared("failure_class", c_int32, c_void_p)
failure_free = declared("failure_free", None, c_void_p)
failure_texts = {
    name: declared(f"failure_{name}", c_char_p, c_void_p) for name in ["attempt", "reason", "advice", "text"]
}


class Failure(Exception):
    """What was attempted, why it failed, and what to do about it."""

    def __init__(self, handle):
        self.failure_class = failure_class(handle)
        texts = {name: text(handle).decode() for name, text in failure_texts.items()}
        super().__init__(texts.pop("text"))
        self.__dict__.update(texts)


def ended(handle):
    """Raises what a call returned, and frees it."""
    if handle:
        try:
            raise Failure(handle)
        finally:
            failure_free(handle)


def gather(guest, log, **options):
    """Runs one gatherer with these options of wagather_plan_set. Returns the report, the archive and the failures of gatherers."""
    plan, outcome = plan_new(), c_void_p()
    try:
        for name, value in options.items():
            ended(plan_set(plan, name.replace("_", "-").encode(), value.encode()))
        ended(plan_add_file(plan, guest.encode()))
        ended(run(plan, Log(log), None, byref(outcome)))
        failures = []
        while handle := outcome_failure(outcome, len(failures)):
            failures.append(Failure(handle))
        return json.loads(outcome_report(outcome)), outcome_output(outcome).decode(), failures
    finally:
        outcome_free(outcome)
        plan_free(plan)


def on_log(_context, level, gatherer, line):
    print(f"{LEVELS[level]}: {gatherer.decode()}: {line.decode()}", file=sys.stderr)


def main(helper, guest, source, archive):
    where = {"server" if source.startswith("http") else "replay": source}
    try:
        report, output, failures = gather(guest, on_log, helper=helper, output=archive, timeout="20s", **where)
    except Failure as failure:
        print(f"gather: {failure}", file=sys.stderr)
        return failure.failure_class
    print(f"complete: {report['complete']}\narchive: {output}")
    for gatherer in report["gatherers"]:
        print(f"{gatherer['name']}: {gatherer['status']}, files: {gatherer['entries']}")
    for failure in failures:
        print(f"gather: {failure}", file=sys.stderr)
        return failure.failure_class
    return 0 if report["complete"] else 8


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("gather: give a HELPER, a GUEST.wasm, a RECORDING.har or the URL of a server, and a new ARCHIVE")
    sys.exit(main(*sys.argv[1:]))
