use super::*;
use wagather::Error;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "__path__";

const OBJECTS: &str = r#"[
    {"metadata": {__namespace__"name": "good"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
    {"metadata": {__namespace__"name": "bad"}, "status": {"conditions": [
        {"type": "Other", "status": "True"}, {"type": "Ready", "status": "False"}]}},
    {"metadata": {__namespace__"name": "new"}}
]"#;

#[test]
fn what_is_not_ready_is_found() {
    let run = Host::new().list(PATH, OBJECTS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("not-ready.json"),
        r#"[{__written__"name":"bad","ready":"False"},{__written__"name":"new","ready":""}]"#
    );
    assert_eq!(run.logs[0].text, "2 of 3 __plural__ are not ready");
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.entry("not-ready.json"), "[]");
    assert_eq!(run.requests[0].mask, "metadata(__mask__name),status(conditions(type,status))");
}

#[test]
fn half_a_list_is_no_report() {
    let run = Host::new().list(PATH, OBJECTS).break_after(2, Status::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
    assert!(run.entries.is_empty());
}
