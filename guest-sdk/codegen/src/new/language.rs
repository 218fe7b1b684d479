//! New gatherers in languages other than Rust: a folder with the SDK, a Makefile and a test that replays a recording.
//!
//! All of them do the same, so languages can be compared: they find degraded cluster operators.

use super::sdk::Sdk;
use super::{File, Made};
use crate::Error;

/// The language of a gatherer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// A crate, with types from schemas.
    #[default]
    Rust,
    /// For clang.
    C,
    /// For Zig's own compiler.
    Zig,
    /// For asc.
    AssemblyScript,
    /// For Go's own compiler; a reactor of WASI.
    Go,
}

/// The resource of all languages except Rust.
const RESOURCE: &str = "clusteroperators.config.openshift.io";

impl Language {
    /// Each language with its name on the command line.
    pub const ALL: [(&str, Language); 5] = [
        ("rust", Language::Rust),
        ("c", Language::C),
        ("zig", Language::Zig),
        ("assemblyscript", Language::AssemblyScript),
        ("go", Language::Go),
    ];

    /// The templates, by their path in the new folder.
    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Language::Rust => &[],
            Language::C => &[
                ("gatherer.c", include_str!("templates/c/gatherer.c")),
                ("Makefile", include_str!("templates/c/Makefile")),
                (".gitignore", "/*.wasm\n/tests/output/\n"),
            ],
            Language::Zig => &[
                ("gatherer.zig", include_str!("templates/zig/gatherer.zig")),
                ("Makefile", include_str!("templates/zig/Makefile")),
                (".gitignore", "/*.wasm\n/tests/output/\n/.zig-cache/\n"),
            ],
            Language::AssemblyScript => &[
                ("gatherer.ts", include_str!("templates/assemblyscript/gatherer.ts")),
                ("gatherer.manifest", include_str!("templates/gatherer.manifest")),
                ("package.json", include_str!("templates/assemblyscript/package.json")),
                ("Makefile", include_str!("templates/assemblyscript/Makefile")),
                (".gitignore", "/*.wasm\n/tests/output/\n/node_modules/\n"),
            ],
            Language::Go => &[
                ("main.go", include_str!("templates/go/main.go")),
                ("go.mod", include_str!("templates/go/go.mod")),
                (
                    "gatherer.manifest",
                    concat!(include_str!("templates/gatherer.manifest"), "wasi preview1\n"),
                ),
                ("Makefile", include_str!("templates/go/Makefile")),
                (".gitignore", "/*.wasm\n/tests/output/\n"),
            ],
        }
    }

    /// The SDK's files: path in the new folder, and path in the checkout.
    fn sdk(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Language::Rust => &[],
            Language::C => &[("wagather.h", "guest-sdk/c/wagather.h")],
            Language::Zig => &[("wagather.zig", "guest-sdk/zig/wagather.zig")],
            Language::AssemblyScript => &[("wagather.ts", "guest-sdk/assemblyscript/wagather.ts")],
            Language::Go => &[
                ("wagather/go.mod", "guest-sdk/go/go.mod"),
                ("wagather/contract.go", "guest-sdk/go/contract.go"),
                ("wagather/shape.go", "guest-sdk/go/shape.go"),
                ("wagather/wagather.go", "guest-sdk/go/wagather.go"),
            ],
        }
    }

    /// The required compiler. The Makefile has its flags.
    const fn needs(self) -> &'static str {
        match self {
            Language::Rust => "",
            Language::C => "clang and lld",
            Language::Zig => "Zig 0.17",
            Language::AssemblyScript => "npm",
            Language::Go => "Go 1.24 or newer",
        }
    }

    /// The files of a new gatherer.
    pub(super) fn files(self, name: &str, sdk: &Sdk) -> Result<Vec<File>, Error> {
        let filled = |text: &str| text.replace("__NAME__", name).replace("__NEEDS__", self.needs());
        let mut files: Vec<File> =
            self.templates().iter().map(|(path, text)| (*path, filled(text))).collect();
        for (path, text) in [
            ("README.md", include_str!("templates/language.md")),
            ("tests/recording.har", include_str!("templates/recording.har")),
            ("tests/findings.json", include_str!("templates/findings.json")),
        ] {
            files.push((path, filled(text)));
        }
        for (path, file) in self.sdk() {
            files.push((path, sdk.read(file)?));
        }
        Ok(files)
    }

    pub(super) fn made(self, name: String, sdk: &Sdk) -> Made {
        Made { name, resource: RESOURCE.to_owned(), is_member: false, sdk: sdk.place_of("") }
    }

    /// The files to show, with a description.
    pub fn shown(self) -> Vec<(&'static str, &'static str)> {
        let mut shown = Vec::new();
        if let Some((source, _)) = self.templates().first() {
            shown.push((*source, "what it reads, and what it does with it"));
        }
        if self.templates().iter().any(|(path, _)| *path == "gatherer.manifest") {
            shown.push(("gatherer.manifest", "what a host lets it read"));
        }
        if let Some((sdk, _)) = self.sdk().first() {
            shown.push((sdk.strip_suffix("go.mod").unwrap_or(sdk), "the SDK"));
        }
        shown.push(("Makefile", "how it is compiled and tested"));
        shown.push(("tests/", "a recording, and what is found in it"));
        shown
    }
}
