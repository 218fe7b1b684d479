//! `codegen fields`.

use super::declaration_file;
use super::shown::print_file;
use super::source::Source;
use crate::emit::sentence;
use crate::plain::plain;
use crate::schema::{Resource, Schema, Schemas, Shape, View, some_of};
use crate::{Declaration, Error};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The maximum depth of --recursive, which is that of a field mask.
const MAX_DEPTH: usize = wagather_abi::limits::MAX_MASK_DEPTH;

/// The maximum number of lines of --recursive; Kubernetes' pods have about 1,500.
const MAX_LINES: usize = 20_000;

/// The number of known values that are listed.
const LISTED_VALUES: usize = 8;

/// List the fields of a resource, like 'kubectl explain', in the syntax of gather.yaml
///
/// Shows the type of each field. '!' marks required fields, '[]' marks lists, and '*' stands for the keys of a map.
#[derive(Args)]
pub(super) struct Fields {
    /// Resource, as for kubectl; a path may follow, as in pods.status.conditions
    #[arg(value_name = "RESOURCE")]
    resource: String,

    /// Path within its objects, such as status.conditions
    #[arg(value_name = "PATH")]
    path: Option<String>,

    /// Also list nested fields
    #[arg(long)]
    recursive: bool,

    /// Declaration whose schemas to use if no other source is given
    #[arg(long, value_name = "GATHER", default_value = "gather.yaml")]
    gather: PathBuf,

    #[command(flatten)]
    source: Source,
}

pub(super) fn fields(arguments: &Fields) -> Result<(), Error> {
    let (schemas, name, path) = arguments.find()?;
    let resource = schemas.find(&name).map_err(Error::plain)?;
    let mut found = Found { schema: schemas.schema_of(resource), shown: name, lists: 0 };
    for step in path {
        found.step(&step)?;
    }
    let view = found.view()?;
    let mut text = String::new();
    let _ = writeln!(text, "{}", plain(&title(resource)));
    let _ = writeln!(text, "{}: {}", plain(&found.shown), plain(&typed(&view, found.lists)?));
    let about = sentence(if view.description.is_empty() { view.about } else { view.description });
    if !about.is_empty() {
        let _ = writeln!(text, "  {about}");
    }
    let lines = Lines { text: String::new(), lines: 0, open: Vec::new(), is_recursive: arguments.recursive };
    let listed = lines.of(&view)?;
    if !listed.is_empty() {
        let _ = write!(text, "\n{listed}");
    }
    print_file(&text)
}

impl Fields {
    /// The schemas, the resource's name in them, and the steps of the path. Dots may belong to the name or the path.
    fn find(&self) -> Result<(Schemas, String, Vec<String>), Error> {
        let typed = self.resource.as_str();
        let ends = typed.match_indices('.').map(|(at, _)| at).rev();
        let ends: Vec<usize> = if self.path.is_some() {
            vec![typed.len()]
        } else {
            [typed.len()].into_iter().chain(ends).collect()
        };
        let mut first = None;
        for end in ends {
            let name = typed[..end].to_owned();
            let found = self.schemas(&name).and_then(|schemas| match schemas.find(&name) {
                Ok(_) => Ok(schemas),
                Err(why) => Err(Error::plain(why)),
            });
            match found {
                Ok(schemas) => {
                    let path = self.path.as_deref().unwrap_or(typed[end..].trim_start_matches('.'));
                    return Ok((schemas, name, steps(path)?));
                }
                Err(error) => drop(first.get_or_insert(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::plain(format!("'{typed}' is not a resource"))))
    }

    fn schemas(&self, name: &str) -> Result<Schemas, Error> {
        match self.source.documents(Some(&[name.to_owned()]))? {
            Some(documents) => Schemas::of(&documents),
            None => {
                let file = declaration_file(&self.gather);
                if !file.exists() {
                    let why = "does not exist: give schemas with --schema PATH or --cluster, or a declaration with --gather PATH";
                    return Err(Error::of_file(&file, why));
                }
                Schemas::of(&Declaration::read(&file)?.documents()?)
            }
        }
    }
}

/// `pods: v1, Pod, in namespaces`
fn title(resource: &Resource) -> String {
    let scope = if resource.namespaced { "in namespaces" } else { "of the cluster" };
    let verbs: Vec<&str> = [(resource.get, "get"), (resource.list, "list"), (resource.log, "log")]
        .into_iter()
        .filter_map(|(is, verb)| is.then_some(verb))
        .collect();
    format!(
        "{}: {}, {}, {scope}; {}",
        resource.name(),
        resource.api_version(),
        resource.kind,
        verbs.join(", ")
    )
}

/// The names of a path, without brackets and quotes.
fn steps(path: &str) -> Result<Vec<String>, Error> {
    let mut steps = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (name, after) = match quote {
            Some(quote) => rest[1..]
                .split_once(quote)
                .ok_or_else(|| Error::plain(format!("{path}: a quoted name does not end")))?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        let after = after.trim_start_matches("[]").trim_start_matches("[*]").trim_start_matches('?');
        let after = match after.strip_prefix('.') {
            Some(after) if !after.is_empty() => after,
            None if after.is_empty() => after,
            _ => return Err(Error::plain(format!("{path}: a name is missing, or a '.' between names"))),
        };
        if name.is_empty() {
            return Err(Error::plain(format!("{path}: a name is missing")));
        }
        steps.push(name.to_owned());
        rest = after;
    }
    Ok(steps)
}

/// The target of a path.
struct Found<'a> {
    schema: Schema<'a>,
    /// The path in the syntax of selections.
    shown: String,
    /// The number of lists that were entered.
    lists: usize,
}

impl<'a> Found<'a> {
    fn view(&self) -> Result<View<'a>, Error> {
        self.schema.view().map_err(Error::plain)
    }

    fn step(&mut self, name: &str) -> Result<(), Error> {
        let mut view = self.view()?;
        while let Shape::Array(items) = view.shape {
            self.shown += "[]";
            view = items.view().map_err(Error::plain)?;
        }
        self.schema = match view.shape {
            Shape::Object(fields) => match fields.get(name) {
                Some(schema) => schema,
                None => {
                    let names = fields.names();
                    let hint = match wagather_yaml::nearest(name, &names) {
                        Some(meant) => format!("did you mean '{meant}'?"),
                        None => format!("there are {}", some_of(&names)),
                    };
                    let name = wagather_yaml::shown(name);
                    return Err(Error::plain(format!("{} has no field '{name}'; {hint}", self.shown)));
                }
            },
            Shape::Map(values) => values,
            shape => {
                let what = crate::plan::what(&shape);
                let why = if matches!(shape, Shape::Anything) {
                    "the schema says no more"
                } else {
                    "it has no fields"
                };
                return Err(Error::plain(format!("{} is {what}: {why}", self.shown)));
            }
        };
        let _ = write!(self.shown, ".{name}");
        Ok(())
    }
}

/// A type in readable form: `list of objects`, `text, one of Pending, Running`.
fn typed(view: &View<'_>, lists: usize) -> Result<String, Error> {
    let of = |schema: &Schema<'_>| {
        let words = typed(&schema.view().map_err(Error::plain)?, lists + 1)?;
        Ok::<_, Error>(match &*words {
            "object" | "text" | "boolean" | "number" | "integer" => format!("{words}s"),
            "quantity" => "quantities".to_owned(),
            _ => words,
        })
    };
    if lists > MAX_DEPTH {
        return Ok("…".to_owned());
    }
    Ok(match &view.shape {
        Shape::Text { values, .. } if !values.is_empty() => {
            let shown = values.iter().take(LISTED_VALUES).copied().collect::<Vec<_>>().join(", ");
            let more = if values.len() > LISTED_VALUES { ", …" } else { "" };
            format!("text, one of {shown}{more}")
        }
        Shape::Text { format: "", .. } => "text".to_owned(),
        Shape::Text { format, .. } => format!("text ({format})"),
        Shape::Integer("") => "integer".to_owned(),
        Shape::Integer(format) => format!("integer ({format})"),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::IntOrString => "number or text".to_owned(),
        Shape::Quantity => "quantity".to_owned(),
        Shape::Array(items) => format!("list of {}", of(items)?),
        Shape::Map(values) => format!("map of {}", of(values)?),
        Shape::Object(_) => "object".to_owned(),
        Shape::Anything => "anything".to_owned(),
    })
}

struct Lines {
    text: String,
    lines: usize,
    /// The enclosing definitions: a recursive one is listed once.
    open: Vec<String>,
    is_recursive: bool,
}

impl Lines {
    fn of(mut self, view: &View<'_>) -> Result<String, Error> {
        self.below(view, 1)?;
        if self.lines > MAX_LINES {
            self.text += "  … and more: name a path\n";
        }
        Ok(self.text)
    }

    /// The nested fields, through lists and maps.
    fn below(&mut self, view: &View<'_>, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH || self.lines > MAX_LINES {
            return Ok(());
        }
        let definition = view.definition.map(str::to_owned);
        if definition.as_ref().is_some_and(|definition| self.open.contains(definition)) {
            return Ok(());
        }
        let is_open = definition.is_some();
        self.open.extend(definition);
        match &view.shape {
            Shape::Object(fields) => {
                let named: Vec<(String, View<'_>, bool)> = fields
                    .iter()
                    .map(|(name, schema)| {
                        let view = schema.view().map_err(Error::plain)?;
                        Ok((selected(name, &view)?, view, fields.requires(name)))
                    })
                    .collect::<Result<_, Error>>()?;
                let width = named.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
                for (name, view, is_required) in named {
                    self.line(&name, width, &view, is_required, depth)?;
                }
                if fields.preserves_unknown {
                    let _ =
                        writeln!(self.text, "{}…  fields that the schema does not know", "  ".repeat(depth));
                }
            }
            // List elements are listed at the place of the list; map values have their own key.
            Shape::Array(items) => self.below(&items.view().map_err(Error::plain)?, depth)?,
            Shape::Map(values) => {
                let values = values.view().map_err(Error::plain)?;
                self.line(&selected("*", &values)?, 0, &values, false, depth)?;
            }
            _ => {}
        }
        if is_open {
            self.open.pop();
        }
        Ok(())
    }

    fn line(
        &mut self,
        name: &str,
        width: usize,
        view: &View<'_>,
        is_required: bool,
        depth: usize,
    ) -> Result<(), Error> {
        self.lines += 1;
        let indent = "  ".repeat(depth);
        let mark = if is_required { "!" } else { " " };
        let line = format!("{indent}{:<width$} {mark} {}", plain(name), plain(&typed(view, 0)?));
        let _ = writeln!(self.text, "{}", line.trim_end());
        if self.is_recursive {
            return self.below(view, depth + 1);
        }
        let about = sentence(view.description);
        if !about.is_empty() {
            let _ = writeln!(self.text, "{indent}    {about}");
        }
        Ok(())
    }
}

/// A field's name in the syntax of selections: quoted where necessary, with '[]' for each list.
fn selected(name: &str, view: &View<'_>) -> Result<String, Error> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '/');
    let mut text = match name == "*" || name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    };
    let mut shape = view.shape.clone();
    for _ in 0..MAX_DEPTH {
        let Shape::Array(items) = shape else { break };
        text += "[]";
        shape = items.view().map_err(Error::plain)?.shape;
    }
    Ok(text)
}
