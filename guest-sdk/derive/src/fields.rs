//! `#[derive(Fields)]` and `#[derive(Serialize)]`: structs by the shapes of their fields.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Ident, Result, Type};
use wagather_syntax::{Field, Parts};

pub(crate) fn expand_fields(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    match fields_of(input)? {
        Parts::Only(inner) => Ok(decoding_as(ident, inner)),
        Parts::Named(fields) if fields.is_empty() => {
            Err(Error::new_spanned(ident, "a part of a resource needs at least one field"))
        }
        Parts::Named(fields) => Ok(decoding(ident, &fields)),
    }
}

pub(crate) fn expand_serialize(input: &DeriveInput) -> Result<TokenStream> {
    let shape = match Parts::of(input)? {
        Parts::Only(inner) => quote_spanned!(inner.span()=> ::wagather::__shape!(Serialize 0)),
        Parts::Named(fields) if fields.is_empty() => {
            return Err(Error::new_spanned(&input.ident, "a struct without fields has nothing to write"));
        }
        Parts::Named(fields) => {
            let shapes =
                fields.iter().map(|Field { ident, ty, name }| quote_spanned!(ty.span()=> #ident #name));
            quote!(::wagather::__shape!(Serialize { #(#shapes)* }))
        }
    };
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::wagather::json::Serialize for #ident #ty_generics #where_clause {
            const SHAPE: ::wagather::__private::Shape<Self> = #shape;
        }
    })
}

/// The fields of a struct that is to be decoded: no generics, as its mask is a constant.
pub(crate) fn fields_of(input: &DeriveInput) -> Result<Parts<'_>> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a resource's struct cannot be generic: its field mask is computed while compiling",
        ));
    }
    Parts::of(input)
}

/// The implementation that decodes a struct as the type of its only field.
pub(crate) fn decoding_as(ident: &Ident, inner: &Type) -> TokenStream {
    quote_spanned! {inner.span()=>
        impl ::wagather::json::Decode for #ident {
            const MASK: ::wagather::json::Mask = <#inner as ::wagather::json::Decode>::MASK;
            const SHAPE: ::wagather::__private::Shape<Self> = ::wagather::__shape!(Decode 0);
        }
    }
}

/// The implementation that decodes a struct. Errors about a field's type point at the type.
pub(crate) fn decoding(ident: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let masks = fields.iter().map(|Field { ty, name, .. }| {
        quote_spanned!(ty.span()=> (#name, <#ty as ::wagather::__private::Decode>::MASK),)
    });
    let shapes = fields.iter().map(|Field { ident, name, .. }| quote!(#ident #name));
    quote! {
        impl ::wagather::json::Decode for #ident {
            const MASK: ::wagather::json::Mask = ::wagather::json::Mask::Object(&[#(#masks)*]);
            const SHAPE: ::wagather::__private::Shape<Self> = ::wagather::__shape!(Decode { #(#shapes)* });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn a_struct_with_one_field_without_a_name_is_as_that_field() {
        let input: DeriveInput = parse_quote!(
            struct Phase(String);
        );
        for tokens in [expand_fields(&input), expand_serialize(&input)] {
            let tokens = tokens.expect("an expansion").to_string();
            assert!(tokens.contains("0)"), "{tokens}");
        }
        let input: DeriveInput = parse_quote!(
            struct Borrowed<'a>(&'a str);
        );
        let tokens = expand_serialize(&input).expect("an expansion").to_string();
        assert!(tokens.contains("for Borrowed < 'a >"), "{tokens}");
    }

    #[test]
    fn mistakes_are_named() {
        let cases: [(DeriveInput, &str); 7] = [
            (
                parse_quote!(
                    struct A;
                ),
                "struct without fields|at least one field",
            ),
            (
                parse_quote!(
                    struct A {}
                ),
                "struct without fields|at least one field",
            ),
            (
                parse_quote!(
                    struct A(u8, u8);
                ),
                "need names",
            ),
            (
                parse_quote!(
                    struct A();
                ),
                "need names",
            ),
            (
                parse_quote!(
                    struct A(#[field(skip)] u8);
                ),
                "decoded as that field",
            ),
            (
                parse_quote!(
                    struct A(#[field(name = "a")] u8);
                ),
                "decoded as that field",
            ),
            (
                parse_quote!(
                    enum A {}
                ),
                "only a struct",
            ),
        ];
        for (input, expected) in cases {
            for expansion in [expand_fields(&input), expand_serialize(&input)] {
                let error = expansion.expect_err("an error").to_string();
                assert!(expected.split('|').any(|expected| error.contains(expected)), "{error}");
            }
        }
    }
}
