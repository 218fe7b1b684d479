//! `archive_pipe`: an answer goes into the archive, and none of its bytes into the guest.

use super::answer::Answer;
use super::{Broker, Open, Trouble, line};
use std::io::Write;
use wagather_abi::{Handle, Status};
use wagather_archive::{AddError, Spool, names};
use wagather_base::limits::MAX_ENTRY_BYTES;
use wagather_policy::rights::describe;

impl Broker<'_> {
    /// Takes the answer out while it is piped, so that the archive can be written meanwhile.
    pub(super) fn pipe(&mut self, handle: Handle, name: &str) -> Result<i64, Trouble> {
        self.request(handle)?;
        let Some(slot) = self.open.get(handle) else { return Err(Status::BAD_HANDLE.into()) };
        let Open::Request(mut answer) = std::mem::replace(slot, Open::Taken) else {
            return Err(Status::BAD_HANDLE.into());
        };
        let piped = self.pipe_answer(&mut answer, name);
        // The archive has no room for the rest: what the guest makes of that is its own affair.
        if let Err(Trouble::Status(status @ (Status::OUT_OF_BUDGET | Status::TOO_LARGE))) = piped {
            answer.broke_off(status, &mut self.means());
        }
        if let Some(slot) = self.open.get(handle) {
            *slot = Open::Request(answer);
        }
        piped
    }

    fn pipe_answer(&mut self, answer: &mut Answer, name: &str) -> Result<i64, Trouble> {
        if !answer.request().is_document() {
            return self.pipe_raw(answer, name);
        }
        let mut piped = 0;
        while let Some((bytes, identity)) = answer.next_document(&mut self.means())? {
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
            let path = self.service.redactor.obfuscated(path);
            self.tally.entry(bytes.len() as u64).map_err(Trouble::Status)?;
            match self.service.section.add(&path, &bytes) {
                Ok(()) => {}
                // A list whose pages are of different times can bring an object again.
                Err(AddError::Exists) => {
                    self.tally.warn(format!("{path} was written twice; the first one is kept"))
                }
                Err(AddError::Output(failure)) => return Err(Trouble::Host(failure)),
            }
            piped += 1;
            self.show();
        }
        Ok(piped)
    }

    fn pipe_raw(&mut self, answer: &mut Answer, name: &str) -> Result<i64, Trouble> {
        if !names::is_entry_name(name) {
            self.tally.error(
                Status::BAD_NAME,
                format!("'{}' is not a valid entry name", line::escaped(name)),
                "",
            );
            return Err(Status::BAD_NAME.into());
        }
        let Some(mut body) = answer.raw_body(&mut self.means())? else {
            return Err(Status::WRONG_MODE.into());
        };
        let redacted = self.tally.redacted;
        let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let len = match body.read(&mut buffer, &mut self.means()) {
                Ok(len) => len,
                Err(failed) => {
                    // What there is of it goes nowhere.
                    spool = self.service.section.spool(MAX_ENTRY_BYTES);
                    self.tally.redacted = redacted;
                    match answer.raw_body_again(failed, &mut self.means())? {
                        Some(again) => body = again,
                        None => return Err(Status::WRONG_MODE.into()),
                    }
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
                .map_err(|error| Trouble::Host(self.service.section.failure(&error)))?;
        }
        self.add_spool(&format!("{}/{name}", self.service.name), spool)?;
        answer.is_piped(&mut self.tally);
        Ok(1)
    }

    pub(super) fn add_spool(&mut self, path: &str, spool: Spool) -> Result<(), Trouble> {
        self.tally.entry(spool.len()).map_err(Trouble::Status)?;
        match self.service.section.add_spool(path, spool) {
            Ok(()) => Ok(()),
            Err(AddError::Exists) => Err(Status::EXISTS.into()),
            Err(AddError::Output(failure)) => Err(Trouble::Host(failure)),
        }
    }
}
