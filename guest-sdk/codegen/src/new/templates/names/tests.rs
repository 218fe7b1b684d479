use super::*;
use wagather::Error;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "__path__";

const OBJECTS: &str = r#"[
    {"metadata": {__namespace__"name": "one"}},
    {"metadata": {__namespace__"name": "two"}, "spec": {"other": 1}}
]"#;

const LISTED: &str = r#"[{__written__"name":"one"},{__written__"name":"two"}]"#;

#[test]
fn each_has_its_name_written() {
    let run = Host::new().list(PATH, OBJECTS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("names.json"), LISTED);
    assert_eq!(run.logs[0].text, "2 listed");
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.entry("names.json"), "[]");
    assert_eq!(run.requests[0].mask, "metadata(__mask__name)");
}

#[test]
fn half_a_list_is_no_report() {
    let host = Host::new().list(PATH, OBJECTS);
    let run = host.break_after(1, Status::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
    assert!(run.entries.is_empty());
}
