//! Parses and checks `#[resource(…)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, LitStr, Result};
use wagather_abi::manifest::is_name;

/// The resource that a struct declares with `#[derive(Resource)]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The API version, such as `v1`.
    pub version: String,
    /// The plural name, as in a URL.
    pub plural: String,
    /// The kind, such as `Pod`.
    pub kind: String,
    /// Whether the resource is namespaced.
    pub namespaced: bool,
    /// The namespace, if only one is declared.
    pub namespace: Option<String>,
    /// Whether the gatherer gets objects by name.
    pub get: bool,
    /// Whether it lists them.
    pub list: bool,
    /// Whether it reads the subresource `log`.
    pub log: bool,
}

impl Resource {
    /// The resource that a struct declares.
    ///
    /// # Errors
    ///
    /// With the place in the source: if `#[resource(…)]` is absent, incomplete or contradictory.
    pub fn of(input: &DeriveInput) -> Result<Self> {
        let attribute = parse(input)?;
        let ident = &input.ident;
        let missing = |what: &str| Error::new_spanned(ident, format!("`#[resource(…)]` lacks {what}"));
        let version = attribute.version.ok_or_else(|| missing("`version = \"…\"`"))?;
        let plural = attribute.plural.ok_or_else(|| missing("`plural = \"…\"`, the name in the URL"))?;
        let group = attribute.group.unwrap_or_default();
        let kind = attribute.kind.unwrap_or_else(|| ident.to_string());
        let namespaced = match (attribute.cluster, attribute.namespaced, &attribute.namespace) {
            (Some(_), None, None) => false,
            (None, Some(_), _) | (None, None, Some(_)) => true,
            (Some(span), ..) => {
                return Err(Error::new(span, "`cluster` means that the resource is cluster-scoped"));
            }
            (None, None, None) => return Err(missing("scope: `cluster` or `namespaced`")),
        };
        if attribute.log && !namespaced {
            return Err(Error::new_spanned(ident, "`log` is a subresource of pods, which are namespaced"));
        }
        Ok(Resource {
            group,
            version,
            plural,
            kind,
            namespaced,
            namespace: attribute.namespace,
            get: attribute.get,
            list: attribute.list,
            log: attribute.log,
        })
    }
}

/// The attribute's values, before they are checked for completeness.
#[derive(Default)]
struct Attribute {
    group: Option<String>,
    version: Option<String>,
    plural: Option<String>,
    kind: Option<String>,
    cluster: Option<Span>,
    namespaced: Option<Span>,
    namespace: Option<String>,
    get: bool,
    list: bool,
    verbs: Option<Span>,
    log: bool,
}

fn parse(input: &DeriveInput) -> Result<Attribute> {
    let mut parsed = Attribute::default();
    let mut found = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("resource")) {
        found = true;
        attribute.parse_nested_meta(|meta| parsed.part(&meta))?;
    }
    if !found {
        return Err(Error::new_spanned(
            &input.ident,
            "the resource is missing: write `#[resource(group = \"…\", version = \"…\", plural = \"…\", cluster)]`",
        ));
    }
    // Without `verbs(…)`, `list` is the default.
    parsed.list |= parsed.verbs.is_none();
    Ok(parsed)
}

impl Attribute {
    fn part(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let span = meta.path.get_ident().map_or_else(Span::call_site, syn::Ident::span);
        match meta.path.get_ident().map(ToString::to_string).as_deref() {
            Some("group") => set(&mut self.group, meta, |text| text.is_empty() || is_name(text)),
            Some("version") => set(&mut self.version, meta, is_name),
            Some("plural") => set(&mut self.plural, meta, is_name),
            Some("kind") => set(&mut self.kind, meta, |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric())),
            Some("namespace") => set(&mut self.namespace, meta, is_name),
            Some("cluster") => flag(&mut self.cluster, span),
            Some("namespaced") => flag(&mut self.namespaced, span),
            Some("log") => {
                self.log = true;
                Ok(())
            }
            Some("verbs") => {
                flag(&mut self.verbs, span)?;
                meta.parse_nested_meta(|verb| {
                    if verb.path.is_ident("get") {
                        self.get = true;
                    } else if verb.path.is_ident("list") {
                        self.list = true;
                    } else {
                        return Err(verb.error("gatherers can only `get` and `list`"));
                    }
                    Ok(())
                })
            }
            _ => Err(meta.error(
                "unknown option; expected `group`, `version`, `plural`, `kind`, `cluster`, `namespaced`, `namespace`, `verbs(…)` or `log`",
            )),
        }
    }
}

fn set(
    place: &mut Option<String>,
    meta: &ParseNestedMeta<'_>,
    is_valid: impl Fn(&str) -> bool,
) -> Result<()> {
    let text: LitStr = meta.value()?.parse()?;
    if !is_valid(&text.value()) {
        return Err(Error::new(text.span(), "not a name that Kubernetes allows here"));
    }
    match place.replace(text.value()) {
        None => Ok(()),
        Some(_) => Err(meta.error("said twice")),
    }
}

fn flag(place: &mut Option<Span>, span: Span) -> Result<()> {
    match place.replace(span) {
        None => Ok(()),
        Some(_) => Err(Error::new(span, "said twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn mistakes_are_named() {
        let cases: [(DeriveInput, &str); 11] = [
            (
                parse_quote!(
                    struct A;
                ),
                "the resource is missing",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", cluster)]
                    struct A;
                ),
                "`plural",
            ),
            (
                parse_quote!(
                    #[resource(plural = "as", cluster)]
                    struct A;
                ),
                "`version",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as")]
                    struct A;
                ),
                "scope",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster, namespace = "x")]
                    struct A;
                ),
                "is cluster-scoped",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster, log)]
                    struct A;
                ),
                "subresource of pods",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster, verbs(watch))]
                    struct A;
                ),
                "can only `get` and `list`",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster, verbs())]
                    struct A;
                ),
                "expected nested attribute",
            ),
            (
                parse_quote!(
                    #[resource(version = "V1", plural = "as", cluster)]
                    struct A;
                ),
                "not a name",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", version = "v2", plural = "as", cluster)]
                    struct A;
                ),
                "twice",
            ),
            (
                parse_quote!(
                    #[resource(scope = "x")]
                    struct A;
                ),
                "unknown",
            ),
        ];
        for (input, expected) in cases {
            let error = Resource::of(&input).expect_err("an error").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let input: DeriveInput = parse_quote! {
            #[resource(version = "v1", plural = "nodes", cluster)]
            struct Node;
        };
        let node = Resource {
            group: String::new(),
            version: "v1".into(),
            plural: "nodes".into(),
            kind: "Node".into(),
            namespaced: false,
            namespace: None,
            get: false,
            list: true,
            log: false,
        };
        assert_eq!(Resource::of(&input).expect("a resource"), node);
        let input: DeriveInput = parse_quote! {
            #[resource(group = "apps", version = "v1", plural = "deployments", kind = "Deployment")]
            #[resource(namespace = "shop", verbs(get), log)]
            struct Workload;
        };
        let workload = Resource {
            group: "apps".into(),
            plural: "deployments".into(),
            kind: "Deployment".into(),
            namespaced: true,
            namespace: Some("shop".into()),
            get: true,
            list: false,
            log: true,
            ..node
        };
        assert_eq!(Resource::of(&input).expect("a resource"), workload);
    }
}
