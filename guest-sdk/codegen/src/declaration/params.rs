//! The parameters of a declaration.
//!
//! ```yaml
//! params:
//!   team: Whose pods; without it, everybody's.
//!   lines: { about: How many of the last lines of each log., default: 20 }
//! ```

use super::{Described, Param, Reading};
use wagather_abi::manifest::is_param_name;
use wagather_yaml::{Node, Value, shown};

impl Reading<'_> {
    /// Each has a description and an optional default. The names of parameters and raw paths become constants.
    pub(super) fn params(&mut self, node: &Node, paths: &[Described]) -> Vec<Param> {
        let Value::Map(entries) = &node.value else {
            let example = "params:\n  lines: { about: How many lines., default: 20 }";
            self.mistakes.tell(node.place, format!("params must be a mapping, as in\n{example}"));
            return Vec::new();
        };
        let mut params: Vec<Param> = Vec::new();
        for (key, value) in entries {
            let Some(param) = self.param(key, value) else { continue };
            let known = params.iter().map(|other| &*other.name).chain(paths.iter().map(|path| &*path.name));
            match known.into_iter().find(|known| letters(known) == letters(&param.name)) {
                None => params.push(param),
                Some(known) => {
                    let why = format!("{} and {known} differ only in case or punctuation", param.name);
                    self.mistakes.tell(param.place, format!("a parameter needs another name: {why}"));
                }
            }
        }
        params
    }

    fn param(&mut self, key: &Node, value: &Node) -> Option<Param> {
        let name = key.text().unwrap_or_default().to_owned();
        if !is_param_name(&name) {
            let why = "use letters, digits, '.', '-' and '_', at most 63 characters";
            self.mistakes
                .tell(key.place, format!("'{}' cannot be the name of a parameter: {why}", shown(&name)));
            return None;
        }
        let mut param = Param { place: key.place, name, about: String::new(), default: None };
        if let Value::Map(_) = &value.value {
            let what = format!("the parameter {}", param.name);
            let others = [("help", "about"), ("description", "about"), ("value", "default")];
            let map = self.mistakes.map(value, &what, &["about"], &["default"], &others)?;
            if let Some(node) = map.get("about") {
                param.about = self.one_line(node, &what)?;
            }
            if let Some(node) = map.get("default") {
                param.default = Some(self.one_line(node, &what)?);
            }
        } else {
            param.about = self.one_line(value, &format!("the parameter {}", param.name))?;
        }
        if param.about.trim().is_empty() {
            self.mistakes.tell(value.place, format!("the parameter {} has no description", param.name));
            return None;
        }
        Some(param)
    }

    /// A string that is valid in a manifest.
    fn one_line(&mut self, node: &Node, what: &str) -> Option<String> {
        match node.text() {
            Some(text) if text.trim_end().chars().any(char::is_control) => {
                self.mistakes.tell(node.place, format!("{what}: each text must be one line"));
                None
            }
            Some(text) => Some(text.trim_end().to_owned()),
            None => {
                let why = "a parameter's default and description must be text";
                self.mistakes.tell(node.place, format!("{what}: {why}"));
                None
            }
        }
    }
}

/// The part of a name that distinguishes constants.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use crate::Declaration;
    use std::path::Path;

    fn params(body: &str) -> Result<Vec<(String, String, Option<String>)>, String> {
        let text = format!("apiVersion: wagather/v1\nkind: Gather\npaths: [/version]\nparams:\n{body}");
        let declaration =
            Declaration::parse(Path::new("gather.yaml"), &text).map_err(|error| error.to_string())?;
        Ok(declaration.params.into_iter().map(|param| (param.name, param.about, param.default)).collect())
    }

    #[test]
    fn parameters_are_read() {
        let body = "  team: Whose pods.\n  lines: { about: How many., default: 20 }\n  none: { about: \"Ä.\", default: '' }\n";
        let of = |name: &str, about: &str, default: Option<&str>| {
            (name.into(), about.into(), default.map(Into::into))
        };
        let expected = vec![
            of("team", "Whose pods.", None),
            of("lines", "How many.", Some("20")),
            of("none", "Ä.", Some("")),
        ];
        assert_eq!(params(body), Ok(expected));
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        for (body, said) in [
            ("  - team\n", "5:3: params must be a mapping"),
            ("  a/b: x\n", "5:3: 'a/b' cannot be the name of a parameter"),
            ("  team:\n", "5:7: the parameter team"),
            ("  team: ' '\n", "has no description"),
            ("  team: { default: x }\n", "about"),
            ("  team: { about: x, defualt: y }\n", "did you mean 'default'?"),
            ("  team: { about: x, default: [y] }\n", "must be text"),
            ("  team: { about: x, default: \"a\\nb\" }\n", "each text must be one line"),
            ("  team: \"a\\tb\"\n", "each text must be one line"),
            (
                "  a-b: x\n  aB: y\n",
                "6:3: a parameter needs another name: aB and a-b differ only in case or punctuation",
            ),
            ("  version: x\n", "version and /version differ only in case or punctuation"),
        ] {
            let error = params(body).expect_err(body);
            assert!(error.contains(said), "{body}: {error}");
        }
    }
}
