//! Round trips: everything that the API server can list passes through generated types, and comes out unchanged.
//!
//! Two programs read the resources and their fields from the server's own OpenAPI documents: the generator, and
//! [`schema`], which writes the declarations and shares no code with the generator. Gatherers that are compiled like
//! the examples write each decoded object back as JSON. This is [compared](compare) with the server's raw answer:
//! once for [objects](fill) on the server, and once for [objects](synthetic) generated from the schemas, in which
//! every field has a value.

mod compare;
mod fill;
mod guests;
mod schema;
mod synthetic;

use guests::Guest;
use schema::{Listed, Wanted};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;
use synthetic::{Filling, Random};
use tests::apiserver::Server;
use tests::archive::{Archive, contains};
use tests::host::Host;
use tests::server::{self, Answer};
use wagather_codegen::Schemas;

/// All that can be granted, Secrets too, and nothing made unreadable: redaction has tests of its own.
const GRANT: &str = r#"apiVersion: wagather/v1
kind: Grant
rules:
  - {verbs: [get, list], apiGroups: ["*"], resources: ["*", secrets]}
redact: {except: [secretData, env, lastApplied, tokens, privateKeys, urlCredentials]}
"#;

/// How many objects of each kind are made up: the first ones have every field, the others some.
const SYNTHETIC: usize = 24;
const FULL: usize = 4;

/// What the server asks side by side, and lists in the order in which they answer.
const UNORDERED: &str = "componentstatuses";

/// How often what changes by itself, such as the server's own lease, is read again until it stands still for the time of a run.
const ROUNDS: usize = 10;

/// A run lists everything, on a busy machine.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// How many differences are worth reading.
const MOST_LINES: usize = 100;
/// How much of each.
const MOST_BYTES: usize = 400;

/// What came of one way round.
struct Trip {
    objects: Vec<usize>,
    values: Vec<usize>,
    wrong: Vec<String>,
}

#[test]
fn everything_that_can_be_listed_comes_back_as_it_is() {
    let server = Server::start();
    server.load_all(&[("operators", 4), ("pods", 40), ("nodes", 3), ("events", 20), ("workloads", 10)]);
    fill::fill(&server);
    let (schemas, all) = read_schemas(&server);
    let guests = guests::build(&schemas, &all);
    for guest in &guests {
        let module = std::fs::read(&guest.module).expect("a module");
        for mask in guest.masks() {
            assert!(contains(&module, mask.as_bytes()), "{} does not declare the mask {mask}", guest.name);
        }
    }

    let held = what_the_server_holds(&server, &all, &guests);
    let made_up = what_is_made_up(&all, &guests);
    eprintln!("{}", table(&all, &held, &made_up));
    let empty: Vec<String> = all
        .iter()
        .zip(&held.objects)
        .filter(|(_, count)| **count == 0)
        .map(|(listed, _)| listed.name())
        .collect();
    assert!(empty.is_empty(), "the server has none of {empty:?}: add them to roundtrip/objects");
    let wrong: Vec<&str> = held.wrong.iter().chain(&made_up.wrong).map(String::as_str).collect();
    let shown = &wrong[..wrong.len().min(MOST_LINES)];
    let shown: Vec<&str> = shown.iter().map(|line| &line[..line.floor_char_boundary(MOST_BYTES)]).collect();
    assert!(wrong.is_empty(), "{} values differ:\n{}", wrong.len(), shown.join("\n"));
}

fn read_schemas(server: &Server) -> (Schemas, Vec<Listed>) {
    let mut schemas = Schemas::default();
    let mut all: Vec<Listed> = Vec::new();
    for (name, document) in schema::documents(server) {
        let value: Value = serde_json::from_slice(&document).expect("JSON");
        // What is no API, such as /version, has no schemas.
        if value.pointer("/components/schemas").is_some() {
            schemas.add(&name, &document).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        all.extend(schema::listed(&value));
    }
    // What the generator has besides would not be seen here.
    let mut known: Vec<String> = all.iter().map(|listed| listed.path.clone()).collect();
    let lists = schemas.resources().iter().filter(|resource| resource.list);
    let mut generators: Vec<String> = lists
        .map(|resource| {
            let root = if resource.group.is_empty() { "/api" } else { "/apis" };
            format!("{root}/{}/{}", resource.api_version(), resource.plural)
        })
        .collect();
    known.sort();
    generators.sort();
    assert_eq!(known, generators);
    (schemas, all)
}

fn what_the_server_holds(server: &Server, all: &[Listed], guests: &[Guest]) -> Trip {
    let mut trip = Trip::new(all);
    let mut left: Vec<usize> = (0..all.len()).collect();
    let read = || -> Vec<Vec<Value>> {
        all.iter().map(|listed| in_order(listed, server.items(&listed.path))).collect()
    };
    for _ in 0..ROUNDS {
        let before = read();
        let archive = gathered(guests, |host| host.kubeconfig(server.kubeconfig("token.yaml")));
        let after = read();
        left.retain(|index| {
            let stands_still = before[*index] == after[*index];
            if stands_still {
                trip.compare(all, guests, *index, &before[*index], &archive);
            }
            !stands_still
        });
        if left.is_empty() {
            return trip;
        }
    }
    let names: Vec<String> = left.iter().map(|index| all[*index].name()).collect();
    panic!("these change all the time: {names:?}");
}

fn what_is_made_up(all: &[Listed], guests: &[Guest]) -> Trip {
    let mut server = server::Server::new();
    let mut made = Vec::new();
    for listed in all {
        let mut random = Random::new(&listed.name());
        let object = |index| {
            let filling = if index < FULL { Filling::Full } else { Filling::Partial };
            let mut object = synthetic::value(&listed.wanted, filling, &mut random);
            synthetic::name(&mut object, &mut random);
            object
        };
        let items: Vec<Value> = (0..SYNTHETIC).map(object).collect();
        for item in &items[..FULL] {
            let filled = compare::leaves(&listed.wanted, item);
            assert!(filled >= listed.wanted.leaves(), "{}: only {filled} fields have a value", listed.name());
        }
        let text = synthetic::answer(&listed.kind, &listed.api_version(), &items, &mut random);
        let again: Value = serde_json::from_str(&text).expect("JSON, however odd");
        assert_eq!(
            again["items"],
            Value::Array(items.clone()),
            "{}: the text has other objects",
            listed.name()
        );
        server = server.on(&listed.path, Answer::bytes("application/json", text));
        made.push(items);
    }
    let server = server.start();
    let archive = gathered(guests, |host| host.server(&server.url()));
    let mut trip = Trip::new(all);
    for (index, items) in made.iter().enumerate() {
        trip.compare(all, guests, index, items, &archive);
    }
    trip
}

fn in_order(listed: &Listed, mut items: Vec<Value>) -> Vec<Value> {
    if listed.plural == UNORDERED {
        items.sort_by_key(|item| item["metadata"]["name"].to_string());
    }
    items
}

fn gathered(guests: &[Guest], from: impl FnOnce(Host) -> Host) -> Archive {
    let place = tests::place();
    let grant = place.path().join("grant.yaml");
    std::fs::write(&grant, GRANT).expect("a file");
    let output = place.path().join("out");
    let host =
        Host::run_all(guests.iter().map(|guest| &guest.module)).arg("--grant").arg(&grant).output(&output);
    from(host).within(RUN_LIMIT).wait().expect_success();
    Archive::read(&output)
}

impl Trip {
    fn new(all: &[Listed]) -> Trip {
        Trip { objects: vec![0; all.len()], values: vec![0; all.len()], wrong: Vec::new() }
    }

    fn compare(
        &mut self,
        all: &[Listed],
        guests: &[Guest],
        index: usize,
        items: &[Value],
        archive: &Archive,
    ) {
        let listed = &all[index];
        let guest = guests.iter().find(|guest| guest.lists.contains(&index)).expect("a gatherer for each");
        let mut got = archive.json(&format!("{}/{}", guest.name, guests::entry(listed)));
        let expected = items.iter().map(|item| compare::expected(&listed.wanted, item)).collect();
        let expected = Value::Array(in_order(listed, expected));
        if let Some(items) = got.as_array_mut() {
            *items = in_order(listed, std::mem::take(items));
        }
        let all = Wanted::List(Box::new(listed.wanted.clone()));
        compare::differences(&all, &listed.name(), &expected, &got, &mut self.wrong);
        self.objects[index] = items.len();
        self.values[index] = compare::leaves(&all, &expected);
    }
}

/// Of each kind how much was compared.
fn table(all: &[Listed], held: &Trip, made_up: &Trip) -> String {
    let mut text =
        "| resource | fields | objects of the server | values | made up | values |\n|---|--:|--:|--:|--:|--:|\n".to_owned();
    let mut row = |name: &str, numbers: [usize; 5]| {
        let _ = writeln!(text, "| {name} | {} |", numbers.map(|number| number.to_string()).join(" | "));
    };
    let mut sums = [0; 5];
    for (index, listed) in all.iter().enumerate() {
        let numbers = [
            listed.wanted.leaves(),
            held.objects[index],
            held.values[index],
            made_up.objects[index],
            made_up.values[index],
        ];
        sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        row(&listed.name(), numbers);
    }
    row(&format!("all {}", all.len()), sums);
    text
}
