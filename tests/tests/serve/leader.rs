//! Replicas that agree on a leader by a Lease. The rules are tested in the crate, and a real API server in `tests/tests/cluster/leader.rs`.
//!
//! The times are short. On a busy machine a leader may therefore lose the Lease for a moment; the tests wait until it has it.

use super::reload::changing;
use super::schedules::often;
use super::{ENDLESS, LONG, NOTHING, config, options, start, until, write};
use std::path::Path;
use std::time::{Duration, Instant};
use tests::certificates::Authority;
use tests::leases::Leases;
use tests::server::{Running, Server};
use tests::{objects, place, programs};
use wagather_kube::cluster;
use wagather_serve::config::{Concurrency, Entry, LeaderElection, Terms};
use wagather_serve::schedule::Schedule;
use wagather_serve::status::{NotAccepted, RunState, RunStatus, Trigger};
use wagather_serve::{Config, Service};

const LEASE: &str = "monitoring/gatherers";

fn election() -> LeaderElection {
    let mut election = LeaderElection::new(LEASE.parse().expect("a name"));
    election.terms = Terms {
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(100),
    };
    election
}

/// A replica whose archives are in a folder of this name.
fn replica(place: &Path, name: &str, server: &Running) -> Config {
    let module = place.join("idle.wasm");
    if !module.exists() {
        write(place, "idle", NOTHING);
    }
    let mut config = config(place, &module, &server.url());
    config.output.folder = place.join(name);
    config.leader_election = Some(election());
    config
}

fn leads(service: &Service) -> bool {
    service.readiness().leader_election.is_some_and(|election| election.leads)
}

fn holder(leases: &Leases) -> String {
    leases.spec(LEASE)["holderIdentity"].as_str().unwrap_or_default().to_owned()
}

fn identity(service: &Service) -> String {
    service.readiness().leader_election.expect("an election").identity
}

/// Runs the gatherer, once this replica leads.
fn completes(service: &Service) {
    let begin = Instant::now();
    loop {
        match service.trigger("idle", Vec::new()) {
            Ok(id) => {
                let run = service.wait(&id, LONG).expect("a run");
                assert_eq!(run.state, RunState::Complete, "{run:?}");
                return;
            }
            Err(why) => assert!(begin.elapsed() < LONG, "{why}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn one_replica_runs_the_gatherers_and_another_takes_over_when_it_is_gone() {
    let (place, leases) = (place(), Leases::default());
    let server = leases.on(Server::new()).start();
    let scheduled = |name: &str| {
        let mut config = replica(place.path(), name, &server);
        (config.gatherers[0].schedule, config.gatherers[0].at_start) = (often(), true);
        config
    };
    let one = start(scheduled("one"));
    until("the first one leads", || leads(&one));
    assert_eq!(holder(&leases), identity(&one));
    let two = start(scheduled("two"));
    until("it knows who leads", || {
        two.readiness().leader_election.and_then(|election| election.leader) == Some(identity(&one))
    });
    assert!(two.readiness().ready, "to take over");
    match two.trigger("idle", Vec::new()) {
        Err(NotAccepted::NotLeader(Some(leader))) => assert_eq!(leader, identity(&one)),
        // It has lost the Lease on a busy machine.
        other => assert!(leads(&two) || !leads(&one), "{other:?}"),
    }
    until("the leader runs schedules", || one.runs().iter().any(|run| run.trigger == Trigger::Schedule));
    let triggers: Vec<Trigger> = one.runs().iter().rev().map(|run| run.trigger).take(1).collect();
    assert_eq!(triggers, [Trigger::Start]);
    if !leads(&two) {
        assert!(two.runs().is_empty() || !leads(&one), "{:?}", two.runs());
        assert_eq!(two.metrics().gatherers[0].missed, 0, "these times are the leader's");
    }
    // It drains, and gives the Lease back: the other one need not wait for its end.
    let transitions = leases.spec(LEASE)["leaseTransitions"].as_i64();
    one.shutdown();
    assert_ne!(holder(&leases), identity(&one));
    until("the second one leads", || leads(&two));
    assert!(leases.spec(LEASE)["leaseTransitions"].as_i64() > transitions);
    until("it runs what runs at the start, and schedules", || {
        let runs = two.runs();
        [Trigger::Start, Trigger::Schedule]
            .iter()
            .all(|trigger| runs.iter().any(|run| run.trigger == *trigger))
    });
    completes(&two);
}

/// A leader that cannot renew the Lease stops in time, and the other one waits for the end of the Lease.
#[test]
fn a_leader_that_cannot_renew_the_lease_leads_no_more() {
    let (place, leases) = (place(), Leases::default());
    let server = leases.on(Server::new()).start();
    let one = start(replica(place.path(), "one", &server));
    completes(&one);
    leases.go_away(true);
    until("it leads no more", || !leads(&one));
    let refused = one.trigger("idle", Vec::new());
    assert!(matches!(refused, Err(NotAccepted::NotLeader(_))), "{refused:?}");
    let problems = one.readiness().problems;
    assert!(
        problems.iter().any(|problem| problem.contains("HTTP 500: the server is not well")),
        "{problems:?}"
    );
    leases.go_away(false);
    completes(&one);
    assert!(one.readiness().healthy, "{:?}", one.readiness());
}

/// What was due between two leaders is run by the second one, as soon as it leads.
#[test]
fn no_due_time_is_lost_between_two_leaders() {
    // Where a machine is so busy that the second time has come, nothing is learned.
    assert!((0..5).any(|_| runs_what_was_due_between()), "no attempt was fast enough");
}

fn runs_what_was_due_between() -> bool {
    const PERIOD: Duration = Duration::from_secs(4);
    let (place, leases) = (place(), Leases::default());
    let server = leases.on(Server::new()).start();
    let one = start(replica(place.path(), "one", &server));
    until("the first one leads", || leads(&one));
    let mut config = replica(place.path(), "two", &server);
    config.gatherers[0].schedule = Some(Schedule::Every { period: PERIOD, jitter: Duration::ZERO });
    let (before, begin_millis) = (Instant::now(), wagather_base::time::clock_millis());
    let two = start(config);
    let begin = Instant::now();
    until("it knows who leads", || {
        two.readiness().leader_election.is_some_and(|election| election.leader.is_some())
    });
    // The first one is gone without a word, and a time passes.
    leases.go_away(true);
    until("the first one leads no more", || !leads(&one));
    one.shutdown();
    if before.elapsed() > PERIOD || leads(&two) {
        return false;
    }
    until("the time has passed", || begin.elapsed() > PERIOD + Duration::from_millis(200));
    assert!(two.runs().is_empty(), "{:?}", two.runs());
    leases.go_away(false);
    until("the second one leads", || leads(&two));
    if before.elapsed() > PERIOD.mul_f64(1.6) {
        return false;
    }
    until("it runs what was due", || !two.runs().is_empty());
    let run = two.runs().pop().expect("a run");
    let second = wagather_base::time::rfc3339(begin_millis + 2 * PERIOD.as_millis() as i64);
    assert!(run.trigger == Trigger::Schedule && run.accepted < second, "the next time is {second}: {run:?}");
    true
}

/// The account that gathers may write nothing: what writes the Lease has an account of its own.
#[test]
fn the_lease_is_written_by_its_own_account() {
    let (place, leases) = (place(), Leases::default());
    let authority = Authority::new("leader");
    let server = leases.on(objects::server()).start_tls(&authority.server("127.0.0.1"));
    std::fs::write(place.path().join("ca.pem"), authority.pem()).expect("a file");
    for (name, token) in [("gathers", "token-that-gathers-1234"), ("leads", "token-that-leads-1234")] {
        std::fs::write(place.path().join(name), token).expect("a file");
    }
    std::fs::copy(programs::guest("cluster-operators"), place.path().join("operators.wasm"))
        .expect("a guest");
    let file = place.path().join("serve.yaml");
    let text = format!(
        "apiVersion: wagather/v1\nkind: Service\ncluster: {{server: '{0}', certificateAuthority: ca.pem, tokenFile: gathers}}\ngatherers: [{{module: operators.wasm}}]\nleaderElection: {{lease: {LEASE}, cluster: {{server: '{0}', certificateAuthority: ca.pem, tokenFile: leads}}}}\n",
        server.url()
    );
    std::fs::write(&file, text).expect("a file");
    let config = Config::read(&file).unwrap_or_else(|failure| panic!("{failure}"));
    let service = Service::start(config, options()).unwrap_or_else(|failure| panic!("{failure}"));
    until("it leads", || leads(&service));
    super::complete(&service, "cluster-operators");
    service.shutdown();
    let writers = leases.writers();
    assert!(
        writers.len() >= 2 && writers.iter().all(|writer| writer == "Bearer token-that-leads-1234"),
        "{writers:?}"
    );
    for seen in server.seen() {
        let is_lease = seen.path.starts_with("/apis/coordination.k8s.io/");
        let token = if is_lease { "Bearer token-that-leads-1234" } else { "Bearer token-that-gathers-1234" };
        assert_eq!(seen.header("authorization"), Some(token), "{} {}", seen.method, seen.path);
        assert!(is_lease || seen.method == "GET", "{} {}", seen.method, seen.path);
    }
}

/// A replica that runs one gatherer at a time, one that does not end, and does not lose the Lease because a machine is busy.
fn busy(place: &Path, server: &Running, renew_deadline: Duration) -> Config {
    let mut config = replica(place, "one", server);
    let terms =
        Terms { lease_duration: renew_deadline + Duration::from_secs(1), renew_deadline, ..election().terms };
    config.leader_election.as_mut().expect("an election").terms = terms;
    config.gatherers[0].at_start = true;
    let mut endless = Entry::new(write(place, "endless", ENDLESS));
    (endless.at_start, endless.concurrency) = (true, Concurrency::Allow);
    config.gatherers.push(endless);
    config.parallel = 1;
    config
}

/// The only run of a gatherer in a state.
fn only(service: &Service, gatherer: &str, state: RunState) -> Option<RunStatus> {
    let runs: Vec<RunStatus> = service.runs();
    let mut runs = runs.into_iter().filter(|run| run.gatherer == gatherer && run.state == state);
    runs.next().filter(|_| runs.next().is_none())
}

/// A run that is running goes on. Those that wait for their turn are stopped, and whoever waits for them is told. What was due starts if this replica
/// leads again before another one does, and what was asked for does not.
#[test]
fn what_waits_is_stopped_when_the_lease_is_lost() {
    let (place, leases) = (place(), Leases::default());
    let server = leases.on(Server::new()).start();
    let service = start(busy(place.path(), &server, Duration::from_secs(5)));
    until("one runs", || only(&service, "endless", RunState::Running).is_some());
    until("one waits", || only(&service, "idle", RunState::Waiting).is_some());
    let running = only(&service, "endless", RunState::Running).expect("a run");
    let asked = service.trigger("endless", Vec::new()).expect("a leader");
    leases.go_away(true);
    for stopped in [asked, only(&service, "idle", RunState::Waiting).expect("a run").id] {
        let stopped = service.wait(&stopped, LONG).expect("a run");
        assert!(stopped.state == RunState::Stopped && stopped.started.is_none(), "{stopped:?}");
        let reason = stopped.reason.expect("a reason");
        assert!(reason.starts_with("this replica lost the Lease before it was this run's turn"), "{reason}");
    }
    assert!(!leads(&service));
    assert_eq!(service.run(&running.id).map(|run| run.state), Some(RunState::Running));
    let metrics = service.metrics();
    let stopped: u64 = metrics.gatherers.iter().map(|gatherer| gatherer.stopped).sum();
    assert_eq!((stopped, metrics.runs_waiting), (2, 0));
    leases.go_away(false);
    until("what was due waits again", || only(&service, "idle", RunState::Waiting).is_some());
    assert_eq!(service.run(&running.id).map(|run| run.state), Some(RunState::Running));
    assert_eq!(service.runs().len(), 4, "what was asked for does not: {:?}", service.runs());
}

/// Runs that were accepted have their time to end, and none starts on a replica that gave the Lease back.
#[test]
fn a_leader_that_ends_gives_the_lease_back_when_no_run_waits_any_more() {
    let (place, leases) = (place(), Leases::default());
    let server = leases.on(Server::new()).start();
    // Longer than the runs that wait take.
    let mut config = busy(place.path(), &server, LONG);
    config.gatherers.iter_mut().for_each(|entry| entry.timeout = Duration::from_millis(500));
    config.gatherers.remove(0);
    let service = start(config);
    until("it runs", || only(&service, "endless", RunState::Running).is_some());
    let ids = [(), ()].map(|()| service.trigger("endless", Vec::new()).expect("a leader"));
    service.shutdown();
    let runs = ids.map(|id| service.run(&id).expect("a run"));
    assert!(runs.iter().all(|run| run.started.is_some() && run.state == RunState::Failed), "{runs:?}");
    assert_eq!(holder(&leases), "");
}

/// An account and a server of the Lease take over with a configuration. The name and the times of the Lease need another start, which is told.
#[test]
fn a_configuration_changes_how_the_lease_is_reached() {
    let (place, [leases, others]) = (place(), [Leases::default(), Leases::default()]);
    let authority = Authority::new("leader");
    let [server, other] =
        [&leases, &others].map(|leases| leases.on(Server::new()).start_tls(&authority.server("127.0.0.1")));
    std::fs::write(place.path().join("ca.pem"), authority.pem()).expect("a file");
    let by = |server: &Running, token: &str| {
        std::fs::write(place.path().join(token), token).expect("a file");
        Some(Box::new(cluster::Options {
            server: Some(server.url()),
            certificate_authority: Some(place.path().join("ca.pem")),
            token_file: Some(place.path().join(token)),
            ..cluster::Options::default()
        }))
    };
    let mut config = replica(place.path(), "one", &server);
    config.leader_election.as_mut().expect("an election").cluster = by(&server, "token-of-the-first-1234");
    let (service, next) = changing(config);
    let reload = |change: &dyn Fn(&mut LeaderElection)| {
        change(next.lock().expect("no panic").leader_election.as_mut().expect("an election"));
        service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    };
    completes(&service);
    reload(&|election| election.cluster = by(&server, "token-of-the-second-1234"));
    let is_second = |writer: &String| writer == "Bearer token-of-the-second-1234";
    until("the other account writes", || leases.writers().last().is_some_and(is_second));
    completes(&service);
    reload(&|election| election.cluster = by(&other, "token-of-the-second-1234"));
    until("the other server has the Lease", || holder(&others) == identity(&service));
    assert_eq!(holder(&leases), "", "it was given back");
    completes(&service);
    reload(&|election| election.terms.retry_period = Duration::from_millis(200));
    let readiness = service.readiness();
    assert!(
        readiness.problems.iter().any(|text| text.starts_with("leaderElection has changed")),
        "{readiness:?}"
    );
    reload(&|election| election.terms.retry_period = Duration::from_millis(100));
    until("nothing is wrong any more", || service.readiness().healthy);
}
