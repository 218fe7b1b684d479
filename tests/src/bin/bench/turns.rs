//! The order of the programs within a round.
//!
//! A program finds the processors and the disk as the one before has left them. If that is always the same one, a program that is compared with
//! itself seems up to a tenth faster or slower. So each round has an order of its own, the same ones in each measurement.

/// Orders of so many programs.
pub(crate) struct Turns {
    programs: usize,
    state: u64,
}

impl Turns {
    pub(crate) const fn new(programs: usize) -> Turns {
        Turns { programs, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next round's.
    pub(crate) fn next(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.programs).collect();
        for last in (1..order.len()).rev() {
            // xorshift64
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            order.swap(last, (self.state % (last as u64 + 1)) as usize);
        }
        order
    }
}
