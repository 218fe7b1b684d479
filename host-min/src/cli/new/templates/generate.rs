//! What __name__ reads, as `gather.yaml` declares it. It is not made yet.

compile_error!("src/resources.rs is made from gather.yaml: run 'codegen generate' on the folder of this crate");
