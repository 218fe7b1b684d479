//! Delivery: what its options mean, and what is done with archives.

use crate::display::{Display, Event, Subject};
use crate::ending::fail_with;
use crate::typed::{Words, Wrong};
use crate::values::{one, wrong};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use wagather_archive::{ENCRYPTED_SUFFIX, Output};
use wagather_base::error::{Class, Failure, Result};
use wagather_deliver::{Destination, Form, Keep, Pace, Spool, Step, Template, Transport, Url, keep, send};
use wagather_policy::quantity::{duration, size};

/// The name of an archive that is only in the spool. Pods may share one.
const SPOOLED: &str = "wagather-{context}-{pod}-{time}.tar.gz";

/// Options that say how to upload.
const OF_UPLOAD: &[&str] = &["upload-form", "upload-headers", "upload-ca", "upload-timeout"];

/// What becomes of archives.
#[derive(Debug, Default)]
pub struct Delivery {
    to: Option<Destination>,
    spool: Option<(PathBuf, u64)>,
    keep: Option<Retention>,
}

/// Which archives stay where.
#[derive(Debug)]
struct Retention {
    folder: PathBuf,
    /// The file's name, with placeholders.
    template: String,
    most: Keep,
}

/// Where a run writes its archive: as typed, else into the spool, else by the default.
pub fn output(words: &Words) -> OsString {
    if words.all("output").next().is_some() {
        return words.one("output").unwrap_or_default();
    }
    let mut output = match words.one("spool") {
        Some(spool) => PathBuf::from(spool).join(SPOOLED).into(),
        None => words.one("output").unwrap_or_default(),
    };
    if words.has("encrypt") {
        output.push(ENCRYPTED_SUFFIX);
    }
    output
}

impl Delivery {
    /// The words of `run` or `deliver`.
    pub fn of(words: &Words) -> Result<Delivery, Wrong> {
        let typed = words.one("upload").map(|typed| match typed.to_str() {
            Some(typed) => url(typed),
            None => Err("it is not UTF-8".into()),
        });
        // Not with what was typed: a part of it may be secret.
        let unusable = |why| wrong(words.command, format!("invalid value for --upload: {why}"));
        let to = typed.transpose().map_err(unusable)?.map(|url| -> Result<_, Wrong> {
            Ok(Destination {
                url,
                form: one(words, "upload-form", Form::parse)?,
                fields: words.one("upload-headers").map(PathBuf::from),
                timeout: one(words, "upload-timeout", duration)?.unwrap_or_default(),
                pace: Pace::default(),
                transport: Transport {
                    certificate_authority: words.one("upload-ca").map(PathBuf::from),
                    ..Transport::default()
                },
            })
        });
        let to = to.transpose()?;
        // Archives can also be downloaded with these options.
        let is_for_download = words.has("from");
        if let Some(option) =
            OF_UPLOAD.iter().find(|option| to.is_none() && !is_for_download && words.has(option))
        {
            return Err(wrong(words.command, format!("--{option} needs --upload")));
        }
        let budget = one(words, "spool-size", size)?.unwrap_or_default();
        let spool = words.one("spool").map(|folder| (PathBuf::from(folder), budget));
        if spool.is_none() && words.has("spool-size") {
            return Err(wrong(words.command, "--spool-size needs --spool".into()));
        }
        Ok(Delivery { to, spool, keep: None })
    }

    /// The words of the command `run`, whose archive goes to `output`.
    pub fn of_run(words: &Words, output: &OsStr) -> Result<Delivery, Wrong> {
        let mut delivery = Delivery::of(words)?;
        let refuse = |reason: String| Err(wrong(words.command, reason));
        for option in ["upload", "spool", "keep"].into_iter().filter(|option| words.has(option)) {
            if !matches!(Output::parse(output), Output::TarGz(_)) {
                return refuse(format!(
                    "--{option} needs an archive in a file; let --output end in .tar.gz or .tgz"
                ));
            }
        }
        if let Some(most) = one(words, "keep", most)? {
            let path = Path::new(output);
            let (folder, name) = (path.parent().unwrap_or(Path::new("")), path.file_name());
            let Some(template) = name.and_then(OsStr::to_str).filter(|name| name.contains('{')) else {
                return refuse(
                    "--keep needs a placeholder in the name of --output, such as {time}; else each run has the same name"
                        .into(),
                );
            };
            if folder.as_os_str().as_encoded_bytes().contains(&b'{') {
                return refuse("--keep cannot be used with a placeholder in the folder of --output".into());
            }
            if delivery.spool.is_some() && words.all("output").next().is_none() {
                return refuse(
                    "--keep is for the folder of --output; the spool is limited by --spool-size".into(),
                );
            }
            delivery.keep = Some(Retention { folder: folder.into(), template: template.into(), most });
        }
        Ok(delivery)
    }

    /// Where archives are uploaded to.
    pub fn destination(&self) -> Option<&Destination> {
        self.to.as_ref()
    }

    /// Whether archives wait in a spool.
    pub fn has_spool(&self) -> bool {
        self.spool.is_some()
    }

    /// Finds what is wrong before anything is gathered.
    pub fn check(&self) -> Result<()> {
        self.open_spool()?;
        match &self.to {
            Some(to) => to.check(self.spool.is_some()),
            None => Ok(()),
        }
    }

    fn open_spool(&self) -> Result<Option<Spool>> {
        self.spool.as_ref().map(|(folder, budget)| Spool::open(folder, *budget)).transpose()
    }

    /// Delivers the archive of a run, if it is whole, and what waits in the spool; then removes old archives. What was not
    /// delivered is the failure.
    pub fn deliver(&self, archive: Option<&Path>, display: &Display) -> Option<Failure> {
        let tell = |step: &Step<'_>| show(display, step);
        let failure = match self.open_spool() {
            Ok(Some(spool)) => self.by_spool(&spool, archive, display),
            Ok(None) => archive.and_then(|archive| {
                self.warn(display);
                self.directly(&[archive], display)
            }),
            Err(failure) => Some(undelivered(failure, archive)),
        };
        if let (Some(Retention { folder, template, most }), Some(archive)) = (&self.keep, archive) {
            keep(folder, template, archive, *most, &tell);
        }
        failure
    }

    fn warn(&self, display: &Display) {
        if let Some(text) = self.to.as_ref().and_then(Destination::warning) {
            show(display, &Step::Warning(&text));
        }
    }

    fn by_spool(&self, spool: &Spool, archive: Option<&Path>, display: &Display) -> Option<Failure> {
        let tell = |step: &Step<'_>| show(display, step);
        self.warn(display);
        let put = archive.map(|archive| spool.put(archive, &tell)).transpose();
        let failure = match (put, archive) {
            // What cannot wait can still arrive.
            (Err(failure), Some(archive)) if self.to.is_some() => {
                tell(&Step::Warning(&format!("{}: {}", failure.attempt, failure.reason)));
                self.directly(&[archive], display)
            }
            (Err(failure), archive) => Some(undelivered(failure, archive)),
            (Ok(_), _) => None,
        };
        let done = self.to.as_ref().map(|to| spool.deliver(to, &tell)).unwrap_or_default();
        failure.or(done.failure.map(|failure| match done.waiting {
            0 => failure,
            waiting => {
                let (number, waits) =
                    if waiting == 1 { ("1 archive", "waits") } else { ("archives", "wait") };
                let number = if waiting == 1 { number.into() } else { format!("{waiting} {number}") };
                let mut failure = failure;
                let advice =
                    format!("{number} {waits} in {}; the next run sends them", spool.folder().display());
                failure
                    .more
                    .extend(Some(std::mem::take(&mut failure.advice)).filter(|text| !text.is_empty()));
                failure.advise(advice)
            }
        }))
    }

    /// Delivers archives that were gathered before, and what waits in the spool.
    pub fn deliver_all(&self, files: &[PathBuf], display: &Display) -> Result<()> {
        if let Some(to) = &self.to {
            to.check(self.spool.is_some() || files.len() > 1)?;
        }
        let Some(spool) = self.open_spool()? else {
            self.warn(display);
            let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
            return fail_with(self.directly(&files, display), display);
        };
        let tell = |step: &Step<'_>| show(display, step);
        for file in files {
            spool.put(file, &tell)?;
        }
        fail_with(self.by_spool(&spool, None, display), display)
    }

    /// Uploads files that do not wait anywhere, until the server takes none. They stay where they are.
    fn directly(&self, files: &[&Path], display: &Display) -> Option<Failure> {
        let to = self.to.as_ref()?;
        let until = to.until();
        let mut first = None;
        for file in files {
            let tell = |step: &Step<'_>| show(display, step);
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let sent = File::open(file)
                .map_err(|error| {
                    let attempt = format!("cannot deliver {}", file.display());
                    (true, Failure::new(Class::Delivery, attempt, error))
                })
                .and_then(|opened| {
                    send(&name, &opened, to, files.len() > 1, until, &tell).map_err(|not| {
                        use wagather_deliver::Why;
                        (matches!(not.why, Why::Refused | Why::Unreadable), not.failure)
                    })
                });
            match sent {
                Ok(receipt) => {
                    tell(&Step::Delivered(&receipt));
                    if let Err(failure) = receipt.write_beside(file) {
                        tell(&Step::Warning(&format!("{}: {}", failure.attempt, failure.reason)));
                    }
                }
                Err((goes_on, failure)) => {
                    let failure = undelivered(failure, Some(file));
                    match first {
                        None => first = Some(failure),
                        Some(_) => display.show(&Subject::default(), &Event::Failure(&failure)),
                    }
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        first
    }
}

fn show(display: &Display, step: &Step<'_>) {
    display.show(&Subject::default(), &Event::Delivery(step));
}

/// What is told of an archive that is whole and was not delivered: whatever went wrong, and where it is.
fn undelivered(failure: Failure, archive: Option<&Path>) -> Failure {
    let mut failure = Failure { class: Class::Delivery, ..failure };
    if let Some(archive) = archive {
        failure.more.extend(Some(std::mem::take(&mut failure.advice)).filter(|text| !text.is_empty()));
        failure.advice = format!("the archive is {}; 'host-min deliver' sends it", archive.display());
    }
    failure
}

fn url(typed: &str) -> Result<Url, String> {
    match typed.strip_prefix('@') {
        Some(file) => Ok(Url::File(file.into())),
        None => Template::parse(typed).map(Url::Typed),
    }
}

fn most(typed: &str) -> Result<Keep, String> {
    match typed.parse() {
        Ok(0) => Err("expected a number of archives, such as 14, or a size, such as 500Mi".into()),
        Ok(number) => Ok(Keep::Archives(number)),
        Err(_) => size(typed).map(Keep::Bytes).map_err(|error| error.to_string()),
    }
}

/// The default of `--upload-timeout` is in the table.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::ALL;
    use crate::typed::{Typed, take_apart};
    use std::time::Duration;

    fn of(line: &str) -> Result<Delivery, String> {
        match take_apart(ALL, line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => {
                Delivery::of_run(&words, &output(&words)).map_err(|wrong| wrong.reason)
            }
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn what_is_typed() {
        let delivery = of("run a --upload https://h/ --spool s --spool-size 1Mi").expect("a delivery");
        assert_eq!(delivery.spool, Some(("s".into(), 1 << 20)));
        assert_eq!(delivery.to.expect("a destination").timeout, Duration::from_secs(300));
        let delivery = of("run a --keep 3 -o x/{time}.tgz").expect("a delivery");
        let kept = delivery.keep.expect("a retention");
        assert_eq!((kept.folder, &*kept.template, kept.most), ("x".into(), "{time}.tgz", Keep::Archives(3)));
        assert!(of("run a").expect("none").to.is_none());
        assert_eq!(most("500Mi"), Ok(Keep::Bytes(500 << 20)));
        assert!(most("0").is_err() && most("x").is_err());
    }

    #[test]
    fn what_does_not_go_together() {
        for (line, reason) in [
            ("--upload-form file", "--upload-form needs --upload"),
            ("--spool-size 1Mi", "--spool-size needs --spool"),
            (
                "--upload https://h/ -o -",
                "--upload needs an archive in a file; let --output end in .tar.gz or .tgz",
            ),
            (
                "--spool s -o folder",
                "--spool needs an archive in a file; let --output end in .tar.gz or .tgz",
            ),
            (
                "--keep 3 -o x.tgz",
                "--keep needs a placeholder in the name of --output, such as {time}; else each run has the same name",
            ),
            (
                "--keep 3 --spool s",
                "--keep is for the folder of --output; the spool is limited by --spool-size",
            ),
            (
                "--keep 3 -o {pod}/{time}.tgz",
                "--keep cannot be used with a placeholder in the folder of --output",
            ),
            (
                "--upload https://h/{pod}",
                "invalid value for --upload: it has an unknown placeholder; use {name} or {sha256}",
            ),
        ] {
            assert_eq!(of(&format!("run a {line}")).expect_err(line), reason);
        }
    }
}
