//! Has the types made while the gatherer is built.

fn main() {
    wagather_codegen::build::Gather::new("gather.yaml").write();
}
