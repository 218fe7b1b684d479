//! Parameters that whoever starts the run gives to the gatherer (`--param name=value`).

use crate::abi::{Kind, Status};
use crate::error::check;
use crate::{Error, Result, sys};

/// The value of a parameter, in a buffer of the caller's; `None` if it was not given.
///
/// # Errors
///
/// [`Status::NO_ROOM`] if the value is longer than `buffer`.
pub fn param<'a>(name: &str, buffer: &'a mut [u8]) -> Result<Option<&'a str>> {
    match check(sys::param(name, buffer)) {
        Ok(len) => match buffer.get(..len as usize) {
            Some(value) => sys::text(value).map(Some),
            None => Err(Error::new(Status::NO_ROOM)),
        },
        Err(error) if error.kind() == Kind::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

/// The value of a parameter of at most `N` bytes; `None` if it was not given.
///
/// # Errors
///
/// [`Status::NO_ROOM`] if the value is longer than `N` bytes.
pub fn param_string<const N: usize>(name: &str) -> Result<Option<heapless::String<N>>> {
    let mut buffer = [0; N];
    match param(name, &mut buffer)? {
        None => Ok(None),
        Some(value) => heapless::String::try_from(value).map(Some).map_err(|_| Error::new(Status::NO_ROOM)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;

    #[test]
    fn a_value_fits_or_is_refused() {
        let host = Host::new().param("team", "blue").param("empty", "");
        let run = host.run(|| {
            assert_eq!(param("team", &mut [0; 4]), Ok(Some("blue")));
            assert_eq!(param("team", &mut [0; 3]), Err(Error::new(Status::NO_ROOM)));
            assert_eq!(param("empty", &mut []), Ok(Some("")));
            assert_eq!(param("other", &mut [0; 4]), Ok(None));
            assert_eq!(param_string::<8>("team")?.as_deref(), Some("blue"));
            assert_eq!(param_string::<3>("team"), Err(Error::new(Status::NO_ROOM)));
            assert_eq!(param_string::<8>("other"), Ok(None));
            Ok(())
        });
        assert_eq!(run.result, Ok(()));
    }
}
