//! For its size only, and that of nothing: see `docs/projection.md`.

fn main() {
    wagather_scanners::run(|page, _, _| page.len());
}
