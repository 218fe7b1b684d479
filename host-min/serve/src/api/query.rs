//! Queries whose every key is known.

use super::problem::Mistake;
use wagather_http::Request;

/// The values of a query, in the order of the keys. A key that is not among them, or that comes twice, is a mistake of the client's.
pub(super) fn values<const N: usize>(
    request: &Request,
    keys: [&str; N],
) -> Result<[Option<String>; N], Mistake> {
    let pairs = request.query().ok_or_else(|| Mistake("The query has a broken escape.".to_owned()))?;
    let mut values = [const { None }; N];
    for (key, value) in pairs {
        let Some(at) = keys.iter().position(|known| *known == key) else {
            let known = if N == 0 { "none".to_owned() } else { keys.join(", ") };
            return Err(Mistake(format!("The query has the parameter '{key}'; known here: {known}.")));
        };
        if values[at].replace(value).is_some() {
            return Err(Mistake(format!("The query has the parameter '{key}' twice.")));
        }
    }
    Ok(values)
}
