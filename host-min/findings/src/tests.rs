use super::*;

fn all(json: &str) -> Result<(Vec<Finding>, Counts), String> {
    let mut found = Vec::new();
    let counts =
        read(json.as_bytes(), &mut |finding| found.push(finding)).map_err(|mistake| mistake.to_string())?;
    Ok((found, counts))
}

#[test]
fn findings_are_read_in_their_order_and_counted() {
    let (found, counts) = all(r#" {"later": [1], "findings": [
            {"severity":"error","code":"Degraded","object":{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperator","name":"dns"},
             "message":"it is\n\"down\"","since":"2026-01-02T03:04:05Z"},
            {"message":"","code":"a.b-c_1","severity":"info","other":{"x":[]}},
            {"severity":"warning","code":"Evicted","object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1","uid":"7"},"message":"m","since":"","properties":{"reason":"OOM"}}
        ]} "#)
    .expect("findings");
    assert_eq!(counts, Counts { error: 1, warning: 1, info: 1 });
    assert_eq!(counts.worst(), Some(Severity::Error));
    let shown: Vec<String> = found.iter().map(Finding::to_string).collect();
    assert_eq!(
        shown,
        [
            "ClusterOperator dns: Degraded: it is\n\"down\" (since 2026-01-02T03:04:05Z)",
            "a.b-c_1",
            "Pod shop/web-1: Evicted: m"
        ]
    );
    let written = serde_json::to_string(&found[2]).expect("JSON");
    assert_eq!(
        written,
        r#"{"severity":"warning","code":"Evicted","object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1"},"message":"m","properties":{"reason":"OOM"}}"#
    );
    assert_eq!(all(r#"{"findings":[]}"#), Ok((vec![], Counts::default())));
}

#[test]
fn a_mistake_has_a_place() {
    let good = r#"{"severity":"info","code":"A","message":"m"}"#;
    for (json, mistake) in [
        ("[]", "invalid type: sequence, expected an object with the member \"findings\""),
        ("{}", "missing field `findings`"),
        (r#"{"findings":[],"findings":[]}"#, "duplicate field `findings`"),
        (r#"{"findings":{}}"#, "expected an array of findings"),
        (r#"{"findings":[7]}"#, "findings[0]: invalid type: integer `7`, expected a finding"),
        (
            &format!(r#"{{"findings":[{good},{}]}}"#, good.replace("info", "fatal")),
            "findings[1].severity: 'fatal' is none of error, warning and info",
        ),
        (r#"{"findings":[{"code":"A","message":"m"}]}"#, "findings[0]: missing field `severity`"),
        (r#"{"findings":[{"severity":"info","message":"m"}]}"#, "findings[0]: missing field `code`"),
        (r#"{"findings":[{"severity":"info","code":"A"}]}"#, "findings[0]: missing field `message`"),
        (
            r#"{"findings":[{"severity":"info","code":"two words","message":"m"}]}"#,
            "findings[0].code: a code is a word",
        ),
        (r#"{"findings":[{"severity":"info","code":"","message":"m"}]}"#, "findings[0].code: a code is"),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":7}]}"#,
            "findings[0].message: invalid type: integer `7`, expected a string",
        ),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":"m","since":"today"}]}"#,
            "findings[0].since: it is no time",
        ),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":"m","object":"dns"}]}"#,
            "findings[0].object: invalid type: string \"dns\", expected an object",
        ),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":"m","object":{"kind":"Pod","name":"a"}}]}"#,
            "findings[0].object: missing field `apiVersion`",
        ),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":"m","object":{"apiVersion":"v1","kind":"Pod","name":[]}}]}"#,
            "findings[0].object.name: invalid type: sequence",
        ),
        (
            r#"{"findings":[{"severity":"info","code":"A","message":"m","properties":{"a":1}}]}"#,
            "findings[0].properties: invalid type: integer `1`",
        ),
        (&format!(r#"{{"findings":[{good}"#), "findings[1]: EOF while parsing a list"),
        (&format!(r#"{{"findings":[{good}]}} x"#), "trailing characters"),
        ("", "EOF while parsing a value"),
    ] {
        let error = all(json).expect_err(json);
        assert!(error.contains(mistake), "{json}: {error}");
    }
}
