//! Chooses the next request: round robin over the gatherers, within their shares and the rate limit.
//!
//! It is pure: the time is an argument, and tasks are opaque. A gatherer whose requests get no response
//! uses up only its own share. A gatherer with a thousand requests takes turns with one that has two.

use super::bucket::Bucket;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use wagather_base::limits::MAX_REQUESTS_IN_FLIGHT;

/// Requests that wait for their turn.
pub(super) struct Queue<T> {
    /// The requests of each gatherer, in order.
    waiting: Vec<VecDeque<Waiting<T>>>,
    /// How many requests of each gatherer are in flight.
    in_flight: Vec<usize>,
    /// The gatherer whose turn it is.
    turn: usize,
    parallel: usize,
    /// The rate limit. A recording has none.
    bucket: Option<Bucket>,
    /// Since when a request waits only for the rate limit.
    throttled_since: Option<Instant>,
    throttled: Duration,
}

struct Waiting<T> {
    task: T,
    /// The earliest time to send it, if it has to wait.
    not_before: Option<Instant>,
}

/// What a fetch thread does next.
pub(super) enum Turn<T> {
    /// Send this task of this gatherer.
    Send(usize, T),
    /// Wait until this time.
    Wait(Instant),
    /// Wait for more tasks.
    Nothing,
}

impl<T> Queue<T> {
    /// A queue for this many gatherers, of which at most `parallel` run at a time.
    pub(super) fn new(gatherers: usize, parallel: usize, bucket: Option<Bucket>) -> Queue<T> {
        Queue {
            waiting: (0..gatherers).map(|_| VecDeque::new()).collect(),
            in_flight: vec![0; gatherers],
            turn: 0,
            parallel: parallel.clamp(1, gatherers.max(1)),
            bucket,
            throttled_since: None,
            throttled: Duration::ZERO,
        }
    }

    /// How many requests can be in flight. Each gatherer that runs can have at least one.
    pub(super) fn max_in_flight(&self) -> usize {
        MAX_REQUESTS_IN_FLIGHT.max(self.parallel)
    }

    /// The number of waiting tasks.
    pub(super) fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    pub(super) fn push(&mut self, gatherer: usize, task: T, not_before: Option<Instant>) {
        self.waiting[gatherer].push_back(Waiting { task, not_before });
    }

    /// Takes the next task, which counts as in flight from then on.
    pub(super) fn next(&mut self, now: Instant) -> Turn<T> {
        let share = self.max_in_flight() / self.parallel;
        let gatherers = self.waiting.len();
        let mut soonest: Option<Instant> = None;
        for gatherer in (self.turn..gatherers).chain(0..self.turn) {
            if self.in_flight[gatherer] >= share {
                continue;
            }
            let queue = &mut self.waiting[gatherer];
            let Some(index) = queue.iter().position(|waiting| waiting.not_before.is_none_or(|at| at <= now))
            else {
                soonest = queue.iter().filter_map(|waiting| waiting.not_before).chain(soonest).min();
                continue;
            };
            if let Some(Err(at)) = self.bucket.as_mut().map(|bucket| bucket.take(now)) {
                self.throttled_since.get_or_insert(now);
                return Turn::Wait(at);
            }
            let Some(Waiting { task, .. }) = queue.remove(index) else { continue };
            if let Some(since) = self.throttled_since.take() {
                self.throttled += now.saturating_duration_since(since);
            }
            self.in_flight[gatherer] += 1;
            self.turn = (gatherer + 1) % gatherers;
            return Turn::Send(gatherer, task);
        }
        soonest.map_or(Turn::Nothing, Turn::Wait)
    }

    /// Whether another request can be in flight beside the next one, of the same gatherer.
    pub(super) fn has_room_beside_next(&self) -> bool {
        let share = self.max_in_flight() / self.parallel;
        let next = self.waiting.iter().position(|waiting| !waiting.is_empty());
        next.is_some_and(|gatherer| self.in_flight[gatherer] + 1 < share)
    }

    /// Records that a request of a gatherer is no longer in flight.
    pub(super) fn arrived(&mut self, gatherer: usize) {
        self.in_flight[gatherer] -= 1;
    }

    /// How long requests waited only for the rate limit. Time in which several waited counts once.
    pub(super) fn throttled(&self) -> Duration {
        self.throttled
    }

    /// Drops all waiting tasks.
    pub(super) fn clear(&mut self) {
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what there is at a time, without an answer to any.
    fn taken(queue: &mut Queue<&'static str>, now: Instant) -> Vec<&'static str> {
        let mut all = Vec::new();
        while let Turn::Send(_, task) = queue.next(now) {
            all.push(task);
        }
        all
    }

    #[test]
    fn gatherers_take_turns() {
        let (mut queue, now) = (Queue::new(3, 3, None), Instant::now());
        for task in ["a1", "a2", "a3", "a4", "a5", "a6", "a7"] {
            queue.push(0, task, None);
        }
        queue.push(2, "c1", None);
        queue.push(2, "c2", None);
        // A third of sixteen each.
        assert_eq!(taken(&mut queue, now), ["a1", "c1", "a2", "c2", "a3", "a4", "a5"]);
        queue.push(1, "b1", None);
        queue.arrived(0);
        assert_eq!(taken(&mut queue, now), ["b1", "a6"]);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn the_rate_is_the_runs_and_its_turns_go_round_too() {
        let begin = Instant::now();
        let mut queue = Queue::new(2, 2, Some(Bucket::new(10, 2)));
        for task in ["a1", "a2", "a3"] {
            queue.push(0, task, None);
        }
        for task in ["b1", "b2", "b3"] {
            queue.push(1, task, None);
        }
        let (mut now, mut sent) = (begin, Vec::new());
        while queue.len() > 0 {
            match queue.next(now) {
                Turn::Send(_, task) => sent.push((now.duration_since(begin).as_millis(), task)),
                Turn::Wait(at) => now = at,
                Turn::Nothing => panic!("something waits"),
            }
        }
        assert_eq!(sent, [(0, "a1"), (0, "b1"), (100, "a2"), (200, "b2"), (300, "a3"), (400, "b3")]);
        assert_eq!(queue.throttled(), Duration::from_millis(400));
    }

    #[test]
    fn what_waits_for_its_time_holds_nobody() {
        let (mut queue, now) = (Queue::new(2, 2, None), Instant::now());
        let later = |millis| Some(now + Duration::from_millis(millis));
        queue.push(0, "a in 30", later(30));
        queue.push(0, "a now", None);
        queue.push(1, "b in 20", later(20));
        assert_eq!(taken(&mut queue, now), ["a now"]);
        assert!(matches!(queue.next(now), Turn::Wait(at) if Some(at) == later(20)));
        assert_eq!(taken(&mut queue, now + Duration::from_millis(20)), ["b in 20"]);
        assert_eq!(taken(&mut queue, now + Duration::from_millis(30)), ["a in 30"]);
        assert!(matches!(queue.next(now), Turn::Nothing));
        assert_eq!(queue.throttled(), Duration::ZERO);
    }

    #[test]
    fn shares_are_of_those_that_run() {
        for (gatherers, parallel, share) in [(1, 1, 16), (64, 8, 2), (3, 8, 5), (64, 64, 1), (5, 1, 16)] {
            let mut queue = Queue::new(gatherers, parallel, None);
            for _ in 0..100 {
                queue.push(0, "x", None);
            }
            assert_eq!(taken(&mut queue, Instant::now()).len(), share, "{parallel} of {gatherers}");
        }
    }
}
