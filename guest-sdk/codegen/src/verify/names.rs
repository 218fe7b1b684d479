//! Resolves types that are written in a module.
//!
//! It finds names like the compiler, but in a simplified way: in the module, then in its explicit imports, then in
//! its glob imports; paths lead from module to module. It supports `crate`, `self` and `super`, and aliases with
//! parameters. A path that begins with another name belongs to another crate: for `std`, `core`, `alloc` and
//! `wagather`, it knows the types that a field can have. It cannot follow anything else: types of other crates, of
//! macros, or with their own `impl Decode`.

use super::source::{At, Sources, name_of};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::{GenericArgument, ItemType, PathArguments, Type};

/// A limit above any real chain of aliases, for cycles.
const MAX_ALIASES: usize = 32;

/// A type and its place. `Option`, `Box` and references count as what they contain, because their JSON is the same.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) at: At,
    pub(super) is: Rust,
}

/// The meaning of a type.
#[derive(Clone, Debug)]
pub(super) enum Rust {
    Text,
    Boolean,
    Integer(Integer),
    /// A float: its name, and the largest integer that it holds exactly.
    Float(&'static str, i128),
    /// `json::Raw` and `json::Whole`.
    Anything,
    IntOrString,
    Quantity,
    List(Box<Typed>),
    Map(Box<Typed>),
    /// A struct, by its index.
    Struct(usize),
    /// Unknown, with the reason.
    Unknown(String),
}

/// An integer type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer {
    pub(super) name: &'static str,
    pub(super) least: i128,
    pub(super) most: i128,
}

/// The values of the parameters of types and aliases.
type Parameters = Vec<(String, Typed)>;

/// The meaning of a name.
enum Found<'a> {
    Module(usize),
    Struct(usize),
    Alias(usize, &'a ItemType),
    /// An enumeration or a union.
    Other,
    /// A path into another crate, or a name of the language.
    Elsewhere(Vec<String>),
    Nothing,
}

impl Sources {
    /// Resolves a type in a module.
    pub(super) fn typed(&self, written: &Type, module: usize) -> Typed {
        Names { sources: self, aliases: 0 }.typed(written, module, &Parameters::new())
    }
}

struct Names<'a> {
    sources: &'a Sources,
    aliases: usize,
}

impl<'a> Names<'a> {
    fn typed(&mut self, written: &Type, module: usize, parameters: &Parameters) -> Typed {
        let at = Sources::at(self.sources.modules[module].file, written.span());
        let unknown = |why: String| Typed { at, is: Rust::Unknown(why) };
        let path = match written {
            Type::Path(path) if path.qself.is_none() => &path.path,
            Type::Paren(inner) => return self.typed(&inner.elem, module, parameters),
            Type::Group(inner) => return self.typed(&inner.elem, module, parameters),
            // A type that the host decodes: strings, lists, and structs behind a reference.
            Type::Reference(inner) => {
                return match &*inner.elem {
                    Type::Path(path) if path.path.is_ident("str") => Typed { at, is: Rust::Text },
                    Type::Slice(slice) => {
                        Typed { at, is: Rust::List(Box::new(self.typed(&slice.elem, module, parameters))) }
                    }
                    other => self.typed(other, module, parameters),
                };
            }
            _ => return unknown("this kind of type cannot be checked".to_owned()),
        };
        let mut names: Vec<String> = path.segments.iter().map(|segment| name_of(&segment.ident)).collect();
        let shown = names.join("::");
        if let [only] = &names[..]
            && let Some((_, given)) = parameters.iter().find(|(name, _)| name == only)
        {
            return given.clone();
        }
        if path.leading_colon.is_some() {
            names.insert(0, String::new());
        }
        let mut arguments = Vec::new();
        if let Some(PathArguments::AngleBracketed(brackets)) =
            path.segments.last().map(|last| &last.arguments)
        {
            for argument in &brackets.args {
                if let GenericArgument::Type(argument) = argument {
                    arguments.push(self.typed(argument, module, parameters));
                }
            }
        }
        match self.path(module, &names, &mut BTreeSet::new()) {
            Found::Struct(index) => Typed { at, is: Rust::Struct(index) },
            Found::Alias(of, alias) => {
                self.aliases += 1;
                if self.aliases > MAX_ALIASES {
                    return unknown(format!("'{shown}' cannot be checked: its aliases form a cycle"));
                }
                let names = alias.generics.type_params().map(|parameter| name_of(&parameter.ident));
                let typed = self.typed(&alias.ty, of, &names.zip(arguments).collect());
                self.aliases -= 1;
                typed
            }
            Found::Elsewhere(path) => match known(&path, arguments) {
                Some(Known::Is(is)) => Typed { at, is },
                Some(Known::Like(inner)) => inner,
                None => unknown(format!("'{shown}' cannot be checked: it is not in this crate")),
            },
            Found::Other => unknown(format!("'{shown}' cannot be checked: its own code decodes it")),
            Found::Module(_) => unknown(format!("'{shown}' is a module")),
            Found::Nothing => unknown(format!("'{shown}' cannot be checked: the name is not found")),
        }
    }

    fn path(&self, module: usize, names: &[String], seen: &mut BTreeSet<(usize, String)>) -> Found<'a> {
        let Some((first, rest)) = names.split_first() else { return Found::Nothing };
        let mut found = match first.as_str() {
            "" => Found::Elsewhere(Vec::new()),
            "crate" => Found::Module(0),
            "self" => Found::Module(self.named(module)),
            "super" => self.above(module),
            name => match self.name(module, name, seen) {
                Found::Nothing => Found::Elsewhere(vec![name.to_owned()]),
                found => found,
            },
        };
        for name in rest {
            found = match found {
                Found::Module(module) if name == "super" => self.above(module),
                Found::Module(module) if name == "self" => Found::Module(module),
                Found::Module(module) => self.name(module, name, seen),
                Found::Elsewhere(mut path) => {
                    path.push(name.clone());
                    Found::Elsewhere(path)
                }
                _ => Found::Nothing,
            };
        }
        found
    }

    /// The module itself, or the one around a function's body.
    fn named(&self, module: usize) -> usize {
        let mut at = module;
        while self.sources.modules[at].is_block {
            let Some(parent) = self.sources.modules[at].parent else { break };
            at = parent;
        }
        at
    }

    fn above(&self, module: usize) -> Found<'a> {
        match self.sources.modules[self.named(module)].parent {
            Some(parent) => Found::Module(self.named(parent)),
            None => Found::Nothing,
        }
    }

    /// Looks up a name in a module. It does not search the same name again, because imports can be circular.
    fn name(&self, module: usize, name: &str, seen: &mut BTreeSet<(usize, String)>) -> Found<'a> {
        if !seen.insert((module, name.to_owned())) {
            return Found::Nothing;
        }
        let here = &self.sources.modules[module];
        if let Some(index) = here.structs.get(name) {
            return Found::Struct(*index);
        }
        if let Some(alias) = here.aliases.get(name) {
            return Found::Alias(module, alias);
        }
        if here.others.contains(name) {
            return Found::Other;
        }
        if let Some(index) = here.modules.get(name) {
            return Found::Module(*index);
        }
        if let Some(path) = here.uses.get(name) {
            return self.path(module, path, seen);
        }
        for glob in &here.globs {
            match self.path(module, glob, &mut seen.clone()) {
                Found::Module(inner) => match self.name(inner, name, seen) {
                    Found::Nothing => {}
                    found => return found,
                },
                Found::Elsewhere(mut path) => {
                    path.push(name.to_owned());
                    // Only known items of other crates can be checked.
                    if path.len() > 1 && known(&path, Vec::new()).is_some() {
                        return Found::Elsewhere(path);
                    }
                }
                _ => {}
            }
        }
        match here.parent {
            Some(parent) if here.is_block => self.name(parent, name, seen),
            _ => Found::Nothing,
        }
    }
}

/// A type of the language, the standard library, or the SDK.
enum Known {
    Is(Rust),
    /// It has the JSON of its content.
    Like(Typed),
}

fn known(path: &[String], arguments: Vec<Typed>) -> Option<Known> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let name = match *path {
        [only] => only,
        ["std" | "core" | "alloc", module, .., name] => {
            let is_there = match name {
                "String" => module == "string",
                "Vec" => module == "vec",
                "Box" => module == "boxed",
                "Option" => module == "option",
                "BTreeMap" | "HashMap" => module == "collections",
                _ => module == "primitive",
            };
            if !is_there {
                return None;
            }
            name
        }
        ["wagather", "json", name @ ("Raw" | "Whole" | "IntOrString" | "Pairs")] => {
            return of_sdk(name, arguments);
        }
        ["wagather", "typed", name @ ("Raw" | "IntOrString" | "Quantity" | "Map")] => {
            return of_sdk(name, arguments);
        }
        ["wagather", "Quantity"] | ["wagather", "quantity", "Quantity"] => {
            return of_sdk("Quantity", arguments);
        }
        _ => return None,
    };
    let is_of_prelude = matches!(name, "String" | "Vec" | "Box" | "Option");
    let is_map = matches!(name, "BTreeMap" | "HashMap");
    let number = arguments.len();
    let mut arguments = arguments.into_iter();
    let is = match (name, arguments.next()) {
        ("String", _) => Rust::Text,
        ("bool", _) => Rust::Boolean,
        ("f32", _) => Rust::Float("f32", 1 << 24),
        ("f64", _) => Rust::Float("f64", 1 << 53),
        ("Option" | "Box", Some(inner)) => return Some(Known::Like(inner)),
        ("Vec", Some(inner)) => Rust::List(Box::new(inner)),
        (_, Some(_)) if is_map && path.len() > 1 && number > 1 => Rust::Map(Box::new(arguments.next()?)),
        // To check that a name exists, its arguments are not needed.
        (_, None) if is_of_prelude || (is_map && path.len() > 1) => {
            Rust::Unknown(format!("'{name}' lacks its type argument"))
        }
        (name, _) => Rust::Integer(integer(name)?),
    };
    Some(Known::Is(is))
}

fn of_sdk(name: &str, arguments: Vec<Typed>) -> Option<Known> {
    Some(Known::Is(match name {
        "Raw" | "Whole" => Rust::Anything,
        "IntOrString" => Rust::IntOrString,
        "Quantity" => Rust::Quantity,
        _ => match arguments.into_iter().next() {
            Some(inner) => Rust::Map(Box::new(inner)),
            None => Rust::Unknown(format!("'{name}' lacks its type argument")),
        },
    }))
}

pub(super) fn integer(name: &str) -> Option<Integer> {
    let of = |name, least: i128, most: i128| Some(Integer { name, least, most });
    match name {
        "i8" => of("i8", i8::MIN.into(), i8::MAX.into()),
        "i16" => of("i16", i16::MIN.into(), i16::MAX.into()),
        "i32" => of("i32", i32::MIN.into(), i32::MAX.into()),
        "i64" => of("i64", i64::MIN.into(), i64::MAX.into()),
        "u8" => of("u8", 0, u8::MAX.into()),
        "u16" => of("u16", 0, u16::MAX.into()),
        "u32" => of("u32", 0, u32::MAX.into()),
        "u64" => of("u64", 0, u64::MAX.into()),
        // A gatherer's words have 32 bits.
        "isize" => of("isize", i32::MIN.into(), i32::MAX.into()),
        "usize" => of("usize", 0, u32::MAX.into()),
        _ => None,
    }
}
