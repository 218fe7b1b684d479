//! Performs the calls that admission let through.

use super::admission::{Admitted, needs_discovery};
use super::answer::{Answer, Context, Finder, Origin};
use super::findings;
use super::serve::{Broker, CallError, Open};
use super::service::Service;
use std::io::Write;
use wagather_abi::{Handle, Status};
use wagather_base::limits::{MAX_ENTRY_BYTES, MAX_SPOOLS_IN_MEMORY};
use wagather_policy::rights::describe;

impl Broker<'_> {
    /// Performs a call. Bytes for the guest go into `bytes`.
    pub(super) fn perform(&mut self, admitted: Admitted, bytes: &mut Vec<u8>) -> Result<i64, CallError> {
        match admitted {
            Admitted::Start(request, allowed) => {
                let Service { settings, fetcher, .. } = &self.service;
                let origin = Origin { fetcher, deadline: self.deadline, chunk_items: settings.chunk_items };
                let answer = if needs_discovery(&request, &allowed) {
                    self.discovered.ask(fetcher, self.deadline, &mut self.tally);
                    Answer::unresolved(*request, allowed, &origin, &mut self.tally)
                } else {
                    Answer::send(*request, allowed, &origin, &mut self.tally)
                };
                self.open_handle(Open::Request(Box::new(answer)))
            }
            Admitted::Status(handle) => {
                let (answer, mut cx) = self.request(handle)?;
                Ok(i64::from(answer.status(&mut cx)?))
            }
            Admitted::Read(handle, cap) => {
                let (answer, mut cx) = self.request(handle)?;
                answer.read(cap, bytes, &mut cx)?;
                Ok(bytes.len() as i64)
            }
            Admitted::Next(handle, wanted) => {
                let (answer, mut cx) = self.request(handle)?;
                let len = answer.next(wanted, bytes, &mut cx)? as i64;
                self.newest_item = Some(handle);
                Ok(len)
            }
            Admitted::Reject(handle, misfit) => {
                let mut item = std::mem::take(bytes);
                if self.newest_item != Some(handle) {
                    item.clear();
                }
                let (answer, mut cx) = self.request(handle)?;
                answer.reject(&misfit, &item, &mut cx)?;
                Ok(0)
            }
            Admitted::Hides(handle, field) => {
                let (answer, cx) = self.request(handle)?;
                Ok(i64::from(answer.hides(&field, cx.redactor)?))
            }
            Admitted::CloseRequest(handle) => {
                let (answer, mut cx) = self.request(handle)?;
                answer.close(&mut cx);
                self.open.close(handle);
                Ok(0)
            }
            Admitted::Pipe(handle, name) => self.pipe(handle, &name),
            Admitted::OpenEntry(name) => {
                let path = format!("{}/{name}", self.service.name);
                let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
                let open = self.open.iter().filter(|open| matches!(open, Open::Entry { .. })).count();
                if open >= MAX_SPOOLS_IN_MEMORY {
                    spool = spool.on_disk();
                }
                self.open_handle(Open::Entry { path, spool })
            }
            Admitted::Write(handle, written) => {
                let Some(Open::Entry { spool, .. }) = self.open.get(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                if spool.len() + written.len() as u64 > MAX_ENTRY_BYTES {
                    return Err(Status::TOO_LARGE.into());
                }
                self.tally.reserve_entry_bytes(written.len() as u64)?;
                spool
                    .write_all(&written)
                    .map_err(|error| CallError::Host(self.service.section.failure(&error)))?;
                Ok(written.len() as i64)
            }
            Admitted::CloseEntry(handle) => {
                let Some(Open::Entry { .. }) = self.open.get(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                let Some(Open::Entry { path, mut spool }) = self.open.close(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                self.tally.release_entry_bytes(spool.len());
                let findings = findings::of_entry(self.service.name, &path, &mut spool)
                    .map_err(|error| CallError::Host(self.service.section.failure(&error)))?;
                self.add_spool(&path, spool)?;
                match findings {
                    Some(Ok(findings)) => self.tally.findings = Some(findings),
                    Some(Err(mistake)) => {
                        self.tally.warn(mistake.clone());
                        self.tally.findings_mistake.get_or_insert(mistake);
                    }
                    None => {}
                }
                Ok(0)
            }
            Admitted::Log(level, text) => {
                let text = self.service.settings.redactor.obfuscated(text);
                self.service.settings.observer.log(self.service.name, level, &text);
                match level.name() {
                    "warn" => self.tally.warn(text),
                    "error" => self.tally.error_line(text),
                    _ => {}
                }
                Ok(0)
            }
            Admitted::DropLog => Err(Status::OUT_OF_BUDGET.into()),
            Admitted::Param(name, cap) => {
                let (_, value) =
                    self.service.params.iter().find(|(known, _)| *known == name).ok_or(Status::ABSENT)?;
                if value.len() <= cap {
                    bytes.extend_from_slice(value.as_bytes());
                }
                Ok(value.len() as i64)
            }
            Admitted::Now => Ok(self.service.fetcher.source().now_millis()),
        }
    }

    fn open_handle(&mut self, open: Open) -> Result<i64, CallError> {
        let Handle(handle) = self.open.open(open).ok_or(Status::OUT_OF_BUDGET)?;
        Ok(i64::from(handle))
    }

    /// The answer of a handle, and what its calls work with. Its request is on its way, so there is time for what must be ready before
    /// anything is archived.
    pub(super) fn request(&mut self, handle: Handle) -> Result<(&mut Answer, Context<'_>), CallError> {
        self.service.section.begin().map_err(CallError::Host)?;
        match self.open.get(handle) {
            Some(Open::Request(answer)) => {
                let Service { fetcher, settings, gauge, admission, .. } = &self.service;
                let redactor = &settings.redactor;
                if let Some(gauge) = gauge {
                    gauge.set_request(handle.0, || redactor.obfuscated(describe(answer.request())));
                }
                let finder = Finder {
                    rights: admission.rights(),
                    discovered: &mut self.discovered,
                    deadline: self.deadline,
                    chunk_items: settings.chunk_items,
                };
                Ok((answer, Context { tally: &mut self.tally, fetcher, redactor, finder: Some(finder) }))
            }
            _ => Err(Status::BAD_HANDLE.into()),
        }
    }
}
