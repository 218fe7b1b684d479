//! The baseline for measuring sizes: see `docs/projection.md`.

fn main() {
    wagather_scanners::run(|page, _, _| page.len());
}
