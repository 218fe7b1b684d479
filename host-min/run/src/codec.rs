//! Values as bytes, for messages between processes of the same program. There are no names and no version.
//!
//! This is not JSON, although the program has it: reading these few values from JSON made the program 28 KB larger. For the same reason, numbers
//! and strings are not inlined.

use crate::modules::Guest;
use std::time::Duration;
use wagather_broker::{Phase, Progress};
use wagather_kube::cluster::Context;

/// A value that can be sent.
pub(crate) trait Codec: Sized {
    /// Appends the value.
    fn encode(&self, to: &mut Vec<u8>);
    /// Takes the value off the front; `None` if it is not there.
    fn decode(from: &mut &[u8]) -> Option<Self>;
}

fn take<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(taken)
}

impl Codec for u8 {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }
    fn decode(from: &mut &[u8]) -> Option<u8> {
        take(from, 1).map(|bytes| bytes[0])
    }
}

impl Codec for bool {
    fn encode(&self, to: &mut Vec<u8>) {
        u8::from(*self).encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<bool> {
        u8::decode(from).map(|byte| byte == 1)
    }
}

impl Codec for u64 {
    #[inline(never)]
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.to_le_bytes());
    }
    #[inline(never)]
    fn decode(from: &mut &[u8]) -> Option<u64> {
        take(from, 8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

impl Codec for f64 {
    fn encode(&self, to: &mut Vec<u8>) {
        self.to_bits().encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<f64> {
        u64::decode(from).map(f64::from_bits)
    }
}

impl Codec for Duration {
    fn encode(&self, to: &mut Vec<u8>) {
        u64::try_from(self.as_micros()).unwrap_or(u64::MAX).encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<Duration> {
        u64::decode(from).map(Duration::from_micros)
    }
}

impl Codec for Phase {
    fn encode(&self, to: &mut Vec<u8>) {
        (*self as u8).encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<Phase> {
        Phase::ALL.get(usize::from(u8::decode(from)?)).copied()
    }
}

impl Codec for String {
    #[inline(never)]
    fn encode(&self, to: &mut Vec<u8>) {
        (self.len() as u64).encode(to);
        to.extend_from_slice(self.as_bytes());
    }
    #[inline(never)]
    fn decode(from: &mut &[u8]) -> Option<String> {
        let len = u64::decode(from)?.try_into().ok()?;
        String::from_utf8(take(from, len)?.to_vec()).ok()
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, to: &mut Vec<u8>) {
        self.is_some().encode(to);
        self.iter().for_each(|value| value.encode(to));
    }
    fn decode(from: &mut &[u8]) -> Option<Option<T>> {
        if bool::decode(from)? { T::decode(from).map(Some) } else { Some(None) }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, to: &mut Vec<u8>) {
        (self.len() as u64).encode(to);
        self.iter().for_each(|value| value.encode(to));
    }
    fn decode(from: &mut &[u8]) -> Option<Vec<T>> {
        (0..u64::decode(from)?).map(|_| T::decode(from)).collect()
    }
}

impl<T: Codec, E: Codec> Codec for Result<T, E> {
    fn encode(&self, to: &mut Vec<u8>) {
        self.is_ok().encode(to);
        match self {
            Ok(value) => value.encode(to),
            Err(error) => error.encode(to),
        }
    }
    fn decode(from: &mut &[u8]) -> Option<Result<T, E>> {
        if bool::decode(from)? { T::decode(from).map(Ok) } else { E::decode(from).map(Err) }
    }
}

/// Encodes structures field by field.
macro_rules! codec {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Codec for $name {
            fn encode(&self, to: &mut Vec<u8>) {
                $(self.$field.encode(to);)*
            }
            fn decode(from: &mut &[u8]) -> Option<$name> {
                Some($name { $($field: Codec::decode(from)?),* })
            }
        }
    )*};
}
pub(crate) use codec;

codec! {
    Context { name, server }
    Guest { label, module, signature }
    Progress { phase, requests, items, bytes_received, doing, awaits_server, elapsed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_cut_ones_do_not() {
        let context = |name: &str, server: Option<&str>| Context {
            name: name.into(),
            server: server.map(str::to_owned),
        };
        let value: Result<Vec<Context>, String> =
            Ok(vec![context("a", Some("https://a")), context("", None), context("\u{1f980}\n", None)]);
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        let mut rest = &bytes[..];
        assert_eq!(Codec::decode(&mut rest), Some(value));
        assert!(rest.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(Result::<Vec<Context>, String>::decode(&mut &bytes[..len]), None, "{len}");
        }
        // A number of values that are not there takes no memory.
        assert_eq!(Vec::<String>::decode(&mut &[0xff; 8][..]), None);
        assert_eq!(String::decode(&mut &[0xff; 12][..]), None);
    }
}
