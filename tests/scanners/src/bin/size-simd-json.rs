//! For its size only: see `docs/projection.md`.

fn main() {
    wagather_scanners::run(wagather_scanners::simd_json::tape);
}
