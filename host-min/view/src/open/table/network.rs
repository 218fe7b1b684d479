//! Columns of services and what leads to them.

use std::collections::BTreeSet;

use super::column::{AGE, Column, NAME, named, text};
use super::object::{NONE, Object, UNSET, first};

pub(super) const SERVICES: &[Column] = &[
    NAME,
    text("Type", |service| service.text("/spec/type").into()),
    text("Cluster-IP", |service| match service.text("/spec/clusterIPs/0") {
        // Old objects have the one address only.
        "" => service.text_or("/spec/clusterIP", NONE),
        address => address.into(),
    }),
    text("External-IP", external_address),
    text("Port(s)", |service| {
        let ports: Vec<String> = service.all("/spec/ports").map(|port| service_port(&port)).collect();
        if ports.is_empty() { NONE.into() } else { ports.join(",") }
    }),
    AGE,
    text("Selector", |service| service.labels("/spec/selector")).wide(),
];

fn service_port(port: &Object) -> String {
    let (number, protocol) = (port.number("/port"), port.text_or("/protocol", "TCP"));
    match port.number("/nodePort") {
        0 => format!("{number}/{protocol}"),
        node_port => format!("{number}:{node_port}/{protocol}"),
    }
}

fn external_address(service: &Object) -> String {
    let own: Vec<&str> = service.all("/spec/externalIPs").map(|address| address.text("")).collect();
    match service.text("/spec/type") {
        "ClusterIP" | "NodePort" if own.is_empty() => NONE.into(),
        "ClusterIP" | "NodePort" => own.join(","),
        "LoadBalancer" => {
            let balancer = balancer(service);
            let all: Vec<&str> =
                [&*balancer].into_iter().filter(|text| !text.is_empty()).chain(own).collect();
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ExternalName" => service.text("/spec/externalName").into(),
        _ => "<unknown>".into(),
    }
}

/// Where a load balancer takes connections.
fn balancer(object: &Object) -> String {
    let points = object.all("/status/loadBalancer/ingress").map(|point| match point.text("/ip") {
        "" => point.text("/hostname"),
        address => address,
    });
    let points: BTreeSet<&str> = points.filter(|point| !point.is_empty()).collect();
    points.into_iter().collect::<Vec<_>>().join(",")
}

pub(super) const INGRESSES: &[Column] = &[
    NAME,
    text("Class", |ingress| ingress.scalar("/spec/ingressClassName").unwrap_or_else(|| NONE.into())),
    text("Hosts", |ingress| {
        let rules = ingress.all("/spec/rules");
        let more = rules.len().saturating_sub(3);
        let hosts: Vec<&str> =
            rules.take(3).map(|rule| rule.text("/host")).filter(|host| !host.is_empty()).collect();
        match (hosts.is_empty(), more) {
            (true, _) => "*".into(),
            (false, 0) => hosts.join(","),
            (false, more) => format!("{} + {more} more...", hosts.join(",")),
        }
    }),
    text("Address", balancer),
    text("Ports", |ingress| if ingress.len("/spec/tls") > 0 { "80, 443" } else { "80" }.into()),
    AGE,
];

pub(super) const INGRESS_CLASSES: &[Column] = &[
    named(|class| {
        let name = class.text("/metadata/name");
        let is_default =
            class.text("/metadata/annotations/ingressclass.kubernetes.io~1is-default-class") == "true";
        if is_default { format!("{name} (default)") } else { name.into() }
    }),
    text("Controller", |class| class.text("/spec/controller").into()),
    text("Parameters", |class| match class.get("/spec/parameters") {
        None => NONE.into(),
        Some(parameters) => {
            let group = parameters.scalar("/apiGroup").map(|group| format!(".{group}")).unwrap_or_default();
            format!("{}{group}/{}", parameters.text("/kind"), parameters.text("/name"))
        }
    }),
    AGE,
];

pub(super) const ENDPOINTS: &[Column] = &[
    NAME,
    text("Endpoints", |endpoints| {
        if endpoints.len("/subsets") == 0 {
            return NONE.into();
        }
        let mut all = Vec::new();
        for subset in endpoints.all("/subsets") {
            let addresses = || subset.all("/addresses").map(|address| address.text("/ip"));
            if subset.len("/ports") == 0 {
                all.extend(addresses().map(String::from));
            }
            for port in subset.all("/ports") {
                let port = port.number("/port");
                all.extend(addresses().map(|address| match address.contains(':') {
                    true => format!("[{address}]:{port}"),
                    false => format!("{address}:{port}"),
                }));
            }
        }
        first(&all, 3, ",")
    }),
    AGE,
];

pub(super) const ENDPOINT_SLICES: &[Column] = &[
    NAME,
    text("AddressType", |slice| slice.text("/addressType").into()),
    text("Ports", |slice| {
        let port = |port: Object| {
            port.scalar("/port").or_else(|| port.scalar("/name")).unwrap_or_else(|| "*".into())
        };
        first_or_unset(&slice.all("/ports").map(port).collect::<Vec<_>>())
    }),
    text("Endpoints", |slice| {
        let addresses = slice.all("/endpoints").flat_map(|endpoint| endpoint.all("/addresses"));
        first_or_unset(&addresses.map(|address| address.text("").to_owned()).collect::<Vec<_>>())
    }),
    AGE,
];

fn first_or_unset(list: &[String]) -> String {
    match first(list, 3, ",") {
        text if text.is_empty() => UNSET.into(),
        text => text,
    }
}

pub(super) const NETWORK_POLICIES: &[Column] =
    &[NAME, text("Pod-Selector", |policy| policy.selector_or_none("/spec/podSelector")), AGE];

pub(super) const SERVICE_CIDRS: &[Column] =
    &[NAME, text("CIDRs", |object| object.joined("/spec/cidrs", "", ",")), AGE];

pub(super) const IP_ADDRESSES: &[Column] = &[
    NAME,
    text("ParentRef", |address| {
        let Some(parent) = address.get("/spec/parentRef") else { return NONE.into() };
        let group = parent.scalar("/group").filter(|group| !group.is_empty());
        let group = group.map(|group| format!(".{group}")).unwrap_or_default();
        let namespace = match parent.text("/namespace") {
            "" => String::new(),
            namespace => format!("/{namespace}"),
        };
        let resource = format!("{}{group}", parent.text("/resource")).to_ascii_lowercase();
        format!("{resource}{namespace}/{}", parent.text("/name"))
    }),
];
