//! What is read ahead of a guest changes nothing but how often it waits.

use super::places::scope_of;
use super::*;

/// What people are told, and every figure that is about what the guest took.
#[derive(Debug, PartialEq)]
struct Told {
    items: Vec<(String, usize)>,
    end: Result<(), Status>,
    figures: [u64; 5],
    lines: Vec<String>,
    gaps: Vec<crate::gaps::Gap>,
    resources: Vec<crate::gaps::Resource>,
    reduced: u64,
}

fn told(world: World, scope: Scope, room: usize, most: usize) -> Told {
    let Got { items, end, tally, .. } = list_in(world, 0, None, scope, room, most);
    assert_eq!(tally.recorder.items(), 0, "nothing is ahead of a list that is closed");
    Told {
        items,
        end,
        figures: [tally.items, tally.withheld, tally.bytes_given, tally.duplicates, tally.inconsistent_lists],
        lines: [&tally.warnings[..], &tally.errors[..]].concat(),
        gaps: tally.gaps.named("g"),
        resources: tally.gaps.resources(),
        reduced: tally.uses.reduced(),
    }
}

#[test]
fn batches_give_the_same_items_ends_figures_and_lines() {
    let faults: [fn(usize) -> Fault; 5] = [
        |_| Fault::None,
        |n| if n % 3 == 0 { Fault::Cut(700 + 211 * n, ErrorKind::ConnectionReset) } else { Fault::None },
        |n| Fault::Cut(900 + n, ErrorKind::InvalidData),
        |n| if n % 2 == 1 { Fault::ForgetAndCut(n * 31, 1500) } else { Fault::Change(n * 17) },
        |n| if n == 2 { Fault::Status(403) } else { Fault::None },
    ];
    for (case, fault) in faults.into_iter().enumerate() {
        for scope in [
            Scope::everything(),
            scope_of(&["namespaces: [shop]"]),
            scope_of(&["namespaces: [shop, shop-a]"]),
        ] {
            for most in [1, 2, 7, 40, usize::MAX] {
                let world = || World::new(60, true, fault);
                let one = told(world(), scope.clone(), 0, most);
                for room in [64, 200, 1000, 4 << 10, 64 << 10] {
                    let batched = told(world(), scope.clone(), room, most);
                    assert_eq!(batched, one, "case {case}, {room} bytes, {most} items");
                }
            }
        }
    }
}

#[test]
fn a_budget_of_items_is_for_those_that_were_taken() {
    let script = Arc::new(Script(Mutex::new(World::new(20, true, |_| Fault::None))));
    let fetchers = Fetchers::new(script, 1, Pace { qps: 1, burst: 1, side_by_side: 1 });
    let fetcher = fetchers.of(0, 500);
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let mut tally = Tally::new(Budget { items: 10, ..Budget::default() }, fetcher.account().clone());
    let ask = |tally: &mut Tally| {
        let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
        let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).expect("a request");
        let allowed =
            Allowed { mask: Node::Keep, scope: Scope::everything(), narrowed: false, about: Arc::default() };
        Answer::ask(request, allowed, Instant::now() + Duration::from_secs(60), None, &fetcher, tally)
    };
    let wanted = Wanted { cap: 1 << 20, room: 64 << 10, is_taken: true };
    let mut first = ask(&mut tally);
    let mut means = Means { tally: &mut tally, fetcher: &fetcher, redactor: &redactor };
    assert!(first.next(wanted, &mut Vec::new(), &mut means).is_ok_and(|len| len > 0));
    assert_eq!((means.tally.items, means.tally.recorder.items()), (1, 9), "a whole budget, and no more");
    first.give_up(&mut means);
    assert_eq!((means.tally.items, means.tally.recorder.items()), (1, 0), "what was not taken is given back");
    let mut second = ask(&mut tally);
    let mut means = Means { tally: &mut tally, fetcher: &fetcher, redactor: &redactor };
    assert!(second.next(wanted, &mut Vec::new(), &mut means).is_ok_and(|len| len > 0));
    assert!(second.took(8, means.tally).is_some());
    assert_eq!(second.next(wanted, &mut Vec::new(), &mut means), Err(Status::OUT_OF_BUDGET));
    assert_eq!(tally.items, 10);
}
