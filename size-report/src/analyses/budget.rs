//! The file `size-budget.toml`: limits for the size of modules, and functions that they must not contain.
//!
//! ```toml
//! forbid = ["core::panicking::*"]     # of all modules; names, as `why` takes them
//!
//! [[module]]
//! file = "target/guests/hello.wasm"   # from the folder of this file
//! max_bytes = 300
//! max_gzip_bytes = 250                # the others may be left out
//! max_memory_bytes = 65536
//! max_functions = 20
//! forbid = ["core::fmt::*"]           # of this one too
//! baseline = "sizes/hello.json"       # what `check --update` writes and a failure is explained with
//! ```

use serde::{Deserialize, Serialize};

use super::{Analysis, at_rest::AtRest, diff::Diff, snapshot::Snapshot, why::Why};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Functions that no module may contain.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// A table for each module.
    #[serde(rename = "module")]
    pub modules: Vec<Limits>,
}

/// The limits of one module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The module, relative to the budget's folder.
    pub file: String,
    /// The maximum size of the file.
    pub max_bytes: Option<u64>,
    /// The maximum size with gzip.
    pub max_gzip_bytes: Option<u64>,
    /// The maximum of its initial memory.
    pub max_memory_bytes: Option<u64>,
    /// The maximum number of functions that it defines.
    pub max_functions: Option<u64>,
    /// Functions that it must not contain.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// The path of its baseline, relative to the budget's folder.
    pub baseline: Option<String>,
}

/// The result for one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The module, as the budget names it.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The limit of its size, if it has one.
    pub max_bytes: Option<u64>,
    /// One sentence for each exceeded limit; empty if there is none.
    pub failures: Vec<String>,
    /// The changes since the baseline, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
}

impl Budget {
    /// Reads the file, and copies the functions that it forbids for all modules to each module.
    ///
    /// # Errors
    /// Invalid TOML, or an unknown key.
    pub fn parse(text: &str) -> Result<Budget, toml::de::Error> {
        let mut budget: Budget = toml::from_str(text)?;
        for limits in &mut budget.modules {
            let own = std::mem::replace(&mut limits.forbid, budget.forbid.clone());
            limits.forbid.extend(own);
        }
        Ok(budget)
    }
}

impl Limits {
    /// Checks a module against its limits.
    pub fn judge(&self, analysis: &Analysis<'_>, at_rest: &AtRest, baseline: Option<&Snapshot>) -> Verdict {
        let bytes = analysis.module.bytes.len() as u64;
        let diff = baseline.map(|baseline| Diff::of(baseline, &Snapshot::of(analysis)));
        let mut failures = Vec::new();
        let measured = [
            ("", bytes, self.max_bytes),
            (" of gzip", at_rest.gzip_bytes, self.max_gzip_bytes),
            (" of memory at the start", at_rest.memory_bytes, self.max_memory_bytes),
        ];
        for (what, measured, most) in measured {
            let Some(most) = most.filter(|&most| measured > most) else { continue };
            let mut failure = format!("over by {} B{what} ({measured} of {most})", measured - most);
            if what.is_empty() {
                failure += &explanation(diff.as_ref());
            }
            failures.push(failure);
        }
        if let Some(most) = self.max_functions.filter(|&most| u64::from(at_rest.defined_functions) > most) {
            failures.push(format!("{} functions, the limit is {most}", at_rest.defined_functions));
        }
        for pattern in &self.forbid {
            let Some(why) = Why::of(analysis, pattern) else { continue };
            let way = why.path.map_or_else(|| "no export reaches it".to_owned(), |path| path.join(" -> "));
            failures.push(format!("{pattern} is forbidden and keeps {} B: {way}", why.retained));
        }
        Verdict { file: self.file.clone(), bytes, max_bytes: self.max_bytes, failures, diff }
    }
}

/// The largest growth.
fn explanation(diff: Option<&Diff>) -> String {
    const MOST_REASONS: usize = 5;
    let Some(diff) = diff else { return "; a baseline would show why".into() };
    let grown: Vec<String> = diff
        .reasons
        .iter()
        .filter(|reason| reason.bytes > 0)
        .take(MOST_REASONS)
        .map(ToString::to_string)
        .collect();
    if grown.is_empty() {
        return "; nothing grew since the baseline".into();
    }
    format!(": {}", grown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_must_not_have_each_must_not_have() {
        let text =
            "forbid = ['a']\n[[module]]\nfile = 'x.wasm'\nforbid = ['b']\n[[module]]\nfile = 'y.wasm'\n";
        let budget = Budget::parse(text).unwrap();
        let forbidden: Vec<&[String]> = budget.modules.iter().map(|limits| &*limits.forbid).collect();
        assert_eq!(forbidden, [&["a".to_owned(), "b".to_owned()][..], &["a".to_owned()]]);
        for wrong in ["forbid = ['a']", "forbidden = []\n[[module]]\nfile = 'x.wasm'\n", "[[module]]\n"] {
            assert!(Budget::parse(wrong).is_err(), "{wrong}");
        }
    }
}
