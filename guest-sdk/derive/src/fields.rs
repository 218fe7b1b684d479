//! `#[derive(Fields)]` and `#[derive(Serialize)]`: implement structs through the shapes of their fields.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, GenericParam, Ident, Result, Type};
use wagather_syntax::{Field, Parts};

pub(crate) fn expand_fields(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let parts = fields_of(input)?;
    if is_borrowed(input) {
        let mut tokens = borrowed(input, &parts)?;
        // Only a struct with fields can be a document.
        if matches!(parts, Parts::Named(_)) {
            tokens.extend(shaped(input));
        }
        return Ok(tokens);
    }
    let decoding = match &parts {
        Parts::Only(inner) => decoding_as(ident, inner),
        Parts::Named(fields) if fields.is_empty() => {
            return Err(Error::new_spanned(ident, "a part of a resource needs at least one field"));
        }
        Parts::Named(fields) => decoding(ident, fields),
    };
    // A struct of numbers, and of structs of numbers, can be a part of both kinds of types.
    let borrowed = refuse_skipped(input).is_ok().then(|| borrowed(input, &parts)).transpose()?;
    Ok([Some(decoding), borrowed].into_iter().flatten().collect())
}

/// Whether the host decodes it: it has a lifetime, for borrowed content.
pub(crate) fn is_borrowed(input: &DeriveInput) -> bool {
    input.generics.lifetimes().next().is_some()
}

/// The name of a struct with each of its lifetimes replaced by this one.
pub(crate) fn with_lifetimes(input: &DeriveInput, lifetime: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let lifetimes = input.generics.lifetimes().map(|_| lifetime);
    quote!(#ident<#(#lifetimes),*>)
}

/// The implementation that describes a struct's layout in memory.
pub(crate) fn borrowed(input: &DeriveInput, parts: &Parts<'_>) -> Result<TokenStream> {
    let ident = &input.ident;
    refuse_skipped(input)?;
    let (mask, part) = match parts {
        Parts::Only(inner) => (
            quote_spanned!(inner.span()=> <#inner as ::wagather::__private::Borrowed>::MASK),
            quote_spanned!(inner.span()=> ::wagather::__part!(0)),
        ),
        Parts::Named(fields) if fields.is_empty() => {
            return Err(Error::new_spanned(ident, "a part of a resource needs at least one field"));
        }
        Parts::Named(fields) => {
            let masks = fields.iter().map(|Field { ty, name, .. }| {
                quote_spanned!(ty.span()=> (#name, <#ty as ::wagather::__private::Borrowed>::MASK),)
            });
            let fields =
                fields.iter().map(|Field { ident, ty, name }| quote_spanned!(ty.span()=> #ident #name));
            (
                quote!(::wagather::json::Mask::Object(&[#(#masks)*])),
                quote!(::wagather::__part!({ #(#fields)* })),
            )
        }
    };
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    // Whether a struct without a lifetime can be a part is for its fields to say. (Of a bound without a variable, the compiler says at once that
    // it does not hold, so it has one.)
    let bounds = (!is_borrowed(input)).then(|| {
        let types = types_of(parts).into_iter();
        let bounds =
            types.map(|ty| quote_spanned!(ty.span()=> for<'__any> #ty: ::wagather::__private::Borrowed,));
        quote!(where #(#bounds)*)
    });
    let optional = matches!(parts, Parts::Only(_)).then(|| {
        quote! {
            impl #impl_generics ::wagather::__private::Optional for #ident #ty_generics #bounds {
                const MASK: ::wagather::json::Mask = <Self as ::wagather::__private::Borrowed>::MASK;
                const MAYBE: ::core::option::Option<
                    ::wagather::__private::BorrowedPart<::core::option::Option<Self>>,
                > = <Self as ::wagather::__private::Borrowed>::PART.optional();
            }
        }
    });
    Ok(quote! {
        impl #impl_generics ::wagather::__private::Borrowed for #ident #ty_generics #bounds {
            const MASK: ::wagather::json::Mask = #mask;
            const PART: ::wagather::__private::BorrowedPart<Self> = #part;
        }
        #optional
    })
}

fn types_of<'a>(parts: &Parts<'a>) -> Vec<&'a Type> {
    match parts {
        Parts::Only(inner) => vec![inner],
        Parts::Named(fields) => fields.iter().map(|field| field.ty).collect(),
    }
}

/// A host writes 0 to skipped fields, which is not a valid value of most types.
fn refuse_skipped(input: &DeriveInput) -> Result<()> {
    let Data::Struct(data) = &input.data else { return Ok(()) };
    let is_marker = |ty: &Type| {
        let Type::Path(path) = ty else { return false };
        path.path.segments.last().is_some_and(|segment| segment.ident == "PhantomData")
    };
    let read = match Parts::of(input)? {
        Parts::Only(_) => return Ok(()),
        Parts::Named(fields) => fields,
    };
    for field in &data.fields {
        let is_read = field.ident.as_ref().is_none_or(|ident| read.iter().any(|read| read.ident == ident));
        if !is_read && !is_marker(&field.ty) {
            return Err(Error::new_spanned(
                field,
                "a struct that the host decodes cannot have a skipped field, because the host would give it no value; only a `PhantomData` can be skipped",
            ));
        }
    }
    Ok(())
}

/// The implementation that lets the host decode the items of a resource.
pub(crate) fn shaped(input: &DeriveInput) -> TokenStream {
    let whole = with_lifetimes(input, &quote!('static));
    let shorter = with_lifetimes(input, &quote!('__of));
    quote! {
        impl ::wagather::__private::Shaped for #whole {
            type Of<'__of> = #shorter;

            const SHAPE: &'static [u8] = {
                const WHOLE: ::wagather::__private::Bytes =
                    match <#whole as ::wagather::__private::Borrowed>::PART.shape() {
                        ::core::option::Option::Some(shape) => shape,
                        ::core::option::Option::None => panic!("a resource begins with its fields"),
                    };
                const SHAPE: [u8; WHOLE.size()] = WHOLE.trimmed();
                &SHAPE
            };

            #[inline(always)]
            fn shorten<'__of>(&'__of self) -> &'__of #shorter {
                self
            }
        }
    }
}

pub(crate) fn expand_serialize(input: &DeriveInput) -> Result<TokenStream> {
    let parts = Parts::of(input)?;
    let is_only = matches!(parts, Parts::Only(_));
    let (shape, part) = match parts {
        Parts::Only(inner) => (
            quote_spanned!(inner.span()=> ::wagather::__shape!(Serialize 0)),
            quote_spanned!(inner.span()=> ::wagather::__written_part!(0)),
        ),
        Parts::Named(fields) if fields.is_empty() => {
            return Err(Error::new_spanned(&input.ident, "a struct without fields has nothing to write"));
        }
        Parts::Named(fields) => {
            let shapes: Vec<TokenStream> = fields
                .iter()
                .map(|Field { ident, ty, name }| quote_spanned!(ty.span()=> #ident #name))
                .collect();
            (
                quote!(::wagather::__shape!(Serialize { #(#shapes)* })),
                quote!(::wagather::__written_part!({ #(#shapes)* })),
            )
        }
    };
    // A generic type has no single shape.
    let is_generic = input.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)));
    let written = if is_generic {
        TokenStream::new()
    } else {
        let whole = with_lifetimes(input, &quote!('static));
        quote! {
            const WRITTEN: ::core::option::Option<::wagather::__private::Written<Self>> =
                ::wagather::__written!(#whole);
        }
    };
    let optional = is_only.then(|| {
        quote! {
            const OPTIONAL: ::core::option::Option<
                ::wagather::__private::BorrowedPart<::core::option::Option<Self>>,
            > = match <Self as ::wagather::json::Serialize>::PART {
                ::core::option::Option::Some(part) => part.optional(),
                ::core::option::Option::None => ::core::option::Option::None,
            };
        }
    });
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::wagather::json::Serialize for #ident #ty_generics #where_clause {
            const SHAPE: ::wagather::__private::Shape<Self> = #shape;
            const PART: ::core::option::Option<::wagather::__private::BorrowedPart<Self>> = #part;
            #optional
            #written
        }
    })
}

/// The fields of a struct to decode. It must not be generic, because its mask is a constant.
pub(crate) fn fields_of(input: &DeriveInput) -> Result<Parts<'_>> {
    if input.generics.type_params().next().is_some() || input.generics.const_params().next().is_some() {
        return Err(Error::new_spanned(
            &input.generics,
            "a resource's struct cannot be generic but for lifetimes: its field mask is computed while compiling",
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
    fn a_struct_that_the_host_decodes_skips_only_markers() {
        let skipping = |ty: &str| -> DeriveInput {
            let text = format!("struct A<'a> {{ name: &'a str, #[field(skip)] note: {ty} }}");
            syn::parse_str(&text).expect("a struct")
        };
        for ty in ["u32", "Option<u32>", "std::marker::Phantom<u8>"] {
            let error = expand_fields(&skipping(ty)).expect_err(ty).to_string();
            assert!(error.contains("cannot have a skipped field"), "{error}");
        }
        for ty in ["PhantomData<u8>", "core::marker::PhantomData<&'a u8>"] {
            let tokens = expand_fields(&skipping(ty)).expect(ty).to_string();
            assert!(tokens.contains("Borrowed for A < 'a >"), "{tokens}");
        }
        // The guest decodes this one, and gives the field its default.
        let input: DeriveInput = parse_quote!(
            struct A {
                name: String,
                #[field(skip)]
                note: u32,
            }
        );
        let tokens = expand_fields(&input).expect("an expansion").to_string();
        assert!(tokens.contains("Decode for A") && !tokens.contains("Borrowed for A"), "{tokens}");
    }

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
