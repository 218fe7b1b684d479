//! Wrong use, and what becomes of handles. The complete programs of tests/embedding use the API as they should.

use super::*;
use std::ffi::CString;
use std::ptr::null_mut;

/// The table is one for the process, and these tests count its handles.
static ALONE: Mutex<()> = Mutex::new(());

fn alone(test: impl FnOnce()) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = handles::count();
    test();
    assert_eq!(handles::count(), before, "handles are left");
}

/// The class and the texts of a failure, which is freed.
fn told(failure: *mut Failure) -> (i32, [String; 4]) {
    let class = wagather_failure_class(failure);
    let texts = [
        wagather_failure_attempt(failure),
        wagather_failure_reason(failure),
        wagather_failure_advice(failure),
        wagather_failure_text(failure),
    ];
    // SAFETY: texts of a failure that is freed below.
    let texts = texts.map(|text| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned());
    wagather_failure_free(failure);
    (class, texts)
}

fn set(plan: *mut Plan, name: &CStr, value: &CStr) -> *mut Failure {
    // SAFETY: texts of this function.
    unsafe { wagather_plan_set(plan, name.as_ptr(), value.as_ptr()) }
}

fn run(plan: *const Plan) -> (*mut Failure, *mut Outcome) {
    let mut outcome = handle(1);
    // SAFETY: a place of this function.
    let failure = unsafe { wagather_run(plan, None, null_mut(), &mut outcome) };
    (failure, outcome)
}

#[test]
fn null_is_an_error_and_no_fault() {
    alone(|| {
        let plan = wagather_plan_new();
        let text = c"x".as_ptr();
        // SAFETY: NULL is what is tried, and everything else is valid.
        let failures = unsafe {
            [
                wagather_plan_set(null_mut(), text, text),
                wagather_plan_set(plan, null(), text),
                wagather_plan_set(plan, text, null()),
                wagather_plan_add_file(null_mut(), text),
                wagather_plan_add_file(plan, null()),
                wagather_plan_add_module(null_mut(), text, text.cast(), 1, null(), 0),
                wagather_plan_add_module(plan, null(), text.cast(), 1, null(), 0),
                wagather_plan_add_module(plan, text, null(), 1, null(), 0),
                wagather_plan_add_module(plan, text, text.cast(), usize::MAX, null(), 0),
                wagather_run(null(), None, null_mut(), &mut handle(1)),
                wagather_run(plan, None, null_mut(), null_mut()),
            ]
        };
        for failure in failures {
            let (class, [attempt, reason, _, text]) = told(failure);
            assert_eq!(class, Class::WagatherUsage as i32, "{text}");
            assert!(
                attempt.starts_with("cannot ")
                    && (reason.ends_with("is NULL") || reason.contains("more than can be"))
            );
        }
        assert_eq!(wagather_failure_class(null()), Class::WagatherOk as i32);
        assert!(!wagather_outcome_is_complete(null()));
        assert!(wagather_outcome_output(null()).is_null() && wagather_outcome_report(null()).is_null());
        assert!(wagather_outcome_failure(null(), 0).is_null() && wagather_failure_text(null()).is_null());
        wagather_plan_free(null_mut());
        wagather_outcome_free(null_mut());
        wagather_failure_free(null_mut());
        wagather_plan_free(plan);
    });
}

#[test]
fn a_handle_that_is_not_meant_is_an_error_and_no_fault() {
    alone(|| {
        let (plan, other) = (wagather_plan_new(), wagather_plan_new());
        wagather_plan_free(other);
        wagather_plan_free(other);
        let failure = set(other, c"output", c"x");
        let made_up = [other.cast(), failure.cast(), handle(8), handle(usize::MAX), handle(plan.addr() + 1)];
        for wrong in made_up {
            let (class, [_, reason, advice, _]) = told(set(wrong, c"output", c"x"));
            assert_eq!((class, &*reason), (USAGE, "the plan is no handle of that kind, or was freed"));
            assert!(!advice.is_empty());
            let (refused, outcome) = run(wrong);
            assert_eq!(told(refused).0, USAGE);
            assert!(outcome.is_null(), "the place has no outcome");
            assert!(wagather_outcome_report(wrong.cast()).is_null());
            wagather_outcome_free(wrong.cast());
        }
        // It frees nothing that is of another kind.
        wagather_plan_free(failure.cast());
        wagather_failure_free(plan.cast());
        assert_eq!(wagather_failure_class(plan.cast()), USAGE);
        assert_eq!(told(failure).0, USAGE);
        assert!(set(plan, c"output", c"x").is_null());
        wagather_plan_free(plan);
        let next = wagather_plan_new();
        assert!(next != plan && next != other, "a handle is given out once");
        wagather_plan_free(next);
    });
}

#[test]
fn texts_that_are_no_text_are_refused() {
    alone(|| {
        let plan = wagather_plan_new();
        let odd = CString::new([0xff, b'x']).expect("no zero byte");
        let (class, [_, reason, ..]) = told(set(plan, &odd, c"x"));
        assert_eq!(class, USAGE);
        assert!(reason.starts_with("name is not UTF-8"), "{reason}");
        wagather_plan_free(plan);
    });
}

#[test]
fn a_panic_is_a_failure() {
    alone(|| {
        let failure = attempted("cannot do it", || panic!("told {}", "so"));
        let (class, [attempt, reason, ..]) = told(failure);
        assert_eq!((class, &*attempt), (Class::WagatherInternal as i32, "cannot do it"));
        assert_eq!(reason, "a bug in libwagather: told so");
        assert_eq!(answered(7, || panic!("told so")), 7);
    });
}

#[test]
fn a_plan_without_gatherers_does_not_run() {
    alone(|| {
        let plan = wagather_plan_new();
        let (failure, outcome) = run(plan);
        assert_eq!(told(failure).0, Class::WagatherConfig as i32);
        assert!(outcome.is_null());
        wagather_plan_free(plan);
    });
}

#[test]
fn failures_of_an_outcome_are_freed_with_it() {
    alone(|| {
        let failed = Arc::new(Failed::usage("a", "b", "c"));
        let failures = vec![handles::insert(Object::Failure(failed, true))];
        let gathered = Gathered {
            complete: false,
            output: c"x".into(),
            report: c"{}".into(),
            failures: failures.clone(),
        };
        let outcome: *mut Outcome = handle(handles::insert(Object::Outcome(Arc::new(gathered))));
        let failure = wagather_outcome_failure(outcome, 0);
        wagather_failure_free(failure.cast_mut());
        assert_eq!(wagather_failure_class(failure), USAGE);
        assert!(!wagather_failure_text(failure).is_null(), "it belongs to the outcome, and is still there");
        assert!(wagather_outcome_failure(outcome, 1).is_null());
        wagather_outcome_free(outcome);
        assert!(wagather_failure_text(failure).is_null());
    });
}

#[test]
fn classes_and_levels_are_those_of_the_library() {
    let exported = [
        Class::WagatherInternal,
        Class::WagatherModule,
        Class::WagatherConfig,
        Class::WagatherCluster,
        Class::WagatherOutput,
        Class::WagatherGatherer,
        Class::WagatherGaps,
        Class::WagatherRefused,
    ];
    // A run delivers nothing, and no signal is handled.
    // Neither uploads nor judges.
    let others = [host_min::Class::Delivery, host_min::Class::Findings];
    let runs = host_min::Class::ALL.into_iter().filter(|class| !others.contains(class));
    let mut known: Vec<i32> = runs.map(|class| i32::from(class.exit_code())).collect();
    known.sort_unstable();
    assert_eq!(exported.map(|class| class as i32).to_vec(), known);
    use host_min::LogLevel;
    for (level, known) in [
        (Level::WagatherDebug, LogLevel::DEBUG),
        (Level::WagatherInfo, LogLevel::INFO),
        (Level::WagatherWarn, LogLevel::WARN),
        (Level::WagatherError, LogLevel::ERROR),
    ] {
        assert_eq!(level as i32, known.0);
    }
}
