//! Replicas with a Lease that is a value, and clocks that the test sets.

use super::elector::{Elector, Store, Time};
use crate::config::Terms;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime};
use wagather_kube::cluster::lease::{Lease, LeaseError};

/// A server with one Lease, and the time.
struct World {
    lease: RefCell<Option<Value>>,
    fails: RefCell<Option<LeaseError>>,
    begin: Instant,
    seconds: Cell<u64>,
    writes: Cell<u64>,
}

impl World {
    fn new() -> World {
        World {
            lease: RefCell::default(),
            fails: RefCell::default(),
            begin: Instant::now(),
            seconds: Cell::new(0),
            writes: Cell::new(0),
        }
    }

    fn at(&self, seconds: u64) -> &World {
        self.seconds.set(seconds);
        self
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_secs(self.seconds.get())
    }

    /// One attempt of a replica whose time of day is off by so many seconds. Says for how many seconds from now it leads.
    fn tries(&self, elector: &mut Elector, is_off: u64) -> Result<Option<u64>, LeaseError> {
        let clock = || Time {
            instant: self.now(),
            of_day: SystemTime::UNIX_EPOCH + Duration::from_secs(is_off + self.seconds.get()),
        };
        let until = elector.try_hold(self, self.now() + Duration::from_secs(5), &clock)?;
        Ok(until.map(|until| (until - self.now()).as_secs()))
    }

    fn spec(&self) -> Value {
        self.lease.borrow().as_ref().expect("a Lease")["spec"].clone()
    }

    fn write(&self, lease: &Lease) -> Lease {
        let mut value = lease.to_json();
        self.writes.set(self.writes.get() + 1);
        value["metadata"]["resourceVersion"] = self.writes.get().to_string().into();
        *self.lease.borrow_mut() = Some(value.clone());
        Lease::of(value).expect("an object")
    }

    fn fail(&self) -> Result<(), LeaseError> {
        self.fails.borrow().clone().map_or(Ok(()), Err)
    }
}

impl Store for World {
    fn read(&self, _: Instant) -> Result<Option<Lease>, LeaseError> {
        self.fail()?;
        Ok(self.lease.borrow().clone().and_then(Lease::of))
    }

    fn create(&self, lease: &Lease, _: Instant) -> Result<Lease, LeaseError> {
        self.fail()?;
        if self.lease.borrow().is_some() {
            return Err(LeaseError::Conflict);
        }
        Ok(self.write(lease))
    }

    fn replace(&self, lease: &Lease, _: Instant) -> Result<Lease, LeaseError> {
        self.fail()?;
        let version = |value: &Value| value["metadata"]["resourceVersion"].clone();
        let known =
            self.lease.borrow().as_ref().map(version).ok_or(LeaseError::Refused(404, String::new()))?;
        if known != version(&lease.to_json()) {
            return Err(LeaseError::Conflict);
        }
        Ok(self.write(lease))
    }
}

fn elector(identity: &str) -> Elector {
    Elector::new(identity.to_owned(), "monitoring/gatherers".parse().expect("a name"), Terms::default())
}

#[test]
fn the_first_one_creates_the_lease_and_renews_it() {
    let (world, mut one, mut two) = (World::new(), elector("one"), elector("two"));
    assert_eq!(world.tries(&mut one, 0), Ok(Some(10)));
    assert_eq!(
        world.spec(),
        json!({
            "holderIdentity": "one", "leaseDurationSeconds": 15, "acquireTime": "1970-01-01T00:00:00.000000Z",
            "renewTime": "1970-01-01T00:00:00.000000Z", "leaseTransitions": 0,
        })
    );
    for seconds in 1..60 {
        assert_eq!(world.at(seconds).tries(&mut one, 0), Ok(Some(10)));
        assert_eq!(world.tries(&mut two, 0), Ok(None));
    }
    assert_eq!(two.holder(), "one");
    assert_eq!(world.spec()["acquireTime"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(
        (&world.spec()["renewTime"], &world.spec()["leaseTransitions"]),
        (&"1970-01-01T00:00:59.000000Z".into(), &0.into())
    );
}

/// Whatever the time of day is: what counts is for how long a replica has seen no change.
#[test]
fn another_one_takes_over_when_the_leader_has_not_renewed_for_long_enough() {
    for is_off in [0, 1_000_000_000] {
        let (world, mut one, mut two) = (World::new(), elector("one"), elector("two"));
        assert_eq!(world.tries(&mut one, 500_000_000), Ok(Some(10)));
        assert_eq!(world.at(9).tries(&mut one, 500_000_000), Ok(Some(10)));
        // It comes late, and does not know how old that is.
        assert_eq!(world.at(20).tries(&mut two, is_off), Ok(None));
        assert_eq!(world.at(34).tries(&mut two, is_off), Ok(None));
        assert_eq!(world.at(35).tries(&mut two, is_off), Ok(Some(10)), "{is_off}");
        assert_eq!(
            (&world.spec()["holderIdentity"], &world.spec()["leaseTransitions"]),
            (&"two".into(), &1.into())
        );
        // The old one finds out, and does not write.
        let writes = world.writes.get();
        assert_eq!(world.at(36).tries(&mut one, 500_000_000), Ok(None));
        assert_eq!((one.holder(), world.writes.get()), ("two", writes));
    }
}

#[test]
fn of_two_that_are_as_fast_one_has_it() {
    let (world, mut one, mut two) = (World::new(), elector("one"), elector("two"));
    // Between the first one's read and its write, the second one was there.
    struct Between<'a>(&'a World, RefCell<&'a mut Elector>);
    impl Store for Between<'_> {
        fn read(&self, deadline: Instant) -> Result<Option<Lease>, LeaseError> {
            let read = self.0.read(deadline);
            assert_eq!(self.0.tries(&mut self.1.borrow_mut(), 0), Ok(Some(10)));
            read
        }
        fn create(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
            self.0.create(lease, deadline)
        }
        fn replace(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
            self.0.replace(lease, deadline)
        }
    }
    let clock = || Time { instant: world.now(), of_day: SystemTime::UNIX_EPOCH };
    let between = Between(&world, RefCell::new(&mut two));
    assert_eq!(one.try_hold(&between, world.now(), &clock), Ok(None));
    assert_eq!(world.spec()["holderIdentity"], "two");
    // The same with a Lease that is there, and is held by nobody any more.
    world.at(30);
    assert_eq!(world.tries(&mut one, 0), Ok(None));
    world.at(60);
    assert_eq!(one.try_hold(&between, world.now(), &clock), Ok(None));
    assert_eq!(world.spec()["holderIdentity"], "two");
}

#[test]
fn a_released_lease_is_taken_at_once() {
    let (world, mut one, mut two) = (World::new(), elector("one"), elector("two"));
    assert_eq!(world.tries(&mut one, 0), Ok(Some(10)));
    assert_eq!(world.at(1).tries(&mut two, 0), Ok(None));
    let time = Time { instant: world.now(), of_day: SystemTime::UNIX_EPOCH + Duration::from_secs(1) };
    // One that has it not gives nothing back.
    two.release(&world, world.now(), time).expect("nothing to do");
    assert_eq!(world.spec()["holderIdentity"], "one");
    one.release(&world, world.now(), time).expect("a release");
    assert_eq!(
        world.spec(),
        json!({
            "holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": "1970-01-01T00:00:01.000000Z",
            "renewTime": "1970-01-01T00:00:01.000000Z", "leaseTransitions": 0,
        })
    );
    // Nobody renewed it since the last look at it with its holder.
    let renewed = two.renewed();
    assert_eq!(world.at(2).tries(&mut two, 0), Ok(Some(10)));
    assert_eq!((world.spec()["leaseTransitions"].as_i64(), renewed), (Some(1), Some(world.at(1).now())));
}

#[test]
fn a_lease_that_is_removed_is_made_anew_and_one_without_a_spec_is_taken() {
    let (world, mut one) = (World::new(), elector("one"));
    assert_eq!(world.tries(&mut one, 0), Ok(Some(10)));
    *world.lease.borrow_mut() = None;
    assert_eq!(world.at(1).tries(&mut one, 0), Ok(Some(10)));
    assert_eq!(world.spec()["holderIdentity"], "one");
    // As an administrator creates it.
    *world.lease.borrow_mut() =
        Some(json!({"kind": "Lease", "metadata": {"name": "gatherers", "resourceVersion": "x"}}));
    assert_eq!(world.at(2).tries(&mut elector("two"), 0), Ok(Some(10)));
    assert_eq!(world.spec()["holderIdentity"], "two");
}

/// Between two looks of another replica, the leader may renew the Lease and end at once. What was due right after the first look may be lost.
#[test]
fn a_holder_was_surely_there_at_the_look_before_the_change() {
    let (world, mut one, mut two) = (World::new(), elector("one"), elector("two"));
    assert_eq!(world.tries(&mut one, 0), Ok(Some(10)));
    assert_eq!(world.at(1).tries(&mut two, 0), Ok(None));
    assert_eq!(world.at(3).tries(&mut one, 0), Ok(Some(10)));
    assert_eq!(world.at(5).tries(&mut two, 0), Ok(None));
    assert_eq!(two.renewed(), Some(world.at(1).now()));
    assert_eq!(world.at(8).tries(&mut two, 0), Ok(None));
    assert_eq!(two.renewed(), Some(world.at(1).now()), "nothing has changed");
}

#[test]
fn a_server_that_is_away_is_told() {
    let (world, mut one) = (World::new(), elector("one"));
    assert_eq!(world.tries(&mut one, 0), Ok(Some(10)));
    let refused = LeaseError::Refused(403, "leases is forbidden".into());
    *world.fails.borrow_mut() = Some(refused.clone());
    assert_eq!(world.at(1).tries(&mut one, 0), Err(refused));
    *world.fails.borrow_mut() = None;
    assert_eq!(world.at(20).tries(&mut one, 0), Ok(Some(10)), "nobody else wanted it");
    assert_eq!(world.spec()["leaseTransitions"], 0);
}
