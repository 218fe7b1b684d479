//! How many items the next page of a list asks for.
//!
//! The number depends only on what the server sent. If it depended on time, a replay would request pages that are not in the recording.

use wagather_base::limits::{
    MAX_PAGE_ITEMS, MIN_PAGE_ITEMS, PAGE_ITEMS, PAGE_SAMPLE_ITEMS, TARGET_PAGE_BYTES,
};

/// The sizes of a list's pages.
pub(super) struct PageSizes {
    /// The size that the user chose.
    fixed: Option<u32>,
    /// How many items the previous page asked for.
    before: u32,
    /// How many items were read, with less weight for older ones, and their bytes as the server sent them.
    items: u64,
    bytes: u64,
}

impl PageSizes {
    /// Pages of `chunk_items` items, or sized by the bytes of their items.
    pub(super) fn new(chunk_items: Option<u32>) -> PageSizes {
        PageSizes { fixed: chunk_items, before: first(chunk_items), items: 0, bytes: 0 }
    }

    /// Records the size of an item.
    pub(super) fn read(&mut self, bytes: u64) {
        self.items += 1;
        self.bytes += bytes;
    }

    /// Whether enough items were read to choose the next page's size.
    pub(super) fn is_known(&self) -> bool {
        self.fixed.is_some() || self.items >= PAGE_SAMPLE_ITEMS
    }

    /// The next page's size. It aims at [`TARGET_PAGE_BYTES`], and grows at most fourfold from page to page, because the next items may be
    /// larger.
    pub(super) fn next(&mut self) -> u32 {
        if self.fixed.is_none() && self.items > 0 {
            let each = (self.bytes / self.items).max(1);
            let wanted = u32::try_from(TARGET_PAGE_BYTES / each).unwrap_or(u32::MAX);
            self.before = wanted.clamp(MIN_PAGE_ITEMS, MAX_PAGE_ITEMS).min(self.before.saturating_mul(4));
            (self.items, self.bytes) = (self.items.div_ceil(2), self.bytes.div_ceil(2));
        }
        self.before
    }
}

/// The first page's size.
pub(super) const fn first(chunk_items: Option<u32>) -> u32 {
    match chunk_items {
        Some(items) => items,
        None => PAGE_ITEMS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(items: &[(u64, u64)]) -> u32 {
        let mut sizes = PageSizes::new(None);
        for (number, bytes) in items {
            (0..*number).for_each(|_| sizes.read(*bytes));
        }
        sizes.next()
    }

    #[test]
    fn pages_weigh_what_they_should() {
        let target = TARGET_PAGE_BYTES;
        for (bytes, expected) in [
            (target / 1_000, 1_000),
            (target / 100, 100),
            (target / 20, 20),
            // Bounds: of the items, and of what a page may grow by.
            (target / 2, MIN_PAGE_ITEMS),
            (100 * target, MIN_PAGE_ITEMS),
            (1, 4 * PAGE_ITEMS),
            (0, 4 * PAGE_ITEMS),
        ] {
            assert!(after(&[(500, bytes)]).abs_diff(expected) <= expected / 50, "{bytes}");
        }
        assert_eq!(after(&[]), PAGE_ITEMS, "nothing is known");
        let mut small = PageSizes::new(None);
        let sizes = [(); 4].map(|()| {
            small.read(1);
            small.next()
        });
        assert_eq!(sizes, [2_000, MAX_PAGE_ITEMS, MAX_PAGE_ITEMS, MAX_PAGE_ITEMS]);
    }

    #[test]
    fn newer_items_count_more() {
        let mut sizes = PageSizes::new(None);
        (0..500).for_each(|_| sizes.read(8_000));
        let small = sizes.next();
        for _ in 0..6 {
            (0..small).for_each(|_| sizes.read(80_000));
            sizes.next();
        }
        assert!(sizes.next() < small / 8, "{} after {small}", sizes.next());
    }

    #[test]
    fn what_somebody_chose_stays() {
        let mut sizes = PageSizes::new(Some(7));
        assert!(sizes.is_known());
        (0..100).for_each(|_| sizes.read(1));
        assert_eq!((first(Some(7)), sizes.next(), sizes.next()), (7, 7, 7));
    }
}
