//! The manifest, written at compile time: macros and constant functions that put records into the custom section that
//! [`abi::manifest`](crate::abi::manifest) describes.
//!
//! Each record is a separate static, next to its declaration; the linker joins them.

use crate::json::Mask;

/// Makes a function the gatherer: exports it to the host, and writes the crate's name and version into the manifest.
///
/// ```
/// fn gather() -> wagather::Result<()> {
///     wagather::log::info("hello");
///     Ok(())
/// }
/// wagather::gatherer!(gather);
/// ```
///
/// It returns 0 to the host for `Ok`, and otherwise the [status](crate::Error::status). In native tests, it only
/// checks the function's type; tests call the function through [`fake::Host::run`](crate::fake::Host::run).
#[macro_export]
macro_rules! gatherer {
    ($gather:path) => {
        const _: fn() -> $crate::Result<()> = $gather;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(export_name = "gather")]
            extern "C" fn __wagather_gather() -> i32 {
                $crate::__private::exit_code($gather())
            }
            $crate::__manifest_record!([
                "gatherer 1 ",
                ::core::env!("CARGO_PKG_NAME"),
                " ",
                ::core::env!("CARGO_PKG_VERSION"),
                "\n"
            ]);
        };
    };
}

/// Declares a raw path in the manifest, and evaluates to the [`RawPath`](crate::rest::RawPath) that requests it.
///
/// ```
/// use wagather::rest::{self, RawPath};
///
/// const VERSION: RawPath = wagather::manifest_path!("/version");
///
/// fn gather() -> wagather::Result<()> {
///     rest::raw(VERSION)?.pipe("version.json").map(|_| ())
/// }
/// # let run = wagather::fake::Host::new().body("/version", b"{}").run(gather);
/// # assert_eq!(run.piped[0].name, "version.json");
/// ```
#[macro_export]
macro_rules! manifest_path {
    ($path:literal) => {{
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__manifest_record!(["path ", $path, "\n"]);
        };
        const { $crate::__private::RawPath::declared($path) }
    }};
}

/// Declares resources in the manifest that only the cluster can name, and evaluates to the
/// [`DynamicResources`](crate::rest::DynamicResources) that requests for them need: the verbs (`get`, `list` or `get,list`), then
/// group, version and plural, each of which may be `*`, then the namespaces, with stars for any characters, if not all of them.
///
/// ```
/// use wagather::rest::DynamicResources;
///
/// /// Everything.
/// const ANY: DynamicResources = wagather::manifest_resources!("get,list", "*/*/*");
/// /// What a group has in some namespaces.
/// const APPS: DynamicResources = wagather::manifest_resources!("list", "apps/*/*", "shop-*");
/// # assert_eq!(ANY, APPS);
/// ```
///
/// A `*` for the group or the plural covers neither Secrets nor anything else that gives more rights to its reader.
///
/// ```compile_fail
/// const ANY: wagather::rest::DynamicResources = wagather::manifest_resources!("watch", "*/*/*");
/// ```
#[macro_export]
macro_rules! manifest_resources {
    ($verbs:literal, $resources:literal) => {
        $crate::manifest_resources!($verbs, $resources, "*")
    };
    ($verbs:literal, $resources:literal, $namespaces:literal) => {{
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__manifest_record!(["resource ", $verbs, " ", $resources, " ", $namespaces, " *\n"]);
        };
        const { $crate::__private::DynamicResources::declared($verbs, $resources, $namespaces) }
    }};
}

/// Puts concatenated strings into the manifest's section.
#[doc(hidden)]
#[macro_export]
macro_rules! __manifest_record {
    ([$($part:expr),* $(,)?]) => {
        const RECORD: &[&str] = &[$($part),*];
        // Not `#[used]`: the section contains the bytes in any case, and `#[used]` would also put the static into
        // memory.
        #[unsafe(link_section = "wagather.manifest")]
        static _BYTES: [u8; $crate::__private::joined_len(RECORD)] = $crate::__private::concat(RECORD);
    };
}

/// The total length.
pub const fn joined_len(parts: &[&str]) -> usize {
    let mut len = 0;
    let mut part = 0;
    while part < parts.len() {
        len += parts[part].len();
        part += 1;
    }
    len
}

/// Concatenates all parts.
pub const fn concat<const LEN: usize>(parts: &[&str]) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    let mut at = 0;
    let mut part = 0;
    while part < parts.len() {
        at = append(&mut bytes, at, parts[part]);
        part += 1;
    }
    bytes
}

/// The length of a mask's text.
pub const fn mask_len(mask: &Mask) -> usize {
    match mask {
        Mask::Whole => 1,
        Mask::Map(value) => 1 + nested_len(value),
        Mask::Object(fields) => {
            let mut len = fields.len() - 1;
            let mut field = 0;
            while field < fields.len() {
                len += fields[field].0.len() + nested_len(&fields[field].1);
                field += 1;
            }
            len
        }
    }
}

const fn nested_len(mask: &Mask) -> usize {
    if mask.is_whole() { 0 } else { 2 + mask_len(mask) }
}

/// The text of a mask, as [`abi::mask`](crate::abi::mask) defines it.
pub const fn mask_text<const LEN: usize>(mask: &Mask) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    write_mask(&mut bytes, 0, mask);
    bytes
}

const fn write_mask(bytes: &mut [u8], at: usize, mask: &Mask) -> usize {
    match mask {
        Mask::Whole => append(bytes, at, "*"),
        Mask::Map(value) => {
            let at = append(bytes, at, "*");
            write_nested(bytes, at, value)
        }
        Mask::Object(fields) => {
            let mut at = at;
            let mut field = 0;
            while field < fields.len() {
                if field > 0 {
                    at = append(bytes, at, ",");
                }
                at = append(bytes, at, fields[field].0);
                at = write_nested(bytes, at, &fields[field].1);
                field += 1;
            }
            at
        }
    }
}

const fn write_nested(bytes: &mut [u8], at: usize, mask: &Mask) -> usize {
    if mask.is_whole() {
        return at;
    }
    let at = append(bytes, at, "(");
    let at = write_mask(bytes, at, mask);
    append(bytes, at, ")")
}

const fn append(bytes: &mut [u8], at: usize, text: &str) -> usize {
    let text = text.as_bytes();
    let mut index = 0;
    while index < text.len() {
        bytes[at + index] = text[index];
        index += 1;
    }
    at + text.len()
}

/// Converts concatenated strings back to a string.
pub const fn text(bytes: &'static [u8]) -> &'static str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("texts joined are not text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_joined() {
        const PARTS: &[&str] = &["gatherer 1 ", "hello", "", "\n"];
        assert_eq!(&concat::<{ joined_len(PARTS) }>(PARTS), b"gatherer 1 hello\n");
    }

    #[test]
    fn a_mask_is_written_as_the_abi_reads_it() {
        const TREE: Mask = Mask::Object(&[
            ("metadata", Mask::Object(&[("name", Mask::Whole), ("labels", Mask::Map(&Mask::Whole))])),
            ("spec", Mask::Whole),
            ("data", Mask::Map(&Mask::Object(&[("a", Mask::Whole)]))),
        ]);
        const BYTES: [u8; mask_len(&TREE)] = mask_text(&TREE);
        const TEXT: &str = text(&BYTES);
        assert_eq!(TEXT, "metadata(name,labels),spec,data(*(a))");
        assert_eq!(crate::abi::mask::check(TEXT), Ok(()));
        assert_eq!(&mask_text::<{ mask_len(&Mask::Whole) }>(&Mask::Whole), b"*");
    }
}
