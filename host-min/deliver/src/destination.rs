//! Where archives go: a URL with placeholders, and how the request looks.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Transport;
use crate::retry::Pace;
use wagather_base::error::{Class, Failure};
use wagather_base::file;
use wagather_base::percent;
use wagather_kube::cluster::upload::{Address, Uploader};

/// A URL in a file. Signed ones have some hundred bytes.
const MAX_URL_BYTES: u64 = 64 << 10;

/// A time that never ends, as far as a delivery can tell.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Where archives go, and how.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The URL.
    pub url: Url,
    /// The form to POST; without one, the archive is PUT.
    pub form: Option<Form>,
    /// A file with header fields. It is read again for each request.
    pub fields: Option<PathBuf>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long the waits between requests are.
    pub pace: Pace,
    /// How the server is reached.
    pub transport: Transport,
}

/// Where the URL is.
#[derive(Clone, Debug)]
pub enum Url {
    /// It was typed.
    Typed(Template),
    /// In the first line of a file, which is read again for each archive.
    File(PathBuf),
}

/// A form with one file (`multipart/form-data`, RFC 7578).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The field's name.
    pub field: String,
    /// The file's media type; otherwise that of a `.tar.gz`.
    pub media_type: Option<String>,
}

impl Form {
    /// Reads `FIELD` or `FIELD=MEDIA-TYPE`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(typed: &str) -> Result<Form, String> {
        let (field, media_type) = match typed.split_once('=') {
            Some((field, media_type)) => (field, Some(media_type)),
            None => (typed, None),
        };
        let is_plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if !is_plain(field) {
            return Err("expected FIELD or FIELD=MEDIA-TYPE; a field's name has no blanks and quotes".into());
        }
        if media_type.is_some_and(|text| {
            !text.contains('/') || !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        }) {
            return Err("expected FIELD=MEDIA-TYPE, such as file=application/gzip".into());
        }
        Ok(Form { field: field.into(), media_type: media_type.map(Into::into) })
    }
}

/// A URL with placeholders. Its query is sent as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    shown: String,
}

/// The query may be a credential.
impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Template {
    /// Reads a URL.
    ///
    /// # Errors
    /// Why it is none. The message repeats nothing that may be secret.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            rest = &rest[at..];
            let Some(known) = ["{name}", "{sha256}"].into_iter().find(|known| rest.starts_with(known)) else {
                return Err("it has an unknown placeholder; use {name} or {sha256}".into());
            };
            rest = &rest[known.len()..];
        }
        // As it is shown, the placeholders stay.
        let plain = text.replace("{name}", "(name)").replace("{sha256}", "(sha256)");
        let shown = Address::parse(&plain)?.shown();
        let shown = shown.replace("(name)", "{name}").replace("(sha256)", "{sha256}");
        Ok(Template { text: text.into(), shown })
    }

    /// The URL as it was written. Its query and its login may be credentials.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The URL as it may be shown.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// The URL as it may be shown for an archive. Without its checksum, that placeholder stays.
    fn shown_for(&self, name: &str, sha256: Option<&str>) -> String {
        let mut encoded = String::new();
        percent::encode(name, &mut encoded);
        let shown = self.shown.replace("{name}", &encoded);
        sha256.map_or_else(|| shown.clone(), |sha256| shown.replace("{sha256}", sha256))
    }

    /// Whether two archives would get the same URL.
    fn is_fixed(&self) -> bool {
        let path = self.text.split('?').next().unwrap_or_default();
        let has_path = path.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
        !self.text.contains("{name}") && !self.text.contains("{sha256}") && has_path && !path.ends_with('/')
    }

    /// The address for an archive. A PUT to a folder, which is a path that ends in a slash, goes to the archive's name in it.
    pub(crate) fn fill(&self, name: &str, sha256: &str, is_put: bool) -> Result<Address, String> {
        let mut encoded = String::new();
        percent::encode(name, &mut encoded);
        let mut text = self.text.replace("{name}", &encoded).replace("{sha256}", sha256);
        if is_put && text == self.text && !self.is_fixed() {
            let end = text.find('?').unwrap_or(text.len());
            let slash = if text[..end].ends_with('/') { "" } else { "/" };
            text.insert_str(end, &format!("{slash}{encoded}"));
        }
        Address::parse(&text)
    }
}

impl Destination {
    /// Finds what is wrong before anything is gathered. Reads no credential: where those are is only opened.
    ///
    /// # Errors
    /// [`Class::Config`].
    pub fn check(&self, several: bool) -> Result<(), Failure> {
        let fail = |path: &PathBuf, error| {
            Failure::new(Class::Config, format!("cannot read {}", path.display()), error)
        };
        let files = [self.fields.as_ref(), if let Url::File(path) = &self.url { Some(path) } else { None }];
        for path in files.into_iter().flatten() {
            file::Bounded::open(path, u64::MAX).map_err(|error| fail(path, error))?;
        }
        if let Url::Typed(template) = &self.url {
            self.check_several(template, several)?;
            let address = template.fill("name", "sha256", self.form.is_none());
            let address = address.map_err(|why| unusable(&self.shown(), why))?;
            Uploader::new(address, &self.transport)?;
        }
        Ok(())
    }

    /// What a person should know before an archive is sent.
    pub fn warning(&self) -> Option<String> {
        let template = self.template(Class::Delivery).ok()?;
        let host = template.shown.strip_prefix("http://")?.split('/').next().unwrap_or_default();
        (!is_here(host)).then(|| {
            let shown = self.shown();
            format!("{shown} has no TLS: others on the network can read what is sent")
        })
    }

    /// When the time for all of it is over.
    pub fn until(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now + LONGEST)
    }

    /// As it may be shown.
    pub fn shown(&self) -> String {
        match &self.url {
            Url::Typed(template) => template.shown.clone(),
            Url::File(path) => format!("the URL in {}", path.display()),
        }
    }

    /// As it may be shown for an archive, whose checksum may not be known.
    pub(crate) fn shown_for(&self, name: &str, sha256: Option<&str>) -> String {
        match &self.url {
            Url::Typed(template) => template.shown_for(name, sha256),
            Url::File(_) => self.shown(),
        }
    }

    /// The address for an archive; `several` says whether more than one may be sent.
    pub(crate) fn address(&self, name: &str, sha256: &str, several: bool) -> Result<Address, Failure> {
        let template = self.template(Class::Delivery)?;
        self.check_several(&template, several)?;
        template.fill(name, sha256, self.form.is_none()).map_err(|why| unusable(&template.shown, why))
    }

    /// The URL as it is now; `class` is that of a failure.
    pub(crate) fn template(&self, class: Class) -> Result<Template, Failure> {
        match &self.url {
            Url::Typed(template) => Ok(template.clone()),
            Url::File(path) => {
                let attempt = || format!("cannot use the URL in {}", path.display());
                let text = file::read_text(path, MAX_URL_BYTES)
                    .map_err(|error| Failure::new(class, attempt(), error))?;
                let line = text.lines().next().unwrap_or_default().trim();
                Template::parse(line).map_err(|why| Failure::new(class, attempt(), why))
            }
        }
    }

    /// Each PUT to one URL replaces what the one before it brought.
    pub(crate) fn check_several(&self, template: &Template, several: bool) -> Result<(), Failure> {
        if !several || self.form.is_some() || !template.is_fixed() {
            return Ok(());
        }
        let why = "it is the same for all archives, so each would replace the one before it";
        Err(unusable(&template.shown, why.into())
            .advise("put {name} or {sha256} into the URL, or let it end in a slash"))
    }
}

/// Whether a host, which may have a port, is this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

pub(crate) fn unusable(shown: &str, why: String) -> Failure {
    Failure::new(Class::Config, format!("cannot upload to {shown}"), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_folders_get_the_name() {
        for (text, is_put, target) in [
            ("https://h/a/", true, "/a/x%20y.tgz"),
            ("https://h/a/?sig=%2F", true, "/a/x%20y.tgz?sig=%2F"),
            ("https://h", true, "/x%20y.tgz"),
            ("https://h?a", true, "/x%20y.tgz?a"),
            ("https://h/a/", false, "/a/"),
            ("https://h/a", true, "/a"),
            ("https://h/{sha256}/{name}?n={name}", true, "/00ff/x%20y.tgz?n=x%20y.tgz"),
            ("https://h/?n={name}", false, "/?n=x%20y.tgz"),
        ] {
            let template = Template::parse(text).expect(text);
            let address = template.fill("x y.tgz", "00ff", is_put).expect(text);
            assert_eq!(address.target(), target, "{text}");
        }
        for (text, is_fixed) in
            [("https://h/a", true), ("https://h/a?b=/", true), ("https://h/", false), ("https://h", false)]
        {
            assert_eq!(Template::parse(text).expect(text).is_fixed(), is_fixed, "{text}");
        }
        assert!(Template::parse("https://h/{pod}").is_err() && Template::parse("https://h/{").is_err());
        let shown = format!("{:?}", Template::parse("https://u:hunter2@h/{name}?X=hunter2").expect("a URL"));
        assert_eq!(shown, "https://h/{name}");
    }

    #[test]
    fn a_url_is_shown_with_the_name_of_the_archive_and_without_secrets() {
        let template = Template::parse("https://u:hunter2@h/{sha256}/{name}?X={name}").expect("a URL");
        assert_eq!(template.shown_for("x y.tgz", Some("00ff")), "https://h/00ff/x%20y.tgz");
        assert_eq!(template.shown_for("{sha256}", None), "https://h/{sha256}/%7Bsha256%7D");
    }

    #[test]
    fn only_this_machine_is_reached_without_tls_unnoticed() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("url");
        let to = |url: Url| Destination {
            url,
            form: None,
            fields: None,
            timeout: Duration::MAX,
            pace: Pace::default(),
            transport: Transport::default(),
        };
        for (text, is_warned) in [
            ("http://localhost:8080/", false),
            ("HTTP://LOCALHOST/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]:1/", false),
            ("https://h/", false),
            ("http://h/", true),
            ("http://localhost.example.com/", true),
            ("http://127.example.com/", true),
            ("http://[::2]/", true),
        ] {
            let typed = to(Url::Typed(Template::parse(text).expect(text)));
            assert_eq!(typed.warning().is_some(), is_warned, "{text}");
            std::fs::write(&file, format!("{text}?sig=hunter2\n")).expect("a file");
            let warning = to(Url::File(file.clone())).warning();
            assert_eq!(warning.is_some(), is_warned, "{text} in a file");
            assert!(!warning.unwrap_or_default().contains("hunter2"));
            assert!(typed.until() > Instant::now());
        }
    }

    #[test]
    fn forms() {
        let form = |text: &str| Form::parse(text).ok();
        let of = |field: &str, media_type: Option<&str>| {
            Some(Form { field: field.into(), media_type: media_type.map(Into::into) })
        };
        assert_eq!(form("file"), of("file", None));
        assert_eq!(form("file=a/b; c=d"), of("file", Some("a/b; c=d")));
        for text in ["", "=a/b", "a b", "a\"", "a=b", "a=b/\n", "a\r\nb"] {
            assert_eq!(form(text), None, "{text:?}");
        }
    }
}
