//! Whether a module may run under a grant: its digest is pinned, its signature is from a signer, and WASI is allowed if it imports WASI.
//!
//! [`wagather_policy::grant`] parses pins and signatures. This module computes and verifies them.

use crate::report::ModuleFacts;
use blake2::Blake2b512;
use ring::signature::{ED25519, UnparsedPublicKey};
use std::fmt;
use wagather_base::error::{Class, Failure, Result};
use wagather_policy::grant::{Grant, PublicKey, Signature};
use wagather_policy::manifest::Manifest;
use wagather_registry::SCHEME;

/// Why a signature is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is from another key.
    AnotherKey,
    /// It is from the key, but the module or the trusted comment was changed.
    OtherBytes,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mismatch::AnotherKey => "the signature is from another key",
            Mismatch::OtherBytes => "the module or the signature was changed",
        })
    }
}

impl std::error::Error for Mismatch {}

/// Checks that a module may run. It must be pinned if there are pins, and signed if there are signers.
///
/// `label` is the module's name in messages, usually its file. `signature` is the content of its `.minisig` file.
pub fn admits_module(grant: &Grant, label: &str, module: &[u8], signature: Option<&[u8]>) -> Result<()> {
    if !grant.wasi && Manifest::of_module(module).is_ok_and(|manifest| manifest.wasi) {
        return Err(refused(label, "it imports WASI, which the grant does not allow".to_owned())
            .advise("run a gatherer that does without, or take 'wasi: false' out of the grant"));
    }
    admits_digest(grant, label, module)?;
    admits_signature(grant, label, module, signature)
}

/// The signer of a module's signature.
pub fn signer_of<'a>(
    grant: &'a Grant,
    module: &[u8],
    signature: &Signature,
) -> Result<&'a PublicKey, Mismatch> {
    let mut mismatch = Mismatch::AnotherKey;
    for signer in &grant.signers {
        match verify(signer, module, signature) {
            Ok(()) => return Ok(signer),
            Err(Mismatch::AnotherKey) => {}
            Err(Mismatch::OtherBytes) => mismatch = Mismatch::OtherBytes,
        }
    }
    Err(mismatch)
}

fn admits_digest(grant: &Grant, label: &str, module: &[u8]) -> Result<()> {
    if grant.modules.is_empty() {
        return Ok(());
    }
    let sha256 = ModuleFacts::of(module).sha256;
    if grant.modules.iter().any(|digest| digest.sha256 == sha256) {
        return Ok(());
    }
    let reason = match &grant.modules[..] {
        [only] => format!("its sha256 is {sha256}, but the grant admits only {only}"),
        all => {
            format!("its sha256 is {sha256}, which is not among the {} that the grant admits", all.len())
        }
    };
    Err(refused(label, reason).advise(
        "run the module that was reviewed, or review this one and add its sha256 to the grant's modules",
    ))
}

fn admits_signature(grant: &Grant, label: &str, module: &[u8], signature: Option<&[u8]>) -> Result<()> {
    if grant.signers.is_empty() {
        return Ok(());
    }
    let Some(signature) = signature else {
        if label.starts_with(SCHEME) {
            return Err(refused(
                label,
                "the grant admits only signed modules, and its artifact has no signature".into(),
            )
            .advise("have it signed and pushed again: host-min push sends GUEST.wasm.minisig, too"));
        }
        return Err(refused(
            label,
            format!("the grant admits only signed modules, and {label}.minisig does not exist"),
        )
        .advise(format!("put the signature there, or create one: minisign -S -m {label}")));
    };
    let signature = Signature::parse(signature).map_err(|why| {
        refused(label, format!("its signature {label}.minisig cannot be read: {why}"))
            .advise("get the signature again; it must be the file that minisign wrote")
    })?;
    let another_key = match signer_of(grant, module, &signature) {
        Ok(_) => return Ok(()),
        Err(mismatch) => mismatch == Mismatch::AnotherKey,
    };
    Err(if another_key {
        refused(label, format!("its signature {label}.minisig is not from one of the grant's signers"))
            .advise("have it signed by one of them, or add the key to the grant's signers")
    } else {
        refused(
            label,
            format!("its signature {label}.minisig is invalid: the module or the signature was changed"),
        )
        .advise("get both again from whoever signed it")
    })
}

/// Verifies a signature and its trusted comment with this key.
fn verify(signer: &PublicKey, module: &[u8], signature: &Signature) -> Result<(), Mismatch> {
    if signer.id != signature.key_id {
        return Err(Mismatch::AnotherKey);
    }
    let key = UnparsedPublicKey::new(&ED25519, &signer.key);
    let of_the_module = match signature.is_of_the_hash {
        true => key.verify(&<Blake2b512 as blake2::Digest>::digest(module), &signature.of_the_module),
        false => key.verify(module, &signature.of_the_module),
    };
    let signed = [&signature.of_the_module[..], signature.comment.as_bytes()].concat();
    let of_the_comment = key.verify(&signed, &signature.of_the_comment);
    of_the_module.and(of_the_comment).map_err(|_| Mismatch::OtherBytes)
}

fn refused(label: &str, reason: String) -> Failure {
    Failure::new(Class::Module, format!("{label} may not run"), reason)
}

#[cfg(test)]
mod tests;
