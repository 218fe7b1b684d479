//! JSON names of fields, as Kubernetes' API conventions make them.

/// Words that are acronyms, which the conventions write in one case: lower at the beginning, upper elsewhere
/// (kubernetes/community, `api-conventions.md`, "Naming conventions"). With an `s` they are plurals: `podIPs`.
const ACRONYMS: &[&str] = &["cidr", "dns", "id", "ip", "ipc", "pid", "tls", "uid", "uri", "url", "uuid"];

/// The JSON name of a field: `restart_count` is `restartCount`, `pod_ips` is `podIPs`, `r#type` is `type`.
pub(crate) fn json_name(field: &str) -> String {
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

/// Whether a JSON name can stand in a field mask.
pub(crate) fn is_mask_name(name: &str) -> bool {
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
}
