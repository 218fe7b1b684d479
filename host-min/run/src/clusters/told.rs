//! Values as bytes, for what a process tells another one of the same program: no names, no version.
//!
//! Not JSON, though it is here anyway: reading these few values from JSON made the program 28 KB larger. For the same reason numbers
//! and texts are functions that are called: what takes most of the room is their repetition.

use super::index::{ArchiveFacts, Line, Reason, Sums};
use std::time::Duration;
use wagather_broker::{Phase, Progress};
use wagather_kube::cluster::Context;

/// What can be told.
pub(super) trait Told: Sized {
    /// Adds it to the bytes.
    fn put(&self, to: &mut Vec<u8>);
    /// Takes it off the bytes; `None` if it is not there.
    fn get(from: &mut &[u8]) -> Option<Self>;
}

fn take<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(taken)
}

impl Told for u8 {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }
    fn get(from: &mut &[u8]) -> Option<u8> {
        take(from, 1).map(|bytes| bytes[0])
    }
}

impl Told for bool {
    fn put(&self, to: &mut Vec<u8>) {
        u8::from(*self).put(to);
    }
    fn get(from: &mut &[u8]) -> Option<bool> {
        u8::get(from).map(|byte| byte == 1)
    }
}

impl Told for u64 {
    #[inline(never)]
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.to_le_bytes());
    }
    #[inline(never)]
    fn get(from: &mut &[u8]) -> Option<u64> {
        take(from, 8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

impl Told for f64 {
    fn put(&self, to: &mut Vec<u8>) {
        self.to_bits().put(to);
    }
    fn get(from: &mut &[u8]) -> Option<f64> {
        u64::get(from).map(f64::from_bits)
    }
}

impl Told for Duration {
    fn put(&self, to: &mut Vec<u8>) {
        u64::try_from(self.as_micros()).unwrap_or(u64::MAX).put(to);
    }
    fn get(from: &mut &[u8]) -> Option<Duration> {
        u64::get(from).map(Duration::from_micros)
    }
}

impl Told for Phase {
    fn put(&self, to: &mut Vec<u8>) {
        (*self as u8).put(to);
    }
    fn get(from: &mut &[u8]) -> Option<Phase> {
        Phase::ALL.get(usize::from(u8::get(from)?)).copied()
    }
}

impl Told for String {
    #[inline(never)]
    fn put(&self, to: &mut Vec<u8>) {
        (self.len() as u64).put(to);
        to.extend_from_slice(self.as_bytes());
    }
    #[inline(never)]
    fn get(from: &mut &[u8]) -> Option<String> {
        let len = u64::get(from)?.try_into().ok()?;
        String::from_utf8(take(from, len)?.to_vec()).ok()
    }
}

impl<T: Told> Told for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        self.is_some().put(to);
        self.iter().for_each(|value| value.put(to));
    }
    fn get(from: &mut &[u8]) -> Option<Option<T>> {
        if bool::get(from)? { T::get(from).map(Some) } else { Some(None) }
    }
}

impl<T: Told> Told for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        (self.len() as u64).put(to);
        self.iter().for_each(|value| value.put(to));
    }
    fn get(from: &mut &[u8]) -> Option<Vec<T>> {
        (0..u64::get(from)?).map(|_| T::get(from)).collect()
    }
}

impl<T: Told, E: Told> Told for Result<T, E> {
    fn put(&self, to: &mut Vec<u8>) {
        self.is_ok().put(to);
        match self {
            Ok(value) => value.put(to),
            Err(error) => error.put(to),
        }
    }
    fn get(from: &mut &[u8]) -> Option<Result<T, E>> {
        if bool::get(from)? { T::get(from).map(Ok) } else { E::get(from).map(Err) }
    }
}

/// A structure is told field by field.
macro_rules! told {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Told for $name {
            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)*
            }
            fn get(from: &mut &[u8]) -> Option<$name> {
                Some($name { $($field: Told::get(from)?),* })
            }
        }
    )*};
}
pub(super) use told;

told! {
    ArchiveFacts { file, bytes, sha256 }
    Context { name, server }
    Line { gatherer, is_error, text }
    Progress { phase, requests, items, bytes_received, doing, awaits_server, elapsed }
    Reason { exit_code, attempt, reason, more, advice }
    Sums {
        name, version, complete, failed, gaps, duration_ms, requests, retries, bytes_received, items,
        items_withheld, objects_reduced, inconsistent_lists, duplicates_dropped, entries, bytes_archived, warnings, errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_and_what_is_cut_is_nothing() {
        let context = |name: &str, server: Option<&str>| Context {
            name: name.into(),
            server: server.map(str::to_owned),
        };
        let told: Result<Vec<Context>, Reason> =
            Ok(vec![context("a", Some("https://a")), context("", None), context("\u{1f980}\n", None)]);
        let mut bytes = Vec::new();
        told.put(&mut bytes);
        let mut rest = &bytes[..];
        assert_eq!(Told::get(&mut rest), Some(told));
        assert!(rest.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(Result::<Vec<Context>, Reason>::get(&mut &bytes[..len]), None, "{len}");
        }
        // A number of values that are not there takes no memory.
        assert_eq!(Vec::<String>::get(&mut &[0xff; 8][..]), None);
        assert_eq!(String::get(&mut &[0xff; 12][..]), None);
    }
}
