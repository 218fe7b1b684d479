//! Commands with few options: `inspect`, `rbac`, `manifest`, `new`, `completions` and `sandbox`.

use super::{Command, Flag, MODULES, Operand, Value, flag, joined, path, registry, text, words};

/// `host-min inspect`
pub const INSPECT: Command = Command {
    name: "inspect",
    about: "Show what a gatherer can do, without running it",
    operands: &[Operand {
        name: "GUEST.wasm",
        many: false,
        optional: false,
        help: "The module",
        kind: Value::Path,
    }],
    options: &joined::<{ OF_INSPECT.len() + registry::FLAGS.len() }>(OF_INSPECT, registry::FLAGS),
    epilogue: &[],
    hidden: false,
};

/// `host-min rbac`
pub const RBAC: Command = Command {
    name: "rbac",
    about: "Print the service account and roles that gatherers need, for `kubectl apply -f -`",
    operands: &[Operand {
        name: "GUEST.wasm",
        many: true,
        optional: false,
        help: MODULES,
        kind: Value::Path,
    }],
    options: &joined::<{ OF_RBAC.len() + registry::FLAGS.len() }>(OF_RBAC, registry::FLAGS),
    epilogue: &[RBAC_EXAMPLES],
    hidden: false,
};

/// `host-min manifest`
pub const MANIFEST: Command = Command {
    name: "manifest",
    about: "Write a manifest from a text file into a module",
    operands: &[
        Operand {
            name: "FILE",
            many: false,
            optional: false,
            help: "Manifest: one record per line (see docs/languages.md); empty lines and lines that begin with # are ignored",
            kind: Value::Path,
        },
        Operand {
            name: "GUEST.wasm",
            many: false,
            optional: false,
            help: "Module, or - for stdin; an existing manifest is replaced",
            kind: Value::Path,
        },
    ],
    options: &joined::<{ OF_MANIFEST.len() + registry::FLAGS.len() }>(OF_MANIFEST, registry::FLAGS),
    epilogue: &[],
    hidden: false,
};

/// `host-min new`
pub const NEW: Command = Command {
    name: "new",
    about: "Create a new gatherer (see docs/codegen.md and docs/languages.md)",
    operands: &[Operand {
        name: "PATH",
        many: false,
        optional: false,
        help: "Folder to create; its name becomes the gatherer's name",
        kind: Value::Path,
    }],
    options: &[
        Flag {
            help: "CustomResourceDefinition of the resource to read (default: read pods)",
            ..path("crd", "FILE.yaml")
        },
        Flag { help: "Checkout of wagather, if PATH is not inside one", ..path("sdk", "DIR") },
        Flag {
            default: Some("rust"),
            help: "Language: rust, c, zig, assemblyscript or go",
            ..words("lang", "LANGUAGE", &["rust", "c", "zig", "assemblyscript", "go"])
        },
    ],
    epilogue: &[],
    hidden: false,
};

/// `host-min completions`
pub const COMPLETIONS: Command = Command {
    name: "completions",
    about: "Print a completion script for a shell",
    operands: &[Operand {
        name: "SHELL",
        many: false,
        optional: false,
        help: "bash, fish or zsh",
        kind: Value::Words(SHELLS),
    }],
    options: &[],
    epilogue: &[],
    hidden: false,
};

/// `host-min sandbox`
pub const SANDBOX: Command = Command {
    name: "sandbox",
    about: "Run one guest for an embedding program; the channel is stdin",
    operands: &[],
    options: &[],
    epilogue: &[],
    hidden: true,
};

const RBAC_EXAMPLES: &str = "\
Examples:
  host-min rbac *.wasm --namespace support | kubectl apply -f -
      creates the service account wagather in the namespace support
  kubectl create token wagather --namespace support
      prints a token for it

This command contacts a cluster only if a manifest has wildcards: the roles then name each resource that the cluster
has. It leaves out what the grant does not allow, and says so in a comment.
'kubectl apply' does not delete roles that an earlier version printed. Delete them yourself: all roles have the label
app.kubernetes.io/managed-by=host-min.";

/// The shells with completions.
pub const SHELLS: &[&str] = &["bash", "fish", "zsh"];

const OF_INSPECT: &[Flag] = &[
    Flag {
        help: "Also show what this grant allows the gatherer, and why it denies the rest",
        ..path("grant", "FILE.yaml")
    },
    Flag { help: "Print JSON", ..flag("json") },
];

const OF_MANIFEST: &[Flag] = &[Flag {
    short: Some('o'),
    help: "Module to write (default: replace GUEST.wasm)",
    ..path("output", "FILE.wasm")
}];

const OF_RBAC: &[Flag] = &[
    Flag {
        default: Some("wagather"),
        help: "Name of the service account, the roles and the bindings",
        ..text("name", "NAME")
    },
    Flag {
        short: Some('n'),
        default: Some("default"),
        help: "Namespace of the service account",
        ..text("namespace", "NAMESPACE")
    },
    Flag { help: "Print only the permissions that this grant allows", ..path("grant", "FILE.yaml") },
    WILDCARDS[0],
    WILDCARDS[1],
    WILDCARDS[2],
    WILDCARDS[3],
];

/// Where wildcards of manifests find the resources that they stand for.
pub(super) const WILDCARDS: [Flag; 4] = [
    Flag {
        help: "Kubeconfig file of the cluster that says which resources a manifest's wildcards stand for (default: $KUBECONFIG, \
               then ~/.kube/config, then the pod's service account)",
        ..path("kubeconfig", "FILE")
    },
    Flag { help: "Kubeconfig context of that cluster", ..text("context", "NAME") },
    Flag { help: "Read from a recording which resources there are", ..path("replay", "FILE.har") },
    Flag { help: "Read from an archive which resources there are", ..path("from", "PATH") },
];
