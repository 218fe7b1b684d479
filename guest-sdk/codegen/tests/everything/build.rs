//! Has the types made while the gatherer is built, and those that own what is in them.

fn main() {
    wagather_codegen::build::Gather::new("gather.yaml").write();
    wagather_codegen::build::Gather::new("owned.yaml").file("owned.rs").write();
}
