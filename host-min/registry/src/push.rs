//! Puts a module into a registry: its blobs first, then the manifest that names them, so that a tag never names what is not there.

use super::client::{Client, Purpose, Sent};
use super::manifest::{Layer, MANIFEST, compose};
use super::{Options, Reference, digest};
use wagather_base::error::{Class, Failure};

/// The configuration of an artifact that has none.
const CONFIG: &[u8] = b"{}";

/// Puts a module and its signature into a registry. `title` is the name of its file. Gives the reference with the digest of the
/// manifest.
///
/// # Errors
/// As for [`pull`](super::pull()), with `Output` for what the registry does not take.
pub fn push(
    reference: &Reference,
    title: &str,
    module: &[u8],
    signature: Option<&[u8]>,
    options: &Options,
) -> Result<Reference, Failure> {
    let Some(tag) = reference.tag.as_deref().filter(|_| !reference.is_pinned()) else {
        let why = "a module is pushed to a tag; its digest follows from what it is";
        return Err(Failure::new(Class::Config, format!("cannot push to {reference}"), why)
            .advise("name it oci://HOST/NAME:TAG"));
    };
    let mut client = Client::new(reference, Purpose::Push, options)?;
    let layer = |bytes| Layer { digest: digest(bytes), bytes };
    let (config, module, signature) = (layer(CONFIG), layer(module), signature.map(layer));
    for layer in [&config, &module].into_iter().chain(&signature) {
        put(&mut client, layer)?;
    }
    let manifest = compose(title, &config, &module, signature.as_ref());
    let sent = Sent { media_type: MANIFEST, bytes: manifest.as_bytes() };
    let reply = client.ask("PUT", &client.url(&format!("manifests/{tag}")), None, Some(sent))?;
    match reply.status {
        200..=299 => Ok(reference.pinned(digest(manifest.as_bytes()))),
        _ => Err(client.refusal(reply)),
    }
}

/// Uploads a blob in one piece, unless the registry has it.
fn put(client: &mut Client<'_>, layer: &Layer<'_>) -> Result<(), Failure> {
    let known = client.ask("HEAD", &client.url(&format!("blobs/{}", layer.digest)), None, None)?;
    if known.status == 200 {
        return Ok(());
    }
    let begin = client.url("blobs/uploads/");
    let nothing = Sent { media_type: "application/octet-stream", bytes: &[] };
    let begun = client.ask("POST", &begin, None, Some(nothing))?;
    let Some(location) = begun.location.clone().filter(|_| begun.status == 202) else {
        return Err(client.refusal(begun));
    };
    let address = client.beside(&client.address(&begin)?, &location)?;
    let query = if address.target().contains('?') { '&' } else { '?' };
    let mut end = format!("{}{}{query}digest=", address.origin(), address.target());
    wagather_base::percent::encode(&layer.digest, &mut end);
    let sent = Sent { media_type: "application/octet-stream", bytes: layer.bytes };
    let reply = client.ask("PUT", &end, None, Some(sent))?;
    if (200..300).contains(&reply.status) { Ok(()) } else { Err(client.refusal(reply)) }
}
