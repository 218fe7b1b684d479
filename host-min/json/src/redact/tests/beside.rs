//! Values of objects whose name is not directly beside them, or has a meaning only there.

use super::*;

#[test]
fn values_of_objects_that_are_not_beside_their_name() {
    let r = REDACTED;
    for (json, redacted, kind) in [
        (
            r#"{"args":["--password","hunter","--user","--token","$(TOKEN)"]}"#,
            format!(r#"{{"args":["--password","{r}","--user","--token","$(TOKEN)"]}}"#),
            Kind::Env,
        ),
        (
            r#"{"command":["sh","-c","mysql --password hunter2 \u0026\u0026 echo \"--token 7\""]}"#,
            format!(r#"{{"command":["sh","-c","mysql --password {r} \u0026\u0026 echo \"--token {r}\""]}}"#),
            Kind::Env,
        ),
        (
            r#"{"data":{"a.yaml":"env:\n- name: \"API_TOKEN\"\n  value: hunter\n- name: X\n  value: y\n"}}"#,
            format!(
                r#"{{"data":{{"a.yaml":"env:\n- name: \"API_TOKEN\"\n  value: {r}\n- name: X\n  value: y\n"}}}}"#
            ),
            Kind::Env,
        ),
        (
            r#"{"m":"GET /b?a=1\u0026sig=AbCdEfGhIjKlMnOpQrStUvWxYz%3D\u0026se=2"}"#,
            format!(r#"{{"m":"GET /b?a=1\u0026sig={r}"}}"#),
            Kind::Env,
        ),
        (
            r#"{"m":"Set-Cookie: sid=0123456789\nHost: a"}"#,
            format!(r#"{{"m":"Set-Cookie: {r}\nHost: a"}}"#),
            Kind::Token,
        ),
        (r#"{"m":"Server=a;Uid=b;Pwd=c;x"}"#, format!(r#"{{"m":"Server=a;Uid=b;Pwd={r}"}}"#), Kind::Env),
    ] {
        let count = redacted.matches(r).count() as u64;
        becomes(json, &redacted, kind, count);
    }
}

/// The value of a member is a string, and a string that ends at a colon has no value.
#[test]
fn headers_without_a_value_leave_objects_whole() {
    for json in [
        r#"{"m":"fields:\nx-auth-token:\nauthorization:\n\tset-cookie:\ny"}"#,
        r#"{"args":["--header","x-auth-token:"],"b":"c"}"#,
        r#"{"args":["authorization: ","hunter2-hunter2"]}"#,
        r#"{"a":"my-key:\\","b":{"c":"d"}}"#,
        r#"{"api-key":{"name":"a","optional":true},"max-token":5,"b-token":[1,2],"c-token":null,"d-secret":""}"#,
        r#"{"a":"password='x","b":"it's"}"#,
    ] {
        stays(json);
    }
    becomes(
        r#"{"x-api-key":"hunter2","y-token":["a","b"],"m":"x-api-key: \"hunter2\""}"#,
        &format!(
            r#"{{"x-api-key":"{REDACTED}","y-token":["{REDACTED}","b"],"m":"x-api-key: \"{REDACTED}\""}}"#
        ),
        Kind::Token,
        3,
    );
}
