//! `archive_pipe`: an answer goes into the archive without passing through the guest.
//!
//! The [layout](wagather_archive::Layout) decides where an object or a container's log goes. Any other answer goes where the gatherer says, below its own folder.

use super::answer::Answer;
use super::line;
use super::serve::{Broker, CallError, Open};
use std::borrow::Cow;
use std::io::Write;
use wagather_abi::{Handle, Status};
use wagather_archive::{AddError, List, LogName, ObjectName, Spool, names};
use wagather_base::limits::MAX_ENTRY_BYTES;
use wagather_json::project::Identity;
use wagather_json::yaml::as_yaml;
use wagather_policy::canonical::Canonical;
use wagather_policy::rights::describe;

impl Broker<'_> {
    /// Pipes an answer. It is taken out of its handle meanwhile, so that the archive can be borrowed.
    pub(super) fn pipe(&mut self, handle: Handle, name: &str) -> Result<i64, CallError> {
        self.request(handle)?;
        let Some(slot) = self.open.get(handle) else { return Err(Status::BAD_HANDLE.into()) };
        let Open::Request(mut answer) = std::mem::replace(slot, Open::Piping) else {
            return Err(Status::BAD_HANDLE.into());
        };
        let piped = self.pipe_answer(&mut answer, name);
        // The archive has no room for the rest. Record that, whatever the guest does about it.
        if let Err(CallError::Status(status @ (Status::OUT_OF_BUDGET | Status::TOO_LARGE))) = piped {
            answer.cut_short(status, &mut self.context());
        }
        if let Some(slot) = self.open.get(handle) {
            *slot = Open::Request(answer);
        }
        piped
    }

    fn pipe_answer(&mut self, answer: &mut Answer, name: &str) -> Result<i64, CallError> {
        if !answer.request().is_document() {
            return self.pipe_raw(answer, name);
        }
        if let Some(document) = answer.discovery_document(&mut self.context())? {
            return self.pipe_document(&document, name);
        }
        let mut piped = 0;
        while let Some((bytes, identity)) = answer.next_document(&mut self.context())? {
            if !wagather_abi::manifest::is_object_name(&identity.name) {
                let reason =
                    format!("{}: an item's name is not a valid file name", describe(answer.request()));
                self.tally.error(Status::BAD_ANSWER, reason, "");
                if answer.is_of_any() {
                    answer.cut_short(Status::BAD_ANSWER, &mut self.context());
                    continue;
                }
                return Err(Status::BAD_ANSWER.into());
            }
            if !identity.namespace.is_empty() && !wagather_abi::manifest::is_name(&identity.namespace) {
                let reason =
                    format!("{}: an item's namespace is not a valid folder name", describe(answer.request()));
                self.tally.error(Status::BAD_ANSWER, reason, "");
                if answer.is_of_any() {
                    answer.cut_short(Status::BAD_ANSWER, &mut self.context());
                    continue;
                }
                return Err(Status::BAD_ANSWER.into());
            }
            self.add_object(answer.request(), &identity, &bytes)?;
            piped += 1;
            self.update_gauge();
        }
        answer.take_empty().iter().for_each(|request| self.list_nothing(request));
        Ok(piped)
    }

    fn add_object(&mut self, request: &Canonical, identity: &Identity, json: &[u8]) -> Result<(), CallError> {
        let layout = self.service.settings.layout;
        let content = if layout.is_yaml() { as_yaml(json) } else { Cow::Borrowed(json) };
        let object = ObjectName {
            group: &request.group,
            plural: &request.resource,
            subresource: &request.subresource,
            namespace: &identity.namespace,
            name: &identity.name,
        };
        let path = self.service.settings.redactor.obfuscated(layout.object_path(&object));
        self.tally.count_entry(content.len() as u64).map_err(CallError::Status)?;
        match self.service.section.add(&path, &content) {
            Ok(()) => {}
            // A list whose pages show different moments can repeat an object.
            Err(AddError::Exists) => {
                self.tally.warn(format!("{path} was written twice; the first one is kept"));
            }
            Err(AddError::Output(failure)) => return Err(CallError::Host(failure)),
        }
        if let Some(list) = layout.list_of(&path, &object, &identity.api_version, &identity.kind) {
            self.service.section.list(list);
        }
        Ok(())
    }

    /// A resource that was listed whole and of which there is nothing is not the same as one that was not listed.
    fn list_nothing(&mut self, request: &Canonical) {
        let layout = self.service.settings.layout;
        let list = layout.empty_list(&request.group, &request.resource, &request.namespace);
        if let Some(List { path, prefix, .. }) = list {
            let redactor = &self.service.settings.redactor;
            let [path, prefix] = [path, prefix].map(|text| redactor.obfuscated(text));
            self.service.section.list(List { path, prefix, ..List::default() });
        }
    }

    fn check_entry_name(&mut self, name: &str) -> Result<(), CallError> {
        if names::is_entry_name(name) {
            return Ok(());
        }
        self.tally.error(
            Status::BAD_NAME,
            format!("'{}' is not a valid entry name", line::escaped(name)),
            "",
        );
        Err(Status::BAD_NAME.into())
    }

    /// Pipes a document of discovery, which is the host's own.
    fn pipe_document(&mut self, document: &[u8], name: &str) -> Result<i64, CallError> {
        self.check_entry_name(name)?;
        let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
        spool.write_all(document).map_err(|error| CallError::Host(self.service.section.failure(&error)))?;
        self.add_spool(&format!("{}/{name}", self.service.name), spool)?;
        Ok(1)
    }

    fn pipe_raw(&mut self, answer: &mut Answer, name: &str) -> Result<i64, CallError> {
        self.check_entry_name(name)?;
        let Some(mut body) = answer.raw_body(&mut self.context())? else {
            return Err(Status::WRONG_MODE.into());
        };
        let redacted = self.tally.redacted;
        let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let len = match body.read(&mut buffer, &mut self.context()) {
                Ok(len) => len,
                Err(failed) => {
                    // Discard what was read of it.
                    spool = self.service.section.spool(MAX_ENTRY_BYTES);
                    self.tally.redacted = redacted;
                    body = answer.raw_body_again(body, failed, &mut self.context())?;
                    continue;
                }
            };
            if len == 0 {
                break;
            }
            if spool.len() + len as u64 > MAX_ENTRY_BYTES {
                self.tally.error(
                    Status::TOO_LARGE,
                    format!("{name}: larger than the limit for an entry"),
                    "",
                );
                return Err(Status::TOO_LARGE.into());
            }
            spool
                .write_all(&buffer[..len])
                .map_err(|error| CallError::Host(self.service.section.failure(&error)))?;
        }
        let own = format!("{}/{name}", self.service.name);
        let path = self.log_path(answer.request()).unwrap_or(own);
        self.add_spool(&path, spool)?;
        answer.is_piped(&mut self.tally);
        Ok(1)
    }

    /// Where the layout has this log. `None` if this is no log, or the gatherer has piped another part of it already.
    fn log_path(&self, request: &Canonical) -> Option<String> {
        let container = request.query_value("container")?;
        let is_log = request.group.is_empty() && request.resource == "pods" && request.subresource == "log";
        let path = self.service.settings.layout.log_path(&LogName {
            namespace: Some(&*request.namespace).filter(|namespace| !namespace.is_empty() && is_log)?,
            pod: &request.name,
            container,
            previous: request.query_value("previous") == Some("true"),
        })?;
        let path = self.service.settings.redactor.obfuscated(path);
        (!self.service.section.has(&path)).then_some(path)
    }

    pub(super) fn add_spool(&mut self, path: &str, spool: Spool) -> Result<(), CallError> {
        self.tally.count_entry(spool.len()).map_err(CallError::Status)?;
        match self.service.section.add_spool(path, spool) {
            Ok(()) => Ok(()),
            Err(AddError::Exists) => Err(Status::EXISTS.into()),
            Err(AddError::Output(failure)) => Err(CallError::Host(failure)),
        }
    }
}
