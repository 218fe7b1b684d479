//! Which program made an archive, by the names of its folders.

/// The layouts that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    /// Objects in folders that no program below has.
    #[default]
    Unknown,
    /// `oc adm inspect` and `oc adm must-gather`.
    MustGather,
    /// The Insights operator.
    Insights,
    /// crust-gather.
    CrustGather,
    /// troubleshoot's `cluster-resources`.
    SupportBundle,
    /// This host.
    Ours,
}

impl Layout {
    /// What such an archive is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Layout::Unknown => "archive",
            Layout::MustGather => "must-gather",
            Layout::Insights => "Insights archive",
            Layout::CrustGather => "crust-gather archive",
            Layout::SupportBundle => "support bundle",
            Layout::Ours => "wagather archive",
        }
    }

    /// What is not in such an archive, as a warning.
    pub(crate) fn limits(self, shown: &str) -> String {
        let what = match self {
            Layout::Ours => {
                "it has only the objects and fields that its gatherers kept; a field that is missing may exist in the cluster"
            }
            Layout::Insights => {
                "it has only some of the cluster's objects; an object that is missing may exist in the cluster"
            }
            _ => {
                "it has only what was gathered; an object that is missing may exist in the cluster, and a list has the gathered objects"
            }
        };
        format!("the source is the {} {shown}: {what}", self.name())
    }

    /// What the path of a file says. The folder above the archive's own folders may have any name. The name of a file counts if it has no
    /// objects: objects have any name.
    pub(crate) fn of_path(path: &str, is_no_object: bool) -> Option<Layout> {
        let mut segments = path.split('/').rev();
        let file = segments.next()?;
        let folder = segments.next().unwrap_or_default();
        match file {
            _ if !is_no_object => {}
            "apis.json" | "version.yaml" => return Some(Layout::CrustGather),
            "gathers.json" if folder == "insights-operator" => return Some(Layout::Insights),
            "event-filter.html" | "aggregated-discovery-api.yaml" => return Some(Layout::MustGather),
            _ => {}
        }
        let has = |name: &str| path.split('/').any(|segment| segment == name);
        if has("cluster-resources") {
            Some(Layout::SupportBundle)
        } else if has("cluster-scoped-resources") && file.ends_with(".yaml") {
            Some(Layout::MustGather)
        } else {
            None
        }
    }
}
