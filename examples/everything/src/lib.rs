//! Copies every object of a cluster into the archive, except Secrets and what else gives more rights to its reader.
//!
//! It names no resource: the host finds out which there are, and lists each that the grant allows. What cannot be listed is in the
//! report, and does not end the run.

#![no_std]
#![forbid(unsafe_code)]

use wagather::rest::{self, DynamicResources};
use wagather::{Result, gatherer};

const ANY: DynamicResources = wagather::manifest_resources!("list", "*/*/*");

gatherer!(gather);

fn gather() -> Result<()> {
    // A list of all and a document of discovery: both are in flight at once.
    let all = rest::list_any(ANY)?;
    rest::discover(ANY)?.pipe_as("discovery.json")?;
    all.pipe()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather::Error;
    use wagather::abi::Status;
    use wagather::fake::Host;

    fn host() -> Host {
        Host::new()
            .resource("/api/v1/pods", "Pod", true)
            .resource("/api/v1/secrets", "Secret", true)
            .resource("/apis/example.com/v1/widgets", "Widget", false)
            .list("/api/v1/pods", r#"[{"metadata": {"name": "web", "namespace": "shop"}}]"#)
            .list("/api/v1/secrets", r#"[{"metadata": {"name": "db", "namespace": "shop"}}]"#)
            .list("/apis/example.com/v1/widgets", r#"[{"metadata": {"name": "a"}}]"#)
    }

    #[test]
    fn every_object_becomes_a_file() {
        let run = host().run(gather);
        assert_eq!((run.result, run.in_flight), (Ok(()), 0));
        let names: [&str; 3] = core::array::from_fn(|at| &*run.piped[at].name);
        assert_eq!(
            names,
            [
                "discovery.json",
                "namespaces/shop/core/pods/web.json",
                "cluster-scoped-resources/example.com/widgets/a.json"
            ]
        );
        assert_eq!(run.piped.len(), 3);
        assert!(run.piped[0].text().contains("widgets") && !run.piped[0].text().contains("secrets"));
    }

    #[test]
    fn a_resource_that_is_refused_leaves_the_others() {
        let run = host().status("/api/v1/pods", 403).run(gather);
        assert_eq!((run.result, run.piped.len()), (Ok(()), 2));
    }

    #[test]
    fn what_stops_it_is_what_it_returns() {
        let run = host().fail("/apis/*/*", Status::UNREACHABLE).run(gather);
        assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
        assert_eq!(host().deny("/apis/*/*").run(gather).result, Err(Error::new(Status::DENIED)));
    }
}
