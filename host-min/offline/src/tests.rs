use std::io::{Read, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;
use wagather_kube::Accept;

mod whole;

/// The files of an archive that is made for a test.
type Files<'a> = &'a [(&'a str, &'a str)];

fn header(kind: EntryType, len: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(len as u64);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    header
}

fn tar_of(files: Files) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = header(EntryType::Regular, content.len());
        tar.append_data(&mut header, path, content.as_bytes()).expect("in memory");
    }
    tar.into_inner().expect("in memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("in memory")
}

fn open_bytes(bytes: &[u8]) -> Result<Archive, Failure> {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("archive.tar.gz");
    std::fs::write(&path, bytes).expect("a file");
    Archive::open(&path)
}

fn open(files: Files) -> Archive {
    open_bytes(&gzip(&tar_of(files))).expect("an archive")
}

/// An HTTP status, the media type and the body.
fn send(archive: &Archive, path_and_query: &str) -> Result<(u16, String, String), String> {
    let call = Call {
        path_and_query: path_and_query.into(),
        accept: Accept::Json,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    let mut response = archive.send(&call).map_err(|no_answer| no_answer.reason)?;
    let mut body = String::new();
    response.body.read_to_string(&mut body).expect("whole");
    Ok((response.status, response.content_type.expect("a media type"), body))
}

fn get(archive: &Archive, path_and_query: &str) -> Result<String, String> {
    let (status, _, body) = send(archive, path_and_query)?;
    assert_eq!(status, 200);
    Ok(body)
}

fn names(archive: &Archive, path_and_query: &str) -> Result<Vec<String>, String> {
    let list: serde_json::Value = serde_json::from_str(&get(archive, path_and_query)?).expect("JSON");
    let items = list["items"].as_array().expect("a list").clone();
    Ok(items.iter().map(|item| item["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect())
}

const MUST_GATHER: Files = &[
    ("mg/quay-io/timestamp", "2026-01-02 03:04:05.678 +0000 UTC m=+0.1\nlater\n"),
    ("mg/quay-io/event-filter.html", ""),
    (
        "mg/quay-io/namespaces/shop/core/pods.yaml",
        "---\napiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: web-2\n    namespace: shop\n    labels: {app: web}\n- metadata:\n    name: web-1\n    namespace: shop\n",
    ),
    (
        "mg/quay-io/namespaces/shop/pods/web-1/web-1.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-1\n  namespace: shop\n",
    ),
    (
        "mg/quay-io/namespaces/shop/pods/web-1/main/main/logs/current.log",
        "2026-01-02T03:04:05.123456789Z hello\n",
    ),
    (
        "mg/quay-io/namespaces/shop/apps/statefulsets.yaml",
        "apiVersion: apps/v1\nkind: StatefulSetList\nitems: []\n",
    ),
    (
        "mg/quay-io/namespaces/bank/core/pods.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: till\n    namespace: bank\n    labels: {app: till}\n",
    ),
    (
        "mg/quay-io/cluster-scoped-resources/core/nodes/a.yaml",
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n",
    ),
    (
        "mg/quay-io/cluster-scoped-resources/core/nodes/b%3Ac.yaml",
        "apiVersion: v1\nkind: Node\nmetadata: {name: 'b:c'}\n",
    ),
];

#[test]
fn a_must_gather_answers_as_a_server_does() {
    let archive = open(MUST_GATHER);
    assert_eq!(archive.describe(), "must-gather, partial");
    assert_eq!(archive.now_millis(), 1_767_323_045_678);
    assert_eq!(archive.warnings().len(), 1, "{:?}", archive.warnings());
    for (asked, expected) in [
        ("/api/v1/pods", vec!["till", "web-1", "web-2"]),
        ("/api/v1/pods?limit=500", vec!["till", "web-1", "web-2"]),
        ("/api/v1/namespaces/shop/pods", vec!["web-1", "web-2"]),
        ("/api/v1/pods?labelSelector=app%21%3Dtill", vec!["web-1", "web-2"]),
        ("/api/v1/pods?fieldSelector=metadata.name%3Dtill", vec!["till"]),
        ("/api/v1/nodes", vec!["a", "b:c"]),
        ("/apis/apps/v1/statefulsets", vec![]),
        ("/apis/apps/v1/namespaces/shop/statefulsets", vec![]),
    ] {
        assert_eq!(names(&archive, asked), Ok(expected.into_iter().map(String::from).collect()), "{asked}");
    }
    assert_eq!(
        get(&archive, "/apis/apps/v1/statefulsets").expect("a list"),
        "{\"kind\":\"StatefulSetList\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}\n"
    );
    assert_eq!(
        get(&archive, "/api/v1/namespaces/bank/pods/till").expect("an object"),
        r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"till","namespace":"bank","labels":{"app":"till"}}}"#
    );
    assert_eq!(
        get(&archive, "/api/v1/namespaces/shop/pods/web-1/log?container=main&tailLines=5"),
        Ok("hello\n".into())
    );
}

#[test]
fn events_are_asked_for_in_either_group() {
    let archive = open(&[
        (
            "namespaces/shop/core/events.yaml",
            "apiVersion: v1\nkind: EventList\nitems:\n- metadata: {name: web.1, namespace: shop}\n  message: again\n  involvedObject: {name: web}\n",
        ),
        (
            "namespaces/bank/events.k8s.io/events.yaml",
            "apiVersion: events.k8s.io/v1\nkind: EventList\nitems:\n- metadata: {name: till.1, namespace: bank}\n  note: again\n",
        ),
    ]);
    for (asked, expected) in [
        (
            "/apis/events.k8s.io/v1/namespaces/shop/events?fieldSelector=regarding.name%3Dweb",
            "{\"kind\":\"EventList\",\"apiVersion\":\"events.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\"\"},\"items\":[{\"regarding\":{\"name\":\"web\"},\"note\":\"again\",\"metadata\":{\"name\":\"web.1\",\"namespace\":\"shop\"}}]}\n",
        ),
        (
            "/apis/events.k8s.io/v1/namespaces/bank/events/till.1",
            r#"{"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"till.1","namespace":"bank"},"note":"again"}"#,
        ),
        (
            "/api/v1/namespaces/bank/events/till.1",
            r#"{"kind":"Event","apiVersion":"v1","metadata":{"name":"till.1","namespace":"bank"},"message":"again","reportingComponent":"","reportingInstance":""}"#,
        ),
    ] {
        assert_eq!(get(&archive, asked).expect(asked), expected, "{asked}");
    }
    let told = get(&archive, "/apis/events.k8s.io/v1/namespaces/gone/events").expect_err("not gathered");
    assert!(told.ends_with("events of the namespace gone were not gathered"), "{told}");
    let told = get(&archive, "/apis/events.k8s.io/v1beta1/events").expect_err("another version");
    assert!(told.ends_with("it has events.events.k8s.io in version v1, not in v1beta1"), "{told}");
}

#[test]
fn what_was_not_gathered_is_not_none() {
    let archive = open(MUST_GATHER);
    for (asked, reason) in [
        ("/api/v1/services", "services were not gathered"),
        ("/apis/apps/v1/deployments", "deployments.apps were not gathered"),
        ("/apis/apps/v1/pods", "pods.apps were not gathered"),
        ("/apis/apps/v1beta1/statefulsets", "it has statefulsets.apps in version v1, not in v1beta1"),
        ("/api/v1/namespaces/gone/pods", "pods of the namespace gone were not gathered"),
        (
            "/apis/apps/v1/namespaces/bank/statefulsets",
            "statefulsets of the namespace bank were not gathered",
        ),
        ("/api/v1/namespaces/shop/pods/web-9", "pods shop/web-9 was not gathered"),
        (
            "/api/v1/namespaces/shop/pods/web-1/log?container=main&previous=true",
            "the previous log of the container main of the pod shop/web-1 was not gathered",
        ),
        ("/version", "the version of the cluster was not gathered"),
        ("/healthz", "the path /healthz was not gathered"),
        (
            "/api/v1/nodes/a/proxy/metrics",
            "subresources, as in /api/v1/nodes/a/proxy/metrics, were not gathered",
        ),
        ("/api/v1/pods?watch=true", "an archive cannot be watched"),
        ("/api/v1/pods?continue=abc", "the continue token is not one of this archive"),
    ] {
        let told = get(&archive, asked).expect_err(asked);
        assert!(told.ends_with(&format!("archive.tar.gz: {reason}")), "{asked}: {told}");
    }
}

#[test]
fn pages_are_the_list() {
    let items: Vec<String> = (0..25)
        .map(|number| {
            format!(r#"{{"metadata":{{"name":"n{number:02}","labels":{{"odd":"{}"}}}}}}"#, number % 2)
        })
        .collect();
    let list = format!(r#"{{"kind":"NodeList","apiVersion":"v1","items":[{}]}}"#, items.join(","));
    let archive = open(&[("cluster-scoped-resources/core/nodes.yaml", &list)]);
    for (query, expected, expected_pages) in
        [("limit=10", 25, 3), ("limit=1&labelSelector=odd%3D1", 12, 12), ("limit=25", 25, 1)]
    {
        let (mut all, mut pages, mut next) = (Vec::new(), 0, String::new());
        loop {
            let asked = format!("/api/v1/nodes?{query}&continue={next}");
            let page: serde_json::Value =
                serde_json::from_str(&get(&archive, &asked).expect("a page")).expect("JSON");
            all.extend(names(&archive, &asked).expect("a page"));
            pages += 1;
            match page["metadata"]["continue"].as_str() {
                Some(token) => token.clone_into(&mut next),
                None => break,
            }
        }
        assert_eq!(all.len(), expected, "{query}");
        assert!(all.is_sorted(), "{query}: {all:?}");
        assert_eq!(pages, expected_pages, "{query}");
    }
}

#[test]
fn objects_that_do_not_say_what_they_are_get_it_from_the_path() {
    let archive = open(&[
        ("insights-operator/gathers.json", "{}"),
        ("config/node/a.json", r#"{"metadata":{"name":"a"}}"#),
        ("config/pod/shop/web.json", r#"{"metadata":{"name":"web","namespace":"shop"}}"#),
        ("config/version.json", r#"{"metadata":{"name":"version"}}"#),
        (
            "config/clusteroperator/dns.json",
            r#"{"kind":"ClusterOperator","apiVersion":"config.openshift.io/v1","metadata":{"name":"dns"}}"#,
        ),
        ("config/id", "words"),
        ("config/pod/shop/logs/web/main_previous.log", "gone\n"),
    ]);
    assert_eq!(archive.describe(), "Insights archive, partial");
    assert_eq!(
        get(&archive, "/api/v1/nodes/a"),
        Ok(r#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}}"#.into())
    );
    assert_eq!(
        get(&archive, "/apis/config.openshift.io/v1/clusterversions/version"),
        Ok(r#"{"kind":"ClusterVersion","apiVersion":"config.openshift.io/v1","metadata":{"name":"version"}}"#.into())
    );
    assert_eq!(names(&archive, "/apis/config.openshift.io/v1/clusteroperators"), Ok(vec!["dns".into()]));
    assert_eq!(get(&archive, "/api/v1/namespaces/shop/pods/web/log?previous=true"), Ok("gone\n".into()));
}

/// Deployments are called `api`, and the ClusterVersion of OpenShift is called `version`.
#[test]
fn an_object_may_have_the_name_of_another_file() {
    let archive = open(&[
        (
            "cluster-scoped-resources/config.openshift.io/clusterversions/version.yaml",
            "apiVersion: config.openshift.io/v1\nkind: ClusterVersion\nmetadata: {name: version}\nspec: {clusterID: c-1}\n",
        ),
        (
            "namespaces/shop/apps/deployments/api.json",
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"api","namespace":"shop"}}"#,
        ),
        (
            "namespaces/shop/core/serviceaccounts/wagather.json",
            r#"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"wagather","namespace":"shop"}}"#,
        ),
    ]);
    assert_eq!((archive.describe(), archive.cluster()), ("must-gather, partial".into(), Some("c-1".into())));
    assert_eq!(names(&archive, "/apis/apps/v1/deployments"), Ok(vec!["api".into()]));
    assert_eq!(names(&archive, "/api/v1/serviceaccounts"), Ok(vec!["wagather".into()]));
}

#[test]
fn discovery_and_definitions_name_resources() {
    let archive = open(&[
        ("c/version.yaml", "gitVersion: v1.36.3\nmajor: \"1\"\n"),
        (
            "c/apis.json",
            r#"{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[{"resource":"mice","responseKind":{"kind":"Mouse"}}]}]}]}"#,
        ),
        (
            "c/cluster/example.com-v1/mouse/a.yaml",
            "apiVersion: example.com/v1\nkind: Mouse\nmetadata: {name: a}\n",
        ),
        ("c/cluster/other.com-v1/ox/b.yaml", "apiVersion: other.com/v1\nkind: Ox\nmetadata: {name: b}\n"),
        (
            "c/cluster/apiextensions.k8s.io-v1/customresourcedefinition/oxen.other.com.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: oxen.other.com}\nspec:\n  group: other.com\n  names: {plural: oxen, kind: Ox}\n",
        ),
    ]);
    assert_eq!(archive.describe(), "crust-gather archive, partial");
    assert_eq!(names(&archive, "/apis/example.com/v1/mice"), Ok(vec!["a".into()]));
    assert_eq!(names(&archive, "/apis/other.com/v1/oxen"), Ok(vec!["b".into()]));
    assert_eq!(get(&archive, "/version"), Ok(r#"{"gitVersion":"v1.36.3","major":"1"}"#.into()));
}

#[test]
fn a_broken_file_is_named_and_the_others_are_used() {
    let deep = format!(
        r#"{{"metadata":{{"name":"deep"}},"kind":"Node","apiVersion":"v1","spec":{}}}"#,
        "[".repeat(1000)
    );
    let archive = open(&[
        (
            "cluster-scoped-resources/core/nodes/a.json",
            r#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}}"#,
        ),
        ("cluster-scoped-resources/core/nodes/b.json", r#"{"kind":"Node","#),
        ("cluster-scoped-resources/core/nodes/c.yaml", "a: &x [1]\nb: [*x, *x]\n"),
        ("cluster-scoped-resources/core/nodes/d.json", &deep),
        ("cluster-scoped-resources/core/nodes/\u{1b}[31m.json", ""),
    ]);
    assert_eq!(names(&archive, "/api/v1/nodes"), Ok(vec!["a".into()]));
    let missing = archive.missing("/api/v1/nodes?limit=500");
    assert_eq!(missing.len(), 4, "{missing:?}");
    assert_eq!(
        missing[0],
        "cluster-scoped-resources/core/nodes/b.json cannot be used: EOF while parsing a value at line 1 column 15"
    );
    assert!(!missing[3].contains('\u{1b}'), "{missing:?}");
    assert_eq!(archive.missing("/api/v1/pods"), [""; 0], "they are no pods");
    assert_eq!(archive.missing("/api/v1/nodes/a"), [""; 0], "it is there");
    let told = &archive.warnings()[1];
    assert!(told.starts_with("4 files of ") && told.ends_with("; …"), "{told}");
    assert!(told.contains("nodes/b.json: ") && !told.contains('\u{1b}'), "{told}");
}

#[test]
fn a_hostile_tar_does_no_harm() {
    let pod = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"x"}}"#;
    let mut tar = Builder::new(Vec::new());
    for kind in [EntryType::Symlink, EntryType::Link] {
        let mut link = header(kind, 0);
        tar.append_link(&mut link, "namespaces/x/core/pods/link.json", "/etc/passwd").expect("in memory");
    }
    let mut up = header(EntryType::Regular, pod.len());
    // The library refuses to write such a path.
    up.as_gnu_mut().expect("gnu").name[..33].copy_from_slice(b"../../namespaces/x/core/pods.json");
    up.set_cksum();
    tar.append(&up, pod.as_bytes()).expect("in memory");
    for _ in 0..2 {
        let mut twice = header(EntryType::Regular, pod.len());
        tar.append_data(&mut twice, "namespaces/x/core/pods/a.json", pod.as_bytes()).expect("in memory");
    }
    let archive = open_bytes(&tar.into_inner().expect("in memory")).expect("an archive");
    assert_eq!(names(&archive, "/api/v1/pods"), Ok(vec!["a".into()]));
    let missing = archive.missing("/api/v1/pods");
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing.iter().all(|missing| {
        missing.ends_with("link.json cannot be used: it is a link, and links are not followed")
    }));
}

#[test]
fn what_a_list_lacks_is_known_by_namespace() {
    let pod =
        |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n");
    let [whole, twice] = ["whole", "twice"].map(pod);
    let archive = open(&[
        ("namespaces/shop/pods/whole/whole.yaml", &whole),
        ("namespaces/shop/core/pods.yaml", &twice),
        // Elsewhere, it is whole.
        ("namespaces/shop/pods/twice/twice.yaml", ""),
        ("namespaces/shop/pods/cut/cut.yaml", "apiVersion: v1\nkind: Pod\nmeta"),
        ("namespaces/shop/pods/whole/main/main/version.json", "of something else"),
        (
            "namespaces/shop/core/events.yaml",
            "{apiVersion: v1, kind: Event, metadata: {name: a, namespace: shop}}",
        ),
        ("namespaces/shop/core/events/b.yaml", ""),
        ("namespaces/bank/core/pods.yaml", "kind: PodList\napiVersion: v1\nitems: []\n"),
        (
            "cluster-scoped-resources/example.com/things/a.yaml",
            "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}",
        ),
        (
            "cluster-scoped-resources/example.com/things/b.yaml",
            "{apiVersion: example.com/v2, kind: Thing, metadata: {name: b}}",
        ),
        (
            "cluster-scoped-resources/example.com/things2/b.yaml",
            "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}",
        ),
    ]);
    for (asked, files) in [
        ("/api/v1/pods", &["namespaces/shop/pods/cut/cut.yaml cannot be used: "][..]),
        ("/api/v1/namespaces/shop/pods?limit=3", &["namespaces/shop/pods/cut/cut.yaml cannot be used: "]),
        ("/api/v1/namespaces/bank/pods", &[]),
        (
            "/apis/events.k8s.io/v1/events",
            &["namespaces/shop/core/events/b.yaml cannot be used: it is empty"],
        ),
        ("/apis/example.com/v1/things", &["1 of them were gathered in version v2 alone"]),
        ("/apis/example.com/v2/things", &["1 of them were gathered in version v1 alone"]),
    ] {
        let missing = archive.missing(asked);
        assert_eq!(missing.len(), files.len(), "{asked}: {missing:?}");
        assert!(missing.iter().zip(files).all(|(missing, file)| missing.starts_with(file)), "{missing:?}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = gzip(&tar_of(MUST_GATHER));
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let mut long_name = Builder::new(Vec::new());
    let name = "x".repeat(1 << 20);
    long_name.append(&header(EntryType::GNULongName, name.len()), name.as_bytes()).expect("in memory");
    let long_name = long_name.into_inner().expect("in memory");
    let tar = tar_of(MUST_GATHER);
    for (bytes, reason) in [
        (&whole[..whole.len() - 5], "it is damaged or incomplete: "),
        (&whole[..whole.len() / 2], "it is damaged or incomplete: "),
        (&flipped, "it is damaged or incomplete: "),
        (&tar[..tar.len() / 3], "it is damaged or incomplete: "),
        (&long_name, "it is too large: a header in it has 1048576 bytes"),
        (b"PK\x03\x04", "it is not an archive: it is a zip file; unpack it"),
        (b"\x28\xb5\x2f\xfd\0", "it is not an archive: it is compressed with zstd; "),
        (b"\xfd7zXZ\0\0", "it is not an archive: it is compressed with xz; "),
        (&gzip(&whole), "it is not an archive: it is compressed twice; "),
        (b"words", "it is not an archive: it is neither a tar nor compressed with gzip"),
        (b"", "it is not an archive: it is neither a tar nor compressed with gzip"),
        (&gzip(&tar_of(&[("a/b.json", "{}")])), "it has no objects of a cluster"),
    ] {
        let Err(failure) = open_bytes(bytes) else { panic!("it is used: {reason}") };
        assert!(failure.reason.starts_with(reason), "{reason}: {failure}");
        assert!(!failure.advice.is_empty() && failure.class == Class::Config);
    }
    let failure = Archive::open(Path::new("/nowhere")).err().expect("not there");
    assert!(failure.reason.contains("No such file"), "{failure}");
}

#[test]
fn a_folder_is_read_as_a_tar_is() {
    let place = tempfile::tempdir().expect("a folder");
    for (path, content) in MUST_GATHER {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    std::os::unix::fs::symlink("/", place.path().join("mg/everything")).expect("a link");
    let folder = Archive::open(place.path()).expect("a folder");
    let archive = open(MUST_GATHER);
    for asked in ["/api/v1/pods", "/api/v1/nodes", "/api/v1/namespaces/shop/pods/web-1/log"] {
        assert_eq!(get(&folder, asked), get(&archive, asked), "{asked}");
    }
}

#[test]
fn an_object_is_what_it_says_and_not_what_its_path_says() {
    let secret = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","namespace":"x"}}"#;
    let archive = open(&[
        ("namespaces/x/core/pods/s.json", secret),
        (
            "namespaces/x/core/pods/p.json",
            r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"x"}}"#,
        ),
    ]);
    assert_eq!(names(&archive, "/api/v1/pods"), Ok(vec!["p".into()]));
    assert_eq!(names(&archive, "/api/v1/secrets"), Ok(vec!["s".into()]));
}

#[test]
fn lists_that_nest_without_end_are_skipped() {
    let arrays = "[".repeat(200_000) + &"]".repeat(200_000);
    let lists = "{\"items\":[".repeat(50_000) + &"]}".repeat(50_000);
    let archive = open(&[
        ("namespaces/shop/core/services.json", &arrays),
        ("namespaces/shop/core/events.json", &lists),
        (
            "namespaces/shop/core/pods.json",
            r#"[[{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}]]"#,
        ),
    ]);
    assert_eq!(names(&archive, "/api/v1/namespaces/shop/pods"), Ok(vec!["a".to_owned()]));
    let warning = archive.warnings().join("; ");
    assert!(warning.contains("2 files") && warning.contains("nest too deeply"), "{warning}");
}

#[test]
fn a_reader_gets_all_that_there_is() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("archive.tar.gz");
    let files: Files = &[
        (
            "a/namespaces/shop/core/pods.json",
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"b"}},{"metadata":{"name":"a"}}]}"#,
        ),
        ("a/namespaces/shop/pods/a/main/main/logs/previous.log", "it ended\n"),
        ("a/wagather.json", r#"{"time":"2026-01-02T03:04:05Z"}"#),
        ("a/audit.jsonl", "{}\n"),
        ("a/unwanted.bin", "-"),
    ];
    std::fs::write(&path, gzip(&tar_of(files))).expect("a file");
    let mut seen = Vec::new();
    let is_wanted = |path: &str| path.ends_with(".json") || path.ends_with(".jsonl");
    let archive = Archive::open_and_look(&path, &is_wanted, &mut |path, content| {
        seen.push(format!("{path}: {}", content.len()));
    });
    let archive = archive.expect("an archive");
    assert_eq!(seen, ["a/wagather.json: 31", "a/audit.jsonl: 3"]);
    assert_eq!((archive.layout(), archive.gathered_millis()), ("wagather archive", 1_767_323_045_000));
    let mut reader = archive.reader();
    let [pods] = &archive.resources().collect::<Vec<_>>()[..] else { panic!("one resource") };
    assert_eq!((pods.group, pods.plural, &*pods.kind), ("", "pods", "Pod"));
    let names: Vec<&str> = pods.objects().map(|object| object.name).collect();
    assert_eq!(names, ["a", "b"]);
    let first = pods.objects().next().expect("a");
    assert_eq!((first.namespace, first.version), ("shop", Some("v1")));
    assert_eq!(reader.object(&first).expect("ours"), br#"{"metadata":{"name":"a"}}"#);
    let [log] = &archive.logs().collect::<Vec<_>>()[..] else { panic!("one log") };
    assert_eq!((log.pod, log.container, log.previous), ("a", "main", true));
    assert_eq!(reader.log(log).expect("ours"), b"it ended\n");
}

#[test]
fn who_looks_needs_no_objects() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("archive.tar.gz");
    std::fs::write(&path, gzip(&tar_of(&[("wagather.json", "{}")]))).expect("a file");
    assert!(Archive::open(&path).is_err());
    let archive = Archive::open_and_look(&path, &|_| true, &mut |_, _| {}).expect("an archive");
    assert_eq!(archive.resources().count(), 0);
}

/// What a document of discovery has.
fn discovered(archive: &Archive, path: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(&get(archive, path).expect(path)).expect("JSON");
    assert_eq!(document["kind"], "APIGroupDiscoveryList");
    let mut found = Vec::new();
    for group in document["items"].as_array().expect("groups") {
        for version in group["versions"].as_array().expect("versions") {
            for resource in version["resources"].as_array().expect("resources") {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                let name = text(&group["metadata"]["name"]);
                let parts = [name, text(&version["version"]), text(&resource["resource"])];
                let kind = text(&resource["responseKind"]["kind"]);
                found.push(format!("{} {kind} {}", parts.join("/"), text(&resource["scope"])));
            }
        }
    }
    found
}

#[test]
fn discovery_has_what_was_gathered() {
    let archive = open(MUST_GATHER);
    assert_eq!(discovered(&archive, "/api"), ["/v1/nodes Node Cluster", "/v1/pods Pod Namespaced"]);
    assert_eq!(discovered(&archive, "/apis"), ["apps/v1/statefulsets StatefulSet Namespaced"]);
    assert!(get(&archive, "/apis/apps/v1").is_err());
}
