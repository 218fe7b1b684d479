//! Names of fields: in JSON, by Kubernetes' API conventions, and in Rust.

/// Acronyms, which the conventions write in one case: lower at the beginning of a name, upper elsewhere
/// (kubernetes/community, `api-conventions.md`, "Naming conventions"). With an `s`, they are plurals:
/// `podIPs`.
const ACRONYMS: &[&str] = &["cidr", "dns", "id", "ip", "ipc", "pid", "tls", "uid", "uri", "url", "uuid"];

/// The JSON name of a field: `restart_count` is `restartCount`, `pod_ips` is `podIPs`, `r#type` is `type`.
pub fn json_name(field: &str) -> String {
    let field = field.strip_prefix("r#").unwrap_or(field);
    let mut name = String::with_capacity(field.len());
    for word in field.split('_').filter(|word| !word.is_empty()) {
        if name.is_empty() {
            name.push_str(word);
            continue;
        }
        let singular = word.strip_suffix('s').unwrap_or(word);
        if ACRONYMS.contains(&word) {
            name.push_str(&word.to_ascii_uppercase());
        } else if ACRONYMS.contains(&singular) {
            name.push_str(&singular.to_ascii_uppercase());
            name.push('s');
        } else {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            name.push_str(&first.to_uppercase());
            name.push_str(rest);
        }
    }
    name
}

/// Rust's keywords in the 2024 edition, which a field's name can only use with `r#`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names that a field cannot have even with `r#`.
const NEVER_NAMES: &[&str] = &["crate", "self", "super"];

/// An idiomatic Rust name for a field with this JSON name: `restartCount` is `restart_count`, `podIPs` is
/// `pod_ips`, `type` is `r#type`.
///
/// The result is always an ASCII identifier in snake case; a name without any letter or digit becomes
/// `field`. For most names of Kubernetes' API, [`json_name`] converts it back to the JSON name. Otherwise
/// (`setHostnameAsFQDN`, `$ref`), the field needs `#[field(name = "…")]`. Two JSON names can have the same
/// Rust name (`a-b` and `aB`), so callers must check for duplicates.
pub fn rust_name(json: &str) -> String {
    let words = words(json).join("_");
    match words.as_bytes().first() {
        None => "field".to_owned(),
        Some(b'0'..=b'9') => format!("_{words}"),
        _ if KEYWORDS.contains(&&*words) => format!("r#{words}"),
        _ if NEVER_NAMES.contains(&&*words) => words + "_",
        _ => words,
    }
}

/// The words of a name in camelCase or with separators, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut left = piece;
        while !left.is_empty() {
            let (word, rest) = left.split_at(word_len(left.as_bytes()));
            words.push(word.to_ascii_lowercase());
            left = rest;
        }
    }
    words
}

/// The length of the first word of a sequence of letters and digits.
fn word_len(piece: &[u8]) -> usize {
    let upper = piece.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let after = |at: usize| piece.get(at).copied().unwrap_or(b'A');
    let start = match (after(upper), after(upper + 1)) {
        // A single capital begins a word.
        _ if upper < 2 => upper,
        // An acronym with an `s` is its plural; with `v` and a digit, it has a version: `podIPs`,
        // `hostIPv6`.
        (b's', b'A'..=b'Z') => return upper + 1,
        (b'v', b'0'..=b'9') => upper + 1,
        // The last of several capitals begins the next word: `insecureSkipTLSVerify`.
        (b'a'..=b'z', _) => return upper - 1,
        _ => upper,
    };
    piece.iter().skip(start).position(u8::is_ascii_uppercase).map_or(piece.len(), |len| start + len)
}

/// Whether a JSON name may occur in a field mask.
pub fn is_mask_name(name: &str) -> bool {
    name != "*" && !name.contains([',', '(', ')']) && wagather_abi::mask::check(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        for (field, name) in [
            ("name", "name"),
            ("restart_count", "restartCount"),
            ("last_transition_time", "lastTransitionTime"),
            ("r#type", "type"),
            ("type_", "type"),
            ("pod_ip", "podIP"),
            ("pod_ips", "podIPs"),
            ("pod_cidrs", "podCIDRs"),
            ("host_ipc", "hostIPC"),
            ("dns_policy", "dnsPolicy"),
            ("cluster_dns", "clusterDNS"),
            ("provider_id", "providerID"),
            ("system_uuid", "systemUUID"),
            ("uid", "uid"),
            ("ids", "ids"),
            ("status", "status"),
            ("paths", "paths"),
            ("größe_ä", "größeÄ"),
        ] {
            assert_eq!(json_name(field), name);
        }
    }

    #[test]
    fn a_mask_name_is_one_name() {
        assert!(is_mask_name("app.kubernetes.io/name"));
        for name in ["", "*", "a b", "a,b", "a(b)", "a\"", "a\\"] {
            assert!(!is_mask_name(name), "{name}");
        }
    }

    #[test]
    fn rust_names_are_those_that_a_person_would_choose() {
        for (json, rust) in [
            ("name", "name"),
            ("restartCount", "restart_count"),
            ("podIP", "pod_ip"),
            ("podIPs", "pod_ips"),
            ("podIPsInUse", "pod_ips_in_use"),
            ("externalIPs", "external_ips"),
            ("clusterIP", "cluster_ip"),
            ("podCIDRs", "pod_cidrs"),
            ("hostIPC", "host_ipc"),
            ("hostIPv6Address", "host_ipv6_address"),
            ("providerID", "provider_id"),
            ("nonResourceURLs", "non_resource_urls"),
            ("insecureSkipTLSVerify", "insecure_skip_tls_verify"),
            ("httpGet", "http_get"),
            ("runAsUser", "run_as_user"),
            ("seLinuxOptions", "se_linux_options"),
            ("ipv4Address", "ipv4_address"),
            ("v1beta1", "v1beta1"),
            ("Port", "port"),
            ("URL", "url"),
            ("HTTPGet", "http_get"),
            ("isCSI", "is_csi"),
            ("type", "r#type"),
            ("self", "self_"),
            ("Self", "self_"),
            ("super", "super_"),
            ("crate", "crate_"),
            ("gen", "r#gen"),
            ("x-kubernetes-foo", "x_kubernetes_foo"),
            ("x-kubernetes-int-or-string", "x_kubernetes_int_or_string"),
            ("$ref", "r#ref"),
            ("app.kubernetes.io/name", "app_kubernetes_io_name"),
            ("tls.crt", "tls_crt"),
            ("already_so", "already_so"),
            ("__twice__", "twice"),
            ("3scale", "_3scale"),
            ("größe", "gr_e"),
            ("数", "field"),
            ("", "field"),
            ("_", "field"),
            ("*", "field"),
        ] {
            assert_eq!(rust_name(json), rust, "{json}");
        }
    }

    /// Whether syn accepts a name for a field.
    fn is_field_name(name: &str) -> bool {
        syn::parse_str::<syn::DeriveInput>(&format!("struct A {{ {name}: u8 }}")).is_ok()
            && name
                .strip_prefix("r#")
                .unwrap_or(name)
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    }

    #[test]
    fn any_name_has_a_rust_name() {
        for keyword in KEYWORDS {
            // `gen` is a keyword since 2024, which syn leaves to the compiler.
            assert!(syn::parse_str::<syn::Ident>(keyword).is_err() || *keyword == "gen", "{keyword}");
            assert!(is_field_name(&rust_name(keyword)), "{keyword}");
            assert_eq!(json_name(&rust_name(keyword)), *keyword);
        }
        for keyword in NEVER_NAMES {
            assert!(syn::parse_str::<syn::Ident>(&format!("r#{keyword}")).is_err(), "{keyword}");
            assert_eq!(json_name(&rust_name(keyword)), *keyword);
        }
        let alphabet: Vec<char> = "aszAIPSv01_-./$ r#Äß数😀\0".chars().collect();
        let mut texts = vec![String::new()];
        for length in 0..3 {
            let longer: Vec<String> = texts
                .iter()
                .filter(|text| text.chars().count() == length)
                .flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}")))
                .collect();
            texts.extend(longer);
        }
        for text in texts {
            let name = rust_name(&text);
            assert!(is_field_name(&name), "{text:?} is {name}");
        }
    }

    /// Unique property names of Kubernetes' API: from metadata, pods, workloads, services, nodes, storage,
    /// policies, and the schemas of custom resources.
    const KUBERNETES: &str = include_str!("kubernetes-names.txt");

    /// The names that need `#[field(name = "…")]`: acronyms that [`json_name`] does not know, and names
    /// that are not in camelCase.
    const NEED_THEIR_NAME: &[&str] = &[
        "$ref",
        "$schema",
        "Port",
        "currentCPUUtilizationPercentage",
        "downwardAPI",
        "openAPIV3Schema",
        "scaleIO",
        "setHostnameAsFQDN",
        "targetCPUUtilizationPercentage",
        "targetWWNs",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    ];

    #[test]
    fn kubernetes_names_come_back() {
        let names: Vec<&str> = KUBERNETES.split_whitespace().collect();
        let different: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!((names.len(), different.len()), (829, 829));
        let others: Vec<&str> =
            different.into_iter().filter(|name| json_name(&rust_name(name)) != *name).collect();
        assert_eq!(others, NEED_THEIR_NAME);
    }
}
