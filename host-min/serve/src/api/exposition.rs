//! Metrics as OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use crate::metrics::{BOUNDS_SECONDS, GathererMetrics, Histogram, Metrics};
use crate::status::Readiness;
use std::fmt::{self, Display, Write as _};

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics, as text.
pub(super) fn text(metrics: &Metrics, readiness: &Readiness) -> String {
    let mut page = Page(String::new());
    of_runs(&mut page, &metrics.gatherers);
    of_answers(&mut page, &metrics.gatherers);
    of_service(&mut page, metrics, readiness);
    of_process(&mut page);
    page.0.push_str("# EOF\n");
    page.0
}

fn of_runs(page: &mut Page, all: &[GathererMetrics]) {
    page.family("wagather_runs", "counter", "Runs that ended, by outcome.");
    for one in all {
        for (outcome, count) in
            [("complete", one.complete), ("gaps", one.gaps), ("failed", one.failed), ("stopped", one.stopped)]
        {
            page.sample("wagather_runs_total", &[("gatherer", &one.gatherer), ("outcome", outcome)], count);
        }
    }
    page.gauge("wagather_runs_active", "Runs that were accepted and have not ended.", all, |one| {
        Some(one.active)
    });
    page.histogram("wagather_run_duration_seconds", "Time from start to end of a run.", all, |one| {
        &one.durations
    });
    page.histogram("wagather_run_wait_seconds", "Time from the trigger to the start of a run.", all, |one| {
        &one.waits
    });
    page.gauge("wagather_last_success_timestamp_seconds", "When a run last ended complete.", all, |one| {
        one.last_success_millis.map(|millis| millis as f64 / 1e3)
    });
    page.counter(
        "wagather_schedule_skipped",
        "Due times without a run: the one before had not ended.",
        all,
        |one| one.skipped,
    );
    page.counter("wagather_schedule_missed", "Due times that passed unused.", all, |one| one.missed);
    page.family(
        "wagather_replacements",
        "counter",
        "Changes of a module, its grant or its settings, by outcome.",
    );
    for one in all {
        for (outcome, count) in [("accepted", one.replaced), ("refused", one.refused)] {
            page.sample(
                "wagather_replacements_total",
                &[("gatherer", &one.gatherer), ("outcome", outcome)],
                count,
            );
        }
    }
}

fn of_answers(page: &mut Page, all: &[GathererMetrics]) {
    page.counter("wagather_requests", "HTTP requests, with pages and retries.", all, |one| one.sums.requests);
    page.counter("wagather_items", "Items and objects.", all, |one| one.sums.items);
    page.counter("wagather_received_bytes", "Bytes of response bodies.", all, |one| one.sums.bytes_received);
    page.counter("wagather_archived_files", "Files in archives.", all, |one| one.sums.entries);
    page.counter("wagather_archived_bytes", "Bytes of these files.", all, |one| one.sums.bytes_archived);
    page.counter("wagather_redactions", "Values that were redacted.", all, |one| one.sums.redactions);
    page.counter("wagather_denials", "Calls of guests that were refused.", all, |one| one.sums.denials);
    page.counter("wagather_gaps", "What was asked for and is missing.", all, |one| one.sums.gaps);
    page.gauge("wagather_guest_memory_bytes", "Peak linear memory of the newest run.", all, |one| {
        Some(one.sums.memory_bytes)
    });
    page.gauge(
        "wagather_sandbox_resident_memory_bytes",
        "Peak physical memory of the newest run's process.",
        all,
        |one| Some(one.sums.peak_rss_bytes),
    );
}

fn of_service(page: &mut Page, metrics: &Metrics, readiness: &Readiness) {
    page.family("wagather_ready", "gauge", "Whether the service takes runs.");
    page.sample("wagather_ready", &[], u8::from(readiness.ready));
    page.family(
        "wagather_leader",
        "gauge",
        "Whether this replica runs gatherers; 1 if there is no leader election.",
    );
    let leads = readiness.leader_election.as_ref().is_none_or(|election| election.leads);
    page.sample("wagather_leader", &[], u8::from(leads));
    page.family("wagather_problems", "gauge", "What needs attention; /v1/status has the texts.");
    page.sample("wagather_problems", &[], readiness.problems.len());
    page.family("wagather_runs_waiting", "gauge", "Runs that wait for their turn.");
    page.sample("wagather_runs_waiting", &[], metrics.runs_waiting);
    page.family("wagather_sandboxes_waiting", "gauge", "Sandboxes that wait for a run.");
    page.sample("wagather_sandboxes_waiting", &[], metrics.sandboxes_waiting);
    for (name, help, outcomes) in [
        (
            "wagather_reloads",
            "Reloads of the configuration, by outcome.",
            [("accepted", metrics.reloads), ("refused", metrics.reloads_refused)],
        ),
        (
            "wagather_deliveries",
            "Uploads of archives, by outcome.",
            [("delivered", metrics.delivered), ("failed", metrics.undelivered)],
        ),
    ] {
        page.family(name, "counter", help);
        for (outcome, count) in outcomes {
            page.sample(&format!("{name}_total"), &[("outcome", outcome)], count);
        }
    }
    page.family("wagather_build", "info", "The version of this program.");
    page.sample("wagather_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("process_start_time_seconds", "gauge", "When the service started.");
    page.sample("process_start_time_seconds", &[], metrics.started_millis as f64 / 1e3);
}

/// What the kernel says of this process; nothing where it does not.
fn of_process(page: &mut Page) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB")?.trim().parse().ok());
    if let Some(kibibytes) = resident {
        let kibibytes: u64 = kibibytes;
        page.family(
            "process_resident_memory_bytes",
            "gauge",
            "Physical memory of the service's own process.",
        );
        page.sample("process_resident_memory_bytes", &[], kibibytes * 1024);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.family("process_open_fds", "gauge", "Open descriptors of the service's own process.");
        page.sample("process_open_fds", &[], open.count());
    }
}

/// The text that is being written.
struct Page(String);

impl Page {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // A String takes everything.
        let _ = writeln!(self.0, "{line}");
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# TYPE {name} {kind}"));
        if let Some(unit) = ["seconds", "bytes"].iter().find(|unit| name.ends_with(&format!("_{unit}"))) {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        self.line(format_args!("# HELP {name} {help}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        match labels.is_empty() {
            true => self.line(format_args!("{name} {value}")),
            false => self.line(format_args!("{name}{{{}}} {value}", labels.join(","))),
        }
    }

    fn counter(&mut self, name: &str, help: &str, all: &[GathererMetrics], of: fn(&GathererMetrics) -> u64) {
        self.family(name, "counter", help);
        for one in all {
            self.sample(&format!("{name}_total"), &[("gatherer", &one.gatherer)], of(one));
        }
    }

    fn gauge<T: Display>(
        &mut self,
        name: &str,
        help: &str,
        all: &[GathererMetrics],
        of: fn(&GathererMetrics) -> Option<T>,
    ) {
        self.family(name, "gauge", help);
        for one in all {
            if let Some(value) = of(one) {
                self.sample(name, &[("gatherer", &one.gatherer)], value);
            }
        }
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        all: &[GathererMetrics],
        of: fn(&GathererMetrics) -> &Histogram,
    ) {
        self.family(name, "histogram", help);
        for one in all {
            let (gatherer, histogram) = (("gatherer", one.gatherer.as_str()), of(one));
            let bounds = BOUNDS_SECONDS.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
            let mut sum = 0;
            for (bound, count) in bounds.zip(histogram.counts) {
                sum += count;
                self.sample(&format!("{name}_bucket"), &[gatherer, ("le", &bound)], sum);
            }
            self.sample(&format!("{name}_count"), &[gatherer], sum);
            self.sample(&format!("{name}_sum"), &[gatherer], histogram.sum_seconds);
        }
    }
}

/// The value of a label: what would end it, or the line, is escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
