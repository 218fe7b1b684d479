//! Internal to host-min, without any promise of stability: archives as a source.
//!
//! An [`Archive`] answers the requests of gatherers from what was gathered earlier: by this host, by `oc adm must-gather`,
//! by the Insights operator, by crust-gather or by troubleshoot (a support bundle). Gatherers run on it unchanged.
//!
//! | module | does |
//! |---|---|
//! | `walk` | the files of a folder or a tar, with limits |
//! | `place` | what the path of a file says about its content |
//! | `document` | the objects in a file |
//! | `discovery` | what the server said of its resources |
//! | `members` | JSON objects, one level at a time |
//! | `store` | the bytes of the objects, compressed in memory |
//! | `unusable` | files that cannot be used, and what is missing because of them |
//! | `shelf` | which objects of which resource there are |
//! | `twins` | events, which are in two groups |
//! | `request` | what a request asks for |
//! | `select`, `fields` | label and field selectors |
//! | `logs`, `part` | the parts of a log |
//! | `answer` | the response, item by item |
//! | `told` | the report and the audit of this host |
//! | `whole` | which lists are whole, as these say |
//! | `contents` | all that an archive has, for readers that are not gatherers |
//! | [`known`] | resources that are known without an archive |
//! | `gathered` | which resources there are, for gatherers: those of which something was gathered |
//!
//! An archive knows less than a cluster. It never answers "none" for what was not gathered: such a request gets no answer,
//! and the reason says what the archive has. Of a list that this host gathered as a whole, what is not there did not exist. Nothing is written to disk, so the paths in an archive cannot reach outside.
#![forbid(unsafe_code)]

mod answer;
mod contents;
mod discovery;
mod document;
mod fields;
mod gathered;
pub mod known;
mod layout;
mod logs;
mod members;
mod part;
mod place;
mod request;
mod select;
mod shelf;
mod store;
mod told;
mod twins;
mod unusable;
mod walk;
mod whole;

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

pub use contents::{Extent, Log, Object, Reader, Resource};
use layout::Layout;
pub use part::{LogPart, Since};
use place::Place;
use request::{Asked, Request};
pub use select::Selector;
use shelf::Shelf;
use wagather_base::error::{Class, Failure};
use wagather_kube::{Call, Cause, NoAnswer, Response, Source};
use wagather_printable::Line;

/// The names of files that a warning shows.
const NAMED_FILES: usize = 3;

/// An archive that was gathered earlier.
pub struct Archive {
    shown: String,
    layout: Layout,
    shelf: Arc<Shelf>,
    warnings: Vec<String>,
}

/// What identifies a cluster: OpenShift's own identifier, or the one that Kubernetes clusters have in practice.
const IDENTITIES: &[(&str, &str)] = &[
    ("/apis/config.openshift.io/v1/clusterversions/version", "/spec/clusterID"),
    ("/api/v1/namespaces/kube-system", "/metadata/uid"),
];

/// Gets each file of an archive. It fails if there is no room for it.
type Each<'a> = &'a mut dyn FnMut(walk::Found) -> Result<(), String>;

/// Which other files are wanted, and who gets them.
type Look<'a> = (&'a dyn Fn(&str) -> bool, &'a mut dyn FnMut(&str, &[u8]));

/// What paths say in this archive.
fn place_of(archive: &Path) -> fn(&str) -> Place {
    if wagather_archive::is_archive(archive) { place::place_in_ours } else { place::place }
}

fn unreadable(shown: &str, reason: &dyn std::fmt::Display, advice: &str) -> Failure {
    Failure::new(Class::Config, format!("cannot read the archive {shown}"), reason).advise(advice)
}

impl Archive {
    /// Reads an archive: a folder, a `.tar`, or a `.tar.gz`.
    pub fn open(path: &Path) -> Result<Archive, Failure> {
        let load = |each: Each| walk::each_file(path, &walk::is_wanted, each);
        Archive::load(path.display().to_string(), place_of(path), load, None)?.with_objects()
    }

    /// The same, and gives other files of the archive that are wanted, with their paths. The archive may have no objects then.
    pub fn open_and_look(
        path: &Path,
        is_wanted: &dyn Fn(&str) -> bool,
        look: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<Archive, Failure> {
        let load = |each: Each| walk::each_file(path, &|path| walk::is_wanted(path) || is_wanted(path), each);
        Archive::load(path.display().to_string(), place_of(path), load, Some((is_wanted, look)))
    }

    /// Reads the bytes of a `.tar` or a `.tar.gz`, once and from the beginning to the end.
    pub fn read(shown: String, input: impl BufRead) -> Result<Archive, Failure> {
        let load = |each: Each| walk::each_file_of(input, &walk::is_wanted, each);
        Archive::load(shown, place::place, load, None)?.with_objects()
    }

    fn load(
        shown: String,
        place_of: fn(&str) -> Place,
        walk: impl FnOnce(Each) -> Result<(), walk::Error>,
        mut look: Option<Look>,
    ) -> Result<Archive, Failure> {
        let mut loading = shelf::Loading::default();
        let mut add = |file: walk::Found| {
            let place = place_of(&file.path);
            if let (Some((is_wanted, look)), Ok(content)) = (&mut look, &file.content)
                && is_wanted(&file.path)
                && place::is_other(&place)
            {
                look(&file.path, content);
            }
            loading.add(file, place)
        };
        walk(&mut add).map_err(|error| unreadable(&shown, &error, error.advice()))?;
        let (shelf, layout, skipped) = loading.finish();
        let mut warnings = vec![layout.limits(&shown)];
        warnings.extend(skipped.warning(&shown, NAMED_FILES));
        Ok(Archive { shown, layout, shelf: Arc::new(shelf), warnings })
    }

    fn with_objects(self) -> Result<Archive, Failure> {
        if self.shelf.is_empty() {
            return Err(unreadable(
                &self.shown,
                &"it has no objects of a cluster",
                "name an archive of this host, a must-gather, an Insights archive, a crust-gather archive or a support bundle: a folder or a .tar.gz",
            ));
        }
        Ok(self)
    }

    /// What a reader of the results has to know about the archive.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether it has a selection of each list, by a rule of the program that made it.
    pub fn is_selection(&self) -> bool {
        self.layout == Layout::Insights
    }

    fn no_answer(&self, reason: String) -> NoAnswer {
        NoAnswer {
            cause: Cause::NotGathered,
            reason: format!("the {} {}: {reason}", self.layout.name(), Line(&self.shown)),
            advice: "the archive does not say whether the cluster has it; gather again, from the cluster, if you need it"
                .into(),
        }
    }

    /// An HTTP status and a body.
    fn answer(&self, asked: &Asked) -> Result<(u16, answer::Body), String> {
        let body = match asked {
            Asked::Version => {
                let version = self.shelf.version().ok_or("the version of the cluster was not gathered")?;
                answer::Body::of(version.to_vec())
            }
            Asked::Discovery { of_core } => answer::Body::of(gathered::document(&self.shelf, *of_core)),
            Asked::Log(log) => match self.shelf.log(log) {
                Ok(log) => answer::Body::of(log),
                Err(reason) => {
                    let pods = log.pods();
                    // Of a pod that is there, the log may be, too.
                    let is_there = self.shelf.object(&pods, &log.key.pod).is_ok();
                    let is_absent = !is_there && self.shelf.has_all(&pods);
                    return is_absent.then(|| (404, answer::not_found(&pods, &log.key.pod))).ok_or(reason);
                }
            },
            Asked::Object(wanted, name) => match self.shelf.object(wanted, name) {
                Ok(object) => answer::Body::of(object),
                Err(_) if self.shelf.has_all(wanted) => return Ok((404, answer::not_found(wanted, name))),
                Err(reason) => return Err(reason),
            },
            Asked::List(wanted, page) => answer::list(&self.shelf, wanted, page)?,
        };
        Ok((200, body))
    }
}

impl Source for Archive {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let request = Request::of(&call.path_and_query).map_err(|reason| self.no_answer(reason))?;
        let (status, body) = self.answer(&request.asked).map_err(|reason| self.no_answer(reason))?;
        let is_text = status == 200 && matches!(request.asked, Asked::Log(_));
        let content_type = if is_text { "text/plain" } else { "application/json" };
        Ok(Response {
            status,
            content_type: Some(content_type.into()),
            retry_after: None,
            body: Box::new(body),
        })
    }

    fn has_answer(&self, _: &str) -> bool {
        false
    }

    fn knows(&self, path_and_query: &str) -> bool {
        match Request::of(path_and_query).map(|request| request.asked) {
            Ok(Asked::List(wanted, _) | Asked::Object(wanted, _)) => {
                self.shelf.resource(&wanted).is_ok() || self.shelf.has_all(&wanted)
            }
            Ok(Asked::Version | Asked::Log(_) | Asked::Discovery { .. }) => true,
            Err(_) => false,
        }
    }

    fn missing(&self, path_and_query: &str) -> Vec<String> {
        match Request::of(path_and_query).map(|request| request.asked) {
            Ok(Asked::List(wanted, _)) => self.shelf.missing(&wanted),
            _ => Vec::new(),
        }
    }

    fn now_millis(&self) -> i64 {
        self.shelf.gathered_millis()
    }

    fn is_recording(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("{}, partial", self.layout.name())
    }

    fn cluster(&self) -> Option<String> {
        IDENTITIES.iter().find_map(|(path, pointer)| {
            let Asked::Object(wanted, name) = Request::of(path).ok()?.asked else { return None };
            let object = self.shelf.object(&wanted, &name).ok()?;
            let object: serde_json::Value = serde_json::from_slice(&object).ok()?;
            object.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        })
    }
}

#[cfg(test)]
mod tests;
