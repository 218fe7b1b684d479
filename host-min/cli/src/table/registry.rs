//! The options of registries, which all commands that read modules share.

use super::{Command, Flag, Operand, Value, flag, path, text};

/// `host-min push`
pub const PUSH: Command = Command {
    name: "push",
    about: "Push a module to a registry, with its signature if it has one",
    operands: &[
        Operand {
            name: "GUEST.wasm",
            many: false,
            optional: false,
            help: "The module: a file, whose signature is GUEST.wasm.minisig, or another that commands read",
            kind: Value::Path,
        },
        Operand {
            name: "REFERENCE",
            many: false,
            optional: false,
            help: "Where to push it: oci://HOST/NAME:TAG",
            kind: Value::Text,
        },
    ],
    options: FLAGS,
    epilogue: &[EXAMPLES],
    hidden: false,
};

const EXAMPLES: &str = "\
Examples:
  host-min push pods.wasm oci://registry.example.com/gatherers/pods:1.2
      prints the reference with the digest, which 'host-min run' takes
  host-min push oci://registry.example.com/gatherers/pods:1.2 oci://mirror.example.com/gatherers/pods:1.2
      copies a module and its signature to another registry

The user and the password come from config.json in DOCKER_CONFIG or ~/.docker, as 'docker login' writes it.";

/// Those of every command that reads modules.
pub(super) const FLAGS: &[Flag] = &[
    registry(Flag {
        help: "Certificate authority that must have signed the certificates of registries (default: the system's)",
        ..path("registry-ca", "FILE")
    }),
    registry(Flag {
        many: true,
        help: "Ask TO instead of FROM: registries, or parts of them, such as registry.example.com=mirror.example.com/copies; \
               may be repeated",
        ..text("registry-mirror", "FROM=TO")
    }),
    registry(Flag {
        help: "Connect to registries without TLS. Those on this machine need no option",
        ..flag("registry-plain-http")
    }),
];

const fn registry(flag: Flag) -> Flag {
    Flag { heading: "Registry", ..flag }
}
