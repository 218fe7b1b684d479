//! The page about a gatherer, in Markdown: what it is for, what it reads and why, what it writes, and what it must be allowed. It
//! is for who runs it in a cluster, and for who reads its archive.

use super::doc::sentence;
use super::fixture::sample;
use crate::declaration::{Described, Param};
use crate::plain::plain;
use crate::plan::{Field, Plan, Planned, Type};
use crate::{Package, plan::Body};
use std::fmt::Write as _;

/// The page's text.
pub fn docs(plan: &Plan, package: &Package) -> String {
    let mut page = Page { plan, text: String::new() };
    let name = &package.name;
    page.line(&format!("# {}", prose(name)));
    page.line(&format!(
        "<!-- Made by `codegen docs`: change {}, and make it again. -->",
        plan.declaration.replace("--", "-")
    ));
    if !plan.about.is_empty() {
        page.line(&prose(&plan.about));
    }
    page.line("## What it reads");
    if plan.resources.is_empty() && plan.paths.is_empty() {
        page.line("Nothing of the cluster.");
    }
    for planned in &plan.resources {
        page.resource(planned);
    }
    if !plan.paths.is_empty() {
        page.line("### Raw paths");
        page.line("The answers are taken as they are.");
        page.described("Path", &plan.paths);
    }
    if !plan.params.is_empty() {
        page.params();
    }
    page.line("## What it writes");
    page.line(&format!("All of it is in the folder {} of the archive.", code(&format!("{name}/"))));
    if plan.writes.is_empty() {
        page.line(&format!("{} does not say which files there are.", code(&plan.declaration)));
    } else {
        page.described("File", &plan.writes);
    }
    page.rights();
    page.sources();
    let end = page.text.trim_end().len();
    page.text.truncate(end);
    page.text + "\n"
}

struct Page<'a> {
    plan: &'a Plan,
    text: String,
}

/// A row of the table of fields.
struct Row {
    /// The path, as jq has it.
    path: String,
    of_type: String,
    is_required: bool,
    doc: String,
}

impl Page<'_> {
    /// A paragraph, and the empty line after it.
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    /// A table, without the columns that say nothing: not every schema has descriptions.
    fn table<const COLUMNS: usize>(&mut self, head: [&str; COLUMNS], rows: &[[String; COLUMNS]]) {
        let says = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
        let columns: Vec<usize> = (0..COLUMNS).filter(says).collect();
        let mut write = |cells: &mut dyn Iterator<Item = &str>| {
            let _ = writeln!(self.text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        };
        write(&mut columns.iter().map(|column| head[*column]));
        write(&mut columns.iter().map(|_| "---"));
        rows.iter().for_each(|row| write(&mut columns.iter().map(|column| &*row[*column])));
        self.text.push('\n');
    }

    fn resource(&mut self, planned: &Planned) {
        let resource = &planned.resource;
        let same = |other: &&Planned| other.resource == *resource;
        let title = match self.plan.resources.iter().filter(same).count() {
            1 => prose(&resource.name()),
            _ => format!("{}, as {}", prose(&resource.name()), prose(&planned.type_name)),
        };
        self.line(&format!("### {title}"));
        if !planned.why.is_empty() {
            self.line(&prose(&planned.why));
        }
        let doc = sentence(&planned.doc);
        let doc = if doc.is_empty() { String::new() } else { format!(" {}", prose(&doc)) };
        self.line(&format!(
            "{} of {}: {} {}.{doc}",
            code(&resource.kind),
            code(&resource.api_version()),
            listed(&planned.verbs().iter().map(|verb| code(verb)).collect::<Vec<_>>()),
            scope(planned),
        ));
        if planned.log {
            self.line(&format!(
                "Their logs are read as well: {}.",
                code(&format!("{}/log", resource.plural))
            ));
        }
        if planned.body == Body::Whole {
            self.line("Objects are taken whole, and are not looked into.");
        }
        if let Some(structure) = self.plan.fields_of(planned) {
            let mut rows = Vec::new();
            self.rows(&structure.fields, "", &mut rows);
            let row = |row: Row| {
                let required = if row.is_required { "yes" } else { "" };
                [cell(&code(&row.path)), row.of_type, required.to_owned(), cell(&prose(&row.doc))]
            };
            let rows: Vec<[String; 4]> = rows.into_iter().map(row).collect();
            self.table(["Field", "Type", "Required", "What it is"], &rows);
            self.line("The mask, which says the same to the host. No other field leaves it:");
            self.line(&block("text", &planned.mask));
        }
        self.line("One object, as the gatherer sees it (the values are examples):");
        self.line(&block("json", &sample(self.plan, planned)));
    }

    fn rows(&self, fields: &[Field], path: &str, rows: &mut Vec<Row>) {
        for field in fields {
            let path = format!("{path}{}", step(&field.json));
            self.row(field, &field.of_type, path, rows);
        }
    }

    /// The fields of a struct each have a row, and what is no struct has its own.
    fn row(&self, field: &Field, of_type: &Type, path: String, rows: &mut Vec<Row>) {
        match of_type {
            Type::Struct(index) => self.rows(&self.plan.structs[*index].fields, &path, rows),
            Type::Option(inner) => self.row(field, inner, path, rows),
            Type::List(inner) | Type::Map(inner) if holds_struct(inner) => {
                self.row(field, inner, path + "[]", rows);
            }
            _ => rows.push(Row {
                path,
                of_type: cell(&self.type_text(of_type, &field.format)),
                is_required: field.required,
                doc: sentence(&field.doc),
            }),
        }
    }

    /// A type as Kubernetes' documentation has it.
    fn type_text(&self, of_type: &Type, format: &str) -> String {
        match of_type {
            Type::Text if format.is_empty() => "string".to_owned(),
            Type::Text => format!("string ({})", prose(format)),
            Type::Boolean => "boolean".to_owned(),
            Type::Integer(name) => {
                let (sign, bits) = name.split_at(1);
                format!("{}{bits}", if sign == "u" { "uint" } else { "int" })
            }
            Type::Float => "number".to_owned(),
            Type::IntOrString => "IntOrString".to_owned(),
            Type::Quantity => "Quantity".to_owned(),
            Type::Raw => "any JSON".to_owned(),
            Type::Enumeration(index) => {
                let shown = |value: &String| if value.is_empty() { "empty".to_owned() } else { code(value) };
                let values: Vec<String> = self.plan.enumerations[*index].values.iter().map(shown).collect();
                format!("string: {}, or another", values.join(", "))
            }
            // Only of recursive calls for lists and maps, which have no structs inside here.
            Type::Struct(index) => prose(&self.plan.structs[*index].name),
            Type::List(inner) => format!("array of {}", self.type_text(inner, format)),
            Type::Map(inner) => format!("map of {}", self.type_text(inner, format)),
            Type::Option(inner) => self.type_text(inner, format),
        }
    }

    fn described(&mut self, what: &str, all: &[Described]) {
        let row = |one: &Described| [cell(&code(&one.name)), cell(&prose(&one.what))];
        let rows: Vec<[String; 2]> = all.iter().map(row).collect();
        self.table([what, "What it is"], &rows);
    }

    fn params(&mut self) {
        self.line("## Parameters");
        let row = |one: &Param| {
            let default = one.default.as_deref().map_or(String::new(), |value| {
                if value.is_empty() { "the empty text".to_owned() } else { code(value) }
            });
            [cell(&code(&one.name)), cell(&default), cell(&prose(&one.about))]
        };
        let rows: Vec<[String; 3]> = self.plan.params.iter().map(row).collect();
        self.table(["Parameter", "Default", "What it is for"], &rows);
        self.line(&format!("They are given as in {}.", code("host-min run --param NAME=VALUE …")));
    }

    fn rights(&mut self) {
        self.line("## What it must be allowed");
        let mut rules: Vec<String> = Vec::new();
        let mut add = |rule: String| {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        };
        for planned in &self.plan.resources {
            let name = planned.resource.name();
            for verb in planned.verbs() {
                add(format!("{} {} {}", code(verb), code(&name), scope(planned)));
            }
            if planned.log {
                add(format!("{} {} {}", code("get"), code(&format!("{name}/log")), scope(planned)));
            }
        }
        for path in &self.plan.paths {
            add(format!("{} the raw path {}", code("get"), code(&path.name)));
        }
        if rules.is_empty() {
            return self.line("Nothing.");
        }
        for rule in rules {
            let _ = writeln!(self.text, "- {rule}");
        }
        self.text.push('\n');
        self.line("`codegen rbac` prints an account that may do this and no more, and so does `host-min rbac` of the module.");
        let is_secret = |planned: &Planned| planned.resource.name() == "secrets";
        if !self.plan.paths.is_empty() || self.plan.resources.iter().any(is_secret) {
            self.line(
                "Secrets, and raw paths that tell more than the server's health and version, are refused, and no part of that \
                 account, until a grant names them.",
            );
        }
    }

    fn sources(&mut self) {
        if self.plan.sources.is_empty() {
            return;
        }
        self.line("## Where this is from");
        self.line("What the fields are is said by these schemas:");
        for source in &self.plan.sources {
            let _ = writeln!(self.text, "- {}", prose(source));
        }
    }
}

fn scope(planned: &Planned) -> String {
    match (&planned.namespace, planned.resource.namespaced) {
        (Some(namespace), _) => format!("in the namespace {}", code(namespace)),
        (None, true) => "in all namespaces".to_owned(),
        (None, false) => "of the cluster".to_owned(),
    }
}

fn holds_struct(of_type: &Type) -> bool {
    match of_type {
        Type::Struct(_) => true,
        Type::List(inner) | Type::Map(inner) | Type::Option(inner) => holds_struct(inner),
        _ => false,
    }
}

/// A field in a path of jq: `.name`, or `["app.kubernetes.io/name"]`.
fn step(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain { format!(".{name}") } else { format!("[{}]", serde_json::Value::from(name)) }
}

fn listed(words: &[String]) -> String {
    wagather_yaml::listed(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Text that stands for itself in Markdown, on one line. What is between backticks stays code.
fn prose(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let pieces: Vec<&str> = text.split('`').collect();
    // An even number of pieces is an odd number of backticks, and one of them has no other.
    if pieces.len().is_multiple_of(2) {
        return escaped(&text);
    }
    let piece = |(index, piece): (usize, &&str)| match index % 2 {
        1 if piece.is_empty() => "\\`\\`".to_owned(),
        1 => code(piece),
        _ => escaped(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for (index, c) in plain(text).char_indices() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => escaped.extend(['\\', c]),
            // At the start they would be a heading or a list.
            '#' | '+' | '-' | '=' if index == 0 => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Code, between as many backticks as it takes.
fn code(text: &str) -> String {
    let text = &plain(text);
    let fence = "`".repeat(longest_run(text) + 1);
    let is_edge = |c: char| c == '`';
    let pad = if text.starts_with(is_edge) || text.ends_with(is_edge) || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block of code.
fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A text as a cell of a table, where `|` ends the cell even in code.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    let mut before = ' ';
    for c in text.chars() {
        if c == '|' && before != '\\' {
            cell.push('\\');
        }
        cell.push(if c.is_control() { ' ' } else { c });
        before = c;
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_for_themselves() {
        for (text, markdown) in [
            ("a <b> & c_d", "a &lt;b&gt; &amp; c\\_d"),
            ("one\n\ntwo\tthree", "one two three"),
            ("# no heading", "\\# no heading"),
            ("a-b, 1+1", "a-b, 1+1"),
            ("`a_b` is code, a_b is not", "`a_b` is code, a\\_b is not"),
            ("one ` tick", "one \\` tick"),
            ("[a](b) *c* ~d~ $e$", "\\[a\\](b) \\*c\\* \\~d\\~ \\$e\\$"),
            ("a|b", "a\\|b"),
        ] {
            assert_eq!(prose(text), markdown);
        }
    }

    #[test]
    fn code_has_as_many_backticks_as_it_takes() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(block("text", "```"), "````text\n```\n````");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert_eq!(cell(&prose("a|b")), "a\\|b");
    }

    #[test]
    fn paths_are_those_of_jq() {
        assert_eq!(step("name"), ".name");
        assert_eq!(step("app.kubernetes.io/name"), "[\"app.kubernetes.io/name\"]");
        assert_eq!(step("4xx"), "[\"4xx\"]");
    }
}
