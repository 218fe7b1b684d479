//! The bytes of a request: the archive alone, or the archive within a form.

use std::fs::File;
use std::io::{self, Read, Seek};

use crate::destination::Form;
use ring::digest::{Context, SHA256};
use wagather_base::base64;
use wagather_base::hex;
use wagather_kube::cluster::Secret;

/// What is read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// An archive's checksum and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) sha256: String,
    base64: String,
    pub(crate) len: u64,
}

impl Digest {
    /// Of all that a file has.
    pub(crate) fn of(mut file: &File) -> io::Result<Digest> {
        file.rewind()?;
        let (mut context, mut len, mut buffer) = (Context::new(&SHA256), 0, vec![0; CHUNK_BYTES]);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    context.update(&buffer[..read]);
                    len += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let digest = context.finish();
        Ok(Digest { sha256: hex::encode(digest.as_ref()), base64: base64::encode(digest.as_ref()), len })
    }
}

/// A body and the fields that tell what it is.
pub(crate) struct Body {
    pub(crate) method: &'static str,
    pub(crate) fields: Vec<(String, Secret)>,
    before: Vec<u8>,
    after: Vec<u8>,
    pub(crate) len: u64,
}

impl Body {
    /// What is sent of an archive. The same archive always gets the same bytes.
    pub(crate) fn new(name: &str, digest: &Digest, form: Option<&Form>) -> Body {
        let usual = if name.ends_with(".age") { "application/vnd.age" } else { "application/gzip" };
        let key = ("Idempotency-Key".to_owned(), Secret::new(format!("\"{}\"", digest.sha256)));
        let Some(form) = form else {
            let checksum = Secret::new(format!("sha-256=:{}:", digest.base64));
            let fields = vec![
                ("Content-Type".to_owned(), Secret::new(usual)),
                ("Content-Digest".to_owned(), checksum),
                key,
            ];
            return Body { method: "PUT", fields, before: Vec::new(), after: Vec::new(), len: digest.len };
        };
        // The checksum cannot be in the archive, short of a collision.
        let boundary = format!("wagather-{}", &digest.sha256[..40]);
        let before = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            form.field,
            quoted(name),
            form.media_type.as_deref().unwrap_or(usual)
        );
        let after = format!("\r\n--{boundary}--\r\n");
        let content = Secret::new(format!("multipart/form-data; boundary={boundary}"));
        Body {
            method: "POST",
            fields: vec![("Content-Type".to_owned(), content), key],
            len: before.len() as u64 + digest.len + after.len() as u64,
            before: before.into_bytes(),
            after: after.into_bytes(),
        }
    }

    /// The bytes, from the beginning of the file.
    pub(crate) fn read<'a>(&'a self, mut file: &'a File, digest: &Digest) -> io::Result<impl Read + 'a> {
        file.rewind()?;
        Ok(self.before.as_slice().chain(file.take(digest.len)).chain(self.after.as_slice()))
    }
}

/// A file's name within quotes, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("room");
        file
    }

    #[test]
    fn a_form_has_the_length_that_it_says() {
        let file = file(b"abc");
        let digest = Digest::of(&file).expect("a digest");
        assert_eq!(digest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.base64, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        let form = Form { field: "file".into(), media_type: Some("application/x".into()) };
        let body = Body::new("a\"b.tgz", &digest, Some(&form));
        let mut text = String::new();
        body.read(&file, &digest).expect("a file").read_to_string(&mut text).expect("text");
        assert_eq!(text.len() as u64, body.len);
        assert_eq!(
            text,
            "--wagather-ba7816bf8f01cfea414140de5dae2223b00361a3\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a%22b.tgz\"\r\n\
             Content-Type: application/x\r\n\r\nabc\r\n--wagather-ba7816bf8f01cfea414140de5dae2223b00361a3--\r\n"
        );
        // And once more, from the beginning.
        let body = Body::new("x", &digest, None);
        let mut bytes = Vec::new();
        body.read(&file, &digest).expect("a file").read_to_end(&mut bytes).expect("bytes");
        assert_eq!((bytes.as_slice(), body.len, body.method), (&b"abc"[..], 3, "PUT"));
    }
}
