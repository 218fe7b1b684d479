//! The mask of a resource for its manifest record. The derives compute it from the Rust types at compile time. This
//! computes it from the plan, and tests compare both.

use super::{Struct, Type};

/// The mask of a struct's fields.
pub(super) fn of_struct(structs: &[Struct], index: usize) -> String {
    let mut text = String::new();
    fields(structs, index, &mut text);
    text
}

fn fields(structs: &[Struct], index: usize, text: &mut String) {
    for (at, field) in structs[index].fields.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { "," });
        text.push_str(&field.json);
        below(structs, &field.of_type, text);
    }
}

fn below(structs: &[Struct], of_type: &Type, text: &mut String) {
    match of_type {
        Type::List(inner) | Type::Option(inner) => below(structs, inner, text),
        Type::Struct(index) => {
            text.push('(');
            fields(structs, *index, text);
            text.push(')');
        }
        Type::Map(inner) if !is_whole(inner) => {
            text.push_str("(*");
            below(structs, inner, text);
            text.push(')');
        }
        _ => {}
    }
}

/// The path to the object whose fields take at least this many bytes of the mask, or the most: as deep as possible.
pub(super) fn heaviest(structs: &[Struct], index: usize, bytes: usize) -> Vec<&str> {
    let mut path: Vec<&str> = Vec::new();
    let mut at = index;
    loop {
        let objects = structs[at].fields.iter().filter_map(|field| {
            let (stars, object) = object_in(&field.of_type)?;
            let mut text = String::new();
            below(structs, &field.of_type, &mut text);
            Some((text.len(), field.json.as_str(), stars, object))
        });
        match objects.max_by_key(|(bytes, ..)| *bytes) {
            Some((weight, name, stars, object)) if path.is_empty() || weight >= bytes => {
                path.push(name);
                path.extend(std::iter::repeat_n("*", stars));
                at = object;
            }
            _ => return path,
        }
    }
}

/// The object within a type, and the number of maps around it.
fn object_in(of_type: &Type) -> Option<(usize, usize)> {
    match of_type {
        Type::List(inner) | Type::Option(inner) => object_in(inner),
        Type::Map(inner) => object_in(inner).map(|(stars, object)| (stars + 1, object)),
        Type::Struct(index) => Some((0, *index)),
        _ => None,
    }
}

fn is_whole(of_type: &Type) -> bool {
    match of_type {
        Type::List(inner) | Type::Option(inner) | Type::Map(inner) => is_whole(inner),
        Type::Struct(_) => false,
        _ => true,
    }
}
