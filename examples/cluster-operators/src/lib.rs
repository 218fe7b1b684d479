//! Copies the cluster operators of an OpenShift cluster into the archive.
//!
//! The whole objects go from the API server to the archive without passing through the gatherer, so it needs no heap
//! and no JSON.

#![no_std]
#![forbid(unsafe_code)]

use wagather::{Api, ListParams, Resource, Result, gatherer};

#[derive(Resource)]
#[resource(group = "config.openshift.io", version = "v1", plural = "clusteroperators", cluster)]
struct ClusterOperator;

gatherer!(gather);

fn gather() -> Result<()> {
    Api::<ClusterOperator>::all().list(&ListParams::default())?.pipe()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather::Error;
    use wagather::abi::{Status, Verb};
    use wagather::fake::Host;

    const PATH: &str = "/apis/config.openshift.io/v1/clusteroperators";
    const ITEMS: &str =
        r#"[{"metadata": {"name": "dns"}, "status": {"a": 1}}, {"metadata": {"name": "etcd"}}]"#;

    #[test]
    fn every_operator_becomes_a_file() {
        let run = Host::new().list(PATH, ITEMS).run(gather);
        assert_eq!(run.result, Ok(()));
        assert_eq!((run.requests[0].verb, run.requests[0].path.as_str()), (Verb::LIST, PATH));
        assert_eq!(
            run.piped[0].name,
            "cluster-scoped-resources/config.openshift.io/clusteroperators/dns.json"
        );
        assert_eq!(run.piped[0].text(), r#"{"metadata":{"name":"dns"},"status":{"a":1}}"#);
        assert_eq!(run.piped.len(), 2);
        assert_eq!(run.in_flight, 0);
    }

    #[test]
    fn what_stops_it_is_what_it_returns() {
        assert_eq!(Host::new().run(gather).result, Err(Error::new(Status::http(404))));
        assert_eq!(Host::new().deny(PATH).run(gather).result, Err(Error::new(Status::DENIED)));
        let run = Host::new().list(PATH, ITEMS).break_after(1, Status::UNREACHABLE).run(gather);
        assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
        assert_eq!(run.piped.len(), 1);
    }
}
