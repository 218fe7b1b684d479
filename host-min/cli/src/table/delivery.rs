//! The options of delivery, which `run` and `deliver` share.

use super::{Command, Flag, Operand, Value, flag, joined, path, text, words};
use crate::display::FORMATS;

/// `host-min deliver`
pub const DELIVER: Command = Command {
    name: "deliver",
    about: "Upload archives that were gathered before",
    operands: &[Operand {
        name: "FILE",
        many: true,
        optional: true,
        help: "Archives to upload; with --spool, they wait there until the server has them. Without FILE, only what waits in the \
               spool is uploaded",
        kind: Value::Path,
    }],
    options: &joined::<{ BOTH.len() + OF_DELIVER.len() }>(BOTH, OF_DELIVER),
    epilogue: &[EXAMPLES],
    hidden: false,
};

const EXAMPLES: &str = "\
Examples:
  host-min deliver --spool /spool --upload https://archives.example.com/prod/ --upload-headers token.txt
      uploads what waits in the spool, oldest first
  host-min deliver wagather-prod-20260102T030405Z.tar.gz --upload @url.txt
      uploads one archive to the presigned URL in url.txt
  host-min deliver *.tar.gz --upload https://ingress.example.com/api/ingress/v1/upload \\
    --upload-form file=application/vnd.redhat.openshift.periodic --upload-headers token.txt
      posts each archive as a form";

/// Those of `run`.
pub(super) const OF_RUN: &[Flag] = &joined::<{ BOTH.len() + 2 }>(BOTH, &[KEEP, ENCRYPT]);

const ENCRYPT: Flag = delivery(Flag {
    many: true,
    help: "Encrypt the archive, so that only this recipient of age (age1…) can read it; repeat it for several. The name of \
           --output then ends in .tar.gz.age. 'age --decrypt' decrypts it",
    ..text("encrypt", "RECIPIENT")
});

const KEEP: Flag = delivery(Flag {
    help: "After the run, keep only the newest archives in the folder of --output: a number of archives, such as 14, or a total \
           size, such as 500Mi. Only archives of host-min with names like that of --output are removed",
    ..text("keep", "N|SIZE")
});

const OF_DELIVER: &[Flag] = &[
    Flag {
        default: Some(FORMATS[0]),
        help: "Log format on stderr: text or JSON lines (see docs/output.md)",
        ..words("log-format", "FORMAT", FORMATS)
    },
    Flag { short: Some('q'), help: "Print only errors", ..flag("quiet") },
];

const BOTH: &[Flag] = &[
    delivery(Flag {
        help: "Upload the archive to this http or https URL when it is whole, with PUT. @FILE reads the URL from a file, so that \
               a signed URL is not on the command line. {name} is the archive's name, {sha256} its checksum; the name is added \
               to a URL that ends in a slash",
        ..text("upload", "URL|@FILE")
    }),
    delivery(Flag {
        help: "Upload with POST instead, as a form with the archive in this field. The default media type is application/gzip",
        ..text("upload-form", "FIELD[=MEDIA-TYPE]")
    }),
    delivery(Flag {
        help: "File with header fields for the upload, one 'Name: value' per line, such as a token. It is read again before each \
               request",
        ..path("upload-headers", "FILE")
    }),
    delivery(Flag {
        help: "Certificate authority that must have signed the certificate of the upload server (default: the system's)",
        ..path("upload-ca", "FILE")
    }),
    delivery(Flag {
        default: Some("5m"),
        help: "Time limit for all uploads of the run, including retries",
        ..text("upload-timeout", "DURATION")
    }),
    delivery(Flag {
        help: "Folder in which archives wait until the server has them. Archives of earlier runs are uploaded first. Without \
               --output, the archive is only written there",
        ..path("spool", "DIR")
    }),
    delivery(Flag {
        default: Some("500Mi"),
        help: "Maximum size of the spool; the oldest archives are removed to make room",
        ..text("spool-size", "SIZE")
    }),
];

const fn delivery(flag: Flag) -> Flag {
    Flag { heading: "Delivery", ..flag }
}
