use super::*;
use crate::abi::Status;
use crate::{Api, Fields, ListParams, Resource, fake};
use std::string::ToString;
use std::vec::Vec;

#[derive(Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
struct Pod<'a> {
    metadata: Metadata<'a>,
    spec: Spec<'a>,
}

#[derive(Fields)]
struct Metadata<'a> {
    name: &'a str,
    labels: Map<'a, &'a str>,
    uid: Option<&'a str>,
}

#[derive(Fields)]
struct Spec<'a> {
    containers: &'a [Container<'a>],
    init_containers: &'a [Container<'a>],
    numbers: Numbers,
    owner: Option<&'a Owner<'a>>,
    phase: Phase<'a>,
}

#[derive(Fields)]
struct Container<'a> {
    image: &'a str,
    ports: Option<&'a [u16]>,
    weight: f64,
}

#[derive(Default, Fields)]
struct Numbers {
    a: i64,
    b: bool,
    c: u8,
}

#[derive(Fields)]
struct Owner<'a> {
    kind: &'a str,
}

#[derive(Fields)]
struct Phase<'a>(&'a str);

const PODS: &str = r#"[
    {"metadata": {"name": "a\u00e4", "labels": {"x": "1", "y": ""}, "uid": ""}, "spec": {
        "containers": [{"image": "i", "ports": [80, 443], "weight": 0.5}, {"ports": []}],
        "initContainers": [{"image": "j"}], "numbers": {"a": -5, "b": true, "c": 255}, "owner": {"kind": "k"}, "phase": "Running"}},
    {"metadata": {"name": 7}},
    {"metadata": {"name": "b"}}
]"#;

fn gather() -> crate::Result<()> {
    let mut kept = Vec::new();
    for pod in Api::<Pod>::all().list(&ListParams::default())?.items() {
        kept.push(pod?.keep());
    }
    let [first, last] = kept[..] else { panic!("two of three fit") };
    let Metadata { name, labels, uid } = &first.metadata;
    assert_eq!(
        (*name, labels.get("x"), labels.get("y"), labels.get("z"), *uid),
        ("aä", Some(&"1"), Some(&""), None, Some(""))
    );
    assert_eq!(labels.iter().map(|(key, value)| [key, value].concat()).collect::<Vec<_>>(), ["x1", "y"]);
    let Spec { containers, init_containers, numbers, owner, phase } = &first.spec;
    assert_eq!(containers[0].ports, Some(&[80, 443][..]));
    assert_eq!((containers[0].image, containers[0].weight, containers[1].image), ("i", 0.5, ""));
    assert_eq!((containers[1].ports, init_containers[0].ports), (Some(&[][..]), None));
    assert_eq!((numbers.a, numbers.b, numbers.c), (-5, true, 255));
    assert_eq!((owner.map(|owner| owner.kind), phase.0), (Some("k"), "Running"));
    assert!(last.spec.containers.is_empty() && last.spec.owner.is_none() && last.metadata.uid.is_none());
    assert!(last.metadata.labels.is_empty() && last.metadata.name == "b" && last.spec.phase.0.is_empty());
    Ok(())
}

#[test]
fn items_are_what_the_json_says_and_one_that_does_not_fit_is_named() {
    let run = fake::Host::new().list("/api/v1/pods", PODS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.misfits.len(), 1);
    assert!(run.misfits[0].to_string().contains("metadata.name"), "{}", run.misfits[0]);
    assert!(run.requests[0].mask.contains("labels"), "{}", run.requests[0].mask);
}

#[test]
fn items_live_side_by_side_and_errors_come_where_they_are() {
    let run = fake::Host::new().list("/api/v1/pods", PODS).run(|| {
        let (mut one, mut other) = (
            Api::<Pod>::all().list(&ListParams::default())?.items(),
            Api::<Pod>::all().list(&ListParams::default())?.items(),
        );
        let (Some(a), Some(b)) = (one.next(), other.next()) else { panic!("items") };
        let (a, b) = (a?, b?);
        assert_eq!(a.get().metadata.name, b.get().metadata.name);
        drop(a);
        let Some(c) = one.next() else { panic!("an item") };
        assert_eq!((c?.get().metadata.name, b.get().metadata.name), ("b", "aä"));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    let denied = fake::Host::new().deny("/api/v1/pods").run(gather);
    assert_eq!(denied.result, Err(Status::DENIED.into()));
}

#[test]
fn objects_that_are_alike_are_in_a_shape_once() {
    let shape = <Pod<'static> as Shaped>::SHAPE;
    let text = std::string::String::from_utf8_lossy(shape);
    assert_eq!(text.matches("image").count(), 1, "{text:?}");
    assert!(text.contains('@'), "{text:?}");
}

#[derive(crate::Serialize)]
struct Report<'a> {
    name: &'a str,
    all: &'a [Finding<'a>],
    head: Finding<'a>,
    none: Option<&'a str>,
    some: Option<&'a str>,
    lists: Option<&'a [&'a str]>,
    nowhere: Option<&'a Finding<'a>>,
    elsewhere: &'a Finding<'a>,
    float: f64,
    size: usize,
}

#[derive(crate::Serialize)]
struct Finding<'a> {
    text: &'a str,
    number: i64,
    is_set: bool,
    small: u8,
}

#[test]
fn what_the_host_writes_is_what_the_own_writer_writes() {
    const _: () = assert!(<Report<'_> as crate::Serialize>::WRITTEN.is_some());
    let finding = |text, number| Finding { text, number, is_set: number < 0, small: 7 };
    let elsewhere = finding("\"\\\u{1}\n", i64::MIN);
    for (all, float) in
        [(&[][..], 0.1), (&[finding("ä\t", 5), finding("", -5)][..], -1.5e300), (&[][..], f64::NAN)]
    {
        let report = Report {
            name: "n",
            all,
            head: finding("h", 0),
            none: None,
            some: Some(""),
            lists: Some(&["a", "b"]),
            nowhere: None,
            elsewhere: &elsewhere,
            float,
            size: usize::MAX,
        };
        let run = fake::Host::new().run(|| {
            crate::json::to_entry("one.json", &report)?;
            let mut entry = crate::json::ArrayEntry::create("array.json")?;
            entry.push(&report)?;
            // Elements of two types in one entry.
            entry.push(&"text")?;
            entry.push(&std::vec![1, 2])?;
            entry.close()
        });
        assert_eq!(run.result, Ok(()));
        let own = crate::json::to_string(&report);
        assert_eq!(run.entry("one.json"), own);
        assert_eq!(run.entry("array.json"), std::format!("[{own},\"text\",[1,2]]"));
    }
    let run = fake::Host::new().run(|| crate::json::ArrayEntry::create("none.json")?.close());
    assert_eq!(run.entry("none.json"), "[]");
}

#[test]
fn what_owns_its_parts_is_written_by_the_own_writer() {
    #[derive(crate::Serialize)]
    struct Owner<'a> {
        name: &'a str,
        all: Vec<u32>,
    }
    const _: () = assert!(<Owner<'_> as crate::Serialize>::WRITTEN.is_none());
    let run = fake::Host::new()
        .run(|| crate::json::to_entry("one.json", &Owner { name: "n", all: std::vec![1, 2] }));
    assert_eq!(run.entry("one.json"), r#"{"name":"n","all":[1,2]}"#);
}
