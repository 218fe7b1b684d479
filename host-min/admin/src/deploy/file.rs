//! A file that is put into a ConfigMap or a Secret.

/// A file of the ConfigMap.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) content: Content,
}

/// What is in it.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }
}
