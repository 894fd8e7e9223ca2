//! Logs by `tracing`, to standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use indicatif::MultiProgress;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Standard error, shared by logs and progress bars: a line moves the bars out of its way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal;

static BARS: OnceLock<MultiProgress> = OnceLock::new();

impl Terminal {
    /// The bars on standard error.
    pub(crate) fn bars(self) -> &'static MultiProgress {
        BARS.get_or_init(MultiProgress::new)
    }

    /// Whether a person watches.
    pub(crate) fn is_interactive(self) -> bool {
        io::stderr().is_terminal()
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars().suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for Terminal {
    type Writer = io::LineWriter<Self>;

    fn make_writer(&self) -> Self::Writer {
        io::LineWriter::new(*self)
    }
}

/// Sends logs to standard error: warnings, more with `-v`, what `RUST_LOG` says if it is set.
pub(crate) fn start_log(json: bool, verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Terminal);
    if json {
        builder.event_format(JsonLog).init();
    } else {
        builder
            .with_ansi(Terminal.is_interactive() && std::env::var_os("NO_COLOR").is_none())
            .with_target(verbose > 1)
            .without_time()
            .init();
    }
}

/// A log event as `{"type":"log",...}`.
struct JsonLog;

impl<S, N> FormatEvent<S, N> for JsonLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let meta = event.metadata();
        let mut line = Map::new();
        line.insert(
            "level".into(),
            meta.level().as_str().to_ascii_lowercase().into(),
        );
        line.insert("target".into(), meta.target().into());
        event.record(&mut Fields(&mut line));
        let line = super::json::line("log", &line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
