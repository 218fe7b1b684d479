//! Internal to host-min, without any promise of stability: archives that only their recipients can read.
//!
//! It writes files of age (<https://age-encryption.org/v1>), for recipients with an X25519 key (`age1…`). The cryptography is that of
//! `ring`, which TLS uses too. The program `age` decrypts the files. Passphrases, SSH keys and plugins are not supported.

#![forbid(unsafe_code)]

mod recipient;
mod writer;

use std::io::{self, Write};
use std::sync::Arc;

pub use recipient::Recipient;
use wagather_archive::Encryption;
use writer::Writer;

/// Everybody who can decrypt an archive.
#[derive(Debug)]
struct Recipients(Vec<Recipient>);

/// The encryption for these recipients. `None` if there are none.
pub fn encryption(recipients: &[Recipient]) -> Option<Arc<dyn Encryption>> {
    (!recipients.is_empty()).then(|| Arc::new(Recipients(recipients.to_vec())) as Arc<dyn Encryption>)
}

impl Encryption for Recipients {
    fn encrypt(
        &self,
        to: &mut dyn Write,
        plain: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut writer = Writer::begin(to, &self.0)?;
        plain(&mut writer)?;
        writer.finish()
    }
}
