//! What can be typed, as a table: the parser, the help texts and the completions all come from it.
//!
//! A table instead of a library for command lines, because building that library's picture of it took a third
//! of the time to the first request, and a tenth of the program.

use super::display::{FORMATS, WHEN};
use host_min::Compression;
use wagather_sandbox::engine::Kind;

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// What is typed for it.
    pub(super) name: &'static str,
    /// What it does, in a line.
    pub(super) about: &'static str,
    /// What it takes besides options, in this order.
    pub(super) operands: &'static [Operand],
    /// Its options, but for `--help`, which every command has.
    pub(super) options: &'static [Flag],
    /// What follows its options in the help.
    pub(super) epilogue: &'static [&'static str],
    /// Whether it is not for people.
    pub(super) hidden: bool,
}

/// What a command takes besides options.
#[derive(Debug)]
pub(super) struct Operand {
    /// What stands for it in the help.
    pub(super) name: &'static str,
    /// Whether there may be several; then it is the last.
    pub(super) many: bool,
    /// What it is.
    pub(super) help: &'static str,
    /// What can be meant.
    pub(super) kind: Value,
}

/// An option.
#[derive(Debug)]
pub(super) struct Flag {
    /// Its name behind `--`.
    pub(super) long: &'static str,
    /// Its letter behind `-`.
    pub(super) short: Option<char>,
    /// What follows it; nothing if it is a switch. The name stands for it in the help.
    pub(super) value: Option<(&'static str, Value)>,
    /// What it is when it is not typed.
    pub(super) default: Option<&'static str>,
    /// Whether it may be typed several times.
    pub(super) many: bool,
    /// The part of the help that it is in; empty for the first.
    pub(super) heading: &'static str,
    /// What it does.
    pub(super) help: &'static str,
    /// Whether the help leaves it out.
    pub(super) hidden: bool,
}

/// What a value is, for the completions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// Any text.
    Text,
    /// The path of a file or folder.
    Path,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// What the program is.
pub(super) const ABOUT: &str = "\
Runs gatherers: tiny WebAssembly modules that read from a Kubernetes or OpenShift API server.

A gatherer can read what its manifest declares, and nothing else: it runs in a process of its own, without \
credentials, sockets or files. Secrets are given to it only if a grant names them.";

/// What the exit codes mean.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  everything was gathered
  1  a fault of this program
  2  the command line is wrong
  3  a module cannot be used: not WebAssembly, invalid, another ABI version, not admitted by the grant
  4  the configuration cannot be used: kubeconfig, credentials, recording, parameters, grant
  5  the cluster could not be reached, or gave an answer that cannot be used; another try may help
  6  the output cannot be written
  7  a gatherer failed: it trapped, ran out of time or memory, or returned an error
  8  nothing failed, but the archive has gaps: objects that cannot be used, or lists that the cluster refused and a
     gatherer does without
  9  the cluster refused: the credentials are not accepted (401), or the account may not do it (403); no try helps
     until that changes
  129, 130, 143  SIGHUP, SIGINT or SIGTERM ended the run; what there was is kept as incomplete

If several gatherers fail, the first one's code is used; if several clusters do, the first context's.";

const RUN_EXAMPLES: &str = "\
Examples:
  host-min run cluster-operators.wasm
      gathers from the current context's cluster into ./wagather-CONTEXT-TIME.tar.gz
  host-min run *.wasm --context prod --output gathered
      runs all gatherers side by side, into the folder ./gathered
  host-min run *.wasm --all-contexts --output fleet
      gathers from every cluster of the kubeconfig, into archives and an index in the folder ./fleet
  host-min run pods.wasm --record pods.har
      also records what the server answered
  host-min run pods.wasm --replay pods.har --output again.tar.gz
      runs from the recording, without a cluster
  host-min run *.wasm --grant grant.yaml --dry-run
      shows what the grant leaves of what the gatherers want

The archive appears under its name only when it is whole. If a gatherer fails, what was gathered is left as
NAME.incomplete, with the reasons in its wagather.json.";

const RBAC_EXAMPLES: &str = "\
Examples:
  host-min rbac *.wasm --namespace support | kubectl apply -f -
      makes the account wagather in the namespace support
  kubectl create token wagather --namespace support
      prints a token for it

Nothing is asked of a cluster. What the gatherers want and the grant does not allow is left out, and told in a comment.
'kubectl apply' removes nothing: roles that were applied before and are not printed any more must be deleted; all have
the label app.kubernetes.io/managed-by=host-min.";

/// The shells that there are completions for.
pub(super) const SHELLS: &[&str] = &["bash", "fish", "zsh"];

/// The engines that this program has.
pub(super) const ENGINES: &[&str] = &{
    let mut names = [""; Kind::ALL.len()];
    let mut number = 0;
    while number < names.len() {
        names[number] = Kind::ALL[number].name();
        number += 1;
    }
    names
};

/// Every command.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        about: "Run gatherers and write what they gather into an archive",
        operands: &[Operand {
            name: "GUEST.wasm",
            many: true,
            help: "The gatherers' modules: files, folders of them, or - for one on the standard input",
            kind: Value::Path,
        }],
        options: RUN,
        epilogue: &[RUN_EXAMPLES, EXIT_CODES],
        hidden: false,
    },
    Command {
        name: "inspect",
        about: "Show what a gatherer can do, without running it",
        operands: &[Operand { name: "GUEST.wasm", many: false, help: "The module", kind: Value::Path }],
        options: &[
            Flag {
                help: "Also show what is left of it under this grant, and why the rest is not",
                ..path("grant", "FILE.yaml")
            },
            Flag { help: "Print JSON", ..flag("json") },
        ],
        epilogue: &[],
        hidden: false,
    },
    Command {
        name: "rbac",
        about: "Print the account and the roles that gatherers need, for `kubectl apply -f -`",
        operands: &[Operand {
            name: "GUEST.wasm",
            many: true,
            help: "The gatherers' modules: files, folders of them, or - for one on the standard input",
            kind: Value::Path,
        }],
        options: RBAC,
        epilogue: &[RBAC_EXAMPLES],
        hidden: false,
    },
    Command {
        name: "manifest",
        about: "Write a gatherer's manifest, a text file, into its module",
        operands: &[
            Operand {
                name: "FILE",
                many: false,
                help: "The manifest: records as docs/languages.md has them, a line each; empty lines and lines that begin with # do not count",
                kind: Value::Path,
            },
            Operand {
                name: "GUEST.wasm",
                many: false,
                help: "The module, or - for the standard input; a manifest that it has is replaced",
                kind: Value::Path,
            },
        ],
        options: &[Flag {
            short: Some('o'),
            help: "Where the module with its manifest goes; otherwise it replaces GUEST.wasm",
            ..path("output", "FILE.wasm")
        }],
        epilogue: &[],
        hidden: false,
    },
    Command {
        name: "new",
        about: "Write the crate of a new gatherer, see docs/codegen.md",
        operands: &[Operand {
            name: "PATH",
            many: false,
            help: "Its folder, whose name is the gatherer's: examples/NAME in the checkout, or elsewhere",
            kind: Value::Path,
        }],
        options: &[
            Flag { help: "Its resource's definition; otherwise it reads pods", ..path("crd", "FILE.yaml") },
            Flag { help: "The checkout of wagather, if it is in none", ..path("sdk", "DIR") },
        ],
        epilogue: &[],
        hidden: false,
    },
    Command {
        name: "completions",
        about: "Print a completion script for a shell",
        operands: &[Operand {
            name: "SHELL",
            many: false,
            help: "bash, fish or zsh",
            kind: Value::Words(SHELLS),
        }],
        options: &[],
        epilogue: &[],
        hidden: false,
    },
    Command {
        name: "sandbox",
        about: "Run one guest for an embedding program; the channel is the standard input",
        operands: &[],
        options: &[],
        epilogue: &[],
        hidden: true,
    },
];

const RBAC: &[Flag] = &[
    Flag {
        default: Some("wagather"),
        help: "The name of the account, the roles and the bindings",
        ..text("name", "NAME")
    },
    Flag {
        short: Some('n'),
        default: Some("default"),
        help: "The account's namespace",
        ..text("namespace", "NAMESPACE")
    },
    Flag { help: "Give no more than this grant allows", ..path("grant", "FILE.yaml") },
];

const RUN: &[Flag] = &[
    Flag {
        short: Some('o'),
        default: Some("wagather-{context}-{time}.tar.gz"),
        help: "Where the archive goes: a folder, a file that ends in .tar.gz or .tgz, or - for a .tar.gz to the \
               standard output. Missing parent folders are made. {context}, {time} and {pod} stand for the context or \
               the server's host, the time of the run in UTC, and the pod's name or the machine's",
        ..path("output", "DIR|FILE.tar.gz|-")
    },
    Flag {
        help: "Replace an archive or a recording of an earlier run that has the same name, when the new one is \
               complete. Other files are never replaced",
        ..flag("overwrite")
    },
    Flag { hidden: true, help: "The same as --overwrite", ..flag("force") },
    Flag {
        help: "Also write the server's answers to this file (HAR 1.2), for --replay. It has whole objects, whatever the \
               gatherers' fields are; what is secret in them is redacted as everywhere",
        ..path("record", "FILE.har")
    },
    Flag { help: "Take the answers from a recording; no cluster is needed", ..path("replay", "FILE.har") },
    Flag {
        help: "What the cluster's owner allows: a file in YAML, see docs/grant.md. Without it, gatherers may get and list \
               everything but Secrets and other escalating resources",
        ..path("grant", "FILE.yaml")
    },
    Flag {
        short: Some('n'),
        help: "Of what is in namespaces, gather only what is in this one; what is in none (nodes, cluster roles) is gathered \
               as before. It never widens what the manifests and the grant allow",
        ..text("namespace", "NAMESPACE")
    },
    Flag {
        short: Some('A'),
        help: "Gather from all namespaces, whatever --namespace says; this is the default",
        ..flag("all-namespaces")
    },
    Flag {
        short: Some('l'),
        help: "Of lists, gather only objects whose labels match, such as app=web,tier!=db",
        ..text("selector", "SELECTOR")
    },
    Flag {
        many: true,
        help: "Replace addresses and domains by placeholders before gatherers and the archive have them, each original by the \
               same one: ip, mac, domain (the API server's), domain=NAME (and what is below it), all, or several with commas. \
               The map is written to ARCHIVE.obfuscation.json",
        ..text("obfuscate", "KINDS")
    },
    Flag {
        help: "Show what each gatherer may do and what it would ask for; ask nothing, write nothing",
        ..flag("dry-run")
    },
    Flag {
        default: Some("120s"),
        help: "Time for each gatherer, such as 90s, 5m or 1m30s; a number alone is seconds",
        ..text("timeout", "DURATION")
    },
    Flag {
        default: Some("60s"),
        help: "Time for each HTTP request, from its sending to the end of its answer; 0 is no limit but --timeout",
        ..text("request-timeout", "DURATION")
    },
    Flag {
        default: Some("64Mi"),
        help: "Memory for each gatherer, such as 512Ki or 64Mi",
        ..text("memory", "SIZE")
    },
    Flag {
        default: Some("8"),
        help: "How many gatherers run side by side; the time of one that waits begins with its turn",
        ..text("parallel", "N")
    },
    Flag {
        help: "Ask for lists in pages of so many items; otherwise the pages' sizes follow the items'",
        ..text("chunk-size", "N")
    },
    Flag {
        default: Some("50"),
        help: "Requests per second for the whole run, once --burst is used up",
        ..text("qps", "N")
    },
    Flag {
        default: Some("300"),
        help: "Requests that may be sent at once before --qps holds",
        ..text("burst", "N")
    },
    Flag {
        many: true,
        help: "A parameter that gatherers can read; may be given several times",
        ..text("param", "NAME=VALUE")
    },
    Flag {
        help: "Run gatherers only if all that keeps them in is in force. Without this option, the report says what a \
               kernel lacks",
        ..flag("require-sandbox")
    },
    Flag {
        default: Some(Kind::ALL[0].name()),
        help: "Which engine runs the gatherers",
        hidden: Kind::ALL.len() == 1,
        ..words("engine", "ENGINE", ENGINES)
    },
    Flag {
        help: "Ask the API server first what this account would be forbidden; if that is anything, list it and \
               gather nothing",
        ..flag("check-access")
    },
    Flag {
        help: "Also write each decision on a gatherer's calls to this file as it is made (JSON lines); the archive has \
               them in audit.jsonl. It must not exist",
        ..path("audit", "FILE.jsonl")
    },
    Flag {
        default: Some(WHEN[0]),
        help: "Show how far each gatherer is: auto (on a terminal), always (elsewhere too, as a line for each every two \
               seconds) or never",
        ..words("progress", "WHEN", WHEN)
    },
    Flag {
        default: Some(FORMATS[0]),
        help: "How to say what is said on the standard error: text, or json, an object a line, see docs/output.md",
        ..words("log-format", "FORMAT", FORMATS)
    },
    Flag { short: Some('q'), help: "Print nothing but errors", ..flag("quiet") },
    Flag {
        short: Some('v'),
        default: Some("0"),
        help: "How much else to tell, as for kubectl: from 4 on what gatherers log for debugging, from 6 on each request",
        ..text("v", "LEVEL")
    },
    Flag {
        help: "The kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, or the service account of the pod",
        ..cluster(path("kubeconfig", "FILE"))
    },
    Flag {
        many: true,
        help: "The kubeconfig's context. If given several times, the clusters are gathered from side by side: --output \
               names a new folder (otherwise wagather-{time}), which gets an archive for each and index.json",
        ..cluster(text("context", "NAME"))
    },
    Flag { help: "Every context of the kubeconfig, as if each was named", ..cluster(flag("all-contexts")) },
    Flag {
        default: Some("4"),
        help: "How many of several clusters are gathered from at once",
        ..cluster(text("parallel-clusters", "NUMBER"))
    },
    Flag {
        help: "The API server's URL; alone it needs no kubeconfig, as behind `kubectl proxy`",
        ..cluster(text("server", "URL"))
    },
    Flag { help: "The kubeconfig's cluster, instead of the context's", ..cluster(text("cluster", "NAME")) },
    Flag { help: "The kubeconfig's user, instead of the context's", ..cluster(text("user", "NAME")) },
    Flag {
        help: "A bearer token, instead of what the kubeconfig's user has. Other users of this machine can see it for a moment, and \
               the shell may keep it; --token-file is safer",
        ..cluster(text("token", "TOKEN"))
    },
    Flag {
        help: "A file with a bearer token, instead of what the kubeconfig's user has; it is read again each minute",
        ..cluster(path("token-file", "FILE"))
    },
    Flag {
        help: "The certificate authority that the server's certificate must be signed by",
        ..cluster(path("certificate-authority", "FILE"))
    },
    Flag {
        help: "Do not verify the server's certificate: whoever is on the way can read and change everything",
        ..cluster(flag("insecure-skip-tls-verify"))
    },
    Flag {
        help: "The name that the server's certificate must have, if it is not the server's host",
        ..cluster(text("tls-server-name", "NAME"))
    },
    Flag {
        help: "The proxy to the server: http://, https:// or socks5://, with user:password@ if it wants that",
        ..cluster(text("proxy-url", "URL"))
    },
    Flag { help: "The user to act as", ..cluster(text("as", "USER")) },
    Flag {
        many: true,
        help: "A group to act as; may be given several times",
        ..cluster(text("as-group", "GROUP"))
    },
    Flag { help: "The uid to act as", ..cluster(text("as-uid", "UID")) },
    Flag {
        default: Some("10s"),
        help: "Time for a connection, TLS included; 0 is no limit of its own, here and below",
        ..cluster(text("connect-timeout", "DURATION"))
    },
    Flag {
        default: Some("30s"),
        help: "Time from a request to the first byte of its answer",
        ..cluster(text("first-byte-timeout", "DURATION"))
    },
    Flag {
        default: Some("15s"),
        help: "Time without a byte in the middle of an answer",
        ..cluster(text("idle-timeout", "DURATION"))
    },
    Flag {
        value: Some(("auto|gzip|none", Value::Words(Compression::WORDS))),
        default: Some("auto"),
        help: "Whether large answers come compressed; auto: if the link to the server is slow, unless the kubeconfig has \
               disable-compression",
        ..cluster(flag("compression"))
    },
];

const fn flag(long: &'static str) -> Flag {
    Flag { long, short: None, value: None, default: None, many: false, heading: "", help: "", hidden: false }
}

const fn text(long: &'static str, name: &'static str) -> Flag {
    Flag { value: Some((name, Value::Text)), ..flag(long) }
}

const fn path(long: &'static str, name: &'static str) -> Flag {
    Flag { value: Some((name, Value::Path)), ..flag(long) }
}

const fn words(long: &'static str, name: &'static str, words: &'static [&'static str]) -> Flag {
    Flag { value: Some((name, Value::Words(words))), ..flag(long) }
}

const fn cluster(flag: Flag) -> Flag {
    Flag { heading: "Cluster", ..flag }
}

impl Flag {
    /// As it is typed: `--output <DIR>`.
    pub(super) fn shown(&self) -> String {
        match self.value {
            Some((name, _)) => format!("--{} <{name}>", self.long),
            None => format!("--{}", self.long),
        }
    }
}

impl Command {
    /// How it is used, in a line.
    pub(super) fn usage(&self) -> String {
        let mut usage = format!("Usage: host-min {} [OPTIONS]", self.name);
        for operand in self.operands {
            usage += &format!(" <{}>{}", operand.name, if operand.many { "..." } else { "" });
        }
        usage
    }
}
