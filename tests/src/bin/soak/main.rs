//! Runs `host-min serve` for long, in bad company: an API server that misbehaves and goes away, modules that are replaced all the time,
//! also with broken ones, a disk that fills, a token that rotates, and, if asked for, a clock that jumps.
//!
//! `soak [runs=N] [replacements=N] [parallel=N] [away=SECONDS] [program=PATH] [clock=yes]`
//!
//! It asserts that every trigger is answered, that no run mixes two versions, that a version that is in force stays so, and that memory,
//! descriptors, threads, processes and files at the end are what they were near the beginning. `make soak` runs it at length, and
//! `tests/tests/soak.rs` for some hundred runs. The exit code is 1 if something was wrong. Both may be stopped (SIGSTOP) for some seconds
//! meanwhile.

#![allow(clippy::print_stdout)] // what it finds

mod check;
mod client;
mod events;
mod modules;
mod server;
mod service;
mod stops;

use check::{Run, Wrong};
use client::Client;
use modules::Gatherer;
use server::Faulty;
use service::{Figures, Service};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tests::{place, programs, workspace};

/// Gatherers that are served.
const GATHERERS: usize = 4;

/// Archives of each that stay.
const KEEP: usize = 5;

/// From so many runs on, memory has to be within the bar.
const MANY_RUNS: u64 = 5000;

/// The first runs, after which memory is measured.
const FIRST_RUNS: u64 = 1000;

/// After this time without a run, the service's threads for blocking work have ended.
const REST: Duration = Duration::from_secs(7);

/// What is asked for.
struct Options {
    runs: u64,
    replacements: u64,
    parallel: usize,
    away: Duration,
    program: PathBuf,
    clock: bool,
}

impl Options {
    fn read(words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            runs: 100_000,
            replacements: 1000,
            parallel: 4,
            away: Duration::from_secs(120),
            program: PathBuf::new(),
            clock: false,
        };
        for word in words {
            let wrong =
                || format!("'{word}' is no option with a value; the first lines of this program name them");
            let (name, value) = word.split_once('=').ok_or_else(wrong)?;
            let number = value.parse().map_err(|_| wrong());
            match name {
                "runs" => options.runs = number?,
                "replacements" => options.replacements = number?,
                "parallel" => options.parallel = number? as usize,
                "away" => options.away = Duration::from_secs(number?),
                "program" => options.program = value.into(),
                "clock" => options.clock = value == "yes",
                _ => return Err(wrong()),
            }
        }
        if options.program.as_os_str().is_empty() {
            options.program = programs::host_min_serve();
        }
        Ok(options)
    }
}

/// A gatherer, and the version that is in force for sure.
struct Served {
    gatherer: Gatherer,
    confirmed: AtomicU64,
}

/// What is counted.
#[derive(Default)]
struct Counts {
    states: Mutex<BTreeMap<String, u64>>,
    archives: AtomicU64,
    broken: AtomicU64,
    replaced: Mutex<Vec<Duration>>,
}

/// A soak.
struct Soak {
    options: Options,
    socket: PathBuf,
    archives: PathBuf,
    server: Faulty,
    gatherers: Vec<Served>,
    wrong: Wrong,
    figures: Counts,
    done: AtomicU64,
    /// The figures after the first runs are known.
    is_measured: AtomicBool,
    is_over: AtomicBool,
    begin: Instant,
}

impl Soak {
    /// The runs after which memory is measured.
    fn first_runs(&self) -> u64 {
        FIRST_RUNS.min(self.options.runs / 2)
    }

    /// Waits until this share of the runs is done. False if the runs are over before.
    fn wait_for_share(&self, share: f64) -> bool {
        let goal = (self.options.runs as f64 * share) as u64;
        while self.done.load(Ordering::Relaxed) < goal {
            if self.is_over.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn happened(&self, what: String) {
        println!(
            "{:>7.1} s  run {:>6}  {what}",
            self.begin.elapsed().as_secs_f64(),
            self.done.load(Ordering::Relaxed)
        );
    }

    /// Asks for runs, one after the other.
    fn trigger(&self, next: &AtomicU64) {
        let mut client = Client::new(&self.socket);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.options.runs {
                return;
            }
            // At the end, the service is at rest when it is measured. So it is then.
            while number >= self.first_runs() && !self.is_measured.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            self.trigger_one(&mut client, &self.gatherers[number as usize % self.gatherers.len()]);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks for a run, and checks what comes of it. Says its state.
    fn trigger_one(&self, client: &mut Client, served: &Served) -> String {
        let confirmed = served.confirmed.load(Ordering::SeqCst);
        let answer = match client.run(&served.gatherer.name) {
            Ok(answer) if answer.status == 200 => answer,
            Ok(answer) => {
                self.wrong.tell(format!("a trigger was answered by {answer:?}"));
                return String::new();
            }
            Err(error) => {
                self.wrong.tell(format!("a trigger was not answered: {error}"));
                std::thread::sleep(Duration::from_millis(100));
                return String::new();
            }
        };
        let run = Run { gatherer: &served.gatherer, confirmed, status: &answer.body };
        match run.check(&self.archives) {
            Ok(true) => _ = self.figures.archives.fetch_add(1, Ordering::Relaxed),
            Ok(false) => {}
            Err(what) => self.wrong.tell(what),
        }
        *self.figures.states.lock().expect("no panic").entry(run.state().to_owned()).or_default() += 1;
        run.state().to_owned()
    }

    /// After all that, everything works.
    fn works_again(&self) {
        self.server.get_well();
        let mut client = Client::new(&self.socket);
        for served in &self.gatherers {
            if self.options.replacements > 0 {
                self.replace_at_last(&mut client, served);
            }
            let begin = Instant::now();
            let mut state = self.trigger_one(&mut client, served);
            if state != "complete" && stops::since(begin) {
                state = self.trigger_one(&mut client, served);
            }
            if state != "complete" {
                self.wrong.tell(format!("at the end, a run of {} is {state}", served.gatherer.name));
            }
        }
    }

    /// Gives a gatherer a good module, whatever its last one was.
    fn replace_at_last(&self, client: &mut Client, served: &Served) {
        let (version, digest) = served.gatherer.replace();
        let path = format!("/v1/gatherers/{}", served.gatherer.name);
        let begin = Instant::now();
        while !client.get(&path).is_ok_and(|status| status.body["digest"] == *digest) {
            if begin.elapsed() > Duration::from_secs(30) {
                self.wrong.tell(format!(
                    "at the end, version {version} of {} is not in force",
                    served.gatherer.name
                ));
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        served.confirmed.store(version, Ordering::SeqCst);
    }

    /// What is left of files: the newest archives, and nothing half-written.
    fn check_files(&self) -> usize {
        let files = workspace::walk(&self.archives, &|_| true);
        let partial: Vec<&String> = files.iter().filter(|file| file.contains(".partial")).collect();
        if !partial.is_empty() {
            self.wrong.tell(format!("half-written files are left: {partial:?}"));
        }
        // Archives that are complete, incomplete ones, and the name of the newest.
        let most = GATHERERS * (2 * KEEP + 2);
        if files.len() > most {
            self.wrong.tell(format!(
                "{} files are left, and at most {most} should be: {:?} …",
                files.len(),
                &files[..10]
            ));
        }
        files.len()
    }
}

/// The configuration of the service.
fn configure(folder: &Path, url: &str, gatherers: &[Served]) -> PathBuf {
    let mut text = format!(
        "apiVersion: wagather/v1\nkind: Service\ncluster: {{server: '{url}', certificateAuthority: ca.pem, tokenFile: token}}\noutput: {{folder: archives, keep: {KEEP}}}\nparallel: 8\ngatherers:\n"
    );
    for served in gatherers {
        let file = served.gatherer.file().display();
        text +=
            &format!("- {{module: '{file}', timeout: 5s, requestTimeout: 2s, concurrencyPolicy: Allow}}\n");
    }
    let path = folder.join("service.yaml");
    std::fs::write(&path, text).expect("a file");
    path
}

/// The library that makes the clock jump.
fn clock(folder: &Path) -> (PathBuf, PathBuf) {
    let (library, offset) = (folder.join("clock.so"), folder.join("offset"));
    let source = workspace::root().join("tests/src/bin/soak/clock.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "cc cannot compile the clock");
    std::fs::write(&offset, "0").expect("a file");
    (library, offset)
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("soak: {wrong}");
            return ExitCode::from(2);
        }
    };
    stops::watch();
    let place = place();
    let folder = place.path();
    std::fs::create_dir(folder.join("modules")).expect("a folder");
    let served = |number| Served {
        gatherer: Gatherer::new(&folder.join("modules"), &format!("gatherer-{number}")),
        confirmed: AtomicU64::new(1),
    };
    let soak = Soak {
        options,
        socket: folder.join("socket"),
        archives: folder.join("archives"),
        server: Faulty::start(),
        gatherers: (0..GATHERERS).map(served).collect(),
        wrong: Wrong::default(),
        figures: Counts::default(),
        done: AtomicU64::new(0),
        is_measured: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
        begin: Instant::now(),
    };
    let token = folder.join("token");
    soak.rotate(&token, 0);
    std::fs::write(folder.join("ca.pem"), soak.server.authority()).expect("a file");
    let config = configure(folder, &soak.server.url(), &soak.gatherers);
    let clock = soak.options.clock.then(|| clock(folder));
    let clock = clock.as_ref().map(|(library, offset)| (&**library, &**offset));
    let mut service = Service::start(&soak.options.program, &config, &soak.socket, clock);
    if let Err(wrong) = service.wait_until_ready() {
        eprintln!("soak: {wrong}; {}", service.last_lines());
        return ExitCode::FAILURE;
    }
    let (early, late) = run(&soak, &service, &token, clock.map(|(_, offset)| offset));
    let files = soak.check_files();
    show(&soak, early, late, files);
    let (said, misplaced) = (service.last_lines(), service.misplaced());
    if !misplaced.is_empty() {
        let first = &misplaced[..misplaced.len().min(5)];
        soak.wrong.tell(format!("{} archives were not put into their places: {first:#?}", misplaced.len()));
    }
    match service.end() {
        Ok((status, left)) if status.success() && left.is_empty() => {}
        Ok((status, left)) => {
            soak.wrong.tell(format!("the end of the service: {status}, and these go on: {left:?}"))
        }
        Err(wrong) => soak.wrong.tell(wrong),
    }
    let (shown, all) = soak.wrong.all();
    if all == 0 {
        println!("soak: nothing was wrong");
        return ExitCode::SUCCESS;
    }
    eprintln!("soak: {all} things were wrong, the first are:\n{}\n{said}", shown.join("\n"));
    ExitCode::FAILURE
}

/// All runs. Returns the figures after the first runs and at the end.
fn run(soak: &Soak, service: &Service, token: &Path, clock: Option<&Path>) -> (Figures, Figures) {
    let next = AtomicU64::new(0);
    let mut early = Figures::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..soak.options.parallel).map(|_| scope.spawn(|| soak.trigger(&next))).collect();
        scope.spawn(|| soak.replace_modules());
        scope.spawn(|| soak.make_weather(service, token, clock));
        while soak.done.load(Ordering::Relaxed) < soak.first_runs() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(REST);
        early = service.figures();
        soak.is_measured.store(true, Ordering::SeqCst);
        workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
        soak.is_over.store(true, Ordering::Relaxed);
    });
    soak.works_again();
    // Until threads and connections of the last runs have ended.
    let begin = Instant::now();
    let mut late = service.figures();
    while begin.elapsed() < Duration::from_secs(20)
        && (late.descriptors > early.descriptors || late.threads > early.threads)
    {
        std::thread::sleep(Duration::from_millis(200));
        late = service.figures();
    }
    if service.zombies() > 0 {
        soak.wrong.tell(format!("nobody has waited for {} of the service's children", service.zombies()));
    }
    for (what, early, late) in [
        ("descriptors", early.descriptors, late.descriptors),
        ("threads", early.threads, late.threads),
        // While runs take sandboxes, fewer may wait than at rest: the program, the zygote, and one sandbox for each gatherer.
        ("processes", early.processes.max(2 + GATHERERS), late.processes),
    ] {
        if late > early {
            soak.wrong.tell(format!("{what}: {early} near the beginning, {late} at the end"));
        }
    }
    if soak.options.runs >= MANY_RUNS && late.rss_kib * 100 > early.rss_kib * 105 {
        let (early, late) = (early.rss_kib, late.rss_kib);
        soak.wrong.tell(format!(
            "memory: {early} KiB after {FIRST_RUNS} runs, {late} KiB at the end; 5 % more are allowed"
        ));
    }
    (early, late)
}

fn show(soak: &Soak, early: Figures, late: Figures, files: usize) {
    let took = soak.begin.elapsed().as_secs_f64();
    let (requests, faults) = soak.server.counts();
    let mut replaced = soak.figures.replaced.lock().expect("no panic").clone();
    replaced.sort();
    let share =
        |of: usize| replaced.get(replaced.len() * of / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let states = soak.figures.states.lock().expect("no panic").clone();
    println!("runs           {:?}, {:.0} s, {:.0} a second", states, took, soak.options.runs as f64 / took);
    println!("archives read  {}", soak.figures.archives.load(Ordering::Relaxed));
    println!("requests       {requests}, {faults} of them answered badly");
    println!(
        "replacements   {}, in force after {:.0} ms (median), {:.0} ms (99 %); {} broken ones refused",
        replaced.len(),
        share(50),
        share(99),
        soak.figures.broken.load(Ordering::Relaxed)
    );
    println!("               after {FIRST_RUNS} runs   at the end");
    for (what, early, late) in [
        ("RSS, KiB", early.rss_kib, late.rss_kib),
        ("PSS of all, KiB", early.pss_kib, late.pss_kib),
        ("descriptors", early.descriptors as u64, late.descriptors as u64),
        ("threads", early.threads as u64, late.threads as u64),
        ("processes", early.processes as u64, late.processes as u64),
    ] {
        println!("{what:<18} {early:>10} {late:>12}");
    }
    println!("files          {files} at the end");
    let (stopped, time) = stops::all();
    if stopped > 0 {
        println!(
            "stopped        {stopped} times, {:.0} s: this program did not run then",
            time.as_secs_f64()
        );
    }
}
