//! A body as a recording may hold it: redacted like everything that leaves the host, and otherwise as the server sent it.
//!
//! A body in which nothing is to be redacted stays byte for byte what it was. Of a list that breaks off, the items that
//! are whole are kept; an object that breaks off is kept up to where something secret could be that only the rest would tell.

use std::io::{self, Read, Seek, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wagather_archive::{Spool, SpoolReader};
use wagather_base::limits::MAX_ITEM_BYTES;
use wagather_json::project::{ListReader, Node, ObjectReader};
use wagather_json::redact::{Counts, Holder, Redactor, Subject};

/// What became of a body.
pub(super) enum Redacted {
    /// Nothing of it is secret.
    Nothing(SpoolReader),
    /// This is left of it.
    Changed(Spool),
}

/// Redacts the body of an answer; the new one goes into a spool.
pub(super) fn redact(
    redactor: &Arc<Redactor>,
    path_and_query: &str,
    body: SpoolReader,
    spool: impl Fn() -> Spool,
) -> io::Result<Redacted> {
    let body = Shared(Arc::new(Mutex::new(body)));
    let subject = Subject::of_path(path_and_query);
    for form in [list, object, text] {
        let mut out = spool();
        let fits = form(redactor, subject, &body, &mut out)?;
        body.lock().rewind()?;
        match fits {
            Fits::Changed => return Ok(Redacted::Changed(out)),
            Fits::Unchanged => break,
            Fits::No => {}
        }
    }
    match Arc::try_unwrap(body.0) {
        Ok(body) => Ok(Redacted::Nothing(body.into_inner().unwrap_or_else(PoisonError::into_inner))),
        Err(_) => Err(io::Error::other("the body is still being read")),
    }
}

/// Whether a body has a form, and whether something of it was redacted.
enum Fits {
    No,
    Unchanged,
    Changed,
}

impl Fits {
    fn changed(counts: &Counts) -> Fits {
        if counts.total() > 0 { Fits::Changed } else { Fits::Unchanged }
    }
}

fn list(redactor: &Arc<Redactor>, subject: Subject, body: &Shared, out: &mut Spool) -> io::Result<Fits> {
    let (mut item, mut counts) = (Vec::new(), Counts::default());
    // What the list says of itself comes before its items, wherever it was, as whoever replays it reads it in that order.
    let mut page = ListReader::new(Box::new(body.clone()));
    while let Ok(Some(_)) = page.next_any(&Node::Drop, &mut item) {}
    let meta = page.meta().clone();
    body.lock().rewind()?;
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    write!(
        out,
        r#"{{"kind":{},"apiVersion":{},"metadata":{{"resourceVersion":{},"continue":{}}},"items":["#,
        quoted(&meta.kind),
        quoted(&meta.api_version),
        quoted(&meta.resource_version),
        quoted(&meta.next),
    )?;
    let mut page = ListReader::new(Box::new(body.clone()));
    let (mut items, mut odd_items) = (0u64, 0u64);
    loop {
        match page.next_any(&Node::Keep, &mut item) {
            Ok(Some((identity, odd))) => {
                if items > 0 {
                    out.write_all(b",")?;
                }
                items += 1;
                if odd.is_some() {
                    // It cannot be redacted, and it is skipped in a replay as it was in the run.
                    odd_items += 1;
                    out.write_all(b"null")?;
                    continue;
                }
                let holder = subject.holder_of_item(&meta.kind, &identity.kind);
                redactor.object(&mut item, holder, &mut counts);
                out.write_all(&item)?;
            }
            // What has no items may be anything.
            Ok(None) if items == 0 => return Ok(Fits::No),
            Ok(None) => break,
            Err(_) if items == 0 => return Ok(Fits::No),
            // It breaks off here too.
            Err(_) => return Ok(Fits::Changed),
        }
    }
    out.write_all(b"]}")?;
    Ok(if odd_items > 0 { Fits::Changed } else { Fits::changed(&counts) })
}

fn object(redactor: &Arc<Redactor>, subject: Subject, body: &Shared, out: &mut Spool) -> io::Result<Fits> {
    let (mut object, mut counts) = (Vec::new(), Counts::default());
    match ObjectReader::new(Box::new(body.clone())).read(&Node::Keep, &mut object) {
        Ok(identity) => {
            redactor.object(&mut object, subject.holder(&identity.kind), &mut counts);
            out.write_all(&object)?;
            Ok(Fits::changed(&counts))
        }
        Err(_) => {
            body.lock().rewind()?;
            let mut first = [0];
            let is_object = body.clone().read(&mut first)? == 1 && first[0] == b'{';
            body.lock().rewind()?;
            if is_object { broken(redactor, subject.holder(""), body, out) } else { Ok(Fits::No) }
        }
    }
}

/// Keys below which values are told by what is beside them, which cannot be relied on here.
const TELLING: [&[u8]; 4] = [b"\"env\"", b"\"data\"", b"\"stringData\"", b"last-applied-configuration\""];

/// What is no whole object is kept up to the first key that can hold what only its surroundings tell.
fn broken(redactor: &Arc<Redactor>, holder: Holder, body: &Shared, out: &mut Spool) -> io::Result<Fits> {
    let mut kept = Vec::new();
    body.clone().take(MAX_ITEM_BYTES as u64 + 1).read_to_end(&mut kept)?;
    let of_holder = holder.keys().map(|key| format!("\"{key}\"").into_bytes());
    let telling = TELLING.into_iter().map(<[u8]>::to_vec).chain(of_holder);
    let cut = telling.filter_map(|key| memchr::memmem::find(&kept, &key)).min();
    let cut = cut.or((kept.len() > MAX_ITEM_BYTES).then_some(MAX_ITEM_BYTES));
    kept.truncate(cut.unwrap_or(kept.len()));
    let mut text = redactor.body(Box::new(io::Cursor::new(kept)));
    io::copy(&mut text, out)?;
    Ok(if cut.is_some() { Fits::Changed } else { Fits::changed(&text.counts()) })
}

fn text(redactor: &Arc<Redactor>, _: Subject, body: &Shared, out: &mut Spool) -> io::Result<Fits> {
    let mut text = redactor.body(Box::new(body.clone()));
    io::copy(&mut text, out)?;
    Ok(Fits::changed(&text.counts()))
}

/// A body that is read several times.
#[derive(Clone)]
struct Shared(Arc<Mutex<SpoolReader>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SpoolReader> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_archive::Target;
    use wagather_json::redact::Rules;

    fn through(path: &str, body: &str) -> Option<String> {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Arc::new(Target::claim(&scratch.path().join("out"), "the recording").expect("free"));
        let mut original = Spool::new(&target, u64::MAX);
        original.write_all(body.as_bytes()).expect("room");
        let redactor = Arc::new(Redactor::new(&Rules::default()));
        let reader = original.into_reader().expect("a reader");
        match redact(&redactor, path, reader, || Spool::new(&target, u64::MAX)).expect("redacted") {
            Redacted::Nothing(mut same) => {
                let mut text = String::new();
                same.read_to_string(&mut text).expect("text");
                assert_eq!(text, body);
                None
            }
            Redacted::Changed(spool) => {
                let mut text = String::new();
                spool.into_reader().expect("a reader").read_to_string(&mut text).expect("text");
                Some(text)
            }
        }
    }

    const ENV: &str = r#"{"spec":{"containers":[{"env":[{"name":"DB_PASSWORD","value":"canary"}]}]}}"#;

    #[test]
    fn clients_and_tokens_of_openshift_come_without_their_secrets() {
        let client = r#"{"metadata":{"name":"console"},"secret":"canary-1","additionalSecrets":["canary-2","canary-3"],"redirectURIs":["https://x"]}"#;
        let token = r#"{"metadata":{"name":"canary-4"},"authorizeToken":"canary-5","refreshToken":"canary-6","userName":"u"}"#;
        for (path, object) in [
            ("/apis/oauth.openshift.io/v1/oauthclients", client),
            ("/oapi/v1/oauthclients", client),
            ("/apis/oauth.openshift.io/v1/oauthaccesstokens", token),
            ("/apis/oauth.openshift.io/v1/useroauthaccesstokens", token),
        ] {
            for (path, body) in [
                (path.to_owned(), format!(r#"{{"kind":"ThingList","metadata":{{}},"items":[{object}]}}"#)),
                (path.to_owned(), format!(r#"{{"items":[{object}],"kind":"List"}}"#)),
                (format!("{path}/x"), object.to_owned()),
                // What breaks off.
                (format!("{path}/x"), object[..object.len() - 1].to_owned()),
                (path.to_owned(), format!(r#"{{"items":[{}"#, &object[..object.len() - 1])),
            ] {
                let new = through(&path, &body).expect("changed");
                assert!(!new.contains("canary"), "{path}: {body}\nbecame\n{new}");
            }
        }
    }

    #[test]
    fn what_is_secret_is_replaced_and_the_rest_stays() {
        let list = format!(
            r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"7","continue":"abc"}},"items":[{ENV},{{"a":1}}]}}"#
        );
        let new = through("/api/v1/pods?limit=500", &list).expect("changed");
        let new: serde_json::Value = serde_json::from_str(&new).expect("JSON");
        assert!(!new.to_string().contains("canary"), "{new}");
        assert_eq!((&new["kind"], &new["metadata"]["continue"]), (&"PodList".into(), &"abc".into()));
        assert_eq!(new["items"][1]["a"], 1);
        let object = through("/api/v1/namespaces/a/pods/b", &ENV.replace(':', " : ")).expect("changed");
        assert!(!object.contains("canary"), "{object}");
        let log =
            through("/api/v1/namespaces/a/pods/b/log", "Authorization: Bearer canary-0123456789abcdef\n");
        assert!(!log.expect("changed").contains("canary"));
    }

    #[test]
    fn secrets_are_known_by_their_path() {
        let secret = r#"{"data":{"a":"Y2FuYXJ5"}}"#;
        let list = format!(r#"{{"kind":"ThingList","apiVersion":"v1","metadata":{{}},"items":[{secret}]}}"#);
        for path in ["/api/v1/secrets?limit=500", "/api/v1/namespaces/a/secrets"] {
            assert!(!through(path, &list).expect("changed").contains("Y2FuYXJ5"));
        }
        assert!(!through("/api/v1/namespaces/a/secrets/b", secret).expect("changed").contains("Y2FuYXJ5"));
        assert_eq!(through("/api/v1/configmaps", &list), None);
    }

    #[test]
    fn what_breaks_off_gives_nothing_away() {
        let list = format!(r#"{{"kind":"PodList","items":[{{"a":1}},{}"#, &ENV[..ENV.len() - 5]);
        let kept = through("/api/v1/pods", &list).expect("changed");
        assert!(kept.starts_with(r#"{"kind":"PodList","#) && kept.ends_with(r#""items":[{"a":1}"#), "{kept}");
        assert_eq!(
            through("/api/v1/namespaces/a/pods/b", &ENV[..ENV.len() - 5]).as_deref(),
            Some(r#"{"spec":{"containers":[{"#)
        );
        assert_eq!(through("/api/v1/namespaces/a/pods/b", "{\"a\": "), None);
        assert_eq!(through("/api/v1/pods", "<html>not this</html>"), None);
    }

    #[test]
    fn what_has_nothing_secret_stays_byte_for_byte() {
        for body in ["{ \"kind\" : \"PodList\", \"items\" : [ {} ] }\n", "{\"a\": 1}", "", "ok", "[1]"] {
            assert_eq!(through("/api/v1/pods", body), None, "{body}");
        }
    }
}
