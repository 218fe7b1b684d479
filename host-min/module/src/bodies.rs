//! The bodies of a module's functions, for a module whose other parts are validated.
//!
//! A large module has thousands of functions, and a run calls few of them. Validating a body takes ten times as long
//! as skipping it. So for an engine that compiles a function at its first call, the host validates the body at that
//! moment.

use crate::body::{self, Numbers};
use crate::{ModuleError, features};
use std::borrow::Cow;
use std::ops::Range;
use wasmparser::{BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources};

/// A body that was validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The bytes for an engine: the module's own, or rewritten ones.
    pub bytes: Cow<'a, [u8]>,
    /// The number of locals without the parameters.
    pub locals: u32,
}

/// The body of each function in the engine's copy: no locals, `end`. An engine must not compile it.
pub(super) const NOTHING: &[u8] = &[0, 0x0b];

/// The bodies of a module. None of them is validated yet.
pub struct Bodies<'a> {
    module: &'a [u8],
    /// The position of each body in the module.
    places: Vec<Range<u32>>,
    /// The type of each function.
    types: Vec<u32>,
    /// The index of the first function with a body, in the module and in the engine's copy.
    first: u32,
    first_in_copy: u32,
    /// The module's declarations, if there is a body.
    declared: Option<ValidatorResources>,
    numbers: Numbers,
    allocations: FuncValidatorAllocations,
}

impl<'a> Bodies<'a> {
    pub(super) fn of(module: &'a [u8]) -> Bodies<'a> {
        Bodies {
            module,
            places: Vec::new(),
            types: Vec::new(),
            first: 0,
            first_in_copy: 0,
            declared: None,
            numbers: Numbers::default(),
            allocations: FuncValidatorAllocations::default(),
        }
    }

    /// Records the position of a body.
    pub(super) fn leave(&mut self, function: FuncToValidate<ValidatorResources>, body: &FunctionBody<'a>) {
        let range = body.range();
        if self.declared.is_none() {
            self.first = function.index;
            self.declared = Some(function.resources);
        }
        self.types.push(function.ty);
        self.places.push(range.start as u32..range.end as u32);
    }

    /// Sets how functions are numbered in the copy.
    pub(super) fn number(&mut self, first_in_copy: u32, numbers: Numbers) -> &Numbers {
        self.first_in_copy = first_in_copy;
        self.numbers = numbers;
        &self.numbers
    }

    /// The number of bodies.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The index of the first function with a body in the copy. The others follow in order.
    pub fn first_in_copy(&self) -> u32 {
        self.first_in_copy
    }

    /// Validates the body with this index, counted from 0.
    pub fn check(&mut self, index: usize) -> Result<Body<'a>, ModuleError> {
        let (Some(place), Some(ty), Some(declared)) =
            (self.places.get(index), self.types.get(index), &self.declared)
        else {
            return Err(ModuleError::NoBody(index));
        };
        let bytes = self.module.get(place.start as usize..place.end as usize).unwrap_or_default();
        let reader = BinaryReader::new_features(bytes, place.start.into(), features::ACCEPTED);
        let function = FuncToValidate {
            resources: declared.clone(),
            index: self.first + index as u32,
            ty: *ty,
            features: features::ACCEPTED,
        };
        let mut function = function.into_validator(std::mem::take(&mut self.allocations));
        let helpers = self.numbers.helpers.len();
        let body = FunctionBody::new(reader);
        let other = body::validate(&mut function, &body, &mut self.numbers)?;
        self.allocations = function.into_allocations();
        // The copy has all helpers.
        debug_assert_eq!(helpers, self.numbers.helpers.len());
        let mut locals = 0;
        for group in body.get_locals_reader()? {
            locals += group?.0;
        }
        Ok(Body { bytes: other.map_or(Cow::Borrowed(bytes), Cow::Owned), locals })
    }
}
