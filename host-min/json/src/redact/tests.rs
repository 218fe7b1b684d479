//! Redaction as a whole: known answers for each kind, and what a mask may hide.

mod beside;
mod random;

use super::*;
use crate::project::{Node, ObjectReader};
use serde_json::Value;

const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl-_";
const SHA256: &str = "sha256~0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
const PEM: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\nabc==\n-----END RSA PRIVATE KEY-----";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n";

fn redactor() -> Redactor {
    Redactor::new(&Rules::default())
}

fn object_by(redactor: &Redactor, json: &str, secret: bool) -> (String, Counts) {
    let (mut bytes, mut counts) = (json.as_bytes().to_vec(), Counts::default());
    redactor.object(&mut bytes, secret, &mut counts);
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{json}\nbecame\n{text}");
    let mut again = text.clone().into_bytes();
    redactor.object(&mut again, secret, &mut Counts::default());
    assert_eq!(String::from_utf8_lossy(&again), text, "redacted twice");
    (text, counts)
}

fn object(json: &str) -> (String, Counts) {
    object_by(&redactor(), json, false)
}

fn becomes(json: &str, expected: &str, kind: Kind, count: u64) {
    let (text, mut counts) = object(json);
    assert_eq!(text, expected);
    assert_eq!((*counts.of(kind), counts.total()), (count, count), "{json}");
}

fn stays(json: &str) {
    becomes(json, json, Kind::Env, 0);
}

fn text(text: &str) -> String {
    let (mut text, mut counts) = (text.to_owned(), Counts::default());
    redactor().text(&mut text, &mut counts);
    text
}

/// As a server's encoder writes it into a string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn base64(text: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in text.chunks(3) {
        let word = group.iter().fold(0_usize, |word, &byte| word << 8 | usize::from(byte))
            << (8 * (3 - group.len()));
        for index in 0..4 {
            let sextet = ALPHABET[word >> (18 - 6 * index) & 63];
            out.push(if index <= group.len() { char::from(sextet) } else { '=' });
        }
    }
    out
}

#[test]
fn data_of_secrets() {
    let json = r#"{"metadata":{"name":"a"},"data":{"a":"c2VjcmV0","b":{"c":[1]},"d":7,"e":null},"stringData":{"f":"g"},"type":"Opaque"}"#;
    let (text, counts) = object_by(&redactor(), json, true);
    assert_eq!(
        text,
        r#"{"metadata":{"name":"a"},"data":{"a":"cmVkYWN0ZWQ=","b":"cmVkYWN0ZWQ=","d":"cmVkYWN0ZWQ=","e":null},"stringData":{"f":"<redacted>"},"type":"Opaque"}"#
    );
    assert_eq!(counts, Counts { secret_data: 4, ..Counts::default() });
    assert_eq!(object_by(&redactor(), r#"{"data":"x"}"#, true).0, r#"{"data":"cmVkYWN0ZWQ="}"#);
    assert_eq!(base64(b"redacted"), REDACTED_BASE64);
}

#[test]
fn embedded_secrets_in_any_order_and_string_data_anywhere() {
    let one = |inner: &str| {
        format!(r#"{{"kind":"Template","data":{{"x":"y"}},"objects":[1,{inner},{{"data":{{"x":"y"}}}}]}}"#)
    };
    for (before, after) in [
        (r#"{"kind":"Secret","data":{"a":"Yg=="}}"#, r#"{"kind":"Secret","data":{"a":"cmVkYWN0ZWQ="}}"#),
        (r#"{"data":{"a":"Yg=="},"kind":"Secret"}"#, r#"{"data":{"a":"cmVkYWN0ZWQ="},"kind":"Secret"}"#),
        (
            r#"{"d\u0061ta":{"a":"Yg=="},"kind":"S\u0065cret"}"#,
            r#"{"data":{"a":"cmVkYWN0ZWQ="},"kind":"Secret"}"#,
        ),
        (r#"{"kind":"X","stringData":{"a":"b"}}"#, r#"{"kind":"X","stringData":{"a":"<redacted>"}}"#),
        (r#"{"kind":"X","stringData":["a"]}"#, r#"{"kind":"X","stringData":"<redacted>"}"#),
    ] {
        becomes(&one(before), &one(after), Kind::SecretData, 1);
    }
    stays(r#"{"kind":"ConfigMap","data":{"a":"b"},"ref":{"kind":"Secret","name":"c"}}"#);
    stays(r#"{"a,\"stringData":{"a":"b"},"metadata":{"x":1}}"#);
}

#[test]
fn lists_of_secrets_wherever_they_are() {
    const BEFORE: &str = r#""items":[{"metadata":{"name":"a"},"data":{"a":"Yg=="}},[{"data":"x"}]]"#;
    const AFTER: &str =
        r#""items":[{"metadata":{"name":"a"},"data":{"a":"cmVkYWN0ZWQ="}},[{"data":"cmVkYWN0ZWQ="}]]"#;
    for around in [
        r#"{"kind":"SecretList",ITEMS}"#,
        r#"{ITEMS,"kind":"SecretList"}"#,
        r#"{"kind":"Bundle","items":[{"kind":"SecretList",ITEMS}],"data":{"x":"y"}}"#,
        r#"{"kind":"Bundle","parts":{"secrets":{"metadata":{},ITEMS,"kind":"SecretList"}}}"#,
        // A list within an item, whatever that says of itself.
        r#"{"items":[{"kind":"Bundle",ITEMS}],"kind":"SecretList"}"#,
        r#"{"data":null,ITEMS,"k\u0069nd":"SecretList"}"#,
    ] {
        let after = around.replace("ITEMS", AFTER).replace("\\u0069", "i");
        becomes(&around.replace("ITEMS", BEFORE), &after, Kind::SecretData, 2);
    }
    // By what was asked for, a list that does not say what it is.
    let (text, counts) = object_by(&redactor(), &format!("{{{BEFORE}}}"), true);
    assert_eq!((text, counts.secret_data), (format!("{{{AFTER}}}"), 2));
    stays(r#"{"kind":"ConfigMapList","items":[{"data":{"a":"b"}}],"of":{"kind":"SecretList","name":"x"}}"#);
    stays(r#"{"kind":"SecretListener","items":[{"data":{"a":"b"}}]}"#);
    stays(r#"{"kind":"Secret","spec":{"template":{"data":{"a":"b"}}}}"#);
}

#[test]
fn a_secret_shows_its_values_nowhere() {
    // As kapp, kopf, Rancher and others keep what was applied, and as nobody has yet.
    for (key, value) in [
        ("kapp.k14s.io/original", quoted(r#"{"data":{"p":"Y2FuYXJ5LXZhbHVl"}}"#)),
        ("kopf.zalando.org/last-handled-configuration", quoted(r#"{"stringData":{"p":"canary-value"}}"#)),
        ("banzaicloud.com/last-applied", quoted("UEsDBBQACAgIAAAAAAAAAAAAAAAAAA==")),
        (
            "objectset.rio.cattle.io/applied",
            quoted("H4sIAAAAAAAA/6pWSkksSVSyqlZKzkjMTU1RslIqSy3KTM1TqgUAAAD//w=="),
        ),
        ("anything.example.test/copy", "7".into()),
        ("kubectl.kubernetes.io/last-applied-configuration", quoted("canary-value")),
    ] {
        let secret = format!(r#"{{"kind":"Secret","metadata":{{"annotations":{{"{key}":{value}}}}}}}"#);
        for json in [secret.clone(), format!(r#"{{"kind":"Bundle","data":{{"a":"b"}},"parts":[{secret}]}}"#)]
        {
            let (text, counts) = object(&json);
            assert_eq!(text, json.replace(&value, "\"<redacted>\""));
            assert_eq!(counts.total(), 1);
        }
    }
    let kept = r#"{"kind":"Secret","metadata":{"annotations":{"cert-manager.io/issuer-name":"a","meta.helm.sh/release-name":"b"},"managedFields":[{"fieldsV1":{"f:data":{"f:p":{}}}}]}}"#;
    stays(kept);
    // What repeats a value is replaced, too, whatever its key.
    for value in ["canary-value", "is canary-value", "Y2FuYXJ5LXZhbHVl", "a\\\"Y2FuYXJ5LXZhbHVl"] {
        for (data, count) in
            [(r#""data":{"p":"Y2FuYXJ5LXZhbHVl"}"#, 2), (r#""stringData":{"p":"canary-value"}"#, 2)]
        {
            if data.contains("stringData") && value.contains("Y2Fu") {
                continue;
            }
            let json = format!(
                r#"{{{data},"kind":"Secret","metadata":{{"name":"canary-value","labels":{{"a":"{value}","b":"c"}}}},"x":["{value}"]}}"#
            );
            let (text, counts) = object(&json);
            assert!(text.contains(r#""labels":{"a":"<redacted>","b":"c"}},"x":["<redacted>"]"#), "{text}");
            assert_eq!(counts.secret_data, count + 1, "{text}");
        }
    }
    let rules = Rules { except: vec![Kind::SecretData, Kind::LastApplied], ..Rules::default() };
    let json = r#"{"kind":"Secret","metadata":{"annotations":{"a":"b"}},"data":{"p":"Y2FuYXJ5LXZhbHVl"}}"#;
    assert_eq!(object_by(&Redactor::new(&rules), json, true).0, json);
}

#[test]
fn a_secret_shows_its_values_in_no_encoding() {
    let value = "a/b \"c\"\n~>?d~>?e";
    let data = base64(value.as_bytes());
    let url = data.replace('+', "-").replace('/', "_");
    assert!(url != data && url.ends_with("=="), "{url}");
    for copy in [
        quoted(&data),
        quoted(data.trim_end_matches('=')),
        quoted(&url),
        quoted(&format!("https://a.example.test/?b={}&c", url.trim_end_matches('='))),
        quoted("https://a.example.test/a%2Fb%20%22c%22%0A~%3E%3Fd~%3E%3Fe/c"),
        quoted(&quoted(value)),
    ] {
        let json = format!(r#"{{"kind":"Secret","data":{{"p":"{data}"}},"status":{{"a":{copy},"b":"c"}}}}"#);
        let after = r#"{"kind":"Secret","data":{"p":"cmVkYWN0ZWQ="},"status":{"a":"<redacted>","b":"c"}}"#;
        becomes(&json, after, Kind::SecretData, 2);
    }
}

#[test]
fn a_secret_with_many_values_and_many_strings_takes_no_longer_than_others() {
    let secret = |values: usize, value: &dyn Fn(usize) -> String, others: usize| {
        let data = |number| format!("\"k{number}\":\"{}\"", base64(value(number).as_bytes()));
        let data: Vec<String> = (0..values).map(data).collect();
        let others: Vec<String> = (0..others).map(|number| format!("\"n{number}\"")).collect();
        let last = quoted(&format!("has {}", value(values - 1)));
        let (data, others) = (data.join(","), others.join(","));
        format!(r#"{{"kind":"Secret","data":{{{data}}},"status":[{others},{last}],"type":"a"}}"#)
    };
    let began = on_cpu();
    // Each string would be compared with each value.
    let (after, _) = object(&secret(4_000, &|number: usize| format!("value-{number:06}"), 20_000));
    let took = on_cpu() - began;
    assert!(took < std::time::Duration::from_secs(15), "{took:?}");
    assert!(after.contains("[\"n0\",\"n1\",") && after.ends_with(r#","<redacted>"],"type":"a"}"#));
    // There was too much to compare: what was not looked at is not shown.
    assert!(!after.contains("n19999"));
    // With more values than are looked for, it does not matter which ones are too short for that.
    let value = |number: usize| if number < 10_000 { "a".to_owned() } else { "hunter2-hunter2".to_owned() };
    let (after, _) = object(&secret(10_001, &value, 1));
    assert!(
        after.ends_with(r#""status":["<redacted>","<redacted>"],"type":"a"}"#),
        "{}",
        &after[after.len() - 99..]
    );
}

#[test]
fn lists_within_lists_take_no_longer_than_they_nest() {
    let depth = wagather_base::limits::MAX_JSON_DEPTH / 2 - 4;
    let inner = r#"{"data":{"a":"b"}}"#;
    let mut json = format!("{}{inner}", r#"{"items":["#.repeat(depth));
    json += &r#"],"items":[],"data":null,"kind":"SecretList"}"#.repeat(depth);
    let began = std::time::Instant::now();
    let (text, counts) = object_by(&redactor(), &json, false);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(text.contains("cmVkYWN0ZWQ=") && counts.secret_data == 1, "{counts:?}");
}

#[test]
fn variables_by_name() {
    let list = |inner: &str| format!(r#"{{"spec":{{"containers":[{{"env":[{inner}],"x":{{}}}}]}}}}"#);
    for (before, after) in [
        (r#"{"name":"DB_PASSWORD","value":"a\"]}"}"#, r#"{"name":"DB_PASSWORD","value":"<redacted>"}"#),
        (r#"{"value":"a","name":"db_password"}"#, r#"{"value":"<redacted>","name":"db_password"}"#),
        (r#"{"name":"API\u005fKEY","value":12}"#, r#"{"name":"API_KEY","value":"<redacted>"}"#),
        (
            r#"{"n\u0061me":"PORT","value":"1"},{"value":"a"}"#,
            r#"{"name":"PORT","value":"1"},{"value":"<redacted>"}"#,
        ),
        (r#"{"name":null,"value":"a"}"#, r#"{"name":null,"value":"<redacted>"}"#),
        (
            r#"{"name":"A","value":"b"},[{"name":"TOKEN","value":"c"}]"#,
            r#"{"name":"A","value":"b"},[{"name":"TOKEN","value":"<redacted>"}]"#,
        ),
    ] {
        becomes(&list(before), &list(after), Kind::Env, 1);
    }
    stays(&list(
        r#"{"name":"PATH","value":"/bin"},{"name":"API_KEY","valueFrom":{"secretKeyRef":{"name":"a","key":"value"}}},7,"a""#,
    ));
    stays(r#"{"env":"x","a":{"env":null},"b":{"env":[]},"c,\"env":[{"value":"1"}]}"#);
    becomes(
        r#"{"env":{"DB_PASSWORD":"a","PORT":"1","TOKEN":{"valueFrom":{"x":1}},"SECRET":{"value":"b"}}}"#,
        r#"{"env":{"DB_PASSWORD":"<redacted>","PORT":"1","TOKEN":{"valueFrom":{"x":1}},"SECRET":"<redacted>"}}"#,
        Kind::Env,
        2,
    );
    becomes(
        r#"{"env":{"TOKEN":{"valueFrom":{},"value":"a"}}}"#,
        r#"{"env":{"TOKEN":"<redacted>"}}"#,
        Kind::Env,
        1,
    );
}

#[test]
fn a_mask_hides_nothing_from_redaction() {
    let text = r#"{"kind":"X","spec":{"containers":[{"env":[{"name":"PASSWORD","value":"canary-1"}]}]},
        "objects":[{"kind":"Secret","data":{"a":"canary-2"},"stringData":{"a":"canary-3"}},{"data":{"a":"canary-4"},"kind":"Secret"}],
        "parts":[{"kind":"Secret","metadata":{"annotations":{"a":"canary-6"}}},{"metadata":{"annotations":{"a":"canary-7"}},"kind":"Secret"}],
        "metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"canary-5"}}}"#;
    for mask in [
        "*",
        "spec(containers(env(value)))",
        "spec(containers(env(value,name(x))))",
        "spec(*(*(value)))",
        "objects(data)",
        "objects(data,kind(x))",
        "objects(data(a),stringData(a))",
        "objects(*(a))",
        "metadata(annotations(*))",
        "parts(metadata)",
        "parts(metadata(annotations))",
        "parts(metadata(annotations(a)),kind(x))",
        "parts(*(*(a)))",
    ] {
        let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
        let mut out = Vec::new();
        reader.read(&Node::parse(mask).expect(mask), &mut out).expect(mask);
        let kept = String::from_utf8(out).expect("UTF-8");
        assert!(kept.contains("canary"), "{mask} keeps nothing secret: {kept}");
        let (redacted, _) = object(&kept);
        assert!(!redacted.contains("canary"), "{mask}: {redacted}");
    }
}

#[test]
fn the_last_applied_configuration() {
    becomes(
        r#"{"a":{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":\"b\"}\n","b":"c"}}"#,
        r#"{"a":{"kubectl.kubernetes.io/last-applied-configuration":"<redacted>","b":"c"}}"#,
        Kind::LastApplied,
        1,
    );
    stays(r#"{"a":"kubectl.kubernetes.io/last-applied-configuration"}"#);
}

#[test]
fn tokens() {
    let glpat = format!("glpat-{}", "a1".repeat(10));
    let ghp = format!("ghp_{}", "a1".repeat(18));
    let github_pat = format!("github_pat_{}", "a_".repeat(20));
    for (before, after) in [
        ("Authorization: Bearer abc.def/ghi+~_-==, x", "Authorization: Bearer <redacted>, x"),
        ("bEARER  a\n", "bEARER  <redacted>\n"),
        ("a bearer token is due", "a bearer token is due"),
        ("Bearer token.", "Bearer token."),
        ("Bearer realm=\"x\"", "Bearer realm=\"x\""),
        ("Bearer <redacted>", "Bearer <redacted>"),
        ("Bearer ", "Bearer "),
        ("Basic dXNlcjpwYXNzd29yZA==.", "Basic <redacted>."),
        ("Basic authentication", "Basic authentication"),
        (&*format!("token={JWT}."), "token=<redacted>."),
        (&*format!("{JWT}.four.five "), "<redacted> "),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ. ", "<redacted> "),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ ", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ "),
        ("eyJ eyJ. eyJ.. eyJ..a", "eyJ eyJ. eyJ.. eyJ..a"),
        (&*format!("({SHA256})"), "(<redacted>)"),
        (
            "sha256~short sha256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
            "sha256~short sha256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
        ),
        (&*format!("{glpat} {ghp} {github_pat}!"), "<redacted> <redacted> <redacted>!"),
        ("glpat-short highp_", "glpat-short highp_"),
        ("é Bearer aé", "é Bearer <redacted>é"),
    ] {
        assert_eq!(text(before), after);
        let escaped_after = format!("{{\"a\":{}}}", quoted(after));
        assert_eq!(object(&format!("{{\"a\":{}}}", quoted(before))).0, escaped_after);
    }
    for (prefix, class, least) in tokens::FORMS {
        let rest = if bytes::is(b'a', *class) { "a" } else { "A" }.repeat(*least);
        assert_eq!(text(&format!("x {prefix}{rest}")), "x <redacted>");
        let short = format!("x {prefix}{} ", &rest[1..]);
        assert_eq!(text(&short), short);
    }
    // What belongs to an escape is neither a token's beginning nor cut.
    stays(r#"{"a":"\u000eyJhbGciOiJ.b.c"}"#);
    becomes(r#"{"a":"\\u000eyJhbGciOiJ.b.c"}"#, r#"{"a":"\\u000<redacted>"}"#, Kind::Token, 1);
    becomes(r#"{"a":"Bearer abc\u0026x\n"}"#, r#"{"a":"Bearer <redacted>\u0026x\n"}"#, Kind::Token, 1);
    becomes(r#"{"a":"B\u0065arer abc"}"#, r#"{"a":"Bearer <redacted>"}"#, Kind::Token, 1);
}

/// As a text, as a string of an object, and as a string in a string.
fn hides_everywhere(before: &str, secret: &str) {
    let after = before.replace(secret, REDACTED);
    assert_eq!(text(before), after);
    for (before, after) in
        [(quoted(before), quoted(&after)), (quoted(&quoted(before)), quoted(&quoted(&after)))]
    {
        assert_eq!(object(&format!("{{\"a\":{before}}}")).0, format!("{{\"a\":{after}}}"));
    }
}

#[test]
fn bearers_however_the_blank_is_written() {
    for before in ["Bearer\t", "Authorization: Bearer  ", "Bearer%20", "Authorization%3A+Bearer+", "bearer+"]
    {
        hides_everywhere(&format!("a {before}0aB1cD2eF3gH4iJ5kL6 b"), "0aB1cD2eF3gH4iJ5kL6");
    }
}

#[test]
fn bootstrap_tokens() {
    const TOKEN: &str = "abcdef.0123456789abcdef";
    for before in ["kubeadm join a:6443 --token ", "--token=", "- token: ", "TOKEN: \"", "{\"token\": \""] {
        hides_everywhere(&format!("{before}{TOKEN}\" --discovery-token-ca-cert-hash sha256:ab"), TOKEN);
    }
    for other in [
        // The names of events.
        "abcdef.0123456789abcdef",
        "tokens abcdef.0123456789abcdef",
        "token abcdef.0123456789abcdef01",
        "token abcdef.0123456789abcdef.svc",
        "token Abcdef.0123456789abcdef",
        "tokenabcdef.0123456789abcdef",
        "token ä.0123456789abcdef",
    ] {
        assert_eq!(text(other), other);
    }
}

#[test]
fn users_of_kubeconfigs_in_yaml() {
    let certificate = format!("    client-certificate-data: {}\n", "A".repeat(4000));
    for (between, key) in [
        ("", "token"),
        (certificate.as_str(), "password"),
        ("    auth-provider:\n      config:\n    ", "id-token"),
    ] {
        let before = format!(
            "kind: Config\nusers:\n- name: a\n  user:\n{between}    {key}: hunter2-hunter2\n- name: b\n"
        );
        hides_everywhere(&before, "hunter2-hunter2");
        hides_everywhere(&before.replace(": hunter2-hunter2", ": 'hunter2 hunter2'"), "hunter2 hunter2");
    }
    let base64 = base64(b"apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: hunter2\n");
    becomes(&format!("{{\"a\":\"{base64}\"}}"), r#"{"a":"cmVkYWN0ZWQ="}"#, Kind::Token, 1);
    for other in [
        "token: hunter2",
        "the user: bob\ntoken: hunter2",
        "user:\n  token: <redacted>\n  password: null\n",
        "user:\n  the token: expired\n",
        "user:\n  token:\n    name: a\n",
    ] {
        assert_eq!(text(other), other);
    }
    let far = format!("user:\n{}token: hunter2", "a: b\n".repeat(4000));
    assert_eq!(text(&far), far);
}

#[test]
fn values_with_a_name_beside_them() {
    for (before, after) in [
        (
            r#"{"httpHeaders":[{"name":"X-Api-Key","value":"hunter2"},{"name":"Authorization","value":"hunter2"}]}"#,
            r#"{"httpHeaders":[{"name":"X-Api-Key","value":"<redacted>"},{"name":"Authorization","value":"<redacted>"}]}"#,
        ),
        (
            r#"{"parameters":[{"value":"hunter2","name":"DB_PASSWORD"},{"description":"a","name":"API_TOKEN","value":"hunter2"}]}"#,
            r#"{"parameters":[{"value":"<redacted>","name":"DB_PASSWORD"},{"description":"a","name":"API_TOKEN","value":"<redacted>"}]}"#,
        ),
    ] {
        becomes(before, after, Kind::Env, 2);
    }
    for other in [
        r#"{"parameters":[{"name":"REPLICAS","value":"3"},{"name":"DB_PASSWORD","value":"${DB_PASSWORD}"}]}"#,
        r#"{"a":[{"name":"SECRET_NAME","value":"b"},{"name":"PASSWORD","other":"a","value":"b"},{"value":"c"}]}"#,
        r#"{"a":{"value":"b"},"name":"PASSWORD"}"#,
        r#"{"PASSWORD":"a","value":"b"}"#,
        r#"{"name":"a\"PASSWORD","value":"b"}"#,
    ] {
        stays(other);
    }
}

#[test]
fn a_template_ends_where_its_text_does() {
    for (json, redacted) in [
        (r#"{"m":"token={{ .Token }} x"}"#, r#"{"m":"token={{ .Token }} x"}"#),
        (r#"{"m":"token={{abcdef123456"}"#, r#"{"m":"token=<redacted>"}"#),
        (r#"{"a":[{"m":"token={{abcdef123456"}],"b":"}}"}"#, r#"{"a":[{"m":"token=<redacted>"}],"b":"}}"}"#),
        (r#"{"a":{"m":"token={{abcdef123456"}}"#, r#"{"a":{"m":"token=<redacted>"}}"#),
    ] {
        assert_eq!(object(json).0, redacted, "{json}");
    }
}

#[test]
fn private_keys() {
    let certificate = CERTIFICATE;
    for (before, after) in [
        (format!("{certificate}{PEM}\n{certificate}"), format!("{certificate}<redacted>\n{certificate}")),
        (format!("a {PEM} b {PEM}"), "a <redacted> b <redacted>".into()),
        ("a -----BEGIN PRIVATE KEY-----\nabc".into(), "a <redacted>".into()),
        (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\na\n-----END PGP PRIVATE KEY BLOCK-----!".into(),
            "<redacted>!".into(),
        ),
        (certificate.into(), certificate.into()),
        (
            "-----BEGIN PUBLIC KEY-----\n a PRIVATE KEY-----".into(),
            "-----BEGIN PUBLIC KEY-----\n a PRIVATE KEY-----".into(),
        ),
    ] {
        assert_eq!(text(&before), after);
        let json = |text: &str| format!("{{\"a\":{},\"b\":1}}", quoted(text));
        assert_eq!(object(&json(&before)).0, json(&after));
    }
}

#[test]
fn private_keys_in_base64() {
    for lead in ["", "\n", "ab", CERTIFICATE] {
        let key = base64(format!("{lead}{PEM}\n").as_bytes());
        assert_eq!(text(&format!("key: {key}, x")), "key: cmVkYWN0ZWQ=, x", "{lead:?}");
        assert_eq!(object(&format!("{{\"a\":\"\\n{key}\\u003c\"}}")).0, r#"{"a":"\ncmVkYWN0ZWQ=\u003c"}"#);
        assert_eq!(object(&format!("{{\"a\":\"\\u003c{key}\"}}")).0, r#"{"a":"\u003ccmVkYWN0ZWQ="}"#);
        let lines: Vec<&str> =
            (0..key.len()).step_by(76).map(|at| &key[at..key.len().min(at + 76)]).collect();
        if lead != CERTIFICATE {
            assert_eq!(text(&format!("{}\nx y", lines.join("\n"))), "cmVkYWN0ZWQ=\nx y");
            let json = format!("{{\"a\":{}}}", quoted(&lines.join("\r\n")));
            assert_eq!(object(&json).0, r#"{"a":"cmVkYWN0ZWQ="}"#);
        }
    }
    let certificate = base64(CERTIFICATE.as_bytes());
    stays(&format!("{{\"caBundle\":\"{certificate}\"}}"));
}

#[test]
fn credentials_in_urls() {
    for (before, after) in [
        ("postgres://user:p@ss@host:5432/db", "postgres://<redacted>@host:5432/db"),
        ("at https://token@host.", "at https://<redacted>@host."),
        (
            "a://b/c@d a://b?c@d a://b#c@d a://b c@d a://\"b@c\" a://@b",
            "a://b/c@d a://b?c@d a://b#c@d a://b c@d a://\"b@c\" a://@b",
        ),
        ("mail a@b.c, http://a", "mail a@b.c, http://a"),
        ("http://CORP\\nancy:pw@proxy", "http://<redacted>@proxy"),
        ("http://<redacted>@h", "http://<redacted>@h"),
        (
            "docker-pullable://nginx@sha256:0123456789abcdef0123456789abcdef",
            "docker-pullable://nginx@sha256:0123456789abcdef0123456789abcdef",
        ),
    ] {
        assert_eq!(text(before), after);
        let json = |text: &str| format!("{{\"a\":{}}}", quoted(text));
        assert_eq!(object(&json(before)).0, json(after));
    }
    becomes(
        r#"{"a":"http://u:a\u0026b\u003c@h","b":"@"}"#,
        r#"{"a":"http://<redacted>@h","b":"@"}"#,
        Kind::UrlCredentials,
        1,
    );
    becomes(r#"{"a":"http:\/\/u:a@h\/"}"#, r#"{"a":"http://<redacted>@h/"}"#, Kind::UrlCredentials, 1);
    assert_eq!(text(r#"{"a":"http:\/\/u:a@h"}"#), r#"{"a":"http:\/\/<redacted>@h"}"#);
    stays(r#"{"a":"http://h\nx@y","b":"http://h","c":"@"}"#);
}

#[test]
fn rules_add_and_except() {
    let rules = Rules {
        env: vec!["my_*".into()],
        tokens: vec!["corp-".into(), "k<y>".into(), "abc".into(), "e\\u0".into()],
        except: vec![],
    };
    let json = r#"{"env":[{"name":"MY_x","value":"1"}],"a":"corp-77 k\u003cy\u003ez k<y>1 abcd"}"#;
    let expected =
        r#"{"env":[{"name":"MY_x","value":"<redacted>"}],"a":"<redacted> <redacted> <redacted> abcd"}"#;
    assert_eq!(object_by(&Redactor::new(&rules), json, false).0, expected);

    let json = format!(
        r#"{{"data":{{"a":"b"}},"env":[{{"name":"TOKEN","value":"c"}}],"b":["Bearer d",{},"a://b@c"],"c":{{"kubectl.kubernetes.io/last-applied-configuration":"e"}}}}"#,
        quoted(PEM)
    );
    let (_, all) = object_by(&redactor(), &json, true);
    for kind in Kind::ALL {
        let rules = Rules { except: vec![kind], ..Rules::default() };
        let (_, mut counts) = object_by(&Redactor::new(&rules), &json, true);
        assert_eq!((*counts.of(kind), counts.total()), (0, all.total() - 1), "{kind:?}");
        assert_eq!(Kind::by_name(kind.name()), Some(kind));
        assert_eq!(serde_json::to_value(all).expect("JSON")[kind.name()], 1, "{kind:?}");
    }
    let rules = Rules { except: Kind::ALL.to_vec(), ..Rules::default() };
    assert_eq!(object_by(&Redactor::new(&rules), &json, true).0, json);
    assert_eq!(Kind::by_name("other"), None);
}

/// How long this thread had a processor: other work on the machine does not count.
fn on_cpu() -> std::time::Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a thread's time");
    let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
    std::time::Duration::from_nanos(nanos.expect("nanoseconds"))
}

#[test]
fn bearers_within_a_token_are_a_part_of_it() {
    for (before, after) in [
        ("Bearer a+bearer+hunter2 b", "Bearer <redacted> b"),
        (
            "bearer+bearer+hunter2 bearer+token, Bearer 0a1B",
            "bearer+<redacted> bearer+token, Bearer <redacted>",
        ),
    ] {
        assert_eq!(text(before), after);
    }
    // What is not linear would take a minute.
    let mut long = "bearer+".repeat(40_000);
    let began = on_cpu();
    redactor().text(&mut long, &mut Counts::default());
    let took = on_cpu() - began;
    assert_eq!(long, "bearer+<redacted>");
    assert!(took < std::time::Duration::from_secs(8), "{took:?}");
}

/// The time is linear in what a server can send, whatever it is. Without optimisation 64 KB take a second; what is not linear, a minute.
#[test]
fn no_text_takes_long() {
    let brackets = format!("{}{} ", "TOKEN=".repeat(340), ")".repeat(2050));
    for piece in [
        brackets.as_str(),
        "\"kind\":\"Secret\",",
        "{\"kind\":\"Secret\",\"a\":",
        "\nkind: Secret",
        "  kind: Secret\n",
        "http://a:b@",
        "ghp_",
        "eyJh.",
        "data:,",
        "data:;base64,",
        "H4sI",
        "\\\":",
        "a=",
        "Bearer ",
        "-token:",
        "authorization:",
        "{\"data\":{\"a\":",
        "@tcp(",
        ".atlasv1.",
        "password=\"",
        "\"auth\":\"",
    ] {
        let text = piece.repeat((64 << 10) / piece.len());
        let began = on_cpu();
        let mut plain = text.clone();
        redactor().text(&mut plain, &mut Counts::default());
        let mut json = format!("{{\"a\":{}}}", quoted(&text)).into_bytes();
        redactor().object(&mut json, false, &mut Counts::default());
        let took = on_cpu() - began;
        assert!(took < std::time::Duration::from_secs(8), "{piece}: {took:?}");
    }
}

#[test]
fn the_documentation_lists_what_is_built_in() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redaction.md"));
    let listed = |mark: &str| -> Vec<String> {
        let part = page.split(&format!("<!-- {mark} -->")).nth(1).expect(mark);
        part.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    assert_eq!(listed("env"), names::BUILT_IN);
    assert_eq!(listed("harmless"), names::HARMLESS);
    assert_eq!(listed("annotations"), annotations::HARMLESS);
    let prefixes: Vec<String> = tokens::FORMS.iter().map(|(prefix, ..)| (*prefix).to_owned()).collect();
    assert_eq!(listed("tokens"), prefixes);
    assert_eq!(listed("kinds"), Kind::ALL.map(Kind::name));
}

#[test]
fn clients_and_tokens_of_openshift() {
    let redacted = |json: &str, holder: Holder| {
        let (mut bytes, mut counts) = (json.as_bytes().to_vec(), Counts::default());
        redactor().object(&mut bytes, holder, &mut counts);
        (String::from_utf8(bytes).expect("UTF-8"), counts.secret_data, counts.tokens)
    };
    let client = r#"{"secret":"s1","additionalSecrets":["s2","s3"],"metadata":{"annotations":{"copy":"x"},"name":"c"},"grantMethod":"auto","spec":{"secret":"stays"}}"#;
    let (text, data, _) = redacted(client, Holder::OAuthClient);
    assert_eq!(
        text,
        r#"{"secret":"<redacted>","additionalSecrets":["<redacted>","<redacted>"],"metadata":{"annotations":{"copy":"<redacted>"},"name":"c"},"grantMethod":"auto","spec":{"secret":"stays"}}"#
    );
    assert_eq!(data, 4);
    assert_eq!(redacted(&text, Holder::OAuthClient), (text.clone(), 0, 0), "redacted twice");
    let repeats = r#"{"respawnURL":"a?secret=c0rrect-horse","secret":"c0rrect-horse"}"#;
    assert!(!redacted(repeats, Holder::OAuthClient).0.contains("c0rrect"));
    assert_eq!(
        redacted(client, Holder::Other),
        (client.to_owned(), 0, 0),
        "what is no client may have a secret"
    );
    // As servers omit them, or say nothing.
    for none in
        [r#"{"secret":null,"additionalSecrets":null}"#, r#"{"additionalSecrets":[]}"#, "{}", "7", "[]"]
    {
        assert_eq!(redacted(none, Holder::OAuthClient), (none.to_owned(), 0, 0));
    }
    for odd in
        [r#"{"secret":{"a":"s1"}}"#, r#"{"additionalSecrets":"s1"}"#, r#"{"additionalSecrets":[["s1"]]}"#]
    {
        assert!(!redacted(odd, Holder::OAuthClient).0.contains("s1"), "{odd}");
    }
    let token = r#"{"metadata":{"name":"NAME"},"authorizeToken":"a1","refreshToken":"r1","userName":"u"}"#;
    let expected = r#"{"metadata":{"name":"<redacted>"},"authorizeToken":"<redacted>","refreshToken":"<redacted>","userName":"u"}"#;
    assert_eq!(redacted(token, Holder::OAuthToken), (expected.to_owned(), 2, 1));
    // A hash has the form of a token, and is redacted as one in a text.
    assert_eq!(redacted(&token.replace("NAME", SHA256), Holder::OAuthToken).0, expected);
    let mut rules = Rules::default();
    rules.except.push(Kind::SecretData);
    let mut bytes = client.as_bytes().to_vec();
    Redactor::new(&rules).object(&mut bytes, Holder::OAuthClient, &mut Counts::default());
    assert_eq!(bytes, client.as_bytes());
}
