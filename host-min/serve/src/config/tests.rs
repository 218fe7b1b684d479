use super::*;

fn of(text: &str) -> Result<Config, Vec<String>> {
    let text = format!("apiVersion: wagather/v1\nkind: Service\n{text}");
    parse::config(&text, Path::new("/etc/wagather"))
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

#[test]
fn paths_are_relative_to_the_file_and_the_rest_has_defaults() {
    let config =
        of("grant: grant.yaml\ngatherers:\n- module: pods.wasm\n- module: oci://r/x:1\n- module: /abs")
            .unwrap();
    let modules: Vec<_> = config.gatherers.iter().map(|entry| entry.module.display().to_string()).collect();
    assert_eq!(modules, ["/etc/wagather/pods.wasm", "oci://r/x:1", "/abs"]);
    assert_eq!(config.grant, Some("/etc/wagather/grant.yaml".into()));
    assert_eq!(config.output.folder, Path::new("/etc/wagather/archives"));
    assert_eq!((config.parallel, config.output.keep), (DEFAULT_PARALLEL, DEFAULT_KEEP));
    assert_eq!(config.gatherers[0].concurrency, Concurrency::Forbid);
    assert!(matches!(config.input, Input::Cluster(_)));
}

#[test]
fn every_key_is_read() {
    let config = of("recording: r.har\noutput: {folder: out, keep: 3}\nparallel: 2\nrequireSandbox: true\ngrace: 5s\n\
        registry: {plainHTTP: true}\ngatherers:\n\
        - {module: a, grant: g, params: {n: v}, timeout: 1m, requestTimeout: 2s, memory: 2Mi, concurrencyPolicy: Replace}")
    .unwrap();
    assert!(matches!(&config.input, Input::Recording(path) if path == Path::new("/etc/wagather/r.har")));
    assert_eq!((config.output.folder.as_path(), config.output.keep), (Path::new("/etc/wagather/out"), 3));
    assert!(config.parallel == 2 && config.require_sandbox && config.registry.plain_http);
    assert_eq!(config.grace, Duration::from_secs(5));
    let entry = &config.gatherers[0];
    assert_eq!(entry.params, [("n".to_owned(), "v".to_owned())]);
    assert_eq!((entry.timeout, entry.request_timeout), (Duration::from_secs(60), Duration::from_secs(2)));
    assert_eq!((entry.memory_bytes, entry.concurrency), (2 << 20, Concurrency::Replace));
    let config =
        of("cluster: {server: 'https://h', tokenFile: t, as: me, asGroups: [g]}\ngatherers: [{module: a}]")
            .unwrap();
    let Input::Cluster(options) = config.input else { panic!("no cluster") };
    assert_eq!((options.server.as_deref(), options.as_user.as_deref()), (Some("https://h"), Some("me")));
    assert_eq!(options.token_file, Some("/etc/wagather/t".into()));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mistakes = of("gatherer: []\ngatherers:\n- modul: a\n- module: a\n  memory: 3\n  concurrencyPolicy: forbid\n  params: [1]\n\
        recording: a\ncluster: {token: secret}\nparallel: 0").unwrap_err();
    assert_eq!(
        mistakes,
        [
            "3:1: unknown key 'gatherer'; did you mean 'gatherers'?",
            "5:3: unknown key 'modul'; did you mean 'module'?",
            "7:11: memory cannot be '3': expected 64Ki to 4194240Ki",
            "8:22: concurrencyPolicy cannot be 'forbid': expected Forbid, Allow or Replace",
            "9:11: params must be a mapping, not a list",
            "10:12: responses come from a cluster or from a recording, not both",
            "11:11: unknown key 'token'; write the token into a file, and name it with 'tokenFile'",
            "12:11: parallel cannot be '0': expected a number from 1 to 256",
        ]
    );
    assert!(of("gatherers: []").unwrap_err()[0].contains("nothing would run"));
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let page = include_str!("../../../../docs/serve.md");
    let example =
        page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let config = parse::config(example, Path::new("/etc/wagather")).unwrap_or_else(|mistakes| {
        panic!("{:?}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())
    });
    assert_eq!(config.gatherers.len(), 3);
    let schedules: Vec<_> =
        config.gatherers.iter().map(|entry| entry.schedule.as_ref().map(ToString::to_string)).collect();
    assert_eq!(schedules, [None, Some("every 10m".into()), Some("30 3 * * mon-fri Europe/Berlin".into())]);
    assert_eq!(config.gatherers[2].starting_deadline, Some(Duration::from_secs(600)));
    assert!(config.gatherers[1].at_start && config.gatherers[1].dry_run && !config.gatherers[1].allow_more);
    let spool = config.delivery.and_then(|delivery| delivery.spool);
    assert_eq!(spool, Some(("/etc/wagather/spool".into(), 500 << 20)));
    assert_eq!(
        (config.output.keep_bytes, config.output.keep_age),
        (Some(500 << 20), Some(Duration::from_secs(7 * 86_400)))
    );
}

#[test]
fn mistakes_of_a_schedule_have_places() {
    let of = |schedule: &str| of(&format!("gatherers:\n- module: a\n  schedule: {schedule}")).unwrap_err();
    for (schedule, mistake) in [
        ("{}", "5:13: a schedule has 'every' or 'cron'"),
        ("{every: 1m, cron: '@daily'}", "5:31: a schedule has 'every' or 'cron', not both"),
        ("{every: 10ms}", "5:21: every cannot be '10ms': at least 1 s"),
        ("{every: 1m, jitter: 2m}", "5:33: the jitter is longer than the interval"),
        ("{every: 1m, timeZone: UTC}", "5:35: this is for 'cron'; an interval does without"),
        (
            "{cron: '* * *'}",
            "5:20: cron cannot be '* * *': expected five fields (minute, hour, day, month, weekday), not 3",
        ),
        (
            "{cron: '@daily', timeZone: Mars}",
            "5:40: there is no time zone 'Mars'; expected a name such as Europe/Berlin",
        ),
    ] {
        assert_eq!(of(schedule), [mistake], "{schedule}");
    }
}

/// A sum with a time would be beyond what clocks have, and end the service.
#[test]
fn a_duration_without_end_is_a_mistake() {
    let endless = u64::MAX;
    for (key, place) in [("grace", "3:8"), ("poll", "3:7")] {
        let mistakes = of(&format!("{key}: {endless}\ngatherers: [{{module: a}}]")).unwrap_err();
        assert_eq!(mistakes, [format!("{place}: {key} cannot be '{endless}': at most 8784 h")]);
    }
    let every = of(&format!("gatherers: [{{module: a, schedule: {{every: {endless}}}}}]")).unwrap_err();
    assert!(every[0].contains("at most 8784 h"), "{every:?}");
    of("grace: 8784h\ngatherers: [{module: a, schedule: {every: 8784h}}]").unwrap();
}
