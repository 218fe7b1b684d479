//! What the archive has of a target, or the refusal that says why it has nothing.

use wagather_offline::{Object, Resource};

use super::content::{Content, Found};
use super::refusal::Refusal;
use super::target::Target;

/// An object of a resource.
pub(super) struct Single<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) object: Object<'a>,
}

/// The resource of a list that the archive has, or why it has none.
pub(super) fn list<'a>(content: &'a Content, target: &'a Target) -> Result<Found<'a>, Refusal> {
    let found = content.resource(target)?;
    match &found.missing {
        Some(reason) => Err(Refusal::not_gathered(reason)),
        None => Ok(found),
    }
}

/// Finds an object, or says why there is none.
pub(super) fn find<'a>(content: &'a Content, target: &'a Target, name: &str) -> Result<Single<'a>, Refusal> {
    let Found { known, gathered, missing } = content.resource(target)?;
    if known.namespaced != target.namespace.is_some() {
        return Err(Refusal::no_path());
    }
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let found = gathered.and_then(|resource| {
        let object = (resource.position(namespace, name)..resource.len())
            .filter_map(|number| resource.object(number))
            .take_while(|object| (object.namespace, object.name) == (namespace, name))
            .find(|object| object.is_of(&target.version))?;
        Some(Single { resource, object })
    });
    // Whatever is not in a list that is known did not exist.
    found.ok_or_else(|| match missing.is_none() && content.has_all(target) {
        true => Refusal::no_object(target, name),
        false => Refusal::not_gathered(&format!("{} {name:?} was not gathered", target.qualified())),
    })
}
