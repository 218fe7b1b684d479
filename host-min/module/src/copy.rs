//! The engine's copy of a module: its sections and additions.

use crate::helpers::Helper;
use crate::{ModuleError, leb128};
use std::borrow::Cow;
use wasmparser::BinaryReader;

pub(super) const TYPES: u8 = 1;
pub(super) const IMPORTS: u8 = 2;
pub(super) const FUNCTIONS: u8 = 3;
pub(super) const MEMORIES: u8 = 5;
pub(super) const EXPORTS: u8 = 7;
pub(super) const START: u8 = 8;
pub(super) const ELEMENTS: u8 = 9;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;

/// The sections of a copy, in order.
#[derive(Debug, Default)]
pub(super) struct Copy<'a> {
    sections: Vec<(u8, Cow<'a, [u8]>)>,
}

impl<'a> Copy<'a> {
    /// Adds a section.
    pub(super) fn push(&mut self, id: u8, contents: impl Into<Cow<'a, [u8]>>) {
        self.sections.push((id, contents.into()));
    }

    /// Replaces the contents of a section.
    pub(super) fn replace(&mut self, id: u8, contents: Vec<u8>) {
        if let Some(section) = self.sections.iter_mut().find(|section| section.0 == id) {
            section.1 = contents.into();
        }
    }

    /// Appends functions.
    pub(super) fn add(&mut self, helpers: &[Helper]) -> Result<(), ModuleError> {
        if helpers.is_empty() {
            return Ok(());
        }
        let types = self.extend(TYPES, helpers.len(), |out| {
            helpers.iter().for_each(|helper| out.append(&mut helper.ty()));
        })?;
        self.extend(FUNCTIONS, helpers.len(), |out| {
            (types..).zip(helpers).for_each(|(ty, _)| leb128(out, ty));
        })?;
        self.extend(CODE, helpers.len(), |out| {
            for helper in helpers {
                leb128(out, helper.body().len() as u64);
                out.extend_from_slice(&helper.body());
            }
        })?;
        Ok(())
    }

    /// Appends entries to a section that begins with their number. Returns the previous number.
    fn extend(&mut self, id: u8, more: usize, add: impl FnOnce(&mut Vec<u8>)) -> Result<u64, ModuleError> {
        let section = self.sections.iter_mut().find(|section| section.0 == id);
        let (_, contents) = section.ok_or(ModuleError::NoSection)?;
        let mut reader = BinaryReader::new(contents, 0);
        let count = u64::from(reader.read_var_u32()?);
        let mut out = Vec::with_capacity(contents.len() + 512);
        leb128(&mut out, count + more as u64);
        out.extend_from_slice(&contents[reader.current_position()..]);
        add(&mut out);
        *contents = out.into();
        Ok(count)
    }

    /// The whole module, and the offset where a start section would be.
    pub(super) fn bytes(&self) -> (Vec<u8>, usize) {
        let len: usize = self.sections.iter().map(|(_, contents)| contents.len() + 6).sum();
        let mut bytes = Vec::with_capacity(len + 8);
        bytes.extend_from_slice(b"\0asm\x01\0\0\0");
        let mut start = None;
        for (id, contents) in &self.sections {
            if *id > START {
                start.get_or_insert(bytes.len());
            }
            section(&mut bytes, *id, contents);
        }
        let start = start.unwrap_or(bytes.len());
        (bytes, start)
    }
}

pub(super) fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    leb128(out, contents.len() as u64);
    out.extend_from_slice(contents);
}
