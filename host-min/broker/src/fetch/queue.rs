//! Whose request is next: round robin over the gatherers, within their shares, as the rate allows.
//!
//! Pure: the time is an argument, and what a task holds besides its times does not matter here. A gatherer whose requests get no answer
//! uses up its own share, and one that asks for a thousand things gets every second turn beside one that asks for two.

use super::bucket::Bucket;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use wagather_base::limits::MAX_REQUESTS_IN_FLIGHT;

/// Requests that wait for their turn.
pub(super) struct Queue<T> {
    /// Of each gatherer, in the order in which they came.
    waiting: Vec<VecDeque<Waiting<T>>>,
    /// How many requests of each gatherer are on their way.
    on_their_way: Vec<usize>,
    /// Whose turn it is.
    turn: usize,
    side_by_side: usize,
    /// `None` for a recording, which nobody hurts.
    bucket: Option<Bucket>,
    /// Since when a request waits for nothing but the rate.
    held_since: Option<Instant>,
    held: Duration,
}

struct Waiting<T> {
    task: T,
    /// When it may be sent, if not at once.
    not_before: Option<Instant>,
}

/// What there is to do.
pub(super) enum Turn<T> {
    /// To send this, of the gatherer of that number.
    Send(usize, T),
    /// To wait until then.
    Wait(Instant),
    /// To wait for more.
    Nothing,
}

impl<T> Queue<T> {
    /// For so many gatherers, so many of which run side by side.
    pub(super) fn new(gatherers: usize, side_by_side: usize, bucket: Option<Bucket>) -> Queue<T> {
        Queue {
            waiting: (0..gatherers).map(|_| VecDeque::new()).collect(),
            on_their_way: vec![0; gatherers],
            turn: 0,
            side_by_side: side_by_side.clamp(1, gatherers.max(1)),
            bucket,
            held_since: None,
            held: Duration::ZERO,
        }
    }

    /// With more gatherers side by side than requests may be on their way, one for each.
    pub(super) fn most_on_their_way(&self) -> usize {
        MAX_REQUESTS_IN_FLIGHT.max(self.side_by_side)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    pub(super) fn push(&mut self, gatherer: usize, task: T, not_before: Option<Instant>) {
        self.waiting[gatherer].push_back(Waiting { task, not_before });
    }

    /// The next one, which is on its way from then on.
    pub(super) fn next(&mut self, now: Instant) -> Turn<T> {
        let share = self.most_on_their_way() / self.side_by_side;
        let gatherers = self.waiting.len();
        let mut soonest: Option<Instant> = None;
        for gatherer in (self.turn..gatherers).chain(0..self.turn) {
            if self.on_their_way[gatherer] >= share {
                continue;
            }
            let queue = &mut self.waiting[gatherer];
            let Some(index) = queue.iter().position(|waiting| waiting.not_before.is_none_or(|at| at <= now))
            else {
                soonest = queue.iter().filter_map(|waiting| waiting.not_before).chain(soonest).min();
                continue;
            };
            if let Some(Err(at)) = self.bucket.as_mut().map(|bucket| bucket.take(now)) {
                self.held_since.get_or_insert(now);
                return Turn::Wait(at);
            }
            let Some(Waiting { task, .. }) = queue.remove(index) else { continue };
            if let Some(since) = self.held_since.take() {
                self.held += now.saturating_duration_since(since);
            }
            self.on_their_way[gatherer] += 1;
            self.turn = (gatherer + 1) % gatherers;
            return Turn::Send(gatherer, task);
        }
        soonest.map_or(Turn::Nothing, Turn::Wait)
    }

    /// A request of a gatherer has its answer, or none.
    pub(super) fn arrived(&mut self, gatherer: usize) {
        self.on_their_way[gatherer] -= 1;
    }

    /// For how long requests waited for nothing but the rate; time in which several waited counts once.
    pub(super) fn held(&self) -> Duration {
        self.held
    }

    /// Nothing waits any more.
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
        assert_eq!(queue.held(), Duration::from_millis(400));
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
        assert_eq!(queue.held(), Duration::ZERO);
    }

    #[test]
    fn shares_are_of_those_that_run() {
        for (gatherers, side_by_side, share) in [(1, 1, 16), (64, 8, 2), (3, 8, 5), (64, 64, 1), (5, 1, 16)] {
            let mut queue = Queue::new(gatherers, side_by_side, None);
            for _ in 0..100 {
                queue.push(0, "x", None);
            }
            assert_eq!(taken(&mut queue, Instant::now()).len(), share, "{side_by_side} of {gatherers}");
        }
    }
}
