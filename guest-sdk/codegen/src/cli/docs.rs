//! `codegen docs`.

use super::arguments::Docs;
use crate::{Error, Package, emit};

pub(super) fn docs(arguments: &Docs) -> Result<(), Error> {
    let (declaration, plan) = super::plan(&arguments.input)?;
    let text = emit::docs(&plan, &Package::of(&declaration)?);
    match &arguments.output {
        Some(file) => super::write(file, &text),
        None => super::print_file(&text),
    }
}
