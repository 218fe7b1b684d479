//! Gets a module: the manifest, through an index if there is one, then the layers that it names.

use super::client::{Client, Purpose};
use super::manifest::{ACCEPTED, Blob, Manifest};
use super::{Options, Reference, digest};
use wagather_base::error::Failure;
use wagather_base::limits::{MAX_MODULE_BYTES, MAX_SIGNATURE_BYTES};

/// Registries accept no larger ones.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// A module from a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The reference, with the digest of the manifest that the registry gave for it.
    pub reference: Reference,
    /// The module.
    pub module: Vec<u8>,
    /// Its detached minisign signature.
    pub signature: Option<Vec<u8>>,
}

/// Gets a module and its signature.
///
/// # Errors
/// [`Class::Cluster`](wagather_base::error::Class) if another try may help, `Refused` if the registry does not let us, `Config` for a certificate
/// or credentials that cannot be used, `Module` for everything that is wrong with the artifact.
pub fn pull(reference: &Reference, options: &Options) -> Result<Pulled, Failure> {
    let mut client = Client::new(reference, Purpose::Pull, options)?;
    let named = reference.digest.as_deref().or(reference.tag.as_deref()).unwrap_or_default();
    let bytes = get(&mut client, &format!("manifests/{named}"), Some(ACCEPTED), MAX_MANIFEST_BYTES)?;
    let sum = digest(&bytes);
    if let Some(wanted) = reference.digest.as_ref().filter(|wanted| **wanted != sum) {
        return Err(differs(&client, "manifest", wanted, &sum));
    }
    let read = |client: &Client<'_>, bytes: &[u8]| Manifest::parse(bytes).map_err(|why| client.failure(why));
    let mut manifest = read(&client, &bytes)?;
    if let Manifest::Index(blob) = &manifest {
        let bytes = named_by(&mut client, "manifest", "manifests", blob, MAX_MANIFEST_BYTES)?;
        manifest = read(&client, &bytes)?;
    }
    let Manifest::Module { module, signature } = manifest else {
        return Err(client.failure("its index leads to another index; name a manifest by its digest".into()));
    };
    let signature = match signature {
        Some(blob) => Some(named_by(&mut client, "signature", "blobs", &blob, MAX_SIGNATURE_BYTES)?),
        None => None,
    };
    let module = named_by(&mut client, "module", "blobs", &module, MAX_MODULE_BYTES)?;
    Ok(Pulled { reference: reference.pinned(sum), module, signature })
}

/// Gets what a manifest names, and checks that it is that.
fn named_by(
    client: &mut Client<'_>,
    what: &str,
    kind: &str,
    blob: &Blob,
    max: u64,
) -> Result<Vec<u8>, Failure> {
    if blob.bytes > max {
        return Err(client.failure(format!("its {what} has {} bytes; the limit is {max}", blob.bytes)));
    }
    let accept = (kind == "manifests").then_some(ACCEPTED);
    let bytes = get(client, &format!("{kind}/{}", blob.digest), accept, blob.bytes)?;
    match digest(&bytes) {
        sum if sum == blob.digest => Ok(bytes),
        sum => Err(differs(client, what, &blob.digest, &sum)),
    }
}

fn get(client: &mut Client<'_>, rest: &str, accept: Option<&str>, max: u64) -> Result<Vec<u8>, Failure> {
    let reply = client.ask("GET", &client.url(rest), accept, None)?;
    if reply.status != 200 {
        return Err(client.refusal(reply));
    }
    reply.bytes(max).map_err(|unsent| client.unsent(unsent))
}

fn differs(client: &Client<'_>, what: &str, wanted: &str, got: &str) -> Failure {
    client
        .failure(format!("the registry gives another {what} than was asked for: {got} instead of {wanted}"))
        .advise("do not use this registry before you know why")
}
