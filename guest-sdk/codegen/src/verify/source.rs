//! The sources of a crate: its files, as `mod x;` refers to them, and the names in each module.
//!
//! It reads the text only. It does not expand macros or evaluate conditions (`#[cfg(…)]`), but it leaves out
//! `#[cfg(test)]`, which is not part of a gatherer. If two items of a module have the same name, the first one
//! counts.

use super::report::{Level, Message};
use proc_macro2::{Span, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use syn::{Attribute, DeriveInput, Expr, Item, ItemMod, ItemType, Lit, Meta, Stmt, UseTree};

/// A limit above the number of files of any reasonable gatherer.
const MAX_FILES: usize = 1000;

/// The maximum nesting of brackets and prefixes, because syn recurses for each. Real code stays below 30.
const MAX_NESTING: usize = 128;

/// A crate.
pub(super) struct Sources {
    /// The files in the order in which they were found, with their displayed names.
    pub(super) files: Vec<PathBuf>,
    pub(super) modules: Vec<Module>,
    pub(super) structs: Vec<Struct>,
    /// Missing files.
    pub(super) missing: Vec<PathBuf>,
    pub(super) messages: Vec<Message>,
}

/// The names in a module.
#[derive(Default)]
pub(super) struct Module {
    pub(super) parent: Option<usize>,
    /// A function's body: it also sees the names around it.
    pub(super) is_block: bool,
    pub(super) file: usize,
    pub(super) modules: BTreeMap<String, usize>,
    pub(super) structs: BTreeMap<String, usize>,
    pub(super) aliases: BTreeMap<String, ItemType>,
    /// Enumerations and unions.
    pub(super) others: BTreeSet<String>,
    /// Imports, by path; a path that begins with `::` has an empty first name.
    pub(super) uses: BTreeMap<String, Vec<String>>,
    pub(super) globs: Vec<Vec<String>>,
}

/// A struct.
pub(super) struct Struct {
    pub(super) input: DeriveInput,
    pub(super) module: usize,
}

/// A place in the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Reads a file.
pub(super) type Read<'a> = &'a (dyn Fn(&Path) -> io::Result<String> + Sync);

impl Sources {
    /// Reads a crate from its root. Unreadable files become messages.
    pub(super) fn read(root: &Path, read: Read<'_>) -> Sources {
        let mut sources = Sources {
            files: Vec::new(),
            modules: vec![Module::default()],
            structs: Vec::new(),
            missing: Vec::new(),
            messages: Vec::new(),
        };
        let folder = root.parent().unwrap_or(Path::new(""));
        let mut reader = Reader { sources: &mut sources, read, open: Vec::new() };
        match read(root) {
            Ok(text) => reader.file(root, &text, 0, folder, None),
            Err(error) => {
                let why = format!("cannot be read: {error}");
                reader.sources.missing.push(root.to_owned());
                reader.sources.files.push(root.to_owned());
                reader.sources.tell(At { file: 0, line: 1, column: 1 }, Level::Error, "", why);
            }
        }
        sources
    }

    /// The place of a span.
    pub(super) fn at(file: usize, span: Span) -> At {
        let start = span.start();
        At { file, line: start.line, column: start.column + 1 }
    }

    pub(super) fn tell(&mut self, at: At, level: Level, path: &str, text: impl Into<String>) {
        let file = self.files.get(at.file).map(|file| file.display().to_string()).unwrap_or_default();
        self.messages.push(Message {
            level,
            file,
            line: at.line,
            column: at.column,
            path: path.to_owned(),
            text: text.into(),
            order: at.file,
        });
    }
}

struct Reader<'a> {
    sources: &'a mut Sources,
    read: Read<'a>,
    /// The files being read, outermost first.
    open: Vec<PathBuf>,
}

impl Reader<'_> {
    /// Reads a file into a module. `folder` contains the files of its modules.
    fn file(&mut self, path: &Path, text: &str, module: usize, folder: &Path, from: Option<At>) {
        let here = self.sources.files.len();
        if here >= MAX_FILES || self.open.iter().any(|open| open == path) {
            let why = match here >= MAX_FILES {
                true => format!("more than {MAX_FILES} files: skipped"),
                false => format!("{} is a module of itself", path.display()),
            };
            let at = from.unwrap_or(At { file: 0, line: 1, column: 1 });
            return self.sources.tell(at, Level::Error, "", why);
        }
        self.sources.files.push(path.to_owned());
        self.sources.modules[module].file = here;
        match parse(text) {
            Ok(items) => {
                self.open.push(path.to_owned());
                let around = path.parent().unwrap_or(Path::new("")).to_owned();
                self.items(items, module, folder, &around);
                self.open.pop();
            }
            Err(error) => {
                let at = Sources::at(here, error.span());
                self.sources.tell(at, Level::Error, "", format!("not valid Rust: {error}"));
            }
        }
    }

    /// `folder` contains the files of the modules; `#[path]` is relative to `around`.
    fn items(&mut self, items: Vec<Item>, module: usize, folder: &Path, around: &Path) {
        for item in items {
            self.item(item, module, folder, around);
        }
    }

    fn item(&mut self, item: Item, module: usize, folder: &Path, around: &Path) {
        match item {
            Item::Struct(item) if !is_test(&item.attrs) => {
                let index = self.sources.structs.len();
                self.sources.modules[module].structs.entry(name_of(&item.ident)).or_insert(index);
                self.sources.structs.push(Struct { input: item.into(), module });
            }
            Item::Mod(item) if !is_test(&item.attrs) => self.module(item, module, folder, around),
            Item::Type(item) if !is_test(&item.attrs) => {
                self.sources.modules[module].aliases.entry(name_of(&item.ident)).or_insert(item);
            }
            Item::Enum(item) => {
                self.sources.modules[module].others.insert(name_of(&item.ident));
            }
            Item::Union(item) => {
                self.sources.modules[module].others.insert(name_of(&item.ident));
            }
            Item::Use(item) if !is_test(&item.attrs) => {
                let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
                used(&item.tree, start, &mut self.sources.modules[module]);
            }
            Item::ExternCrate(item) => {
                let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
                let path = vec![String::new(), name_of(&item.ident)];
                self.sources.modules[module].uses.entry(name_of(name)).or_insert(path);
            }
            Item::Fn(item) if !is_test(&item.attrs) => {
                let items = item.block.stmts.into_iter().filter_map(|statement| match statement {
                    Stmt::Item(item) => Some(item),
                    _ => None,
                });
                let items: Vec<Item> = items.collect();
                if !items.is_empty() {
                    let block = self.add(module, true);
                    self.items(items, block, folder, around);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, parent: usize, is_block: bool) -> usize {
        let file = self.sources.modules[parent].file;
        self.sources.modules.push(Module { parent: Some(parent), is_block, file, ..Module::default() });
        self.sources.modules.len() - 1
    }

    fn module(&mut self, item: ItemMod, parent: usize, folder: &Path, around: &Path) {
        let name = name_of(&item.ident);
        let module = self.add(parent, false);
        self.sources.modules[parent].modules.entry(name.clone()).or_insert(module);
        let path = path_of(&item.attrs);
        if let Some((_, items)) = item.content {
            let (folder, around) = match &path {
                Some(path) => (around.join(path), around.join(path)),
                None => (folder.join(&name), folder.join(&name)),
            };
            return self.items(items, module, &folder, &around);
        }
        // The file, and the folder of its modules (The Rust Reference, "Module Source Filenames").
        let candidates = match &path {
            Some(path) => {
                let file = around.join(path);
                let folder = file.parent().unwrap_or(Path::new("")).to_owned();
                vec![(file, folder)]
            }
            None => vec![
                (folder.join(format!("{name}.rs")), folder.join(&name)),
                (folder.join(&name).join("mod.rs"), folder.join(&name)),
            ],
        };
        let at = Sources::at(self.sources.modules[parent].file, item.ident.span());
        let mut why = String::new();
        for (file, folder) in &candidates {
            match (self.read)(file) {
                Ok(text) => return self.file(file, &text, module, folder, Some(at)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => why = format!("; {}: {error}", file.display()),
            }
        }
        self.sources.missing.extend(candidates.iter().map(|(file, _)| file.clone()));
        // A conditional file may be generated, or not needed here.
        let level = if has_condition(&item.attrs) { Level::Note } else { Level::Error };
        let files: Vec<String> = candidates.iter().map(|(file, _)| file.display().to_string()).collect();
        let why = format!("the file of the module '{name}' is missing: {}{why}", files.join(" or "));
        self.sources.tell(at, level, "", why);
    }
}

/// The items of a file.
fn parse(text: &str) -> syn::Result<Vec<Item>> {
    // Skip a shebang line, as the compiler does; an attribute looks similar.
    let tokens: TokenStream = match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => rest.find('\n').map_or("", |end| &rest[end..]),
        _ => text.strip_prefix('\u{feff}').unwrap_or(text),
    }
    .parse()?;
    if let Some(span) = too_deep(tokens.clone(), 0) {
        return Err(syn::Error::new(span, format!("it nests more than {MAX_NESTING} deep")));
    }
    syn::parse2::<syn::File>(tokens).map(|file| file.items)
}

/// The place where tokens nest too deeply: brackets, angle brackets, and sequences of prefixes.
fn too_deep(tokens: TokenStream, depth: usize) -> Option<Span> {
    let (mut angles, mut row) = (0_usize, 0);
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                row = 0;
                if depth >= MAX_NESTING {
                    return Some(group.span_open());
                }
                let found = too_deep(group.stream(), depth + 1);
                if found.is_some() {
                    return found;
                }
            }
            TokenTree::Punct(punct) => {
                row += 1;
                match punct.as_char() {
                    '<' => angles += 1,
                    '>' => angles = angles.saturating_sub(1),
                    ';' => angles = 0,
                    _ => {}
                }
            }
            _ => row = 0,
        }
        if row.max(angles) > MAX_NESTING {
            return Some(token.span());
        }
    }
    None
}

/// An identifier without `r#`, as in JSON and paths.
pub(super) fn name_of(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// `#[cfg(test)]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        attribute
            .parse_args::<Meta>()
            .is_ok_and(|meta| matches!(meta, Meta::Path(path) if path.is_ident("test")))
    })
}

fn has_condition(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr"))
}

/// `#[path = "…"]`.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let value = &attribute.meta.require_name_value().ok()?.value;
        match value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    })
}

/// The names that a `use` imports into a module.
fn used(tree: &UseTree, mut before: Vec<String>, module: &mut Module) {
    match tree {
        UseTree::Path(path) => {
            before.push(name_of(&path.ident));
            used(&path.tree, before, module);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                used(tree, before.clone(), module);
            }
        }
        UseTree::Glob(_) => module.globs.push(before),
        UseTree::Name(name) => {
            let name = name_of(&name.ident);
            if name == "self" {
                // `use a::b::{self}` imports `b`.
                if let Some(last) = before.last().cloned() {
                    module.uses.entry(last).or_insert(before);
                }
            } else {
                before.push(name.clone());
                module.uses.entry(name).or_insert(before);
            }
        }
        UseTree::Rename(name) => {
            let of = name_of(&name.ident);
            if of != "self" {
                before.push(of);
            }
            module.uses.entry(name_of(&name.rename)).or_insert(before);
        }
    }
}
