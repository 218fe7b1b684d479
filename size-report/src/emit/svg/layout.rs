//! The layout of a treemap: squarified, with rows of rectangles that are as close to squares as possible (Bruls,
//! Huizing, van Wijk: Squarified Treemaps, 2000).

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

impl Frame {
    /// Its area.
    pub fn area(self) -> f64 {
        self.width * self.height
    }

    /// Removes a margin at each side; empty if the rectangle is too small.
    #[must_use]
    pub fn within(self, top: f64, others: f64) -> Frame {
        Frame {
            x: self.x + others,
            y: self.y + top,
            width: (self.width - 2.0 * others).max(0.0),
            height: (self.height - top - others).max(0.0),
        }
    }
}

/// Divides a frame into rectangles with areas proportional to the bytes. The largest come first.
pub fn squarify(bytes: &[u64], mut frame: Frame) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(bytes.len());
    let mut left: f64 = bytes.iter().map(|&bytes| bytes as f64).sum();
    let mut rest = bytes;
    while !rest.is_empty() && left > 0.0 {
        let scale = frame.area() / left;
        let count = row(rest, frame.width.min(frame.height), scale);
        let (row, others) = rest.split_at(count);
        let sum: f64 = row.iter().map(|&bytes| bytes as f64).sum();
        // The last row takes the rest, so rounding errors do not add up.
        let part = if others.is_empty() { 1.0 } else { sum / left };
        let is_column = frame.width >= frame.height;
        let thickness = if is_column { frame.width } else { frame.height } * part;
        let mut before = 0.0;
        for &bytes in row {
            let share = |of: f64| if sum > 0.0 { of / sum } else { 0.0 };
            let (from, to) = (share(before), share(before + bytes as f64));
            frames.push(if is_column {
                let (top, bottom) = (frame.y + frame.height * from, frame.y + frame.height * to);
                Frame { x: frame.x, y: top, width: thickness, height: bottom - top }
            } else {
                let (start, end) = (frame.x + frame.width * from, frame.x + frame.width * to);
                Frame { x: start, y: frame.y, width: end - start, height: thickness }
            });
            before += bytes as f64;
        }
        if is_column {
            frame = Frame { x: frame.x + thickness, width: (frame.width - thickness).max(0.0), ..frame };
        } else {
            frame = Frame { y: frame.y + thickness, height: (frame.height - thickness).max(0.0), ..frame };
        }
        left -= sum;
        rest = others;
    }
    // Nodes without bytes get an empty rectangle.
    frames.resize(bytes.len(), Frame { width: 0.0, height: 0.0, ..frame });
    frames
}

/// The number of rectangles in the best row along a side: another one is added as long as the worst aspect ratio does
/// not get worse.
fn row(bytes: &[u64], side: f64, scale: f64) -> usize {
    let (mut sum, mut worst) = (0.0, f64::INFINITY);
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for (count, &bytes) in bytes.iter().enumerate() {
        let area = bytes as f64 * scale;
        sum += area;
        least = least.min(area);
        most = most.max(area);
        let (side, sum) = (side * side, sum * sum);
        let shape = (side * most / sum).max(sum / (side * least));
        // The aspect ratio is undefined if the frame has no area.
        if count > 0 && (shape > worst || shape.is_nan()) {
            return count;
        }
        worst = shape;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { x: 10.0, y: 20.0, width: 1200.0, height: 700.0 };

    /// Pseudorandom numbers, the same in each run.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    fn overlap(a: &Frame, b: &Frame) -> f64 {
        let width = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
        let height = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
        width.max(0.0) * height.max(0.0)
    }

    #[test]
    fn areas_are_bytes_nothing_overlaps_and_all_is_within() {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for round in 0..400_u64 {
            let count = 1 + random(&mut state) % 60;
            let most = 1 << (random(&mut state) % 30);
            let mut bytes: Vec<u64> = (0..count).map(|_| 1 + random(&mut state) % most).collect();
            // Sorted, as in a view, and unsorted, as with a sum at the end.
            if round % 3 > 0 {
                bytes.sort_unstable_by(|a, b| b.cmp(a));
            }
            let frame = Frame { width: 1.0 + (random(&mut state) % 2000) as f64, ..FRAME };
            let frames = squarify(&bytes, frame);
            assert_eq!(frames.len(), bytes.len());
            let sum: u64 = bytes.iter().sum();
            for (at, (inner, bytes)) in frames.iter().zip(&bytes).enumerate() {
                let expected = frame.area() * *bytes as f64 / sum as f64;
                assert!((inner.area() - expected).abs() < 1e-6 * frame.area(), "{inner:?}: {expected}");
                assert!(inner.x >= frame.x - 1e-6 && inner.y >= frame.y - 1e-6, "{inner:?}");
                assert!(inner.x + inner.width <= frame.x + frame.width + 1e-6, "{inner:?}");
                assert!(inner.y + inner.height <= frame.y + frame.height + 1e-6, "{inner:?}");
                for other in &frames[..at] {
                    assert!(overlap(inner, other) < 1e-5, "{inner:?} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn the_papers_example_is_nearly_square() {
        let frames = squarify(&[6, 6, 4, 3, 2, 2, 1], Frame { x: 0.0, y: 0.0, width: 6.0, height: 4.0 });
        assert_eq!(frames[0], Frame { x: 0.0, y: 0.0, width: 3.0, height: 2.0 });
        assert_eq!(frames[1], Frame { x: 0.0, y: 2.0, width: 3.0, height: 2.0 });
        let ratio = |frame: &Frame| (frame.width / frame.height).max(frame.height / frame.width);
        assert!(frames.iter().all(|frame| ratio(frame) < 2.8), "{frames:?}");
    }

    #[test]
    fn nothing_to_show_and_nowhere_to_show_it() {
        assert!(squarify(&[], FRAME).is_empty());
        assert!(squarify(&[0, 0], FRAME).iter().all(|frame| frame.area() == 0.0));
        let frames = squarify(&[3, 2, 0], Frame { width: 0.0, ..FRAME });
        assert!(frames.len() == 3 && frames.iter().all(|frame| frame.area() == 0.0), "{frames:?}");
        assert_eq!(FRAME.within(2000.0, 1.0).area(), 0.0);
    }
}
