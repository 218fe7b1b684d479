//! `host-min run`: its options and examples.

use super::{
    Command, EXIT_CODES, Flag, MODULES, Operand, Value, delivery, flag, joined, path, registry, text, words,
};
use crate::display::{FORMATS, WHEN};
use crate::findings::SEVERITIES;
use wagather_archive::Layout;
use wagather_kube::cluster::Compression;
use wagather_sandbox::engine::Kind;

/// `host-min run`
pub const RUN: Command = Command {
    name: "run",
    about: "Run gatherers and write their output to an archive",
    operands: &[Operand {
        name: "GUEST.wasm",
        many: true,
        optional: false,
        help: MODULES,
        kind: Value::Path,
    }],
    options: ALL,
    epilogue: &[RUN_EXAMPLES, EXIT_CODES],
    hidden: false,
};

const RUN_EXAMPLES: &str = "\
Examples:
  host-min run cluster-operators.wasm
      gathers from the current context's cluster into ./wagather-CONTEXT-TIME.tar.gz
  host-min run *.wasm --context prod --output gathered
      runs all gatherers in parallel, into the folder ./gathered
  host-min run *.wasm --all-contexts --output fleet
      gathers from every context of the kubeconfig; writes an archive per cluster and an index into ./fleet
  host-min run pods.wasm --record pods.har
      also records the API server's responses
  host-min run *.wasm --upload https://archives.example.com/prod/ --upload-headers token.txt --spool spool
      also uploads the archive; it waits in ./spool while the server is away
  host-min run pods.wasm --replay pods.har --output again.tar.gz
      replays the recording; needs no cluster
  host-min run *.wasm --grant grant.yaml --dry-run
      shows which requests the grant allows, and sends none

The archive gets its name only when it is complete. If a gatherer fails, the archive is called NAME.incomplete, and
its wagather.json has the reason.";

/// The engines of this program, after the word for choosing by module.
pub const ENGINES: &[&str] = &{
    let mut names = ["auto"; Kind::ALL.len() + 1];
    let mut number = 0;
    while number < Kind::ALL.len() {
        names[number + 1] = Kind::ALL[number].name();
        number += 1;
    }
    names
};

/// The layouts of an archive.
pub const LAYOUTS: &[&str] = &{
    let mut names = [""; Layout::ALL.len()];
    let mut number = 0;
    while number < names.len() {
        names[number] = Layout::ALL[number].name();
        number += 1;
    }
    names
};

const ALL: &[Flag] = &joined::<{ OF_LOCAL.len() + registry::FLAGS.len() }>(OF_LOCAL, registry::FLAGS);

/// Those that have nothing to do with registries.
const OF_LOCAL: &[Flag] =
    &joined::<{ GATHERING.len() + delivery::OF_RUN.len() }>(GATHERING, delivery::OF_RUN);

const GATHERING: &[Flag] = &[
    Flag {
        short: Some('o'),
        default: Some("wagather-{context}-{time}.tar.gz"),
        help: "Archive to write: a folder, a file that ends in .tar.gz or .tgz, or - for a .tar.gz on stdout. Missing parent \
               folders are created. {context} is the context or the server's host, {time} the start of the run in UTC, \
               {pod} the name of the pod or machine",
        ..path("output", "DIR|FILE.tar.gz|-")
    },
    Flag {
        default: Some(LAYOUTS[0]),
        help: "Layout of the archive: wagather, must-gather (for omc and other readers of must-gathers) or insights (see \
               docs/layouts.md)",
        ..words("layout", "LAYOUT", LAYOUTS)
    },
    Flag {
        help: "Replace an archive or recording of the same name once the new one is complete. Files that host-min did not \
               write are never replaced",
        ..flag("overwrite")
    },
    Flag { hidden: true, help: "Same as --overwrite", ..flag("force") },
    Flag {
        help: "Record the API server's responses to this HAR 1.2 file, for --replay. The file contains whole objects, not only \
               the fields that the gatherers read. Secrets in them are redacted",
        ..path("record", "FILE.har")
    },
    Flag { help: "Read responses from a recording instead of a cluster", ..path("replay", "FILE.har") },
    Flag {
        help: "Read objects from an archive instead of a cluster: one of host-min, a must-gather, an Insights archive, a \
               crust-gather archive or a support bundle; a folder or a .tar.gz. With several archives (a quoted pattern such as \
               'fleet/*.tar.gz', @FILE for a list, or the option repeated), the gatherers run on each, and --output is an .ndjson \
               file or - (see docs/scale.md)",
        many: true,
        ..path("from", "PATH")
    },
    Flag {
        help: "Grant that limits what gatherers may read (see docs/grant.md). Default: get and list everything except Secrets \
               and other escalating resources",
        ..path("grant", "FILE.yaml")
    },
    Flag {
        short: Some('n'),
        help: "Gather namespaced objects only from this namespace. Cluster-scoped objects, such as nodes, are still gathered. \
               This option only narrows what the manifests and the grant allow",
        ..text("namespace", "NAMESPACE")
    },
    Flag {
        short: Some('A'),
        help: "Gather from all namespaces (the default); overrides --namespace",
        ..flag("all-namespaces")
    },
    Flag {
        help: "Gather lists over all namespaces only from this share of them, such as 0/16, which 'merge' joins with the others (see \
               docs/shards.md). INDEX counts from 0; cluster-scoped objects are in shard 0",
        ..text("shard", "INDEX/COUNT")
    },
    Flag {
        short: Some('l'),
        help: "Label selector for lists, such as app=web,tier!=db",
        ..text("selector", "SELECTOR")
    },
    Flag {
        many: true,
        help: "Replace addresses and domains with placeholders before gatherers and the archive get them: ip, mac, domain (the \
               API server's), domain=NAME (with its subdomains) or all, separated by commas. The same value always gets the \
               same placeholder; the map is written to ARCHIVE.obfuscation.json",
        ..text("obfuscate", "KINDS")
    },
    Flag {
        help: "Show what each gatherer may read and which requests it would send; send and write nothing",
        ..flag("dry-run")
    },
    Flag {
        default: Some("120s"),
        help: "Time limit for each gatherer, such as 90s, 5m or 1m30s; a number without a unit is seconds",
        ..text("timeout", "DURATION")
    },
    Flag {
        default: Some("60s"),
        help: "Time limit for each HTTP request, including its response; 0 disables it, and --timeout still applies",
        ..text("request-timeout", "DURATION")
    },
    Flag {
        default: Some("64Mi"),
        help: "Memory limit for each gatherer, such as 512Ki or 64Mi",
        ..text("memory", "SIZE")
    },
    Flag {
        default: Some("8"),
        help: "Maximum number of gatherers that run at the same time; --timeout of each starts when it starts",
        ..text("parallel", "N")
    },
    Flag { help: "Items per page (default: about 4 MiB per page)", ..text("chunk-size", "N") },
    Flag {
        default: Some("50"),
        help: "Maximum requests per second for the whole run, after --burst is used up",
        ..text("qps", "N")
    },
    Flag {
        default: Some("300"),
        help: "Requests that may be sent at once before --qps applies",
        ..text("burst", "N")
    },
    Flag { many: true, help: "Parameter for gatherers; may be repeated", ..text("param", "NAME=VALUE") },
    Flag {
        help: "Refuse to run unless every sandbox mechanism is active. Without this option, the report lists the inactive ones",
        ..flag("require-sandbox")
    },
    Flag {
        default: Some(ENGINES[0]),
        help: "WebAssembly engine: auto (wasm3; wasmi for large modules and those that wasm3 cannot run), or one for all modules",
        hidden: Kind::ALL.len() == 1,
        ..words("engine", "ENGINE", ENGINES)
    },
    Flag {
        help: "First ask the API server whether the account has all permissions; if it lacks any, list them and gather nothing",
        ..flag("check-access")
    },
    Flag {
        help: "Wait for a signal instead of exiting with 0, 8 or 11, for containers that are restarted when they exit",
        ..flag("stay")
    },
    Flag {
        help: "Exit with 11 if gatherers found something that is at least this bad (docs/findings.md)",
        ..words("fail-on", "SEVERITY", SEVERITIES)
    },
    Flag {
        help: "Write the audit also to this file (JSON lines), as the run proceeds; the archive has it in audit.jsonl. The file \
               must not exist",
        ..path("audit", "FILE.jsonl")
    },
    Flag {
        default: Some(WHEN[0]),
        help: "Show the progress of each gatherer: auto (only on a terminal), always (without a terminal, as lines every two \
               seconds) or never",
        ..words("progress", "WHEN", WHEN)
    },
    Flag {
        default: Some(FORMATS[0]),
        help: "Log format on stderr: text or JSON lines (see docs/output.md)",
        ..words("log-format", "FORMAT", FORMATS)
    },
    Flag {
        help: "Existing file for the outcome in one line (default in a pod: /dev/termination-log, which Kubernetes shows as the \
               message of the container)",
        ..path("termination-log", "FILE")
    },
    Flag { short: Some('q'), help: "Print only errors", ..flag("quiet") },
    Flag {
        short: Some('v'),
        default: Some("0"),
        help: "Log level, as for kubectl: 4 adds debug lines of gatherers, 6 adds requests",
        ..text("v", "LEVEL")
    },
    Flag {
        help: "Kubeconfig file (default: $KUBECONFIG, then ~/.kube/config, then the pod's service account)",
        ..cluster(path("kubeconfig", "FILE"))
    },
    Flag {
        many: true,
        help: "Kubeconfig context; may be repeated. With several contexts, clusters are gathered in parallel, and --output is a \
               new folder (default: wagather-{time}) for one archive per cluster and index.json",
        ..cluster(text("context", "NAME"))
    },
    Flag { help: "Gather from every context of the kubeconfig", ..cluster(flag("all-contexts")) },
    Flag {
        default: Some("4"),
        help: "Maximum number of clusters that are gathered from at the same time; of archives, the default is the number of cores",
        ..cluster(text("parallel-clusters", "NUMBER"))
    },
    Flag {
        help: "URL of the API server. No kubeconfig is needed, for example with `kubectl proxy`",
        ..cluster(text("server", "URL"))
    },
    Flag { help: "Kubeconfig cluster; overrides the context's cluster", ..cluster(text("cluster", "NAME")) },
    Flag { help: "Kubeconfig user; overrides the context's user", ..cluster(text("user", "NAME")) },
    Flag {
        help: "Bearer token; overrides the kubeconfig user's credentials. Other users of this machine can see it for a moment, and \
               the shell history may keep it; --token-file is safer",
        ..cluster(text("token", "TOKEN"))
    },
    Flag {
        help: "File with a bearer token; overrides the kubeconfig user's credentials. It is read again every minute",
        ..cluster(path("token-file", "FILE"))
    },
    Flag {
        help: "Certificate authority that must have signed the server's certificate",
        ..cluster(path("certificate-authority", "FILE"))
    },
    Flag {
        help: "Do not verify the server's certificate. Insecure: anyone on the network path can read and change all traffic",
        ..cluster(flag("insecure-skip-tls-verify"))
    },
    Flag {
        help: "Name to expect in the server's certificate (default: the server's host)",
        ..cluster(text("tls-server-name", "NAME"))
    },
    Flag {
        help: "Proxy to the server: http://, https:// or socks5://, optionally with user:password@",
        ..cluster(text("proxy-url", "URL"))
    },
    Flag { help: "User to impersonate", ..cluster(text("as", "USER")) },
    Flag { many: true, help: "Group to impersonate; may be repeated", ..cluster(text("as-group", "GROUP")) },
    Flag { help: "UID to impersonate", ..cluster(text("as-uid", "UID")) },
    Flag {
        default: Some("10s"),
        help: "Time limit for connecting, including TLS; 0 disables it",
        ..cluster(text("connect-timeout", "DURATION"))
    },
    Flag {
        default: Some("30s"),
        help: "Time limit for the first byte of a response; 0 disables it",
        ..cluster(text("first-byte-timeout", "DURATION"))
    },
    Flag {
        default: Some("15s"),
        help: "Time limit for a pause within a response; 0 disables it",
        ..cluster(text("idle-timeout", "DURATION"))
    },
    Flag {
        value: Some(("auto|gzip|none", Value::Words(Compression::WORDS))),
        default: Some("auto"),
        help: "Compression of large responses. auto uses gzip if the link to the server is slow, unless the kubeconfig has \
               disable-compression",
        ..cluster(flag("compression"))
    },
];

const fn cluster(flag: Flag) -> Flag {
    Flag { heading: "Cluster", ..flag }
}

/// The heading of options that a command passes on to `run`.
pub const OF_RUN: &str = "Run";

/// An option of `run`, for a command that passes it on.
pub(super) const fn of_run(long: &str) -> Flag {
    let mut number = 0;
    while number < ALL.len() {
        if same(ALL[number].long.as_bytes(), long.as_bytes()) {
            return Flag { heading: OF_RUN, ..ALL[number] };
        }
        number += 1;
    }
    panic!("run has no such option")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}
