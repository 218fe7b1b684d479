//! For its size only: see `docs/projection.md`.

fn main() {
    wagather_scanners::run(wagather_scanners::ours::project);
}
