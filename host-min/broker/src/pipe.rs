//! `archive_pipe`: an answer goes into the archive without passing through the guest.

use super::answer::Answer;
use super::line;
use super::serve::{Broker, CallError, Open};
use std::io::Write;
use wagather_abi::{Handle, Status};
use wagather_archive::{AddError, Spool, names};
use wagather_base::limits::MAX_ENTRY_BYTES;
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
        let mut piped = 0;
        while let Some((bytes, identity)) = answer.next_document(&mut self.context())? {
            if !wagather_abi::manifest::is_object_name(&identity.name) {
                let reason =
                    format!("{}: an item's name is not a valid file name", describe(answer.request()));
                self.tally.error(Status::BAD_ANSWER, reason, "");
                return Err(Status::BAD_ANSWER.into());
            }
            let request = answer.request();
            let namespace = Some(&*identity.namespace).filter(|namespace| !namespace.is_empty());
            if namespace.is_some_and(|namespace| !wagather_abi::manifest::is_name(namespace)) {
                let reason =
                    format!("{}: an item's namespace is not a valid folder name", describe(answer.request()));
                self.tally.error(Status::BAD_ANSWER, reason, "");
                return Err(Status::BAD_ANSWER.into());
            }
            let plural = match &*request.subresource {
                "" => request.resource.clone(),
                subresource => format!("{}.{subresource}", request.resource),
            };
            let path = names::resource_path(&request.group, &plural, namespace, &identity.name);
            let path = self.service.settings.redactor.obfuscated(path);
            self.tally.count_entry(bytes.len() as u64).map_err(CallError::Status)?;
            match self.service.section.add(&path, &bytes) {
                Ok(()) => {}
                // A list whose pages show different moments can repeat an object.
                Err(AddError::Exists) => {
                    self.tally.warn(format!("{path} was written twice; the first one is kept"))
                }
                Err(AddError::Output(failure)) => return Err(CallError::Host(failure)),
            }
            piped += 1;
            self.update_gauge();
        }
        Ok(piped)
    }

    fn pipe_raw(&mut self, answer: &mut Answer, name: &str) -> Result<i64, CallError> {
        if !names::is_entry_name(name) {
            self.tally.error(
                Status::BAD_NAME,
                format!("'{}' is not a valid entry name", line::escaped(name)),
                "",
            );
            return Err(Status::BAD_NAME.into());
        }
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
        self.add_spool(&format!("{}/{name}", self.service.name), spool)?;
        answer.is_piped(&mut self.tally);
        Ok(1)
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
