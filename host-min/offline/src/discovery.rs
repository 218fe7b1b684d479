//! What a server said of its resources, in the forms that archives have it: aggregated discovery (one document for `/api` and one
//! for `/apis`), and the lists of a support bundle.

use crate::members::{Members, elements};

/// A resource that a document names.
pub(crate) struct Named {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
}

/// Gives each resource that a document names. Documents in another form have none.
pub(crate) fn each_name(json: &str, each: &mut dyn FnMut(Named) -> Result<(), String>) -> Result<(), String> {
    if json.trim_start().starts_with('[') {
        let lists = elements(json).unwrap_or_default();
        return lists
            .iter()
            .filter_map(|list| Members::of(list.get()).ok())
            .try_for_each(|list| of_list(&list, each));
    }
    let Ok(document) = Members::of(json) else { return Ok(()) };
    for group in document.objects("items") {
        let name = group.object("metadata").and_then(|metadata| metadata.text("name")).unwrap_or_default();
        for resource in group.objects("versions").flat_map(|version| version.objects("resources")) {
            let kind = resource.object("responseKind").and_then(|kind| kind.text("kind"));
            if let (Some(kind), Some(plural)) = (kind, resource.text("resource")) {
                each(Named { group: name.clone(), kind, plural })?;
            }
        }
    }
    of_list(&document, each)
}

/// An `APIResourceList`. Subresources have a slash in their names.
fn of_list(list: &Members, each: &mut dyn FnMut(Named) -> Result<(), String>) -> Result<(), String> {
    let Some(group_version) = list.text("groupVersion") else { return Ok(()) };
    let of_list = group_version.rsplit_once('/').map_or("", |(group, _)| group);
    for resource in list.objects("resources") {
        if let (Some(kind), Some(plural)) = (resource.text("kind"), resource.text("name"))
            && !plural.contains('/')
        {
            let group = resource.text("group").filter(|group| !group.is_empty());
            each(Named { group: group.unwrap_or_else(|| of_list.to_owned()), kind, plural })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_names_its_resources() {
        for json in [
            r#"{"items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[{"resource":"daemonsets","responseKind":{"kind":"DaemonSet"}}]}]}]}"#,
            r#"{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"daemonsets","kind":"DaemonSet"},{"name":"daemonsets/status","kind":"DaemonSet"}]}"#,
            r#"[{"groupVersion":"apps/v1","resources":[{"name":"daemonsets","kind":"DaemonSet"}]}]"#,
            r#"[{"groupVersion":"x/v1","resources":[{"name":"daemonsets","kind":"DaemonSet","group":"apps"}]}]"#,
        ] {
            let mut names = Vec::new();
            let done = each_name(json, &mut |named| {
                names.push([named.group, named.kind, named.plural]);
                Ok(())
            });
            assert_eq!(done, Ok(()));
            assert_eq!(names, [["apps", "DaemonSet", "daemonsets"].map(String::from)], "{json}");
        }
        for other in ["[1]", "7", "{}", r#"{"groups":[]}"#, "["] {
            assert_eq!(each_name(other, &mut |_| Err("named".into())), Ok(()), "{other}");
        }
    }
}
