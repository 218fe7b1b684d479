//! The mask of a resource, as its manifest record has it. The derives compute it of the Rust types while compiling; here it is
//! computed of the plan, and the tests compare the two.

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

fn is_whole(of_type: &Type) -> bool {
    match of_type {
        Type::List(inner) | Type::Option(inner) | Type::Map(inner) => is_whole(inner),
        Type::Struct(_) => false,
        _ => true,
    }
}
