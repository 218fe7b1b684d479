//! `#[derive(Resource)]`: generates constants, marker traits and a manifest record from `#[resource(…)]`.

use crate::fields::{borrowed, decoding, decoding_as, fields_of, is_borrowed, shaped, with_lifetimes};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, Result};
use wagather_syntax::{Parts, Resource};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let parts = fields_of(input)?;
    let ident = &input.ident;
    let Resource { group, version, plural, kind, namespaced, namespace, get, list, log } =
        Resource::of(input)?;
    let verbs = match (get, list) {
        (true, true) => "get,list",
        (true, false) => "get",
        _ => "list",
    };
    let place = namespace.as_deref().unwrap_or("*");
    let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    let record_start = format!("resource {verbs} {group}/{version}/{plural} {place} ");
    let log_record =
        if log { format!("resource get {group}/{version}/{plural}/log {place} *\n") } else { String::new() };
    let namespace = match &namespace {
        Some(namespace) => quote!(::core::option::Option::Some(#namespace)),
        None => quote!(::core::option::Option::None),
    };

    let is_borrowed = is_borrowed(input);
    let decoding = match &parts {
        parts if is_borrowed => [borrowed(input, parts)?, shaped(input)].into_iter().collect(),
        Parts::Only(inner) => decoding_as(ident, inner),
        Parts::Named(fields) if fields.is_empty() => TokenStream::new(),
        Parts::Named(fields) => decoding(ident, fields),
    };
    let whole = if is_borrowed { with_lifetimes(input, &quote!('static)) } else { quote!(#ident) };
    let mask = if decoding.is_empty() {
        quote!(::wagather::json::Mask::Whole)
    } else if is_borrowed {
        quote!(<#whole as ::wagather::__private::Borrowed>::MASK)
    } else {
        quote!(<#ident as ::wagather::json::Decode>::MASK)
    };
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let markers = [("CanGet", get), ("CanList", list), ("CanLog", log)];
    let markers = markers.into_iter().filter(|(_, has)| *has).map(|(name, _)| {
        let name = syn::Ident::new(name, Span::call_site());
        quote!(impl #impl_generics __p::#name for #ident #ty_generics {})
    });

    Ok(quote! {
        const _: () = {
            use ::wagather::__private as __p;

            const MASK: [u8; __p::mask_len(&#mask)] = __p::mask_text(&#mask);

            impl #impl_generics __p::Resource for #ident #ty_generics {
                const GROUP: &'static str = #group;
                const VERSION: &'static str = #version;
                const API_VERSION: &'static str = #api_version;
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
                <#whole as __p::Resource>::MASK,
                "\n",
                #log_record,
            ]);
        };
        #decoding
    })
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
        let cases: [(DeriveInput, &str); 5] = [
            (
                parse_quote!(
                    struct A;
                ),
                "the resource is missing",
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
