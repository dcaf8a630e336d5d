//! Statements: macros that name each one, so that a failure names it and tests prepare them all.
//!
//! Lives here: [`statements!`](crate::statements), [`run!`](crate::run), [`optional!`](crate::optional),
//! [`all!`](crate::all). Whoever calls the last three has a `StoreError` in its module `store`, whose variant `Database` takes
//! the name of the statement and the driver's words, and a transaction whose `connection()` gives the connection.

/// The statements of one file, by name: a constant each, and all of them as `STATEMENTS`.
#[macro_export]
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql)),+];
    };
}

/// Runs one statement with its values; gives the number of rows changed.
#[macro_export]
macro_rules! run {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        $crate::statement!(execute, $tx, $sql $(, $value)*).map(|done| done.rows_affected())
    };
}

/// The row of a statement, or none.
#[macro_export]
macro_rules! optional {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => { $crate::statement!(fetch_optional, $tx, $sql $(, $value)*) };
}

/// All rows of a statement.
#[macro_export]
macro_rules! all {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => { $crate::statement!(fetch_all, $tx, $sql $(, $value)*) };
}

/// One statement with its values, sent by this method of the driver.
#[doc(hidden)]
#[macro_export]
#[expect(clippy::crate_in_macro_def, reason = "the error is that of the store which calls")]
macro_rules! statement {
    ($by:ident, $tx:expr, $sql:ident $(, $value:expr)*) => {
        sqlx::query($sql)$(.bind($value))*.$by(&mut *$tx.connection()?).await
            .map_err(|source| crate::store::StoreError::Database { action: stringify!($sql), source })
    };
}
