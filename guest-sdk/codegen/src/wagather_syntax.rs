#![allow(dead_code)]
// JSON names of fields, as Kubernetes' API conventions make them.

/// Words that are acronyms, which the conventions write in one case: lower at the beginning, upper elsewhere
/// (kubernetes/community, `api-conventions.md`, "Naming conventions"). With an `s` they are plurals: `podIPs`.
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

/// Whether a JSON name can stand in a field mask.
pub fn is_mask_name(name: &str) -> bool {
    name != "*" && !name.contains([',', '(', ')']) && wagather_abi::mask::check(name).is_ok()
}

pub fn rust_name(json: &str) -> String {
    let mut out = String::new();
    let c: Vec<char> = json.chars().collect();
    for (i, ch) in c.iter().enumerate() {
        if ch.is_uppercase()
            && i > 0
            && (c[i - 1].is_lowercase()
                || (c.get(i + 1).is_some_and(|n| n.is_lowercase()) && !(c[i + 1] == 's' && i + 2 == c.len())))
        {
            out.push('_');
        }
        out.extend(
            if ch.is_alphanumeric() { ch.to_lowercase().collect::<String>() } else { "_".into() }.chars(),
        );
    }
    if ["type", "ref", "in", "as", "for", "match", "continue", "default"].contains(&out.as_str())
        && out != "default"
    {
        out = format!("r#{out}");
    }
    out
}
