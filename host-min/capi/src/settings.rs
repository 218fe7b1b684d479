//! A plan's settings, each by the name that its option has on the command line.

use crate::failed::Failed;
use host_min::{
    Class, ClusterOptions, Compression, Engine, Existing, Failure, Grant, Guest, Input, Isolation, Output,
    Plan, Secret,
};
use std::path::PathBuf;
use std::sync::Arc;
use wagather_policy::quantity::{duration, limit, size};
use wagather_policy::rights::label_selector;

/// A plan that is being made.
#[derive(Clone)]
pub(crate) struct Settings {
    helper: PathBuf,
    helper_args: Vec<String>,
    cluster: Box<ClusterOptions>,
    /// An option that only a cluster has, if one was set.
    of_cluster: Option<&'static str>,
    replay: Option<PathBuf>,
    from: Option<PathBuf>,
    /// The rest. Its input and isolation are made from the above when a run begins.
    plan: Plan,
}

/// An option.
struct Setting {
    name: &'static str,
    of_cluster: bool,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

const fn setting(name: &'static str, set: fn(&mut Settings, &str) -> Result<(), String>) -> Setting {
    Setting { name, of_cluster: false, set }
}

const fn of_cluster(name: &'static str, set: fn(&mut Settings, &str) -> Result<(), String>) -> Setting {
    Setting { name, of_cluster: true, set }
}

/// All of them, in the order of the header.
const SETTINGS: &[Setting] = &[
    setting("helper", |all, value| put(&mut all.helper, value)),
    setting("helper-arg", |all, value| add(&mut all.helper_args, value)),
    setting("output", |all, value| {
        if value == "-" {
            return Err(
                "an archive on stdout would mix with what the program writes; name a file or a folder".into(),
            );
        }
        Output::check_template(value.as_ref())?;
        put(&mut all.plan.output, Output::parse(value))
    }),
    setting("overwrite", |all, value| {
        let existing = if yes(value)? { Existing::Replace } else { Existing::Keep };
        put(&mut all.plan.existing, existing)
    }),
    setting("replay", |all, value| put(&mut all.replay, Some(value.into()))),
    setting("from", |all, value| put(&mut all.from, Some(value.into()))),
    of_cluster("kubeconfig", |all, value| put(&mut all.cluster.kubeconfig, Some(value.into()))),
    of_cluster("context", |all, value| put(&mut all.cluster.context, Some(value.into()))),
    of_cluster("server", |all, value| put(&mut all.cluster.server, Some(value.into()))),
    of_cluster("cluster", |all, value| put(&mut all.cluster.cluster, Some(value.into()))),
    of_cluster("user", |all, value| put(&mut all.cluster.user, Some(value.into()))),
    of_cluster("token", |all, value| put(&mut all.cluster.token, Some(Secret::new(value)))),
    of_cluster("token-file", |all, value| put(&mut all.cluster.token_file, Some(value.into()))),
    of_cluster("certificate-authority", |all, value| {
        put(&mut all.cluster.certificate_authority, Some(value.into()))
    }),
    of_cluster("insecure-skip-tls-verify", |all, value| {
        put(&mut all.cluster.insecure_skip_tls_verify, yes(value)?)
    }),
    of_cluster("tls-server-name", |all, value| put(&mut all.cluster.tls_server_name, Some(value.into()))),
    of_cluster("proxy-url", |all, value| put(&mut all.cluster.proxy_url, Some(value.into()))),
    of_cluster("as", |all, value| put(&mut all.cluster.as_user, Some(value.into()))),
    of_cluster("as-group", |all, value| add(&mut all.cluster.as_groups, value)),
    of_cluster("as-uid", |all, value| put(&mut all.cluster.as_uid, Some(value.into()))),
    of_cluster("connect-timeout", |all, value| put(&mut all.cluster.connect_timeout, is(limit(value))?)),
    of_cluster("first-byte-timeout", |all, value| {
        put(&mut all.cluster.first_byte_timeout, is(limit(value))?)
    }),
    of_cluster("idle-timeout", |all, value| put(&mut all.cluster.idle_timeout, is(limit(value))?)),
    of_cluster("compression", |all, value| {
        let compression = Compression::by_word(value)
            .ok_or_else(|| format!("possible values: {}", Compression::WORDS.join(", ")))?;
        put(&mut all.cluster.compression, compression)
    }),
    of_cluster("record", |all, value| put(&mut all.plan.record, Some(value.into()))),
    of_cluster("check-access", |all, value| put(&mut all.plan.check_access, yes(value)?)),
    setting("namespace", |all, value| {
        let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if value.is_empty() || value.len() > 63 || !value.chars().all(is_label) {
            return Err("a namespace name consists of a-z, 0-9 and '-', and has at most 63 characters".into());
        }
        put(&mut all.plan.narrowing.namespace, Some(value.into()))
    }),
    setting("selector", |all, value| {
        is(label_selector(value))?;
        put(&mut all.plan.narrowing.selector, Some(value.into()))
    }),
    setting("obfuscate", |all, value| all.plan.obfuscate.add(value)),
    setting("param", |all, value| match value.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            all.plan.params.push((name.into(), value.into()));
            Ok(())
        }
        _ => Err("expected NAME=VALUE".into()),
    }),
    setting("timeout", |all, value| put(&mut all.plan.timeout, is(duration(value))?)),
    setting("request-timeout", |all, value| put(&mut all.plan.request_timeout, is(limit(value))?)),
    setting("memory", |all, value| put(&mut all.plan.memory_bytes, is(size(value))?)),
    setting("parallel", |all, value| put(&mut all.plan.parallel, number(value)? as usize)),
    setting("chunk-size", |all, value| put(&mut all.plan.chunk_items, Some(number(value)?))),
    setting("qps", |all, value| put(&mut all.plan.qps, number(value)?)),
    setting("burst", |all, value| put(&mut all.plan.burst, number(value)?)),
    setting("require-sandbox", |all, value| put(&mut all.plan.require_sandbox, yes(value)?)),
    setting("engine", |all, value| {
        let engine = match value {
            "auto" => None,
            _ => Some(Engine::by_name(value).ok_or_else(engines)?),
        };
        put(&mut all.plan.engine, engine)
    }),
];

fn put<T>(place: &mut T, value: impl Into<T>) -> Result<(), String> {
    *place = value.into();
    Ok(())
}

fn add(list: &mut Vec<String>, value: &str) -> Result<(), String> {
    list.push(value.into());
    Ok(())
}

fn is<T, E: std::fmt::Display>(parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|why| why.to_string())
}

fn yes(value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

fn number(value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| "expected a whole number".into())
}

fn engines() -> String {
    let names: Vec<&str> = Engine::ALL.iter().map(|kind| kind.name()).collect();
    format!("possible values: auto, {}", names.join(", "))
}

/// Where the archive goes if no option says it, as on the command line.
const OUTPUT: &str = "wagather-{context}-{time}.tar.gz";

impl Settings {
    /// The defaults of the command line, without gatherers.
    pub(crate) fn new() -> Settings {
        let cluster = Box::<ClusterOptions>::default();
        let nobody = Isolation::Helper { program: PathBuf::new(), args: Vec::new() };
        Settings {
            helper: "host-min".into(),
            helper_args: Vec::new(),
            plan: Plan::new(Input::Cluster(cluster.clone()), Output::parse(OUTPUT), nobody),
            cluster,
            of_cluster: None,
            replay: None,
            from: None,
        }
    }

    /// Sets an option.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Failed> {
        let attempt = || format!("cannot set the option {name} of a plan");
        if name == "grant" {
            let grant = Grant::read(value.as_ref()).map_err(|failure| Failed::from(&failure))?;
            self.plan.grant = Some(Arc::new(grant));
            return Ok(());
        }
        let setting = SETTINGS.iter().find(|setting| setting.name == name).ok_or_else(|| {
            Failed::usage(
                attempt(),
                "there is no such option",
                "wagather.h lists the options of wagather_plan_set",
            )
        })?;
        // The value may be a token, so it is not repeated.
        (setting.set)(self, value)
            .map_err(|why| Failed::usage(attempt(), format!("its value is invalid: {why}"), ""))?;
        if setting.of_cluster {
            self.of_cluster = self.of_cluster.or(Some(setting.name));
        }
        Ok(())
    }

    /// Adds the modules at a path.
    pub(crate) fn add_file(&mut self, path: &str) -> Result<(), Failed> {
        self.plan.add_file(path).map_err(|failure| Failed::from(&failure))
    }

    /// Adds the gatherers of another plan.
    pub(crate) fn add_all(&mut self, other: Settings) {
        self.plan.guests.extend(other.plan.guests);
    }

    /// Adds a module.
    pub(crate) fn add_module(&mut self, label: String, module: Vec<u8>, signature: Option<Vec<u8>>) {
        self.plan.guests.push(Guest { label, module, signature });
    }

    /// The plan of a run.
    pub(crate) fn plan(&self) -> Result<Plan, Failed> {
        let conflict = |one: &str, other: &str| {
            let reason = format!("{one} cannot be used with {other}");
            let failure = Failure::new(Class::Config, "cannot run", reason);
            Failed { class: crate::failed::USAGE, ..Failed::from(&failure) }
        };
        let input = match (&self.replay, &self.from, self.of_cluster) {
            (Some(_), Some(_), _) => return Err(conflict("replay", "from")),
            (Some(_), _, Some(other)) => return Err(conflict("replay", other)),
            (_, Some(_), Some(other)) => return Err(conflict("from", other)),
            (Some(path), None, None) => Input::Recording(path.clone()),
            (None, Some(path), None) => Input::Archive(path.clone()),
            (None, None, _) => Input::Cluster(self.cluster.clone()),
        };
        let args = match &self.helper_args[..] {
            [] => vec!["sandbox".into()],
            args => args.to_vec(),
        };
        let isolation = Isolation::Helper { program: self.helper.clone(), args };
        let mut plan = self.plan.clone();
        (plan.input, plan.isolation) = (input, isolation);
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(options: &[(&str, &str)]) -> Result<Settings, String> {
        let mut settings = Settings::new();
        for (name, value) in options {
            settings.set(name, value).map_err(|failed| failed.text.to_string_lossy().into_owned())?;
        }
        Ok(settings)
    }

    fn plan(options: &[(&str, &str)]) -> Result<Plan, String> {
        with(options)?.plan().map_err(|failed| failed.text.to_string_lossy().into_owned())
    }

    #[test]
    fn options_are_those_of_the_header() {
        let header = include_str!("../include/wagather.h");
        let comment =
            header.split("wagather_plan_set(").next().and_then(|before| before.rsplit("/**").next());
        let rows = comment.expect("a comment").lines().filter_map(|line| line.strip_prefix(" *   "));
        let named: Vec<&str> =
            rows.filter_map(|row| row.split(' ').next()).filter(|name| !name.is_empty()).collect();
        let mut known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        known.insert(2, "grant");
        assert_eq!(named, known, "the header (left) and the table (right)");
    }

    #[test]
    fn values_arrive_in_the_plan() {
        let plan = plan(&[
            ("helper", "/opt/helper"),
            ("server", "http://127.0.0.1:1"),
            ("as-group", "a"),
            ("as-group", "b"),
            ("timeout", "1m30s"),
            ("memory", "2Mi"),
            ("param", "a=b=c"),
            ("output", "here.tar.gz"),
            ("overwrite", "true"),
            ("engine", "wasm3"),
            ("selector", "app=shop"),
            ("parallel", "3"),
        ])
        .expect("a plan");
        assert_eq!(
            plan.isolation,
            Isolation::Helper { program: "/opt/helper".into(), args: vec!["sandbox".into()] }
        );
        let Input::Cluster(cluster) = &plan.input else { panic!("not a cluster") };
        assert_eq!(cluster.server.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(cluster.as_groups, ["a", "b"]);
        assert_eq!((plan.timeout.as_secs(), plan.memory_bytes, plan.parallel), (90, 2 << 20, 3));
        assert_eq!((plan.params, plan.existing), (vec![("a".into(), "b=c".into())], Existing::Replace));
        assert_eq!(
            (plan.output, plan.engine),
            (Output::TarGz("here.tar.gz".into()), Engine::by_name("wasm3"))
        );
        assert_eq!(plan.narrowing.selector.as_deref(), Some("app=shop"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        for (name, value, reason) in [
            ("colour", "secret", "there is no such option"),
            ("overwrite", "secret", "expected true or false"),
            ("timeout", "secret", "expected a duration"),
            ("memory", "secret", "expected a size"),
            ("parallel", "secret", "expected a whole number"),
            ("param", "secret", "expected NAME=VALUE"),
            ("namespace", "Secret", "a namespace name consists of"),
            ("selector", "se cret", "is not a requirement"),
            ("obfuscate", "secret", "expected ip, mac"),
            ("compression", "secret", "possible values: auto"),
            ("engine", "secret", "possible values: auto, wasm3"),
            ("output", "-", "name a file or a folder"),
            ("output", "{secrets}", "unknown placeholder"),
        ] {
            let wrong = with(&[(name, value)]).err().unwrap_or_else(|| panic!("{name} accepts {value}"));
            assert!(wrong.contains(reason) && wrong.contains(name), "{wrong}");
        }
    }

    #[test]
    fn a_recording_has_no_cluster() {
        for (options, reason) in [
            ([("replay", "a.har"), ("from", "b")], "replay cannot be used with from"),
            ([("replay", "a.har"), ("token", "t")], "replay cannot be used with token"),
            ([("record", "a.har"), ("from", "b")], "from cannot be used with record"),
        ] {
            assert_eq!(plan(&options).err().expect("a conflict"), format!("cannot run: {reason}"));
        }
        assert!(matches!(plan(&[("replay", "a.har")]).expect("a plan").input, Input::Recording(_)));
    }
}
