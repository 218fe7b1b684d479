//! What can be typed for `host-min deploy`.

use super::admin::WILDCARDS;
use super::run::of_run;
use super::{Command, Flag, MODULES, Operand, Value, flag, joined, path, registry, text, words};

/// `host-min deploy`
pub const DEPLOY: Command = Command {
    name: "deploy",
    about: "Print everything that runs gatherers in a cluster, for `kubectl apply --server-side -f -`",
    operands: &[Operand {
        name: "GUEST.wasm",
        many: true,
        optional: false,
        help: MODULES,
        kind: Value::Path,
    }],
    options: &joined::<{ OPTIONS.len() + registry::FLAGS.len() }>(OPTIONS, registry::FLAGS),
    epilogue: &[EXAMPLES],
    hidden: false,
};

/// What the kubelet may be told about images.
const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];

const EXAMPLES: &str = "\
Examples:
  host-min deploy pods.wasm --schedule '0 * * * *' --image IMAGE | kubectl apply --server-side -f -
      gathers every hour, in the new namespace wagather
  host-min deploy *.wasm --grant grant.yaml --job --image IMAGE -n support | kubectl apply --server-side -f -
      gathers once, in the namespace support, which exists
  host-min deploy pods.wasm --schedule '0 3 * * *' --indexed 16 --image IMAGE --kustomize base
      writes a base for kustomize, with 16 pods that share the namespaces

This command contacts a cluster only if a manifest has wildcards: the roles then name each resource that the cluster
has now. Whoever applies what it prints must be allowed to create roles. The entry point of the image must be the
program host-min. Run options are checked here, and passed on to the pod.";

const OPTIONS: &[Flag] = &[
    Flag {
        help: "Run on a schedule, as a CronJob: minute, hour, day of the month, month, day of the week",
        ..text("schedule", "CRON")
    },
    Flag {
        help: "Time zone of the schedule, such as Europe/Vienna (default: the cluster's)",
        ..text("time-zone", "ZONE")
    },
    Flag { help: "Run once, as a Job", ..flag("job") },
    Flag {
        help: "Run once on each node, as a DaemonSet, also on nodes that join later. Gatherers get the node's name as their \
               parameter 'node'",
        ..flag("daemon-set")
    },
    Flag {
        help: "Share the namespaces among N pods, in an Indexed Job (see docs/shards.md). The claim must be one that several nodes can mount",
        ..text("indexed", "N")
    },
    Flag { help: "Image of host-min; 'make image' builds it", ..text("image", "IMAGE") },
    Flag { help: "When the kubelet pulls the image", ..words("image-pull-policy", "POLICY", PULL_POLICIES) },
    Flag {
        many: true,
        help: "Secret to pull images with; may be repeated",
        ..text("image-pull-secret", "NAME")
    },
    Flag {
        help: "Image with the modules, by their file names, which is mounted as a volume. Without it, a ConfigMap has them",
        ..text("modules-image", "IMAGE")
    },
    Flag { default: Some("wagather"), help: "Name of all objects", ..text("name", "NAME") },
    Flag {
        short: Some('n'),
        default: Some("wagather"),
        help: "Namespace of the objects. The default one is created; another one must exist, or needs --create-namespace",
        ..text("namespace", "NAMESPACE")
    },
    Flag {
        help: "Create the namespace, with the Pod Security Standard restricted",
        ..flag("create-namespace")
    },
    Flag {
        help: "Grant that limits what gatherers may read (see docs/grant.md). It becomes part of the ConfigMap, and the account \
               gets only what it allows",
        ..path("grant", "FILE.yaml")
    },
    Flag {
        help: "Existing PersistentVolumeClaim for the archives (default: a new one, NAME-archives; with --upload, none)",
        ..text("volume-claim", "NAME")
    },
    Flag { default: Some("1Gi"), help: "Size of the new claim", ..text("storage", "SIZE") },
    Flag { help: "Storage class of the new claim (default: the cluster's)", ..text("storage-class", "NAME") },
    Flag {
        many: true,
        help: "Address range of the API server, for the network policy; may be repeated (default: any)",
        ..text("api-server-cidr", "CIDR")
    },
    Flag {
        many: true,
        help: "Port of the API server, for the network policy; may be repeated (default: 443 and 6443)",
        ..text("api-server-port", "PORT")
    },
    Flag {
        help: "Let archives wait in a folder of the claim until the server has them (see docs/delivery.md)",
        ..flag("spool")
    },
    Flag {
        many: true,
        help: "Address range of the upload server, for the network policy; may be repeated (default: any)",
        ..text("upload-cidr", "CIDR")
    },
    Flag {
        many: true,
        help: "Port of the upload server, for the network policy; may be repeated (default: that of the URL)",
        ..text("upload-port", "PORT")
    },
    Flag { default: Some("24h"), help: "How long a finished Job is kept", ..text("ttl", "DURATION") },
    Flag {
        help: "Leave the user and group of the pod to the cluster, as OpenShift's restricted-v2 asks",
        ..flag("openshift")
    },
    Flag {
        help: "Write a base for kustomize into this new folder, instead of printing",
        ..path("kustomize", "DIR")
    },
    WILDCARDS[0],
    WILDCARDS[1],
    WILDCARDS[2],
    WILDCARDS[3],
    of_run("selector"),
    of_run("layout"),
    of_run("obfuscate"),
    of_run("timeout"),
    of_run("request-timeout"),
    of_run("memory"),
    of_run("parallel"),
    of_run("chunk-size"),
    of_run("qps"),
    of_run("burst"),
    of_run("param"),
    of_run("require-sandbox"),
    of_run("engine"),
    of_run("check-access"),
    of_run("v"),
    of_run("encrypt"),
    Flag {
        help: "Upload archives to this http or https URL, with PUT. {name} is the archive's name, {sha256} its checksum; the name \
               is added to a URL that ends in a slash. A URL with a query or a password, or one from a file (@FILE), becomes a \
               part of the Secret NAME-upload",
        ..of_run("upload")
    },
    of_run("upload-form"),
    Flag {
        help: "File with header fields for the upload, one 'Name: value' per line, such as a token. It becomes a part of the \
               Secret NAME-upload",
        ..of_run("upload-headers")
    },
    Flag {
        help: "Certificate authority that must have signed the certificate of the upload server (default: those of the image). \
               It becomes a part of the ConfigMap",
        ..of_run("upload-ca")
    },
    of_run("upload-timeout"),
    of_run("spool-size"),
    Flag {
        help: "After each run, keep only the newest archives of the claim: a number of archives, such as 14, or a total size, \
               such as 500Mi",
        ..of_run("keep")
    },
];
