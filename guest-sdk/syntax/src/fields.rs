//! The fields of a struct, with their JSON names.

use crate::name::{is_mask_name, json_name};
use syn::{Data, DeriveInput, Error, Fields, FieldsUnnamed, Ident, LitStr, Result, Type};

/// A field, with its Rust name and its JSON name.
#[derive(Clone)]
pub struct Field<'a> {
    /// Its name in Rust.
    pub ident: &'a Ident,
    /// Its type.
    pub ty: &'a Type,
    /// Its JSON name: from [`json_name`], or from `#[field(name = "…")]`. [`is_mask_name`] accepts it, and
    /// it is unique within the struct.
    pub name: String,
}

/// The parts of a struct that are read or written.
#[derive(Clone)]
pub enum Parts<'a> {
    /// A struct with one unnamed field, which has the JSON of that field: `struct Phase(String);`.
    Only(&'a Type),
    /// The fields in order, without those that are `#[field(skip)]`. A struct without fields has none.
    Named(Vec<Field<'a>>),
}

impl<'a> Parts<'a> {
    /// The parts of a struct.
    ///
    /// # Errors
    ///
    /// With the place in the source: if it is not a struct, if it has several unnamed fields, or if it has
    /// an unknown `#[field(…)]`.
    pub fn of(input: &'a DeriveInput) -> Result<Self> {
        let data = match &input.data {
            Data::Struct(data) => data,
            _ => return Err(Error::new_spanned(&input.ident, "only a struct has fields to derive from")),
        };
        let named = match &data.fields {
            Fields::Named(named) => &named.named,
            Fields::Unit => return Ok(Parts::Named(Vec::new())),
            Fields::Unnamed(unnamed) => return only_of(unnamed).map(Parts::Only),
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
                        return Err(meta.error("expected `name = \"…\"` or `skip`"));
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
                return Err(Error::new(
                    span,
                    format!("`{}` is already called `{name}` in JSON", other.ident),
                ));
            }
            fields.push(Field { ident, ty: &field.ty, name });
        }
        Ok(Parts::Named(fields))
    }
}

/// The type of a single unnamed field.
fn only_of(unnamed: &FieldsUnnamed) -> Result<&Type> {
    let mut fields = unnamed.unnamed.iter();
    let (Some(only), None) = (fields.next(), fields.next()) else {
        return Err(Error::new_spanned(unnamed, "the fields need names, unless there is only one"));
    };
    match only.attrs.iter().find(|attribute| attribute.path().is_ident("field")) {
        Some(attribute) => Err(Error::new_spanned(
            attribute,
            "a struct with one unnamed field is decoded as that field, so the field cannot be skipped or renamed",
        )),
        None => Ok(&only.ty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn names(input: &DeriveInput) -> Vec<String> {
        match Parts::of(input) {
            Ok(Parts::Named(fields)) => fields.into_iter().map(|field| field.name).collect(),
            _ => panic!("no fields"),
        }
    }

    #[test]
    fn fields_have_json_names_or_are_skipped() {
        let input: DeriveInput = parse_quote! {
            struct A<'a> { pod_ip: &'a str, r#type: T, #[field(skip)] own: u8, #[field(name = "x-y")] other: u8, #[serde(skip)] last: u8 }
        };
        assert_eq!(names(&input), ["podIP", "type", "x-y", "last"]);
        assert!(
            names(&parse_quote!(
                struct A;
            ))
            .is_empty()
        );
        let input: DeriveInput = parse_quote!(
            struct A(Vec<B>);
        );
        assert!(matches!(Parts::of(&input), Ok(Parts::Only(Type::Path(_)))));
    }

    #[test]
    fn mistakes_are_named() {
        let cases: [(DeriveInput, &str); 9] = [
            (
                parse_quote!(
                    enum A {}
                ),
                "only a struct",
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
                    struct A {
                        #[field(rename = "b")]
                        a: u8,
                    }
                ),
                "expected `name",
            ),
            (
                parse_quote!(
                    struct A {
                        #[field(name = 1)]
                        a: u8,
                    }
                ),
                "expected string literal",
            ),
            (
                parse_quote!(
                    struct A {
                        #[field(name = "a(b)")]
                        a: u8,
                    }
                ),
                "field mask",
            ),
            (
                parse_quote!(
                    struct A {
                        #[field(name = "")]
                        a: u8,
                    }
                ),
                "field mask",
            ),
            (
                parse_quote!(
                    struct A {
                        pod_ip: String,
                        #[field(name = "podIP")]
                        other: String,
                    }
                ),
                "`pod_ip` is already called `podIP` in JSON",
            ),
        ];
        for (input, expected) in cases {
            let error = Parts::of(&input).map(|_| ()).expect_err("an error").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
