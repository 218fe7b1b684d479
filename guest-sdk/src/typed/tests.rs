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

#[derive(Resource, crate::Serialize)]
#[resource(version = "v1", plural = "things", cluster, verbs(get, list))]
struct Thing<'a> {
    metadata: Named<'a>,
    phase: Option<Word<'a>>,
    count: Option<Count>,
    small: Option<i8>,
    short: Option<u16>,
    number: Option<i32>,
    large: Option<u64>,
    ratio: Option<f64>,
    ready: Option<bool>,
    labels: Option<Map<'a, &'a str>>,
    size: Quantity<'a>,
    limit: Option<Quantity<'a>>,
    port: IntOrString<'a>,
    surge: Option<IntOrString<'a>>,
    spec: Raw<'a>,
    extra: Option<Raw<'a>>,
    all: &'a [Raw<'a>],
    limits: Map<'a, Quantity<'a>>,
    nested: Outer,
    away: Option<&'a Outer>,
}

#[derive(Clone, Copy, Fields, crate::Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Clone, Copy, Fields, crate::Serialize)]
struct Word<'a>(&'a str);

#[derive(Clone, Copy, Default, Debug, PartialEq, Fields, crate::Serialize)]
struct Count(u32);

// Numbers, and structs of numbers: without a lifetime, and for either side to decode.
#[derive(Clone, Copy, Default, Debug, PartialEq, Fields, crate::Serialize)]
struct Outer {
    inner: Inner,
    count: Count,
    maybe: Option<i64>,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Fields, crate::Serialize)]
struct Inner {
    number: i16,
}

const FULL: &str = r#"{"metadata":{"name":"full"},"phase":"Running","count":7,"small":-8,"short":65535,"number":-2147483648,"large":18446744073709551615,"ratio":5e-1,"ready":false,"labels":{"a":"b"},"size":"1500m","limit":"1Gi","port":"http","surge":"25%","spec":{"a":[1,"ä"]},"extra":[0],"all":[1,"2",{}],"limits":{"cpu":"2","pods":"110"},"nested":{"inner":{"number":-3},"count":4,"maybe":5},"away":{"inner":{"number":0},"count":0}}"#;
const EMPTY: &str = r#"{"metadata":{"name":"empty"},"size":"","port":"","all":[],"limits":{},"nested":{"inner":{"number":0},"count":0}}"#;
// What is there and zero is not absent.
const ZEROS: &str = r#"{"metadata":{"name":"zeros"},"phase":"","count":0,"small":0,"short":0,"number":0,"large":0,"ratio":0,"ready":true,"labels":{},"size":"0","limit":"","port":"0","surge":"0","spec":0,"extra":"","all":[],"limits":{},"nested":{"inner":{"number":0},"count":0,"maybe":0},"away":{"inner":{"number":0},"count":0,"maybe":0}}"#;

fn things() -> fake::Host {
    let numbers = FULL.replace(r#""pods":"110""#, r#""pods":110"#);
    let nulls = r#"{"metadata":{"name":"empty"},"phase":null,"number":null,"ready":null,"spec":null,"extra":null,"all":[null],"labels":null}"#;
    let zeros = ZEROS.replace(r#""surge":"0""#, r#""surge":0"#);
    fake::Host::new().list("/api/v1/things", &std::format!("[{numbers},{nulls},{zeros}]"))
}

#[test]
fn what_may_be_absent_is_told_from_what_is_empty_and_written_as_it_came() {
    assert!(<Thing<'static> as crate::json::Serialize>::WRITTEN.is_some(), "the host writes it");
    let run = things().run(|| {
        let mut all = crate::json::ArrayEntry::create("things.json")?;
        for (number, thing) in Api::<Thing>::all().list(&ListParams::default())?.items().enumerate() {
            let thing = thing?;
            all.push(thing.get())?;
            // What the SDK's own writer makes of it is the same.
            assert_eq!(crate::json::to_string(thing.get()), [FULL, EMPTY, ZEROS][number]);
        }
        all.close()
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("things.json"), std::format!("[{FULL},{EMPTY},{ZEROS}]"));
}

#[test]
fn one_object_is_decoded_by_its_name() {
    let run = things().run(|| {
        let api = Api::<Thing>::all();
        let full = api.get_item("full")?.keep();
        let zeros = api.get_item_opt("zeros")?.map(Item::keep);
        assert_eq!(
            (full.phase.map(|word| word.0), full.count, full.ready),
            (Some("Running"), Some(Count(7)), Some(false))
        );
        assert_eq!((full.large, full.small, full.number), (Some(u64::MAX), Some(-8), Some(i32::MIN)));
        assert_eq!(
            (full.size.milli_value(), full.limit.and_then(|limit| limit.value())),
            (Some(1500), Some(1 << 30))
        );
        assert_eq!((full.port.as_int(), full.port.as_str()), (None, "http"));
        assert_eq!(full.nested, Outer { inner: Inner { number: -3 }, count: Count(4), maybe: Some(5) });
        assert_eq!(
            zeros.map(|zeros| (zeros.surge.and_then(|surge| surge.as_int()), zeros.ratio)),
            Some((Some(0), Some(0.0)))
        );
        assert_eq!(full.spec.read_as::<Named>()?.get().name, "");
        assert!(full.extra.is_some_and(|extra| extra.read_as::<Named>().is_err()), "a list is no object");
        assert!(api.get_item_opt("none")?.is_none());
        api.get_item("none").map(drop)
    });
    assert_eq!(run.result, Err(Status::http(404).into()));
    let odd = fake::Host::new().list("/api/v1/things", r#"[{"metadata": {"name": "odd"}, "number": 1.5}]"#);
    let run = odd.run(|| Api::<Thing>::all().get_item_opt("odd").map(drop));
    assert_eq!(run.result, Err(Status::DECODE.into()));
}

#[test]
fn a_strict_list_ends_at_the_first_item_that_does_not_fit() {
    let run = fake::Host::new().list("/api/v1/pods", PODS).run(|| {
        let mut items = Api::<Pod>::all().list(&ListParams::default())?.items().strict();
        assert!(items.next().is_some_and(|item| item.is_ok()));
        let end = items.next();
        assert!(items.next().is_none(), "it is over");
        end.map_or(Ok(()), |end| end.map(drop))
    });
    assert_eq!(run.result, Err(Status::DECODE.into()));
    assert_eq!(run.misfits.len(), 1);
}
