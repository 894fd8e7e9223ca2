//! Many rows by few statements.

use rusqlite::{CachedStatement, Connection, ToSql};

/// So many rows share what a statement costs by itself; and where they come in the order of an
/// index, its place is looked for once.
pub(super) const ROWS: usize = 32;

/// The values of a statement, bound one after the other.
pub(super) struct Values<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    count: usize,
}

impl Values<'_, '_> {
    /// Binds the next one.
    pub(super) fn push(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.count = self.count.saturating_add(1);
        self.statement.raw_bind_parameter(self.count, value)
    }
}

/// Runs `INSERT ... VALUES (...), (...) ...` over all rows and says how many were inserted: `head` is
/// what stands before the values, `tail` what stands behind them, and `bind` pushes the values of one
/// row.
pub(super) fn insert<T>(
    db: &Connection,
    head: &str,
    columns: usize,
    tail: &str,
    rows: &[T],
    bind: impl Fn(&mut Values<'_, '_>, &T) -> rusqlite::Result<()>,
) -> rusqlite::Result<usize> {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let whole = rows.chunks_exact(ROWS);
    let rest = whole.remainder().chunks(1);
    let mut statement: Option<(usize, CachedStatement<'_>)> = None;
    let mut count = 0_usize;
    for chunk in whole.chain(rest) {
        let ready = statement.take().filter(|(rows, _)| *rows == chunk.len());
        let mut prepared = match ready {
            Some((_, prepared)) => prepared,
            None => {
                let all = vec![row.as_str(); chunk.len()].join(", ");
                db.prepare_cached(&format!("{head} VALUES {all} {tail}"))?
            }
        };
        let mut values = Values {
            statement: &mut prepared,
            count: 0,
        };
        for row in chunk {
            bind(&mut values, row)?;
        }
        count = count.saturating_add(prepared.raw_execute()?);
        statement = Some((chunk.len(), prepared));
    }
    Ok(count)
}
