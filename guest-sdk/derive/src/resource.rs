//! `#[derive(Resource)]`: what `#[resource(…)]` says, checked, as constants, marker traits and a manifest record.

use crate::fields::{Parts, decoding, decoding_as, fields_of};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, LitStr, Result};
use wagather_abi::manifest::is_name;

/// What `#[resource(…)]` says.
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

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let parts = fields_of(input)?;
    let attribute = parse(input)?;
    let ident = &input.ident;

    let missing = |what: &str| Error::new_spanned(ident, format!("`#[resource(…)]` must say its {what}"));
    let version = attribute.version.as_ref().ok_or_else(|| missing("`version = \"…\"`"))?;
    let plural = attribute.plural.as_ref().ok_or_else(|| missing("`plural = \"…\"`, the name in the URL"))?;
    let group = attribute.group.as_deref().unwrap_or("");
    let kind = attribute.kind.clone().unwrap_or_else(|| ident.to_string());
    let namespaced = match (attribute.cluster, attribute.namespaced, &attribute.namespace) {
        (Some(_), None, None) => false,
        (None, Some(_), _) | (None, None, Some(_)) => true,
        (Some(span), ..) => return Err(Error::new(span, "`cluster` says that it is in no namespace")),
        (None, None, None) => return Err(missing("scope: `cluster` or `namespaced`")),
    };
    if attribute.log && !namespaced {
        return Err(Error::new_spanned(ident, "`log` is a subresource of pods, which are namespaced"));
    }

    let verbs = match (attribute.get, attribute.list) {
        (true, true) => "get,list",
        (true, false) => "get",
        _ => "list",
    };
    let markers = [("CanGet", attribute.get), ("CanList", attribute.list), ("CanLog", attribute.log)];
    let markers = markers.into_iter().filter(|(_, has)| *has).map(|(name, _)| {
        let name = syn::Ident::new(name, Span::call_site());
        quote!(impl __p::#name for #ident {})
    });

    let namespace = match &attribute.namespace {
        Some(namespace) => quote!(::core::option::Option::Some(#namespace)),
        None => quote!(::core::option::Option::None),
    };
    let place = attribute.namespace.as_deref().unwrap_or("*");
    let record_start = format!("resource {verbs} {group}/{version}/{plural} {place} ");
    let log_record = if attribute.log {
        format!("resource get {group}/{version}/{plural}/log {place} *\n")
    } else {
        String::new()
    };

    let decoding = match &parts {
        Parts::Only(inner) => decoding_as(ident, inner),
        Parts::Named(fields) if fields.is_empty() => TokenStream::new(),
        Parts::Named(fields) => decoding(ident, fields),
    };
    let mask = if decoding.is_empty() {
        quote!(::wagather::json::Mask::Whole)
    } else {
        quote!(<#ident as ::wagather::json::Decode>::MASK)
    };

    Ok(quote! {
        const _: () = {
            use ::wagather::__private as __p;

            const MASK: [u8; __p::mask_len(&#mask)] = __p::mask_text(&#mask);

            impl __p::Resource for #ident {
                const GROUP: &'static str = #group;
                const VERSION: &'static str = #version;
                const PLURAL: &'static str = #plural;
                const KIND: &'static str = #kind;
                const NAMESPACED: bool = #namespaced;
                const NAMESPACE: ::core::option::Option<&'static str> = #namespace;
                const MASK: &'static str = __p::text(&MASK);
            }

            #(#markers)*

            #[cfg(target_arch = "wasm32")]
            ::wagather::__manifest_record!([
                #record_start,
                <#ident as __p::Resource>::MASK,
                "\n",
                #log_record,
            ]);
        };
        #decoding
    })
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
            "which resource? Say `#[resource(group = \"…\", version = \"…\", plural = \"…\", cluster)]`",
        ));
    }
    // A default, and not what was written: only `list` may be implied.
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
                        return Err(verb.error("a gatherer can `get` and `list`, and change nothing"));
                    }
                    Ok(())
                })
            }
            _ => Err(meta.error(
                "unknown; `group`, `version`, `plural`, `kind`, `cluster`, `namespaced`, `namespace`, `verbs(…)` and \
                 `log` are known",
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

    fn error(input: DeriveInput) -> String {
        expand(&input).map(|tokens| tokens.to_string()).expect_err("an error").to_string()
    }

    #[test]
    fn mistakes_are_named() {
        let cases: [(DeriveInput, &str); 15] = [
            (
                parse_quote!(
                    struct A;
                ),
                "which resource?",
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
                "no namespace",
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
                "change nothing",
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
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster)]
                    enum A {}
                ),
                "only a struct",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster)]
                    struct A(u8, u8);
                ),
                "need names",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster)]
                    struct A<T>(T);
                ),
                "generic",
            ),
            (
                parse_quote!(
                    #[resource(version = "v1", plural = "as", cluster)]
                    struct A<T> {
                        a: T,
                    }
                ),
                "generic",
            ),
        ];
        for (input, expected) in cases {
            let error = error(input);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn two_fields_of_one_name_are_a_mistake() {
        let input: DeriveInput = parse_quote! {
            #[resource(version = "v1", plural = "as", cluster)]
            struct A { pod_ip: String, #[field(name = "podIP")] other: String }
        };
        assert_eq!(error(input), "`pod_ip` is already called `podIP` in JSON");
    }

    #[test]
    fn the_record_is_a_manifest_line() {
        let input: DeriveInput = parse_quote! {
            #[resource(version = "v1", plural = "pods", namespace = "kube-system", verbs(list, get), log)]
            struct Pod;
        };
        let tokens = expand(&input).expect("an expansion").to_string();
        assert!(tokens.contains(r#""resource get,list /v1/pods kube-system ""#), "{tokens}");
        assert!(tokens.contains(r#""resource get /v1/pods/log kube-system *\n""#), "{tokens}");
        assert!(!tokens.contains("Deserialize"), "{tokens}");
    }
}
