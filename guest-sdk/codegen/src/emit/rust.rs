//! The Rust module: what a person would write, who had read the schema.

use super::doc::{comment, sentence};
use crate::plain::plain;
use crate::plan::{Body, Enumeration, Field, Plan, Planned, Struct, Type};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wagather_syntax::json_name;

/// How wide the code may be, as the SDK's own is.
const WIDTH: usize = 100;

/// The module's text, formatted.
pub fn rust(plan: &Plan) -> String {
    Rust { plan, used: BTreeSet::new() }.module()
}

struct Rust<'a> {
    plan: &'a Plan,
    /// What has to be imported.
    used: BTreeSet<&'static str>,
}

impl Rust<'_> {
    fn module(mut self) -> String {
        let mut items = String::new();
        for (index, planned) in self.plan.resources.iter().enumerate() {
            self.resource(index, planned, &mut items);
        }
        let paths = self.paths() + &self.params();
        let mut text = [self.head(), self.uses(), paths, items].concat();
        trim(&mut text, true);
        text
    }

    fn head(&self) -> String {
        let plan = self.plan;
        let declaration = plain(&plan.declaration);
        let mut text =
            format!("//! What {} reads, as `{declaration}` declares it.\n//!\n", plain(&plan.name));
        let _ = writeln!(
            text,
            "//! Made by `codegen generate`: change `{declaration}`, and generate it again. The schemas are those of"
        );
        for (index, source) in plan.sources.iter().enumerate() {
            let end = if index + 1 == plan.sources.len() { '.' } else { ',' };
            let _ = writeln!(text, "//! {}{end}", plain(source));
        }
        text.push('\n');
        text
    }

    fn uses(&self) -> String {
        let mut text = String::new();
        let has = |name: &str| self.used.contains(name);
        for (name, path) in [("String", "alloc::string::String"), ("Vec", "alloc::vec::Vec")] {
            if has(name) {
                let _ = writeln!(text, "use {path};");
            }
        }
        let of = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| has(name)).collect()
        };
        let json = of(&["IntOrString", "Pairs", "Raw"]);
        match json[..] {
            [] => {}
            [only] => text += &format!("use wagather::json::{only};\n"),
            _ => text += &format!("use wagather::json::{{{}}};\n", json.join(", ")),
        }
        if has("Quantity") {
            text += "use wagather::quantity::Quantity;\n";
        }
        if has("RawPath") {
            text += "use wagather::rest::RawPath;\n";
        }
        let own = of(&["Api", "DefaultedParam", "Fields", "Param", "Resource", "Serialize"]);
        match own[..] {
            [] => {}
            [only] => text += &format!("use wagather::{only};\n"),
            _ => text += &format!("use wagather::{{{}}};\n", own.join(", ")),
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// What everything is declared with.
    fn visible(&self) -> &'static str {
        if self.plan.public { "pub" } else { "pub(crate)" }
    }

    fn paths(&mut self) -> String {
        let mut text = String::new();
        for path in &self.plan.paths {
            self.used.insert("RawPath");
            let what =
                if path.what.is_empty() { format!("The path `{}`.", path.name) } else { path.what.clone() };
            text += &comment("", &what);
            let name = constant(&path.name);
            let _ = writeln!(
                text,
                "{} const {name}: RawPath = wagather::manifest_path!({:?});\n",
                self.visible(),
                path.name
            );
        }
        text
    }

    fn params(&mut self) -> String {
        let mut text = String::new();
        let visible = self.visible();
        for param in &self.plan.params {
            text += &comment("", &param.about);
            let (of_type, name) = match &param.default {
                None => ("Param", format!("{:?}", param.name)),
                Some(value) => ("DefaultedParam", format!("{:?} = {value:?}", param.name)),
            };
            self.used.insert(of_type);
            let constant = constant(&param.name);
            let begin = format!("{visible} const {constant}: {of_type} =");
            let line = format!("{begin} wagather::param!({name}, {:?});", param.about);
            match line.chars().count() <= WIDTH {
                true => _ = writeln!(text, "{line}\n"),
                // In braces, which rustfmt leaves as they are, whatever width and heuristics a project has chosen.
                false => {
                    let _ = writeln!(
                        text,
                        "{begin} wagather::param! {{\n    {name},\n    {:?}\n}};\n",
                        param.about
                    );
                }
            }
        }
        text
    }

    fn resource(&mut self, index: usize, planned: &Planned, text: &mut String) {
        self.used.extend(["Api", "Resource"]);
        let visible = self.visible();
        let name = &planned.type_name;
        let api = &planned.api_name;
        let whose = match (planned.resource.namespaced, &planned.namespace) {
            (_, Some(namespace)) => format!("of one namespace: `{api}::namespaced({namespace:?})`"),
            (true, None) => format!("in all namespaces, `{api}::all()`, or in one, `{api}::namespaced(…)`"),
            (false, None) => format!("of the cluster: `{api}::all()`"),
        };
        *text += &comment("", &format!("The {} {whose}.", planned.resource.name()));
        *text += "#[allow(dead_code)] // for who asks so\n";
        let _ = writeln!(text, "{visible} type {api}<'a> = Api<'a, {name}>;\n");
        let doc = sentence(&planned.doc);
        match planned.body {
            Body::Own(made) => self.structure(made, Some(planned), text),
            Body::Like(made) => {
                *text += &self.doc_of(&doc, planned);
                let derive = self.derive(&["Default", "Resource"], &planned.derive);
                let _ = writeln!(
                    text,
                    "{derive}{}{visible} struct {name}({visible} {});\n",
                    attribute(planned),
                    self.plan.structs[made].name
                );
                // With the first resource that is like it.
                if self.is_first_to_have(index, made) {
                    self.structure(made, None, text);
                }
            }
            Body::Whole => {
                *text += &self.doc_of(&doc, planned);
                let derive = self.derive(&["Resource"], &[]);
                let _ = writeln!(text, "{derive}{}{visible} struct {name};\n", attribute(planned));
            }
        }
        for made in self.new_structs(index) {
            self.structure(made, None, text);
        }
        trim(text, index + 1 == self.plan.resources.len());
    }

    fn doc_of(&self, doc: &str, planned: &Planned) -> String {
        match doc.is_empty() && self.plan.public {
            true => comment("", &format!("A {}.", planned.resource.kind)),
            false => comment("", doc),
        }
    }

    fn is_first_to_have(&self, index: usize, made: usize) -> bool {
        !self.plan.resources[..index].iter().any(|other| self.reached(other).contains(&made))
    }

    /// The structs that a resource leads to and no resource before it did, but for its own.
    fn new_structs(&self, index: usize) -> Vec<usize> {
        let known: BTreeSet<usize> =
            self.plan.resources[..index].iter().flat_map(|other| self.reached(other)).collect();
        let planned = &self.plan.resources[index];
        let own = match planned.body {
            Body::Own(made) | Body::Like(made) => Some(made),
            Body::Whole => None,
        };
        self.reached(planned).into_iter().filter(|made| !known.contains(made) && Some(*made) != own).collect()
    }

    /// The structs that a resource leads to, outer ones first.
    fn reached(&self, planned: &Planned) -> Vec<usize> {
        let mut reached = Vec::new();
        if let Body::Own(made) | Body::Like(made) = planned.body {
            self.reach(made, &mut reached);
        }
        reached
    }

    fn reach(&self, made: usize, reached: &mut Vec<usize>) {
        if reached.contains(&made) {
            return;
        }
        reached.push(made);
        for field in &self.plan.structs[made].fields {
            if let Some(inner) = innermost(&field.of_type) {
                self.reach(inner, reached);
            }
        }
    }

    fn structure(&mut self, made: usize, planned: Option<&Planned>, text: &mut String) {
        let Struct { name, doc, fields, derive, .. } = &self.plan.structs[made];
        let visible = self.visible();
        let doc = sentence(doc);
        match planned {
            Some(planned) => *text += &self.doc_of(&doc, planned),
            None if doc.is_empty() && self.plan.public => {
                *text += &comment("", &format!("The wanted fields of a {name}."))
            }
            None => *text += &comment("", &doc),
        }
        let needed: &[&'static str] =
            if planned.is_some() { &["Default", "Resource"] } else { &["Default", "Fields"] };
        *text += &self.derive(needed, derive);
        *text += &planned.map(attribute).unwrap_or_default();
        let _ = writeln!(text, "{visible} struct {name} {{");
        for field in fields {
            *text += &self.field(field);
        }
        *text += "}\n\n";
        let enumerations: Vec<usize> =
            fields.iter().filter_map(|field| enumeration_of(&field.of_type)).collect();
        for index in enumerations {
            // An enumeration that several fields have is beside the first.
            if self.first_struct_with(index) == Some(made) {
                let enumeration = &self.plan.enumerations[index];
                *text += &self.enumeration(enumeration);
            }
        }
    }

    fn first_struct_with(&self, enumeration: usize) -> Option<usize> {
        let has = |made: &Struct| {
            made.fields.iter().any(|field| enumeration_of(&field.of_type) == Some(enumeration))
        };
        self.plan.structs.iter().position(has)
    }

    fn field(&mut self, field: &Field) -> String {
        let mut doc = sentence(&field.doc);
        let form = match &*field.format {
            "date-time" => "As RFC 3339 has it.",
            "byte" => "In base64.",
            _ => "",
        };
        if !form.is_empty() {
            if !doc.is_empty() && !doc.ends_with(['.', '…']) {
                doc.push('.');
            }
            doc = format!("{doc} {form}").trim().to_owned();
        }
        // What is everybody's has to say what it is.
        if doc.is_empty() && self.plan.public {
            doc = format!("`{}`.", field.json);
        }
        let mut text = comment("    ", &doc);
        if json_name(&field.rust) != field.json {
            let _ = writeln!(text, "    #[field(name = {:?})]", field.json);
        }
        let of_type = self.type_text(&field.of_type);
        let _ = writeln!(text, "    {} {}: {of_type},", self.visible(), field.rust);
        text
    }

    fn type_text(&mut self, of_type: &Type) -> String {
        let mut named = |name: &'static str| {
            self.used.insert(name);
            name.to_owned()
        };
        match of_type {
            Type::Text => named("String"),
            Type::Boolean => "bool".to_owned(),
            Type::Integer(name) => (*name).to_owned(),
            Type::Float => "f64".to_owned(),
            Type::IntOrString => named("IntOrString"),
            Type::Quantity => named("Quantity"),
            Type::Raw => named("Raw"),
            Type::Enumeration(index) => self.plan.enumerations[*index].name.clone(),
            Type::Struct(index) => self.plan.structs[*index].name.clone(),
            Type::List(inner) => {
                let list = named("Vec");
                format!("{list}<{}>", self.type_text(inner))
            }
            Type::Map(inner) => {
                let map = named("Pairs");
                format!("{map}<{}>", self.type_text(inner))
            }
            Type::Option(inner) => format!("Option<{}>", self.type_text(inner)),
        }
    }

    fn enumeration(&mut self, enumeration: &Enumeration) -> String {
        self.used.insert("String");
        let visible = self.visible();
        let Enumeration { name, doc, values, derive } = enumeration;
        let doc = sentence(doc);
        let known = "There may be other values than the known ones.";
        let mut text = comment("", format!("{doc} {known}").trim());
        text += &self.derive(&["Default", "Fields"], derive);
        let _ = writeln!(text, "{visible} struct {name}({visible} String);\n");
        let _ = writeln!(text, "#[allow(dead_code)] // for who asks for them\nimpl {name} {{");
        let mut names = BTreeSet::new();
        for value in values {
            let mut constant = constant(value);
            while !names.insert(constant.clone()) {
                constant.push('_');
            }
            let _ = writeln!(text, "    {visible} const {constant}: &str = {value:?};");
        }
        let _ = writeln!(text, "\n    {visible} fn as_str(&self) -> &str {{\n        &self.0\n    }}\n}}\n");
        text
    }

    fn derive(&mut self, needed: &[&'static str], more: &[String]) -> String {
        for name in needed.iter().filter(|name| **name != "Default") {
            self.used.insert(name);
        }
        if more.iter().any(|name| name == "Serialize") {
            self.used.insert("Serialize");
        }
        let mut all: Vec<&str> = needed.iter().copied().chain(more.iter().map(String::as_str)).collect();
        all.sort_unstable();
        format!("#[derive({})]\n", all.join(", "))
    }
}

/// `#[resource(…)]`, on one line or on several.
fn attribute(planned: &Planned) -> String {
    let resource = &planned.resource;
    let mut parts = Vec::new();
    if !resource.group.is_empty() {
        parts.push(format!("group = {:?}", resource.group));
    }
    parts.push(format!("version = {:?}", resource.version));
    parts.push(format!("plural = {:?}", resource.plural));
    if planned.type_name != resource.kind {
        parts.push(format!("kind = {:?}", resource.kind));
    }
    match (&planned.namespace, resource.namespaced) {
        (Some(namespace), _) => parts.push(format!("namespace = {namespace:?}")),
        (None, true) => parts.push("namespaced".to_owned()),
        (None, false) => parts.push("cluster".to_owned()),
    }
    match (planned.get, planned.list) {
        (true, true) => parts.push("verbs(get, list)".to_owned()),
        (true, false) => parts.push("verbs(get)".to_owned()),
        _ => {}
    }
    if planned.log {
        parts.push("log".to_owned());
    }
    let line = format!("#[resource({})]", parts.join(", "));
    if line.len() <= WIDTH {
        return line + "\n";
    }
    format!("#[resource(\n    {}\n)]\n", parts.join(",\n    "))
}

/// A value as the name of a constant: `CrashLoopBackOff` is `CRASH_LOOP_BACK_OFF`.
fn constant(value: &str) -> String {
    let mut name = String::new();
    let chars: Vec<char> = value.chars().collect();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            continue;
        }
        let follows_small =
            index > 0 && (chars[index - 1].is_ascii_lowercase() || chars[index - 1].is_ascii_digit());
        let before_small = index > 0
            && chars[index - 1].is_ascii_uppercase()
            // Two: IPv4 is one word.
            && chars.get(index + 1..index + 3).is_some_and(|next| next.iter().all(char::is_ascii_lowercase));
        if c.is_ascii_uppercase() && (follows_small || before_small) && !name.ends_with('_') {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    let name = name.trim_end_matches('_').to_owned();
    match name.chars().next() {
        None => "EMPTY".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{name}"),
        Some(_) => name,
    }
}

fn innermost(of_type: &Type) -> Option<usize> {
    match of_type {
        Type::List(inner) | Type::Map(inner) | Type::Option(inner) => innermost(inner),
        Type::Struct(index) => Some(*index),
        _ => None,
    }
}

fn enumeration_of(of_type: &Type) -> Option<usize> {
    match of_type {
        Type::List(inner) | Type::Map(inner) | Type::Option(inner) => enumeration_of(inner),
        Type::Enumeration(index) => Some(*index),
        _ => None,
    }
}

/// One line between two items, none after the last.
fn trim(text: &mut String, is_last: bool) {
    let len = text.trim_end().len();
    text.truncate(len);
    text.push_str(if is_last { "\n" } else { "\n\n" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_called_as_constants_are() {
        for (value, name) in [
            ("Pending", "PENDING"),
            ("CrashLoopBackOff", "CRASH_LOOP_BACK_OFF"),
            ("ClusterIP", "CLUSTER_IP"),
            ("IPv4", "IPV4"),
            ("HTTPGet", "HTTP_GET"),
            ("", "EMPTY"),
            ("4xx", "N4XX"),
            ("kubernetes.io/dockercfg", "KUBERNETES_IO_DOCKERCFG"),
            ("/version", "VERSION"),
            ("*", "EMPTY"),
        ] {
            assert_eq!(constant(value), name);
        }
    }
}
