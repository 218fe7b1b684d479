//! What was typed for `host-min deploy`, checked as far as the options alone tell.

use super::documents::{ARCHIVES, Archives, Egress, NODE_PARAM, When};
use crate::rbac::input;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use wagather_archive::ENCRYPTED_SUFFIX;
use wagather_cli::args::{Run, namespace, object_name, up_to};
use wagather_cli::programs::ALL;
use wagather_cli::registry;
use wagather_cli::table::OF_RUN;
use wagather_cli::typed::{Typed, Words, Wrong, take_apart};
use wagather_cli::values::{all, one, text, wrong};
use wagather_policy::quantity::{duration, size};
use wagather_policy::rights::MAX_SHARDS;
use wagather_run::Input;

/// What was typed.
pub(crate) struct Options {
    pub(super) guests: Vec<PathBuf>,
    pub(super) registry: wagather_registry::Options,
    pub(super) grant: Option<PathBuf>,
    /// Where wildcards find the resources.
    pub(super) input: Input,
    pub(super) kustomize: Option<PathBuf>,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) creates_namespace: bool,
    pub(super) when: When,
    pub(super) shards: Option<u32>,
    pub(super) image: String,
    pub(super) pull_policy: Option<String>,
    pub(super) pull_secrets: Vec<String>,
    pub(super) modules_image: Option<String>,
    pub(super) archives: Archives,
    pub(super) egress: Egress,
    pub(super) ttl: Duration,
    pub(super) is_openshift: bool,
    /// Where the run writes its archives, as options of it.
    pub(super) outputs: Vec<String>,
    /// The other options of `run`, as they are typed, and what all of them mean.
    pub(super) options: Vec<String>,
    pub(super) run: Run,
}

/// A CronJob's name gets eleven characters for each of its Jobs.
const MAX_NAME_BYTES: usize = 52;
/// Where API servers listen, before and behind the address of the Service.
const API_SERVER_PORTS: [u16; 2] = [443, 6443];

impl Options {
    /// The words of the command `deploy`.
    pub(crate) fn of(words: &Words) -> Result<Options, Wrong> {
        let name = one(words, "name", deployment_name)?.unwrap_or_default();
        let archives = archives(words)?;
        let outputs = outputs(words);
        let (options, run) = of_run(words, &outputs)?;
        for (option, why) in [
            ("obfuscate", "each pod would have placeholders of its own"),
            ("keep", "each pod would remove archives of the others"),
        ] {
            if words.has("indexed") && words.has(option) {
                return Err(wrong(words.command, format!("--{option} cannot be used with --indexed: {why}")));
            }
        }
        if words.has("daemon-set") {
            for_each_node(words)?;
            if run.params.iter().any(|(name, _)| name == NODE_PARAM) {
                let reason =
                    format!("--daemon-set sets the parameter '{NODE_PARAM}' to the name of each pod's node");
                return Err(wrong(words.command, reason));
            }
        }
        let of_upload = ["upload-cidr", "upload-port"].into_iter().find(|option| words.has(option));
        if let Some(option) = of_upload.filter(|_| !words.has("upload")) {
            return Err(wrong(words.command, format!("--{option} needs --upload")));
        }
        let ports = all(words, "api-server-port", port)?;
        Ok(Options {
            guests: words.operands.iter().map(PathBuf::from).collect(),
            registry: registry::options(words)?,
            grant: words.one("grant").map(PathBuf::from),
            input: input(words)?,
            kustomize: words.one("kustomize").map(PathBuf::from),
            name,
            namespace: one(words, "namespace", namespace)?.unwrap_or_default(),
            creates_namespace: words.has("create-namespace") || !words.has("namespace"),
            when: when(words)?,
            shards: one(words, "indexed", |typed| up_to(MAX_SHARDS, typed))?,
            image: one(words, "image", reference)?.ok_or_else(|| {
                wrong(
                    words.command,
                    "--image <IMAGE> is missing: the image of host-min, which 'make image' builds".into(),
                )
            })?,
            pull_policy: one(words, "image-pull-policy", pull_policy)?,
            pull_secrets: all(words, "image-pull-secret", object_name)?,
            modules_image: one(words, "modules-image", reference)?,
            archives,
            egress: Egress {
                api_server: all(words, "api-server-cidr", cidr)?,
                api_server_ports: if ports.is_empty() { API_SERVER_PORTS.into() } else { ports },
                upload: all(words, "upload-cidr", cidr)?,
                upload_ports: all(words, "upload-port", port)?,
            },
            ttl: one(words, "ttl", duration)?.unwrap_or_default(),
            is_openshift: words.has("openshift"),
            outputs,
            options,
            run,
        })
    }
}

/// Refuses what cannot be used with a DaemonSet.
fn for_each_node(words: &Words) -> Result<(), Wrong> {
    for (option, why) in [
        ("schedule", "each pod gathers when it starts"),
        ("job", "a DaemonSet is no Job"),
        ("indexed", "the pods are as many as there are nodes"),
        ("ttl", "it is for Jobs"),
        ("obfuscate", "each pod would have placeholders of its own"),
        ("keep", "each pod would remove archives of the others"),
        ("spool", "nothing would deliver what waits there"),
    ] {
        if words.has(option) {
            return Err(wrong(words.command, format!("--{option} cannot be used with --daemon-set: {why}")));
        }
    }
    let claim = ["volume-claim", "storage", "storage-class"].into_iter().find(|option| words.has(option));
    match claim.filter(|_| words.has("upload")) {
        Some(claim) => {
            let why = "a pod whose archive was not delivered gathers again, and would fill the volume";
            Err(wrong(
                words.command,
                format!("--{claim} cannot be used with --daemon-set and --upload: {why}"),
            ))
        }
        None => Ok(()),
    }
}

fn when(words: &Words) -> Result<When, Wrong> {
    let zone = one(words, "time-zone", text)?;
    let refuse = |reason: &str| Err(wrong(words.command, reason.into()));
    match one(words, "schedule", schedule)? {
        Some(_) if words.has("job") => refuse("--schedule cannot be used with --job"),
        Some(schedule) => Ok(When::Schedule(schedule, zone)),
        None if zone.is_some() => refuse("--time-zone needs --schedule"),
        None if words.has("daemon-set") => Ok(When::OnEachNode),
        None if words.has("job") || words.has("indexed") => Ok(When::Once),
        None => refuse(
            "say when to run: --schedule <CRON>, --job for once, or --daemon-set for once on each node",
        ),
    }
}

fn archives(words: &Words) -> Result<Archives, Wrong> {
    let claim = one(words, "volume-claim", object_name)?;
    if claim.is_some()
        && let Some(other) = ["storage", "storage-class"].iter().find(|other| words.has(other))
    {
        return Err(wrong(
            words.command,
            format!("--{other} is for a new claim, and --volume-claim names one that exists"),
        ));
    }
    // A server has the archives, unless they are to stay or to wait.
    let wants_claim = ["spool", "keep", "storage", "storage-class"].iter().any(|option| words.has(option));
    Ok(match claim {
        Some(name) => Archives::Claim(name),
        None if words.has("upload") && !wants_claim => Archives::InPod,
        None => Archives::NewClaim {
            storage: one(words, "storage", storage)?.unwrap_or_default(),
            class: one(words, "storage-class", object_name)?,
        },
    })
}

/// Where the run writes its archives. Those that only wait are in the spool. What is to be kept has a name with a placeholder.
fn outputs(words: &Words) -> Vec<String> {
    let spool = words.has("spool").then(|| format!("--spool={ARCHIVES}/spool"));
    let name = match (words.has("keep"), words.has("daemon-set")) {
        (true, _) => "{pod}",
        // A container that is started again has the same pod.
        (_, true) => "$(NODE_NAME)-{time}",
        _ => "$(POD_NAME)",
    };
    let is_kept = words.has("keep") || spool.is_none();
    let age = if words.has("encrypt") { ENCRYPTED_SUFFIX } else { "" };
    let output = is_kept.then(|| format!("--output={ARCHIVES}/{name}.tar.gz{age}"));
    output.into_iter().chain(spool).collect()
}

/// The options of `run` among the words, as they are typed. Here they are read as `run` reads them in the pod.
fn of_run(words: &Words, outputs: &[String]) -> Result<(Vec<String>, Run), Wrong> {
    let options = words.typed_under(OF_RUN);
    let all: Option<Vec<String>> = options.iter().map(|word| word.to_str().map(str::to_owned)).collect();
    let all = all.ok_or_else(|| wrong(words.command, "a run option is not UTF-8".into()))?;
    let typed = [OsString::from("run")].into_iter().chain(options);
    let typed = typed.chain(outputs.iter().map(OsString::from)).chain(["modules".into()]);
    let of_command = |reason| wrong(words.command, reason);
    match take_apart(ALL, typed).map_err(|wrong| of_command(wrong.reason))? {
        Typed::Command(typed) => Ok((all, Run::of(&typed).map_err(|wrong| of_command(wrong.reason))?)),
        _ => Err(of_command("these are no options of a run".into())),
    }
}

fn deployment_name(typed: &str) -> Result<String, String> {
    match namespace(typed) {
        Ok(name) if name.len() <= MAX_NAME_BYTES => Ok(name),
        _ => Err(format!("a name consists of a-z, 0-9 and '-', and has at most {MAX_NAME_BYTES} characters")),
    }
}

/// The server reads all of it; this finds what is no schedule at all, such as a forgotten quote.
fn schedule(typed: &str) -> Result<String, String> {
    let is_field =
        |field: &str| field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*/,-?".contains(&byte));
    let fields: Vec<&str> = typed.split(' ').filter(|field| !field.is_empty()).collect();
    let is_macro = fields.len() == 1
        && fields[0].strip_prefix('@').is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    if is_macro || (fields.len() == 5 && fields.iter().all(|field| is_field(field))) {
        Ok(typed.into())
    } else {
        Err("expected five fields, such as '0 * * * *', or a word such as @hourly".into())
    }
}

/// An image: any word, because registries disagree about the rest.
fn reference(typed: &str) -> Result<String, String> {
    if !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(typed.into())
    } else {
        Err("an image is a name without blanks, such as registry/name:tag".into())
    }
}

fn pull_policy(typed: &str) -> Result<String, String> {
    match typed {
        "Always" | "IfNotPresent" | "Never" => Ok(typed.into()),
        _ => Err("possible values: Always, IfNotPresent, Never".into()),
    }
}

/// A size as Kubernetes reads it, which knows larger units than a gatherer's memory needs.
fn storage(typed: &str) -> Result<String, String> {
    match typed.strip_suffix("Ti") {
        Some(number) if number.parse::<u32>().is_ok_and(|number| number > 0) => Ok(typed.into()),
        _ if size(typed).map_err(|error| error.to_string())? > 0 => Ok(typed.into()),
        _ => Err("it must not be zero".into()),
    }
}

fn port(typed: &str) -> Result<u16, String> {
    typed.parse().ok().filter(|port| *port > 0).ok_or_else(|| "expected a port from 1 to 65535".into())
}

/// An address range; one address is a range of its own.
fn cidr(typed: &str) -> Result<String, String> {
    let wrong = || "expected an address range, such as 10.0.0.0/24".to_owned();
    let (address, bits) = match typed.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
        None => (typed, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.unwrap_or(most) {
        bits if bits <= most => Ok(format!("{address}/{bits}")),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Options, String> {
        let mut words: Vec<OsString> = ["deploy", "a.wasm"].map(OsString::from).into();
        words.extend(line.split('|').filter(|word| !word.is_empty()).map(OsString::from));
        match take_apart(ALL, words.into_iter()) {
            Ok(Typed::Command(words)) => Options::of(&words).map_err(|wrong| wrong.reason),
            Ok(_) => Err("another command".into()),
            Err(wrong) => Err(wrong.reason),
        }
    }

    #[test]
    fn when_it_runs() {
        let when = |line: &str| typed(&format!("--image|x|{line}")).map(|options| options.when);
        for schedule in ["0 * * * *", "*/15 0-6 1,15 jan-mar MON", "@hourly"] {
            assert_eq!(when(&format!("--schedule|{schedule}")), Ok(When::Schedule(schedule.into(), None)));
        }
        assert_eq!(
            when("--schedule|@daily|--time-zone|Europe/Vienna"),
            Ok(When::Schedule("@daily".into(), Some("Europe/Vienna".into())))
        );
        assert_eq!(when("--job"), Ok(When::Once));
        assert_eq!(when("--indexed|4"), Ok(When::Once));
        assert_eq!(when("--daemon-set"), Ok(When::OnEachNode));
        for line in [
            "",
            "--time-zone|UTC|--job",
            "--schedule|@daily|--job",
            "--schedule|0 *",
            "--schedule|a\nb * * * *",
        ] {
            assert!(when(line).is_err(), "{line}");
        }
    }

    #[test]
    fn run_options_are_passed_on_as_typed_and_read_here() {
        let options =
            typed("--job|--image|x|--memory|8Mi|--param|a=b c|-v|4|--require-sandbox").expect("options");
        assert_eq!(options.options, ["--memory=8Mi", "--param=a=b c", "--v=4", "--require-sandbox"]);
        assert_eq!(options.run.memory, 8 << 20);
        assert_eq!(
            typed("--job|--image|x|--memory|8x").err().expect("a unit"),
            "invalid value '8x' for --memory: the supported units are Ki, Mi, Gi, k, M and G"
        );
    }

    #[test]
    fn a_namespace_of_somebody_elses_is_not_made() {
        for (line, made) in [("", true), ("-n|support", false), ("-n|support|--create-namespace", true)] {
            let options = typed(&format!("--job|--image|x|{line}")).expect(line);
            assert_eq!(options.creates_namespace, made, "{line}");
        }
    }

    #[test]
    fn what_does_not_go_together_or_is_missing() {
        for (line, said) in [
            ("--job", "--image <IMAGE> is missing"),
            ("--job|--image|a b", "without blanks"),
            ("--job|--image|x|--volume-claim|a|--storage|1Gi", "--storage is for a new claim"),
            ("--job|--image|x|--storage|0", "must not be zero"),
            ("--job|--image|x|--api-server-cidr|10.0.0.0/33", "an address range"),
            ("--job|--image|x|--api-server-cidr|host", "an address range"),
            ("--job|--image|x|--indexed|0", "from 1 to 1000"),
            ("--indexed|4|--image|x|--obfuscate|ip", "--obfuscate cannot be used with --indexed"),
            ("--daemon-set|--image|x|--schedule|@daily", "--schedule cannot be used with --daemon-set"),
            ("--daemon-set|--image|x|--ttl|1h", "--ttl cannot be used with --daemon-set"),
            ("--daemon-set|--image|x|--upload|https://h/|--storage|1Gi", "would fill the volume"),
            ("--job|--image|x|--api-server-port|0", "a port"),
            ("--job|--image|x|--name|a.b", "at most 52 characters"),
            ("--job|--image|x|--image-pull-policy|Sometimes", "possible values"),
        ] {
            let reason = typed(line).err().expect(line);
            assert!(reason.contains(said), "{line}: {reason}");
        }
        assert_eq!(cidr("10.0.0.1"), Ok("10.0.0.1/32".into()));
        assert_eq!(cidr("fd00::/8"), Ok("fd00::/8".into()));
        assert_eq!(storage("2Ti"), Ok("2Ti".into()));
    }
}
