//! A destination for a machine that does not have the files that it names, such as a pod: with what is in them.

use std::net::IpAddr;

use crate::destination::{Destination, Template, Url, unusable};
use crate::{Transport, fields};
use wagather_base::error::{Class, Failure};
use wagather_base::file;
use wagather_base::limits::MAX_CREDENTIAL_BYTES;
use wagather_kube::cluster::upload::{Address, Uploader};

/// A destination with the content of its files.
pub struct Packed {
    /// The URL.
    pub url: Template,
    /// Whether a part of the URL may be a credential, so that it belongs into a file that few can read.
    pub is_secret: bool,
    /// The file with header fields.
    pub fields: Option<String>,
    /// The certificate authority.
    pub authority: Option<Vec<u8>>,
    address: Address,
}

/// The fields are credentials.
impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.url.fmt(f)
    }
}

impl Packed {
    /// The port of the server.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whether the server has a name that has to be looked up.
    pub fn has_name(&self) -> bool {
        self.address.host().parse::<IpAddr>().is_err()
    }
}

impl Destination {
    /// Reads the files, and finds out whether they can be used. `several` says whether more than one archive may be sent.
    ///
    /// Neither the certificates nor the proxies of this machine matter, because another one will send.
    ///
    /// # Errors
    /// [`Class::Config`].
    pub fn pack(&self, several: bool) -> Result<Packed, Failure> {
        let url = self.template(Class::Config)?;
        self.check_several(&url, several)?;
        let fail = |why| unusable(url.shown(), why);
        let address = url.fill("name", "sha256", self.form.is_none()).map_err(fail)?;
        let fields = self.fields.as_deref().map(fields::read_text).transpose().map_err(fail)?;
        let authority = self.transport.certificate_authority.as_deref().map(|path| {
            let transport = Transport { proxies: Some(Default::default()), ..self.transport.clone() };
            Uploader::new(address.clone(), &transport)?;
            file::read(path, MAX_CREDENTIAL_BYTES)
                .map_err(|error| fail(format!("cannot read {}: {error}", path.display())))
        });
        let is_secret = matches!(self.url, Url::File(_)) || address.has_login() || url.text().contains('?');
        Ok(Packed { is_secret, fields, authority: authority.transpose()?, address, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pace;
    use std::time::Duration;

    fn to(url: &str) -> Destination {
        Destination {
            url: Url::Typed(Template::parse(url).expect(url)),
            form: None,
            fields: None,
            timeout: Duration::from_secs(1),
            pace: Pace::default(),
            transport: Transport::default(),
        }
    }

    #[test]
    fn ports_names_and_credentials_of_a_url() {
        for (url, port, has_name, is_secret) in [
            ("https://h/a/", 443, true, false),
            ("http://h/@{name}", 80, true, false),
            ("https://10.0.0.1:8443/", 8443, false, false),
            ("https://[fd00::1]/", 443, false, false),
            ("https://h/?sig=hunter2", 443, true, true),
            ("https://u:hunter2@h/", 443, true, true),
        ] {
            let packed = to(url).pack(true).expect(url);
            assert_eq!(
                (packed.port(), packed.has_name(), packed.is_secret),
                (port, has_name, is_secret),
                "{url}"
            );
            assert!(!format!("{packed:?}").contains("hunter2"));
        }
        assert!(to("https://h/a").pack(false).is_ok());
        assert!(to("https://h/a").pack(true).expect_err("one URL").advice.contains("{name}"));
    }
}
