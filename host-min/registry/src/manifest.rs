//! What a manifest says: which of its layers is the module, and which its signature.
//!
//! Tools agree on manifests, and differ in media types: wasm-to-oci and Kubewarden have one, the CNCF's artifacts another, and `oras push`
//! gives a file that of a tar layer and its name. All of them are read, and one is written.

use super::is_digest;
use serde_json::{Value, json};

/// The manifest of an artifact or an image.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// What a registry may answer.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                                   application/vnd.docker.distribution.manifest.v2+json, \
                                   application/vnd.docker.distribution.manifest.list.v2+json";
/// The media type of a module that is pushed, as of wasm-to-oci and Kubewarden.
const MODULE: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// That of its configuration, which is an empty object.
const CONFIG: &str = "application/vnd.wasm.config.v1+json";
/// That of a signature by minisign.
const SIGNATURE: &str = "application/vnd.wagather.minisig";
/// The name of a layer's file.
const TITLE: &str = "org.opencontainers.image.title";

/// A manifest has a few of them, an index some dozens, and each takes memory: far more than its bytes.
const MAX_VALUES: usize = 50_000;

/// A blob that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

/// The meaning of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Manifest {
    /// It is an index, and this is the manifest to read instead.
    Index(Blob),
    /// It has a module, and maybe its signature.
    Module { module: Blob, signature: Option<Blob> },
}

impl Manifest {
    /// Reads a manifest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Manifest, String> {
        if bytes.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count() > MAX_VALUES {
            return Err(format!("its manifest has more than {MAX_VALUES} values"));
        }
        let manifest: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("its manifest is not JSON: {error}"))?;
        match (manifest["manifests"].as_array(), manifest["layers"].as_array()) {
            // One tool would see an index, and another one an image.
            (Some(_), Some(_)) => Err("its manifest is both an index and a manifest".into()),
            (Some(manifests), None) => one_of(manifests).map(Manifest::Index),
            (None, Some(layers)) => of_layers(layers),
            (None, None) => Err("its manifest has no layers".into()),
        }
    }
}

/// The manifest of an index that has the module: the only one, or the only one for WebAssembly.
fn one_of(manifests: &[Value]) -> Result<Blob, String> {
    let is_manifest = |entry: &&Value| {
        let architecture = &entry["platform"]["architecture"];
        // Build tools add statements about the others, for a platform that does not exist.
        entry["mediaType"].as_str().is_some_and(|kind| kind.contains("manifest") && !kind.contains("list"))
            && architecture != "unknown"
    };
    let all: Vec<&Value> = manifests.iter().filter(is_manifest).collect();
    let of_wasm: Vec<&Value> = all
        .iter()
        .filter(|entry| {
            entry["platform"]["architecture"].as_str().is_some_and(|name| name.starts_with("wasm"))
        })
        .copied()
        .collect();
    match (&all[..], &of_wasm[..]) {
        ([only], _) | (_, [only]) => blob(only),
        _ => Err(format!(
            "it is an index of {} manifests, of which {} are for WebAssembly; name one by its digest",
            all.len(),
            of_wasm.len()
        )),
    }
}

fn of_layers(layers: &[Value]) -> Result<Manifest, String> {
    let of_kind = |is_kind: &dyn Fn(&str) -> bool, ending: &str| -> Vec<&Value> {
        let is_it = |layer: &&Value| {
            layer["mediaType"].as_str().is_some_and(is_kind)
                || layer["annotations"][TITLE].as_str().is_some_and(|title| title.ends_with(ending))
        };
        layers.iter().filter(is_it).collect()
    };
    let signatures = of_kind(&|kind| kind == SIGNATURE, ".minisig");
    let modules = of_kind(&|kind| kind == "application/wasm" || kind.ends_with("+wasm"), ".wasm");
    let [module] = modules[..] else {
        let kinds: Vec<&str> =
            layers.iter().take(5).filter_map(|layer| layer["mediaType"].as_str()).collect();
        return Err(match modules.len() {
            0 => format!("it has no layer with a module, only: {}", kinds.join(", ")),
            many => format!("it has {many} layers with modules; expected one"),
        });
    };
    let signature = match signatures[..] {
        [] => None,
        [signature] => Some(blob(signature)?),
        _ => return Err(format!("it has {} signatures; expected one", signatures.len())),
    };
    Ok(Manifest::Module { module: blob(module)?, signature })
}

fn blob(descriptor: &Value) -> Result<Blob, String> {
    let digest = descriptor["digest"].as_str().filter(|digest| is_digest(digest));
    match (digest, descriptor["size"].as_u64()) {
        (Some(digest), Some(bytes)) => Ok(Blob { digest: digest.into(), bytes }),
        (None, _) => Err("its manifest names something without a SHA-256 digest".into()),
        (_, None) => Err("its manifest names something without a size".into()),
    }
}

/// A blob to be pushed.
pub(crate) struct Layer<'a> {
    pub(crate) digest: String,
    pub(crate) bytes: &'a [u8],
}

/// The manifest of a module. The same module, signature and name always give the same manifest.
pub(crate) fn compose(
    title: &str,
    config: &Layer<'_>,
    module: &Layer<'_>,
    signature: Option<&Layer<'_>>,
) -> String {
    let descriptor = |kind: &str, layer: &Layer<'_>| json!({"mediaType": kind, "digest": layer.digest, "size": layer.bytes.len()});
    let titled = |kind: &str, layer: &Layer<'_>, title: &str| {
        let mut layer = descriptor(kind, layer);
        layer["annotations"] = json!({TITLE: title});
        layer
    };
    let mut layers = vec![titled(MODULE, module, title)];
    layers.extend(signature.map(|signature| titled(SIGNATURE, signature, &format!("{title}.minisig"))));
    let config = descriptor(CONFIG, config);
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest;

    fn entry(kind: &str, of: &str) -> Value {
        json!({"mediaType": kind, "digest": digest(of.as_bytes()), "size": of.len()})
    }

    fn titled(kind: &str, of: &str, title: &str) -> Value {
        let mut entry = entry(kind, of);
        entry["annotations"] = json!({TITLE: title});
        entry
    }

    fn on(platform: &str, of: &str) -> Value {
        let mut entry = entry(MANIFEST, of);
        entry["platform"] = json!({"os": "linux", "architecture": platform});
        entry
    }

    fn parse(value: &Value) -> Result<Manifest, String> {
        Manifest::parse(value.to_string().as_bytes())
    }

    fn of(text: &str) -> Blob {
        Blob { digest: digest(text.as_bytes()), bytes: text.len() as u64 }
    }

    #[test]
    fn the_module_is_found_as_tools_write_it() {
        let tar = "application/vnd.oci.image.layer.v1.tar";
        for module in [
            entry(MODULE, "m"),
            entry("application/wasm", "m"),
            entry("application/vnd.module.wasm.content.layer.v1+wasm", "m"),
            titled(tar, "m", "a.wasm"),
        ] {
            let alone = json!({"layers": [module, titled(tar, "x", "README.md")]});
            assert_eq!(parse(&alone), Ok(Manifest::Module { module: of("m"), signature: None }));
            let signed = json!({"layers": [titled(tar, "s", "a.wasm.minisig"), module]});
            assert_eq!(parse(&signed), Ok(Manifest::Module { module: of("m"), signature: Some(of("s")) }));
        }
        for (layers, why) in [
            (json!([]), "no layer with a module"),
            (json!([entry(tar, "m")]), "only: application/vnd.oci.image.layer.v1.tar"),
            (json!([entry(MODULE, "a"), entry("application/wasm", "b")]), "2 layers"),
            (json!([entry(MODULE, "a"), entry(SIGNATURE, "b"), entry(SIGNATURE, "c")]), "2 signatures"),
            (json!([{"mediaType": MODULE, "size": 1}]), "without a SHA-256"),
            (json!([{"mediaType": MODULE, "size": 1, "digest": "sha256:../../x"}]), "without a SHA-256"),
            (json!([{"mediaType": MODULE, "digest": digest(b"")}]), "without a size"),
            (json!([{"mediaType": MODULE, "digest": digest(b""), "size": -1}]), "without a size"),
        ] {
            let error = parse(&json!({"layers": layers})).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn an_index_leads_to_one_manifest() {
        for manifests in [
            json!([entry(MANIFEST, "m")]),
            json!([on("amd64", "m")]),
            json!([on("amd64", "x"), on("wasm", "m")]),
            json!([on("amd64", "x"), on("arm64", "y"), on("wasm32", "m"), on("unknown", "z")]),
            json!([on("unknown", "x"), on("amd64", "m")]),
        ] {
            assert_eq!(parse(&json!({"manifests": manifests})), Ok(Manifest::Index(of("m"))), "{manifests}");
        }
        for manifests in [
            json!([]),
            json!([on("amd64", "x"), on("arm64", "y")]),
            json!([on("wasm", "x"), on("wasm", "y")]),
            json!([entry("application/vnd.oci.image.index.v1+json", "x")]),
        ] {
            let error = parse(&json!({"manifests": manifests})).expect_err("not one");
            assert!(error.contains("an index of"), "{error}");
        }
    }

    #[test]
    fn what_is_no_manifest() {
        let deep = "[".repeat(10_000);
        let wide = format!("{{\"layers\":[{}0]}}", "0,".repeat(MAX_VALUES));
        for (text, why) in [
            ("", "not JSON"),
            ("{}", "no layers"),
            ("[]", "no layers"),
            ("{\"layers\":[],\"manifests\":[]}", "both"),
            (&deep, "not JSON"),
            (&wide, "more than"),
        ] {
            let error = Manifest::parse(text.as_bytes()).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let layer = |bytes: &'static str| Layer { digest: digest(bytes.as_bytes()), bytes: bytes.as_bytes() };
        let text = compose("a\".wasm", &layer("{}"), &layer("m"), Some(&layer("s")));
        let read = Manifest::parse(text.as_bytes());
        assert_eq!(read, Ok(Manifest::Module { module: of("m"), signature: Some(of("s")) }));
        let text = compose("a", &layer("{}"), &layer("m"), None);
        assert_eq!(
            Manifest::parse(text.as_bytes()),
            Ok(Manifest::Module { module: of("m"), signature: None })
        );
    }
}
