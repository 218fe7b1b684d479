//! The cost of a module before its first instruction runs, and the Kubernetes objects that can contain it.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

use crate::module::Module;

/// The limit for all values of a ConfigMap together: <https://kubernetes.io/docs/concepts/configuration/configmap/>
pub const MAX_CONFIG_MAP_BYTES: u64 = 1 << 20;

/// The limit for all annotations of an object together, including keys:
/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go>
pub const MAX_ANNOTATIONS_BYTES: u64 = 256 << 10;

/// The cost at rest, which every run pays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtRest {
    /// The initial memory, in pages.
    pub memory_pages: u64,
    /// The same in bytes.
    pub memory_bytes: u64,
    /// The start of the shadow stack: the value of the first global, if it is mutable and not zero.
    pub stack_pointer: Option<u64>,
    /// The maximum size of the shadow stack: down to address 0, or to the data below it.
    pub stack_bytes: Option<u64>,
    /// The size of the data segments, which are copied into memory.
    pub data_bytes: u64,
    /// Functions for the host to link.
    pub imported_functions: u32,
    /// Functions for the engine to load.
    pub defined_functions: u32,
    /// The size of the file with gzip.
    pub gzip_bytes: u64,
    /// The size of the file in base64.
    pub base64_bytes: u64,
    /// The size of the file with gzip, in base64.
    pub gzip_base64_bytes: u64,
    /// Which of these forms fit into a ConfigMap.
    pub fits_config_map: Fits,
    /// Which of these forms fit into an annotation. `plain` is always false, because annotations cannot contain
    /// bytes.
    pub fits_annotation: Fits,
    /// Estimated processor time of a run that does nothing, in microseconds; see `docs/size-report.md`.
    pub start_up_us: u64,
}

/// The forms that fit into an object of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fits {
    /// The file itself.
    pub plain: bool,
    /// In base64.
    pub base64: bool,
    /// With gzip, in base64.
    pub gzip_base64: bool,
}

impl AtRest {
    /// Computes the cost of a module. This compresses it.
    pub fn of(module: &Module<'_>) -> AtRest {
        let bytes = module.bytes.len() as u64;
        let gzip_bytes = gzip(module.bytes);
        let base64 = |bytes: u64| bytes.div_ceil(3) * 4;
        let (base64_bytes, gzip_base64_bytes) = (base64(bytes), base64(gzip_bytes));
        let stack_pointer = module
            .globals
            .first()
            .filter(|global| global.is_mutable)
            .and_then(|global| global.initial)
            .filter(|&top| top > 0);
        AtRest {
            memory_pages: module.memory_pages,
            memory_bytes: module.memory_bytes,
            stack_pointer,
            stack_bytes: stack_pointer.map(|top| top - data_below(module, top)),
            data_bytes: module.data_bytes(),
            imported_functions: module.imported_functions,
            defined_functions: module.defined_functions(),
            gzip_bytes,
            base64_bytes,
            gzip_base64_bytes,
            fits_config_map: Fits {
                plain: bytes <= MAX_CONFIG_MAP_BYTES,
                base64: base64_bytes <= MAX_CONFIG_MAP_BYTES,
                gzip_base64: gzip_base64_bytes <= MAX_CONFIG_MAP_BYTES,
            },
            fits_annotation: Fits {
                plain: false,
                base64: base64_bytes <= MAX_ANNOTATIONS_BYTES,
                gzip_base64: gzip_base64_bytes <= MAX_ANNOTATIONS_BYTES,
            },
            start_up_us: start_up_us(module),
        }
    }
}

/// The end of the last data segment below an address.
fn data_below(module: &Module<'_>, top: u64) -> u64 {
    let ends = module.segments.iter().filter_map(|segment| {
        let end = segment.address?.checked_add(segment.data.len() as u64)?;
        (end <= top).then_some(end)
    });
    ends.max().unwrap_or(0)
}

fn gzip(bytes: &[u8]) -> u64 {
    // The best level takes a second for 10 MB. For large files, the last percent does not matter.
    const LARGE: usize = 4 << 20;
    let level = if bytes.len() > LARGE { Compression::fast() } else { Compression::best() };
    let mut encoder = GzEncoder::new(Count(0), level);
    // Writing to a counter cannot fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_or(0, |count| count.0)
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The processor time of a complete run of `host-min`, fitted to measured modules; `docs/size-report.md` describes
/// the measurement.
fn start_up_us(module: &Module<'_>) -> u64 {
    let code: u64 = module.functions.iter().map(|function| function.range.len() as u64).sum();
    let ns = NS_PER_RUN
        + code * NS_PER_CODE_BYTE
        + u64::from(module.defined_functions()) * NS_PER_FUNCTION
        + module.data_bytes() * NS_PER_DATA_BYTE;
    ns / 1000
}

/// Two processes with their sandbox, and an archive with a report.
const NS_PER_RUN: u64 = 1_880_000;
const NS_PER_CODE_BYTE: u64 = 11;
const NS_PER_FUNCTION: u64 = 1_015;
const NS_PER_DATA_BYTE: u64 = 3;
