use super::*;
use wagather::Error;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "__path__";

const OBJECTS: &str = r#"[
    {"metadata": {__namespace__"name": "good"}, "status": {
        "conditions": [{"type": "Ready", "status": "True"}]}},
    {"metadata": {__namespace__"name": "bad"}, "status": {
        "conditions": [{"type": "Other", "status": "True"}, {"type": "Ready", "status": "False"}]}}
]"#;

const FOUND: &str = r#"[{__written__"name":"bad","ready":"False"}]"#;

const MASK: &str = "metadata(__mask__name),status(conditions(type,status))";

#[test]
fn what_is_not_ready_is_found() {
    let run = Host::new().list(PATH, OBJECTS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("not-ready.json"), FOUND);
    assert_eq!(run.logs[0].text, "1 of 2 are not ready");
}

#[test]
fn what_says_nothing_yet_is_not_ready() {
    let new = r#"[{"metadata": {"name": "new"}}]"#;
    let run = Host::new().list(PATH, new).run(gather);
    assert!(run.entry("not-ready.json").contains(r#""ready":"""#));
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.entry("not-ready.json"), "[]");
    assert_eq!(run.requests[0].mask, MASK);
}

#[test]
fn half_a_list_is_no_report() {
    let host = Host::new().list(PATH, OBJECTS);
    let run = host.break_after(1, Status::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
    assert!(run.entries.is_empty());
}
