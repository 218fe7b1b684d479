//! The suite's scripts: the modules that they create, the steps for each, and the expected results.
//!
//! A script's directives are grouped by module instance. The order within an instance is kept, and instances do not
//! see each other. Instances that import from another one are out of scope, because a gatherer imports only from the
//! host.

use crate::rewrite::{Original, Unfit, Value};
use std::collections::BTreeMap;
use wasm_encoder::ValType;
use wast::core::{NanPattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{F32, F64, Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// What is done with an instance.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) line: usize,
    pub(crate) what: What,
    pub(crate) expected: Expected,
}

#[derive(Debug)]
pub(crate) enum What {
    /// Calls the export.
    Invoke(String, Vec<Value>),
    /// Reads the exported global.
    Get(String),
}

/// What must come of it.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Nothing is said of the result; not an assertion.
    Anything,
    /// This result, or none.
    Return(Option<Pattern>),
    Trap,
    /// A trap for want of stack.
    Exhaustion,
}

/// A value, or a set of NaNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Value(Value),
    CanonicalNan(ValType),
    ArithmeticNan(ValType),
}

impl Pattern {
    pub(crate) fn matches(self, value: Value) -> bool {
        let (canonical, sign) = match value.ty {
            ValType::F32 => (0x7fc0_0000, 1 << 31),
            _ => (0x7ff8_0000_0000_0000, 1 << 63),
        };
        match self {
            Pattern::Value(expected) => expected == value,
            Pattern::CanonicalNan(ty) => ty == value.ty && value.bits & !sign == canonical,
            Pattern::ArithmeticNan(ty) => ty == value.ty && value.bits & canonical == canonical,
        }
    }
}

/// Why a directive is not tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// It is about the text format, which a host does not read.
    Text,
    /// It needs imports that a gatherer cannot have, or state that another instance shares.
    Imports,
    /// It needs a feature that came after WebAssembly 1.0.
    NotVersion1,
}

/// An instance and what is done with it.
pub(crate) struct Instance {
    pub(crate) line: usize,
    pub(crate) original: Result<Original, Skip>,
    pub(crate) actions: Vec<Action>,
    /// From this action on, another instance may have changed what this one sees.
    shared_from: Option<usize>,
}

impl Instance {
    /// The actions that are tested, and those that are not.
    pub(crate) fn actions(&self) -> (&[Action], &[Action]) {
        match (&self.original, self.shared_from) {
            (Err(_), _) => self.actions.split_at(0),
            (Ok(_), Some(from)) => self.actions.split_at(from),
            (Ok(_), None) => (&self.actions, &[]),
        }
    }
}

/// A module that must not run.
pub(crate) struct Refused {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    /// Not valid, or not even well-formed: validation must say so.
    Invalid(Vec<u8>),
    /// Its instantiation must trap, or fail for a segment that does not fit.
    Instantiation(Box<Original>),
    Skipped(Skip),
}

/// A script, sorted.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) instances: Vec<Instance>,
    pub(crate) refused: Vec<Refused>,
}

impl Script {
    /// Reads a file of the suite.
    pub(crate) fn read(name: &str, text: &str) -> Script {
        let mut lexer = Lexer::new(text);
        lexer.allow_confusing_unicode(true);
        let fail = |error| -> ! { panic!("{name}: {error}") };
        let buffer = ParseBuffer::new_with_lexer(lexer).unwrap_or_else(|error| fail(error));
        let wast: Wast<'_> = parser::parse(&buffer).unwrap_or_else(|error| fail(error));
        let mut reader = Reader { text, script: Script::default(), names: BTreeMap::new() };
        for directive in wast.directives {
            reader.directive(directive);
        }
        reader.script
    }
}

struct Reader<'a> {
    text: &'a str,
    script: Script,
    names: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn line(&self, span: Span) -> usize {
        span.linecol_in(self.text).0 + 1
    }

    fn directive(&mut self, directive: WastDirective<'_>) {
        let line = self.line(directive.span());
        match directive {
            WastDirective::Module(module) => self.instance(line, module),
            WastDirective::Register { module, .. } => {
                if let Some(instance) = self.instance_of(module) {
                    instance.shared_from.get_or_insert(instance.actions.len());
                }
            }
            WastDirective::Invoke(invoke) => {
                self.action(line, WastExecute::Invoke(invoke), Expected::Anything)
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let expected = Expected::Return(results.first().map(pattern));
                self.action(line, exec, expected);
            }
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => {
                self.instantiation(line, module)
            }
            WastDirective::AssertTrap { exec, .. } => self.action(line, exec, Expected::Trap),
            WastDirective::AssertExhaustion { call, .. } => {
                self.action(line, WastExecute::Invoke(call), Expected::Exhaustion);
            }
            WastDirective::AssertMalformed { module, .. } | WastDirective::AssertInvalid { module, .. } => {
                let kind = match module {
                    QuoteWat::Wat(mut module) => match module.encode() {
                        Ok(bytes) => Kind::Invalid(bytes),
                        // Names that are not bound: the parser of texts refuses it.
                        Err(_) => Kind::Skipped(Skip::Text),
                    },
                    _ => Kind::Skipped(Skip::Text),
                };
                self.script.refused.push(Refused { line, kind });
            }
            WastDirective::AssertUnlinkable { module, .. } => self.instantiation(line, module),
            directive => panic!("line {line}: a directive that WebAssembly 1.0 does not have: {directive:?}"),
        }
    }

    fn instance(&mut self, line: usize, mut module: QuoteWat<'_>) {
        let name = module.name().map(|id| id.name().to_owned());
        let original = match module.encode() {
            Ok(bytes) => Original::read(&bytes).map_err(skip),
            Err(_) => Err(Skip::Text),
        };
        if let Some(name) = name {
            self.names.insert(name, self.script.instances.len());
        }
        self.script.instances.push(Instance { line, original, actions: Vec::new(), shared_from: None });
    }

    fn instantiation(&mut self, line: usize, mut module: Wat<'_>) {
        let kind = match module.encode().map(|bytes| Original::read(&bytes)) {
            Err(_) => Kind::Skipped(Skip::Text),
            Ok(Err(unfit)) => Kind::Skipped(skip(unfit)),
            Ok(Ok(original)) => Kind::Instantiation(Box::new(original)),
        };
        self.script.refused.push(Refused { line, kind });
    }

    fn instance_of(&mut self, name: Option<Id<'_>>) -> Option<&mut Instance> {
        match name {
            Some(id) => self.script.instances.get_mut(*self.names.get(id.name())?),
            None => self.script.instances.last_mut(),
        }
    }

    fn action(&mut self, line: usize, exec: WastExecute<'_>, expected: Expected) {
        let (module, what) = match exec {
            WastExecute::Invoke(WastInvoke { module, name, args, .. }) => {
                (module, What::Invoke(name.to_owned(), args.iter().map(argument).collect()))
            }
            WastExecute::Get { module, global, .. } => (module, What::Get(global.to_owned())),
            WastExecute::Wat(_) => panic!("line {line}: a module where a call was expected"),
        };
        let instance = self.instance_of(module).unwrap_or_else(|| panic!("line {line}: no such instance"));
        instance.actions.push(Action { line, what, expected });
    }
}

fn skip(unfit: Unfit) -> Skip {
    match unfit {
        Unfit::Imports(_) => Skip::Imports,
        Unfit::NotVersion1(_) => Skip::NotVersion1,
    }
}

fn argument(arg: &WastArg<'_>) -> Value {
    match arg {
        WastArg::Core(WastArgCore::I32(value)) => {
            Value { ty: ValType::I32, bits: u64::from(value.cast_unsigned()) }
        }
        WastArg::Core(WastArgCore::I64(value)) => Value { ty: ValType::I64, bits: value.cast_unsigned() },
        WastArg::Core(WastArgCore::F32(value)) => f32_value(value),
        WastArg::Core(WastArgCore::F64(value)) => f64_value(value),
        arg => panic!("an argument that WebAssembly 1.0 does not have: {arg:?}"),
    }
}

fn pattern(ret: &WastRet<'_>) -> Pattern {
    match ret {
        WastRet::Core(WastRetCore::I32(value)) => {
            Pattern::Value(Value { ty: ValType::I32, bits: u64::from(value.cast_unsigned()) })
        }
        WastRet::Core(WastRetCore::I64(value)) => {
            Pattern::Value(Value { ty: ValType::I64, bits: value.cast_unsigned() })
        }
        WastRet::Core(WastRetCore::F32(value)) => nan_pattern(value, ValType::F32, f32_value),
        WastRet::Core(WastRetCore::F64(value)) => nan_pattern(value, ValType::F64, f64_value),
        ret => panic!("a result that WebAssembly 1.0 does not have: {ret:?}"),
    }
}

fn nan_pattern<T>(pattern: &NanPattern<T>, ty: ValType, value: impl Fn(&T) -> Value) -> Pattern {
    match pattern {
        NanPattern::CanonicalNan => Pattern::CanonicalNan(ty),
        NanPattern::ArithmeticNan => Pattern::ArithmeticNan(ty),
        NanPattern::Value(bits) => Pattern::Value(value(bits)),
    }
}

fn f32_value(value: &F32) -> Value {
    Value { ty: ValType::F32, bits: u64::from(value.bits) }
}

fn f64_value(value: &F64) -> Value {
    Value { ty: ValType::F64, bits: value.bits }
}
