//! Logs one line: the smallest gatherer.

#![no_std]
#![forbid(unsafe_code)]

use wagather::{Result, gatherer, log};

gatherer!(gather);

fn gather() -> Result<()> {
    log::info("hello from a gatherer");
    Ok(())
}

#[cfg(test)]
mod tests {
    use wagather::abi::LogLevel;
    use wagather::fake::Host;

    #[test]
    fn it_logs_one_line() {
        let run = Host::new().run(super::gather);
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.logs.len(), 1);
        assert_eq!((run.logs[0].level, run.logs[0].text.as_str()), (LogLevel::INFO, "hello from a gatherer"));
        assert!(run.requests.is_empty());
    }
}
