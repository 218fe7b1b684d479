//! Columns of volumes, claims and what provides them.

use super::column::{AGE, Column, NAME, named, number, text, truth};
use super::object::{NONE, Object, UNSET};

/// The class that objects had before there was a field for it.
const BETA_CLASS: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

const VOLUME_MODE: Column =
    text("VolumeMode", |object| object.scalar("/spec/volumeMode").unwrap_or_else(|| UNSET.into())).wide();
const ATTRIBUTES: Column = text("VolumeAttributesClass", |object| {
    object.scalar("/spec/volumeAttributesClassName").unwrap_or_else(|| UNSET.into())
});
const CLASS: Column = text("StorageClass", |object| match object.scalar(BETA_CLASS) {
    Some(class) => class,
    None => object.text("/spec/storageClassName").into(),
});
const PHASE: Column = text("Status", |object| match object.has("/metadata/deletionTimestamp") {
    true => "Terminating".into(),
    false => object.text("/status/phase").into(),
});

/// Access modes in short, in an order of their own.
fn modes(object: &Object, pointer: &str) -> String {
    let has = |mode: &str| object.all(pointer).any(|each| each.text("") == mode);
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    short.into_iter().filter(|(mode, _)| has(mode)).map(|(_, short)| short).collect::<Vec<_>>().join(",")
}

pub(super) const PERSISTENT_VOLUMES: &[Column] = &[
    NAME,
    text("Capacity", |volume| volume.scalar("/spec/capacity/storage").unwrap_or_else(|| "0".into())),
    text("Access Modes", |volume| modes(volume, "/spec/accessModes")),
    text("Reclaim Policy", |volume| volume.text("/spec/persistentVolumeReclaimPolicy").into()),
    PHASE,
    text("Claim", |volume| match volume.get("/spec/claimRef") {
        None => String::new(),
        Some(claim) => format!("{}/{}", claim.text("/namespace"), claim.text("/name")),
    }),
    CLASS,
    ATTRIBUTES,
    text("Reason", |volume| volume.text("/status/reason").into()),
    AGE,
    VOLUME_MODE,
];

pub(super) const PERSISTENT_VOLUME_CLAIMS: &[Column] = &[
    NAME,
    PHASE,
    text("Volume", |claim| claim.text("/spec/volumeName").into()),
    text("Capacity", |claim| match claim.text("/spec/volumeName") {
        "" => String::new(),
        _ => claim.scalar("/status/capacity/storage").unwrap_or_else(|| "0".into()),
    }),
    text("Access Modes", |claim| match claim.text("/spec/volumeName") {
        "" => String::new(),
        _ => modes(claim, "/status/accessModes"),
    }),
    CLASS,
    ATTRIBUTES,
    AGE,
    VOLUME_MODE,
];

pub(super) const STORAGE_CLASSES: &[Column] = &[
    named(|class| {
        let name = class.text("/metadata/name");
        let is = |annotation: &str| class.text(&format!("/metadata/annotations/{annotation}")) == "true";
        let is_default = is("storageclass.kubernetes.io~1is-default-class")
            || is("storageclass.beta.kubernetes.io~1is-default-class");
        if is_default { format!("{name} (default)") } else { name.into() }
    }),
    text("Provisioner", |class| class.text("/provisioner").into()),
    text("ReclaimPolicy", |class| class.scalar("/reclaimPolicy").unwrap_or_else(|| "Delete".into())),
    text("VolumeBindingMode", |class| {
        class.scalar("/volumeBindingMode").unwrap_or_else(|| "Immediate".into())
    }),
    truth("AllowVolumeExpansion", |class| class.is("/allowVolumeExpansion")),
    AGE,
];

pub(super) const VOLUME_ATTRIBUTES_CLASSES: &[Column] =
    &[NAME, text("DriverName", |class| class.text("/driverName").into()), AGE];

pub(super) const VOLUME_ATTACHMENTS: &[Column] = &[
    NAME,
    text("Attacher", |attachment| attachment.text("/spec/attacher").into()),
    text("PV", |attachment| attachment.text("/spec/source/persistentVolumeName").into()),
    text("Node", |attachment| attachment.text("/spec/nodeName").into()),
    truth("Attached", |attachment| attachment.is("/status/attached")),
    AGE,
];

pub(super) const CSI_NODES: &[Column] = &[NAME, number("Drivers", |node| node.len("/spec/drivers")), AGE];

pub(super) const CSI_DRIVERS: &[Column] = &[
    NAME,
    truth("AttachRequired", |driver| driver.get("/spec/attachRequired").is_none_or(|is| is.is(""))),
    truth("PodInfoOnMount", |driver| driver.is("/spec/podInfoOnMount")),
    truth("StorageCapacity", |driver| driver.is("/spec/storageCapacity")),
    text("TokenRequests", |driver| match driver.has("/spec/tokenRequests") {
        true => driver.joined("/spec/tokenRequests", "/audience", ","),
        false => UNSET.into(),
    }),
    truth("RequiresRepublish", |driver| driver.is("/spec/requiresRepublish")),
    text("Modes", |driver| match driver.joined("/spec/volumeLifecycleModes", "", ",") {
        modes if modes.is_empty() => NONE.into(),
        modes => modes,
    }),
    AGE,
];

pub(super) const CSI_STORAGE_CAPACITIES: &[Column] = &[
    NAME,
    text("StorageClassName", |capacity| capacity.text("/storageClassName").into()),
    text("Capacity", |capacity| capacity.scalar("/capacity").unwrap_or_else(|| UNSET.into())),
];
