//! Schedules and reloads, as the service keeps them. When a schedule is due is computed and tested in the crate.

use super::{ENDLESS, NOTHING, config, options, start, until, write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::place;
use wagather_serve::Service;
use wagather_serve::schedule::{Cron, Schedule};
use wagather_serve::status::{RunState, Trigger};

pub(super) fn often() -> Option<Schedule> {
    Some(Schedule::Every { period: Duration::from_millis(50), jitter: Duration::ZERO })
}

#[test]
fn runs_start_at_the_start_and_at_their_times() {
    let place = place();
    let module = write(place.path(), "idle", NOTHING);
    let mut config = config(place.path(), &module, "http://127.0.0.1:9");
    (config.gatherers[0].schedule, config.gatherers[0].at_start) = (often(), true);
    let service = start(config);
    until("three runs", || service.runs().iter().filter(|run| run.state == RunState::Complete).count() >= 3);
    let mut triggers: Vec<Trigger> = service.runs().iter().rev().map(|run| run.trigger).collect();
    triggers.truncate(2);
    assert_eq!(triggers, [Trigger::Start, Trigger::Schedule]);
    let status = service.gatherer("idle").expect("a gatherer");
    assert_eq!(status.schedule.as_deref(), Some("every 50ms"));
    assert!(status.next_run.is_some());
}

#[test]
fn a_time_at_which_the_last_run_goes_on_is_skipped_and_told() {
    let place = place();
    let module = write(place.path(), "endless", ENDLESS);
    let mut config = config(place.path(), &module, "http://127.0.0.1:9");
    config.gatherers[0].schedule = often();
    config.grace = Duration::from_millis(100);
    let service = start(config);
    until("two times are skipped", || service.metrics().gatherers[0].skipped >= 2);
    assert_eq!(service.runs().len(), 1);
    // What goes on is stopped when the time is over, and keeps what it gathered.
    service.shutdown();
    let run = &service.runs()[0];
    assert_eq!((run.state, run.exit_code), (RunState::Stopped, Some(143)), "{run:?}");
    assert!(run.archive.as_ref().is_some_and(|path| path.to_string_lossy().ends_with(".incomplete")));
}

#[test]
fn a_reload_changes_schedules_and_refuses_what_is_wrong() {
    let place = place();
    let module = write(place.path(), "idle", NOTHING);
    let first = config(place.path(), &module, "http://127.0.0.1:9");
    let next = Arc::new(Mutex::new(Ok(first.clone())));
    let mut options = options();
    let shared = next.clone();
    options.read_again = Some(Arc::new(move || shared.lock().expect("a lock").clone()));
    let service = Service::start(first.clone(), options).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(service.gatherer("idle").expect("a gatherer").schedule, None);
    let mut changed = first;
    changed.gatherers[0].schedule = Some(Schedule::Cron(Cron::parse("0 3 * * *", None).expect("cron")));
    *next.lock().expect("a lock") = Ok(changed);
    service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    let status = service.gatherer("idle").expect("a gatherer");
    assert_eq!(status.schedule.as_deref(), Some("0 3 * * * UTC"));
    assert!(status.next_run.is_some_and(|time| time.ends_with("T03:00:00.000Z")));
    let wrong =
        wagather_base::error::Failure::new(wagather_base::error::Class::Config, "cannot use x", "1:1: y");
    *next.lock().expect("a lock") = Err(wrong);
    let refused = service.reload().expect_err("a mistake");
    assert!(refused.to_string().contains("1:1: y") && !service.readiness().healthy);
    assert!(service.gatherer("idle").is_some_and(|still| still.schedule.is_some()));
    let metrics = service.metrics();
    assert_eq!((metrics.reloads, metrics.reloads_refused), (1, 1));
}
