//! `codegen rbac`.

use super::arguments::Rbac;
use crate::{Error, Package, emit};

pub(super) fn rbac(arguments: &Rbac) -> Result<(), Error> {
    let (declaration, plan) = super::plan(&arguments.input)?;
    let package = Package::of(&declaration)?;
    let text = emit::rbac(&plan, &package, &arguments.name, &arguments.namespace)
        .map_err(|why| Error::of_file(&declaration.file, why))?;
    super::print_file(&text)
}
