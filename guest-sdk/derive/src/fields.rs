//! `#[derive(Fields)]` and `#[derive(Serialize)]`: structs whose fields have JSON names.

use crate::name::{is_mask_name, json_name};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Type};

/// A field, by both of its names.
pub(crate) struct Field<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    name: String,
}

pub(crate) fn expand_fields(input: &DeriveInput) -> Result<TokenStream> {
    let fields = fields_of(input)?;
    if fields.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            "a part of a resource needs a field that is wanted of it",
        ));
    }
    Ok(decoding(&input.ident, &fields))
}

pub(crate) fn expand_serialize(input: &DeriveInput) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let shapes = fields.iter().map(|Field { ident, ty, name }| quote_spanned!(ty.span()=> #ident #name));
    Ok(quote! {
        impl #impl_generics ::wagather::json::Serialize for #ident #ty_generics #where_clause {
            const SHAPE: ::wagather::__private::Shape<Self> = ::wagather::__shape!(Serialize { #(#shapes)* });
        }
    })
}

/// The type of the only field of a struct without names, which has the fields of that type.
pub(crate) fn inner_of(input: &DeriveInput) -> Option<&Type> {
    let Data::Struct(data) = &input.data else { return None };
    match &data.fields {
        Fields::Unnamed(unnamed) if unnamed.unnamed.len() == 1 && input.generics.params.is_empty() => {
            unnamed.unnamed.first().map(|field| &field.ty)
        }
        _ => None,
    }
}

/// The fields of a struct that is to be decoded: no generics, as its mask is a constant.
pub(crate) fn fields_of(input: &DeriveInput) -> Result<Vec<Field<'_>>> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a resource's struct cannot be generic: its field mask is computed while compiling",
        ));
    }
    named_fields(input)
}

fn named_fields(input: &DeriveInput) -> Result<Vec<Field<'_>>> {
    let data = match &input.data {
        Data::Struct(data) => data,
        _ => return Err(Error::new_spanned(&input.ident, "only a struct has fields to derive from")),
    };
    let named = match &data.fields {
        Fields::Named(named) => &named.named,
        Fields::Unit => return Ok(Vec::new()),
        Fields::Unnamed(unnamed) => return Err(Error::new_spanned(unnamed, "the fields need names")),
    };
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(named.len());
    for field in named {
        let Some(ident) = &field.ident else { continue };
        let mut name = json_name(&ident.to_string());
        let (mut span, mut is_skipped) = (ident.span(), false);
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("skip") {
                    is_skipped = true;
                    return Ok(());
                }
                if !meta.path.is_ident("name") {
                    return Err(meta.error("only `name = \"…\"` and `skip` are known here"));
                }
                let text: LitStr = meta.value()?.parse()?;
                (name, span) = (text.value(), text.span());
                Ok(())
            })?;
        }
        if is_skipped {
            continue;
        }
        if !is_mask_name(&name) {
            return Err(Error::new(span, "not a name that a field mask can hold"));
        }
        if let Some(other) = fields.iter().find(|other| other.name == name) {
            return Err(Error::new(span, format!("`{}` is already called `{name}` in JSON", other.ident)));
        }
        fields.push(Field { ident, ty: &field.ty, name });
    }
    Ok(fields)
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
