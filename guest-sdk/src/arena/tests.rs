use super::raw::MAX_BYTES;
use super::*;
use crate::Error;
use crate::abi::Status;
use crate::json::{to_entry, to_string};
use crate::typed::Map;
use crate::{Api, Fields, ListParams, Resource, Serialize, fake};
use std::format;

#[test]
fn lists_grow_and_are_slices() {
    let mut all = Vec::new();
    assert!(all.is_empty() && all.iter().next().is_none());
    // Another growing collection forces it to move.
    let mut other = Vec::with_capacity(1).expect("memory");
    for number in 0..1000_u64 {
        all.push((number, number as u8)).expect("memory");
        other.push(number as u16).expect("memory");
    }
    assert!(all.iter().enumerate().all(|(at, pair)| *pair == (at as u64, at as u8)));
    other.sort_unstable_by(|one, two| two.cmp(one));
    assert_eq!((other.len(), other[0], other[999]), (1000, 999, 0));
    let kept: &'static mut [(u64, u8)] = all.keep();
    assert_eq!((kept.len(), kept[999]), (1000, (999, 231)));
    assert_eq!(format!("{:?}", &other[..2]), "[999, 998]");
    other.free();
    let mut bytes = Vec::new();
    for byte in 0..100 {
        bytes.extend_from_slice(&[byte; 33]).expect("memory");
    }
    assert!(bytes.len() == 3300 && bytes.chunks(33).zip(0..).all(|(chunk, byte)| chunk == [byte; 33]));
    bytes.clear();
    assert!(bytes.is_empty());
    Vec::<u8>::default().free();
}

#[test]
fn texts_grow_and_are_set_anew() {
    let mut text = String::new();
    assert_eq!(text, "");
    for number in 0..100 {
        text.push_str(&format!("{number}ä,")).expect("memory");
    }
    assert!(text.starts_with("0ä,1ä,") && text.ends_with(",99ä,"));
    let before = text.as_ptr();
    text.set("short").expect("memory");
    assert!(text == *"short" && text < *"shost" && text.as_ptr() == before);
    text.clear();
    assert_eq!(String::default().as_str(), text.as_str());
}

#[test]
fn what_is_no_memory_of_a_gatherer_is_refused() {
    let no_room = Err(Error::new(Status::NO_ROOM));
    assert_eq!(Vec::<u64>::with_capacity(usize::MAX / 2).map(drop), no_room);
    assert_eq!(Vec::<u8>::with_capacity(MAX_BYTES).map(drop), no_room);
    assert_eq!(Vec::<u64>::with_capacity(0).map(|vec| vec.len()), Ok(0));
}

#[derive(Serialize)]
struct Report<'a> {
    name: String,
    rows: Vec<Row<'a>>,
    labels: Map<'a, &'a str>,
    ports: Map<'a, Port>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    numbers: Vec<u8>,
}

#[derive(Clone, Copy, Default, Fields, Serialize)]
struct Port {
    number: u16,
}

#[derive(Clone, Copy, Resource)]
#[resource(version = "v1", plural = "services", namespaced)]
struct Service<'a> {
    labels: Map<'a, &'a str>,
    ports: Map<'a, Port>,
}

#[test]
fn what_was_collected_is_written_by_the_host_as_by_the_own_writer() {
    const _: () = assert!(<Report<'_> as Serialize>::WRITTEN.is_some());
    let services = r#"[{"labels": {"a": "\u0001", "b": ""}, "ports": {"http": {"number": 80}}}, {}]"#;
    let run = fake::Host::new().list("/api/v1/services", services).run(|| {
        let services = Api::<Service>::all().list(&ListParams::default())?.items();
        for (number, service) in services.enumerate() {
            let service = service?;
            let Service { labels, ports } = *service.get();
            let mut report = Report { name: String::new(), rows: Vec::new(), labels, ports };
            report.name.push_str("\"n\"")?;
            for name in ["a", "b"] {
                let mut numbers = Vec::new();
                numbers.push(number as u8)?;
                report.rows.push(Row { name, numbers })?;
            }
            to_entry(&format!("{number}.json"), &report)?;
            crate::log::info(&to_string(&report));
        }
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("0.json"), run.logs[0].text);
    assert_eq!(run.entry("1.json"), run.logs[1].text);
    assert_eq!(
        run.entry("0.json"),
        concat!(
            r#"{"name":"\"n\"","rows":[{"name":"a","numbers":[0]},{"name":"b","numbers":[0]}],"#,
            r#""labels":{"a":"\u0001","b":""},"ports":{"http":{"number":80}}}"#
        )
    );
    assert!(run.entry("1.json").ends_with(r#""labels":{},"ports":{}}"#));
}
