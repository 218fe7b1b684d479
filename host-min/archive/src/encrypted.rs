//! Archives that only their recipients can read. How they are encrypted is decided elsewhere (`wagather-age`).

use std::fmt::Debug;
use std::io::{self, Write};
use std::path::Path;

/// How an encrypted archive begins: the version of age, and a stanza that readers of age skip. It tells our files from others.
pub const ENCRYPTED: &[u8] = b"age-encryption.org/v1\n-> wagather-archive-grease\n\n";

/// How every file of age begins.
pub(crate) const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// The suffix of its file.
pub const SUFFIX: &str = ".age";

/// Why an encrypted archive cannot be read.
pub(crate) const UNREADABLE: &str = "it is encrypted; decrypt it first, with 'age --decrypt'";

/// Encrypts an archive.
pub trait Encryption: Debug + Send + Sync {
    /// Calls `plain` once with a writer, and encrypts what is written into it.
    ///
    /// # Errors
    /// An error of either side. What was written until then cannot be decrypted to its end.
    fn encrypt(
        &self,
        to: &mut dyn Write,
        plain: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()>;
}

/// Whether a file has the name of an encrypted archive.
pub fn is_named_encrypted(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(SUFFIX.as_bytes())
}
