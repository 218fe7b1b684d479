//! A source that tells of each request and what came of it, as `kubectl -v=6` does.
//!
//! Neither headers nor bodies are told: they have credentials, and what is redacted later.

use super::{Call, NoAnswer, Permission, Question, Response, Source};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Who is told.
pub type Trace = dyn Fn(&str) + Send + Sync;

/// Tells of what another source does.
pub struct Traced {
    inner: Arc<dyn Source>,
    trace: Arc<Trace>,
}

impl Traced {
    /// A source that writes down what another one is asked and answers.
    pub fn new(inner: Arc<dyn Source>, trace: Arc<Trace>) -> Traced {
        Traced { inner, trace }
    }

    fn tell(&self, what: fmt::Arguments<'_>, result: &dyn fmt::Display, began: Instant) {
        (self.trace)(&format!("{what}: {result} in {} ms", began.elapsed().as_millis()));
    }
}

impl Source for Traced {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let began = Instant::now();
        let answer = self.inner.send(call);
        let what = format_args!("GET {}{}", self.inner.describe(), call.path_and_query);
        match &answer {
            Ok(response) => self.tell(what, &response.status, began),
            Err(no_answer) => self.tell(what, &no_answer.reason, began),
        }
        answer
    }

    fn warm(&self, deadline: Instant) {
        self.inner.warm(deadline);
    }

    fn close(&self) {
        self.inner.close();
    }

    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        let began = Instant::now();
        let answer = self.inner.may(question, deadline);
        let what = format_args!("POST {} SelfSubjectAccessReview", self.inner.describe());
        match &answer {
            Ok(permission) if permission.allowed => self.tell(what, &"allowed", began),
            Ok(_) => self.tell(what, &"not allowed", began),
            Err(no_answer) => self.tell(what, &no_answer.reason, began),
        }
        answer
    }

    fn has_answer(&self, path_and_query: &str) -> bool {
        self.inner.has_answer(path_and_query)
    }

    fn knows(&self, path_and_query: &str) -> bool {
        self.inner.knows(path_and_query)
    }

    fn missing(&self, path_and_query: &str) -> Vec<String> {
        self.inner.missing(path_and_query)
    }

    fn now_millis(&self) -> i64 {
        self.inner.now_millis()
    }

    fn is_recording(&self) -> bool {
        self.inner.is_recording()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}
