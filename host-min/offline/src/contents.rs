//! All that an archive has, for readers that are not gatherers: they look at what there is instead of asking for it.

use std::io;
use std::sync::Arc;

use crate::Archive;
use crate::part::LogPart;
use crate::place::LogKey;
use crate::request::Wanted;
use crate::shelf::{self, Shelf};
use crate::store::{self, Span};
use crate::twins::Form;

/// A resource of which the archive has objects, or whose list was empty.
pub struct Resource<'a> {
    /// The API group; empty for the core group, and if nothing says it.
    pub group: &'a str,
    /// The name of the resource, as in paths.
    pub plural: &'a str,
    /// The kind, as well as the archive lets us know.
    pub kind: String,
    of: &'a shelf::Resource,
    form: Form,
}

/// An object.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// The namespace; empty for an object that is in none.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
    /// The version, if the object or its place says it.
    pub version: Option<&'a str>,
    span: Span,
    form: Form,
}

/// A container's log.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// Whether it is that of the previous instance.
    pub previous: bool,
    span: Span,
}

/// How much of a list an archive has, if it has any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All: whatever is not in it did not exist.
    Whole,
    /// A part, or nobody knows what. Something else may exist.
    Part,
    /// The archive is of a program that does not say it.
    Untold,
}

/// Reads objects and logs. Neighbours are fast, so whoever reads a list keeps one.
pub struct Reader {
    shelf: Arc<Shelf>,
    reader: store::Reader,
    /// An object in another form than the archive has it.
    converted: Vec<u8>,
}

impl Archive {
    /// What such an archive is called: `must-gather`.
    pub fn layout(&self) -> &'static str {
        self.layout.name()
    }

    /// When it was gathered, in milliseconds since the Unix epoch.
    pub fn gathered_millis(&self) -> i64 {
        self.shelf.gathered_millis()
    }

    /// What the server says of its version (the answer to `/version`), if that was gathered.
    pub fn version(&self) -> Option<&[u8]> {
        self.shelf.version()
    }

    /// The resources, by group and name.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.shelf.resources().map(|((group, plural), of)| Resource {
            group,
            plural,
            kind: of.kind_of(plural),
            of,
            form: Form::Own,
        })
    }

    /// A resource in a version, to be read in a namespace or in all. An object that does not say its version is of any. The error says
    /// what the archive has instead.
    pub fn resource<'a>(
        &'a self,
        group: &'a str,
        version: &str,
        plural: &'a str,
        namespace: Option<&str>,
    ) -> Result<Resource<'a>, String> {
        let [group_of, version, plural_of] = [group, version, plural].map(String::from);
        let namespace = namespace.map(String::from);
        let wanted = Wanted { group: group_of, version, plural: plural_of, namespace };
        let (of, form) = self.shelf.resource(&wanted)?;
        Ok(Resource { group, plural, kind: of.kind_of(plural), of, form })
    }

    /// Whether the archive has a file that cannot be used, and that may have objects of a resource in a namespace.
    pub fn lost(&self, group: &str, plural: &str, namespace: &str) -> bool {
        self.shelf.lost(group, plural, Some(namespace)).next().is_some()
    }

    /// What the server said of its resources: the documents of the archive that have it, as JSON.
    pub fn discovery(&self) -> &[String] {
        self.shelf.discovery()
    }

    /// The logs of containers, by namespace, pod and container.
    pub fn logs(&self) -> impl Iterator<Item = Log<'_>> {
        self.shelf.logs.iter().map(|(LogKey { namespace, pod, container, previous }, span)| Log {
            namespace,
            pod,
            container,
            previous: *previous,
            span: *span,
        })
    }

    /// Whether it has nothing: no object, no log, and no list that says that there was none.
    pub fn is_empty(&self) -> bool {
        self.shelf.is_empty()
    }

    /// How much it has of a list, in a namespace or in all of them.
    pub fn extent(&self, group: &str, version: &str, plural: &str, namespace: Option<&str>) -> Extent {
        let [group, version, plural] = [group, version, plural].map(String::from);
        let wanted = Wanted { group, version, plural, namespace: namespace.map(String::from) };
        match () {
            () if self.is_selection() => Extent::Part,
            () if self.shelf.has_all(&wanted) => Extent::Whole,
            () if self.shelf.whole().is_told() => Extent::Part,
            () => Extent::Untold,
        }
    }

    /// The part of a log that is asked for.
    pub fn log_part(&self, log: &Log, part: &LogPart) -> Result<Vec<u8>, String> {
        self.shelf.log_part(log.span, part)
    }

    /// Keeps so many bytes of what readers decompress, for a program that reads the same objects again and again, and in the order of their
    /// names, which is not that of every archive.
    pub fn keep_decompressed(&self, bytes: usize) {
        self.shelf.store.keep_decompressed(bytes);
    }

    /// A reader of what [`Archive::resources`] and [`Archive::logs`] name.
    pub fn reader(&self) -> Reader {
        Reader { shelf: self.shelf.clone(), reader: store::Reader::new(), converted: Vec::new() }
    }
}

impl<'a> Resource<'a> {
    /// Its objects, by namespace and name.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = Object<'a>> + use<'a> {
        let form = self.form;
        self.of.objects.iter().map(move |object| Object::of(object, form))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.of.objects.len()
    }

    /// Whether there are none: the list was empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The object of a number, in the order of [`Resource::objects`].
    pub fn object(&self, number: usize) -> Option<Object<'a>> {
        self.of.objects.get(number).map(|object| Object::of(object, self.form))
    }

    /// The number of the first object that is not before this namespace and name.
    pub fn position(&self, namespace: &str, name: &str) -> usize {
        self.of.objects.partition_point(|object| (&*object.namespace, &*object.name) < (namespace, name))
    }

    /// The versions that its objects say they have.
    pub fn versions(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.of.versions()
    }

    /// Whether the objects of a namespace (or of all of them) were gathered, if only to find none.
    pub fn was_gathered(&self, namespace: Option<&str>) -> bool {
        Shelf::has_namespace(self.of, namespace)
    }
}

impl<'a> Object<'a> {
    fn of(object: &'a shelf::Object, form: Form) -> Object<'a> {
        Object {
            namespace: &object.namespace,
            name: &object.name,
            version: object.version(),
            span: object.span,
            form,
        }
    }

    /// Whether a request for this version may have it.
    pub fn is_of(&self, version: &str) -> bool {
        self.version.is_none_or(|own| own == version)
    }
}

impl Reader {
    /// The JSON of an object, without blanks. It has no `apiVersion` and `kind` if it was the item of a list.
    pub fn object(&mut self, object: &Object) -> io::Result<&[u8]> {
        let json = self.reader.read(&self.shelf.store, object.span)?;
        if object.form == Form::Own {
            return Ok(json);
        }
        self.converted = object.form.of(json).into_owned();
        Ok(&self.converted)
    }

    /// The same, with `apiVersion` and `kind` in any case.
    pub fn whole(&mut self, resource: &Resource, object: &Object, api_version: &str) -> io::Result<Vec<u8>> {
        Ok(shelf::with_kind(self.object(object)?, &resource.kind, api_version))
    }

    /// How many bytes were decompressed until now: reading is nothing else.
    pub fn decompressed_bytes(&self) -> u64 {
        self.reader.decompressed_bytes()
    }

    /// The bytes of a log.
    pub fn log(&mut self, log: &Log) -> io::Result<&[u8]> {
        self.reader.read(&self.shelf.store, log.span)
    }
}
